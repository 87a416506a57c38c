/** A real agent process, with system calls on chosen paths failed by strace(1) as the kernel would fail them. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type Errno = 'EIO' | 'ENOSPC' | 'EROFS';

export interface Fault {
  readonly call: string;
  readonly errno: Errno;
  /** The number of the call, from 1, that fails first. */
  readonly from: number;
  /** Every later one fails too, as on a dead or full disk; or this one alone. */
  readonly lasting: boolean;
}

export interface AgentLine {
  readonly level: string;
  readonly msg: string;
  readonly jobId?: string;
}

export interface Agent {
  readonly child: ChildProcess;
  readonly lines: readonly AgentLine[];
  readonly hasEnded: () => boolean;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** What the agent wrote that is not a line of its log. */
  readonly complaints: () => string;
}

/** Beside this program once bundled. */
export const AGENT_BUNDLE = fileURLToPath(new URL('./job-agent.js', import.meta.url));
/** strace counts the calls of each thread for itself: with one worker the n-th call is the same one each time. */
const ENV = { PATH: process.env.PATH, UV_THREADPOOL_SIZE: '1', JOB_AGENT_SHUTDOWN_GRACE_SECONDS: '2' };

export function startAgent(configPath: string): Agent {
  return follow(spawn(process.execPath, [AGENT_BUNDLE, 'run', '--config', configPath], { env: ENV, stdio: STDIO }));
}

/** @param traceFile where strace notes the calls; the ones it failed are marked. */
export function startTracedAgent(
  configPath: string,
  { fault, paths, traceFile }: { fault: Fault; paths: readonly string[]; traceFile: string },
): Agent {
  const { call, errno, from, lasting } = fault;
  const inject = `inject=${call}:error=${errno}:when=${from}${lasting ? '+' : ''}`;
  const filters = paths.flatMap((path) => ['-P', path]);
  // -D: the agent, not strace, is our child, so that its signals and its exit code are the agent's own.
  const strace = ['-D', '-f', '-qq', '-o', traceFile, ...filters, '-e', `trace=${call}`, '-e', inject];
  const agent = [process.execPath, AGENT_BUNDLE, 'run', '--config', configPath];
  return follow(spawn('strace', [...strace, ...agent], { env: ENV, stdio: STDIO }));
}

/** How many calls were failed. */
export async function injected(traceFile: string): Promise<number> {
  return (await readFile(traceFile, 'utf8').catch(() => '')).split('(INJECTED)').length - 1;
}

const STDIO: StdioOptions = ['ignore', 'pipe', 'pipe'];

/** Reads what a process that is to become the agent writes. */
export function follow(child: ChildProcess): Agent {
  const lines: AgentLine[] = [];
  let complaints = '';
  let over = false;
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (text) => lines.push(parseLine(text)));
  }
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const ended = once(child, 'exit').then(([code, signal]) => {
    over = true;
    return (code ?? signal) as number | string;
  });
  return { child, lines, ended, hasEnded: () => over, complaints: () => complaints };
}

function parseLine(text: string): AgentLine {
  try {
    return JSON.parse(text) as AgentLine;
  } catch {
    return { level: 'none', msg: text };
  }
}
