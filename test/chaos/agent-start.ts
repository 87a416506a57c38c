/** One start of a real agent process, up to its end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { HALT_AT_START, killAt, recordCalls, untilHalted } from './strace.ts';
import type { KillPoint } from './system-calls.ts';

export interface AgentStart {
  /** What it logged, oldest first; whole once `ended` has resolved. */
  readonly log: readonly LogLine[];
  readonly ended: Promise<AgentEnd>;
  /** Resolves when it has its subscriptions; never, where it ends before. */
  readonly connected: Promise<void>;
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface AgentEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

export interface AgentStartOptions {
  /** A built agent, one file. */
  readonly bundle: string;
  readonly configPath: string;
  /** None lets it run. */
  readonly killPoint?: KillPoint | undefined;
  /** A file for every system call it makes. */
  readonly callsFile?: string | undefined;
  /** More settings, as environment variables. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Resolves when the agent runs, under strace where that was asked for. */
export async function startAgentProcess(options: AgentStartOptions): Promise<AgentStart> {
  const { bundle, configPath, killPoint, callsFile, env } = options;
  const isTraced = killPoint !== undefined || callsFile !== undefined;
  const child = spawn(process.execPath, [...(isTraced ? HALT_AT_START : []), bundle, 'run', '--config', configPath], {
    env: { PATH: process.env.PATH, ...SETTINGS, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('job-agent did not start');
  const { log, connected } = readLog(child.stdout);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const ended = once(child, 'close').then(() => {
    process.off('exit', endWithUs);
    return { exitCode: child.exitCode, signal: child.signalCode, stderr };
  });
  const signal = (name: 'SIGTERM' | 'SIGKILL') => void child.kill(name);
  if (isTraced) {
    try {
      await untilHalted(pid);
      if (killPoint !== undefined) await killAt(killPoint, pid);
      if (callsFile !== undefined) await recordCalls(pid, callsFile);
      child.kill('SIGCONT');
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }
  return { log, ended, connected, signal };
}

/** Leftovers of a killed agent are to be gone quickly, and an answer that was lost asked for again. */
const SETTINGS = { JOB_AGENT_STOP_GRACE_SECONDS: '1', JOB_AGENT_REQUEST_TIMEOUT_SECONDS: '2' };

function readLog(input: Readable): Pick<AgentStart, 'log' | 'connected'> {
  const log: LogLine[] = [];
  const connected = new Promise<void>((resolve) => {
    createInterface({ input }).on('line', (text) => {
      const line = parseLine(text);
      if (line !== undefined) log.push(line);
      if (line?.msg === 'connected and subscribed') resolve();
    });
  });
  return { log, connected };
}

/** The last line of a killed process may be cut. */
function parseLine(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}
