/** strace(1) on a process that runs already: to kill it at a system call, or to count its calls. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { CALL_KINDS, type CallKind, type KillPoint } from './system-calls.ts';

const ATTACH_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 2;
/** Thread and name. Looking for processes in /proc is left out: it opens hundreds of files, and changes none. */
const MADE_CALL = /^(\d+) +(\w+)\((?!AT_FDCWD, "\/proc\/)/gm;

/**
 * Runs a program that halts itself before it does anything of its own: then calls count from there, and the start of
 * Node.js, which is the same each time, costs no kills.
 */
export const HALT_AT_START = ['--import', "data:text/javascript,process.kill(process.pid,'SIGSTOP')"] as const;

/** Resolves when the process has halted. */
export async function untilHalted(pid: number): Promise<void> {
  await until(() => /^State:\s+[Tt]/m.test(statusOf(`/proc/${pid}`)), `process ${pid} did not halt`);
}

/** Resolves when every thread of `pid`, which has halted, is watched. Programs that it starts are not. */
export async function killAt({ kind, nth }: KillPoint, pid: number): Promise<void> {
  const calls = kind.calls.map((call) => `?${call}`).join(',');
  await attach(['-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${calls}:signal=SIGKILL:when=${nth}`], pid);
}

/** As `killAt`, but only writes to `file` which calls are made. */
export async function recordCalls(pid: number, file: string): Promise<void> {
  const calls = CALL_KINDS.flatMap((kind) => kind.calls.map((call) => `?${call}`)).join(',');
  await attach(['-o', file, '-e', `trace=${calls}`], pid);
}

/** From what `recordCalls` wrote: the most calls of each kind that one thread made of one name. */
export function countCalls(file: string): ReadonlyMap<CallKind, number> {
  const counts = new Map<string, number>();
  for (const [, thread, call] of readFileSync(file, 'utf8').matchAll(MADE_CALL)) {
    const key = `${thread} ${call}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const most = (call: string) =>
    Math.max(0, ...[...counts].filter(([key]) => key.endsWith(` ${call}`)).map(([, n]) => n));
  return new Map(CALL_KINDS.map((kind) => [kind, Math.max(...kind.calls.map(most))]));
}

/** Why processes cannot be killed at system calls here, or `null` where they can. */
export async function reasonAgainstStrace(): Promise<string | null> {
  if (spawnSync('strace', ['-V']).error !== undefined) return 'strace is not installed';
  const child = spawn(process.execPath, [...HALT_AT_START, '-e', ''], { stdio: 'ignore' });
  try {
    await untilHalted(child.pid ?? 0);
    await attach(['-o', '/dev/null', '-e', 'trace=fsync'], child.pid ?? 0);
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    child.kill('SIGKILL');
  }
}

async function attach(options: readonly string[], pid: number): Promise<void> {
  // The last option lets go of what the agent starts: counted would be each handler by itself.
  const tracer = spawn('strace', ['-qq', '-f', '-b', 'execve', ...options, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const complaints = collect(tracer);
  await until(() => {
    if (tracer.exitCode !== null) throw new Error(`strace cannot attach: ${complaints().trim()}`);
    return isTraced(pid);
  }, 'strace did not attach');
}

function collect({ stderr }: ChildProcess): () => string {
  let text = '';
  stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text;
}

function isTraced(pid: number): boolean {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.every((thread) => /^TracerPid:\s+[1-9]/m.test(statusOf(`/proc/${pid}/task/${thread}`)));
}

function statusOf(folder: string): string {
  return readFileSync(`${folder}/status`, 'utf8');
}

/** The kernel tells nobody of these changes: they are looked for. */
async function until(isSo: () => boolean, otherwise: string): Promise<void> {
  const endMs = performance.now() + ATTACH_WITHIN_MS;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(otherwise);
    await delay(LOOK_EVERY_MS);
  }
}
