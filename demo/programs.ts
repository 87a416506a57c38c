/** The two programs as real processes, as a user would start them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { CloudReady } from './cloud-ready.ts';

export interface Program {
  /** TERM, then KILL when it does not end in time. @returns its exit code; null when a signal ended it. */
  stop(): Promise<number | null>;
  /** TERM once more to a program that is stopping: the agent then ends without waiting for its job. */
  hurry(): void;
  /** Rejects with `EndedEarly` when the program ends before it was told to. */
  readonly endedEarly: Promise<never>;
}

/** A program ended that nobody had told to. */
export class EndedEarly extends Error {
  override readonly name = 'EndedEarly';
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  constructor(name: string, exitCode: number | null, signal: NodeJS.Signals | null) {
    super(`${name} ended by itself (${signal ?? `exit code ${exitCode}`})`);
    this.exitCode = exitCode;
  }
}

export interface ProgramOptions {
  /** Where `<name>.log` is written; `null` to let the program write to this terminal. */
  readonly logDir: string | null;
  /** The whole environment of the program. */
  readonly env: NodeJS.ProcessEnv;
}

/** Longer than the agent takes by its default settings: `shutdownGraceSeconds`, `stopGraceSeconds` and 20 s more. */
const STOP_LIMIT_MS = 65_000;

/** The process is there when this returns, so that it can be stopped; `ready` resolves when it listens. */
export function startCloud(
  args: readonly string[],
  options: ProgramOptions,
): { cloud: Program; ready: Promise<CloudReady> } {
  const child = start('job-cloud', args, options);
  const cloud = toProgram('job-cloud', child);
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  const firstLine = once(lines, 'line').then(([line]) => JSON.parse(line) as CloudReady);
  return { cloud, ready: Promise.race([firstLine, cloud.endedEarly]) };
}

export function startAgent(configPath: string, options: ProgramOptions): Program {
  return toProgram('job-agent', start('job-agent', ['run', '--config', configPath], options));
}

function start(name: string, args: readonly string[], { logDir, env }: ProgramOptions): ChildProcess {
  const isCloud = name === 'job-cloud';
  const output = logDir === null ? 'inherit' : 'pipe';
  const child = spawn(process.execPath, [programPath(name), ...args], {
    env,
    stdio: ['ignore', isCloud ? 'pipe' : output, output],
    // Its own group: a Ctrl-C at the terminal reaches us alone, and we stop the programs in order.
    detached: true,
  });
  if (logDir !== null) {
    const log = createWriteStream(join(logDir, `${name}.log`));
    if (!isCloud) child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    child.once('close', () => log.end());
  }
  return child;
}

function programPath(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

function toProgram(name: string, child: ChildProcess): Program {
  let isStopping = false;
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const endedEarly = exited.then(([code, signal]): Promise<never> => {
    if (isStopping) return new Promise(() => undefined);
    throw new EndedEarly(name, code, signal);
  });
  endedEarly.catch(() => undefined); // whoever waits for something races it
  return {
    endedEarly,
    hurry: () => void child.kill('SIGTERM'),
    async stop() {
      isStopping = true;
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      const [code] = await exited;
      clearTimeout(kill);
      return code;
    },
  };
}
