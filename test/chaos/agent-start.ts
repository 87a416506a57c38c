/** One start of a real agent process, up to its end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { HALT_AT_START, killAt, recordCalls, untilHalted } from './strace.ts';
import type { KillPoint } from './system-calls.ts';

export interface AgentStart {
  readonly pid: number;
  /** What it logged, oldest first; whole once `ended` has resolved. */
  readonly log: readonly LogLine[];
  readonly ended: Promise<AgentEnd>;
  /** Resolves when it has its subscriptions; never, where it ends before. */
  readonly connected: Promise<void>;
  /** Resolves when what it logged so far fits; never, where it ends before. */
  logged(fits: (log: readonly LogLine[]) => boolean): Promise<void>;
  /** Of the debugger, where that was asked for. */
  readonly inspectorUrl: Promise<string>;
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
  /** Without what the debugger says. */
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
  /** Lets a debugger in, on a free port of 127.0.0.1. */
  readonly inspect?: boolean;
  /** More settings, as environment variables. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Resolves when the agent runs, under strace where that was asked for. */
export async function startAgentProcess(options: AgentStartOptions): Promise<AgentStart> {
  const { bundle, configPath, killPoint, callsFile, env, inspect = false } = options;
  const isTraced = killPoint !== undefined || callsFile !== undefined;
  const nodeOptions = [...(isTraced ? HALT_AT_START : []), ...(inspect ? ['--inspect=127.0.0.1:0'] : [])];
  const child = spawn(process.execPath, [...nodeOptions, bundle, 'run', '--config', configPath], {
    env: { PATH: process.env.PATH, ...SETTINGS, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('job-agent did not start');
  const { log, logged } = readLog(child.stdout);
  const connected = logged((lines) => lines.at(-1)?.msg === 'connected and subscribed');
  const { complaints, inspectorUrl } = readErrors(child.stderr);
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const ended = once(child, 'close').then(() => {
    process.off('exit', endWithUs);
    return { exitCode: child.exitCode, signal: child.signalCode, stderr: complaints() };
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
  return { pid, log, logged, ended, connected, inspectorUrl, signal };
}

/** Leftovers of a killed agent are to be gone quickly, and an answer that was lost asked for again. */
const SETTINGS = { JOB_AGENT_STOP_GRACE_SECONDS: '1', JOB_AGENT_REQUEST_TIMEOUT_SECONDS: '2' };

function readLog(input: Readable): Pick<AgentStart, 'log' | 'logged'> {
  const log: LogLine[] = [];
  const checks = new Set<() => void>();
  createInterface({ input }).on('line', (text) => {
    const line = parseLine(text);
    if (line === undefined) return;
    log.push(line);
    for (const check of [...checks]) check();
  });
  const logged: AgentStart['logged'] = (fits) =>
    new Promise((resolve) => {
      const check = () => {
        if (!fits(log)) return;
        checks.delete(check);
        resolve();
      };
      checks.add(check);
      check();
    });
  return { log, logged };
}

const DEBUGGER_LINE = /^(?:Debugger (?:listening on|attached|ending on)|For help, see: |Waiting for the debugger )/;

function readErrors(input: Readable): { complaints: () => string } & Pick<AgentStart, 'inspectorUrl'> {
  let complaints = '';
  const inspectorUrl = new Promise<string>((resolve) => {
    createInterface({ input }).on('line', (line) => {
      const url = /^Debugger listening on (ws:\S+)/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
      if (!DEBUGGER_LINE.test(line)) complaints += `${line}\n`;
    });
  });
  return { complaints: () => complaints, inspectorUrl };
}

/** The last line of a killed process may be cut. */
function parseLine(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}
