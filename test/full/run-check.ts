/** One check as a child process: its output is passed through as it comes, and kept. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface CheckRun {
  /** Not 0 when it ended by a signal, too. */
  readonly exitCode: number;
  readonly seconds: number;
  /** The end of what it printed, both streams as they came. */
  readonly output: string;
}

export interface RunningCheck {
  readonly ended: Promise<CheckRun>;
  /** SIGTERM: the checks end what they started. */
  stop(): void;
}

export interface CheckCommand {
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the output is passed on to. */
  readonly print: (chunk: Uint8Array) => void;
}

const KEPT_BYTES = 512 * 1024;
/** What a shell gives for a program that is not there. */
const NOT_STARTED = 127;
const SIGNALED = 128;

export function runCheck({ argv: [program, ...args], env, print }: CheckCommand): RunningCheck {
  const startedMs = performance.now();
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const kept = keepEnd();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      kept.push(chunk);
      print(chunk);
    });
  }
  return { ended: end(child, kept, startedMs), stop: () => void child.kill('SIGTERM') };
}

async function end(child: ChildProcess, kept: ReturnType<typeof keepEnd>, startedMs: number): Promise<CheckRun> {
  const exitCode = await once(child, 'close').then(
    () => child.exitCode ?? SIGNALED,
    (error: Error) => {
      kept.push(Buffer.from(`${error.message}\n`));
      return NOT_STARTED;
    },
  );
  return { exitCode, seconds: (performance.now() - startedMs) / 1_000, output: kept.text() };
}

function keepEnd() {
  let chunks: Buffer[] = [];
  let bytes = 0;
  return {
    push(chunk: Buffer): void {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes < 2 * KEPT_BYTES) return;
      chunks = [Buffer.concat(chunks).subarray(-KEPT_BYTES)];
      bytes = KEPT_BYTES;
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}
