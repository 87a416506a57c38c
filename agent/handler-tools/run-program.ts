/** Runs a program for a handler of kind `module`, in the handler's own process tree: the agent ends both together. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProgramResult {
  /** As sh(1) has it: 126 for what may not be run, 127 for what is not there, 128 and its number for a signal. */
  readonly exitCode: number;
  /** The last `maxOutputLength` characters of each. */
  readonly stdout: string;
  readonly stderr: string;
}

/** The exit code of a program that is not on PATH. */
export const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
const SIGNALED = 128;
const SIGTERM = 15;
/** The package lists of the largest systems have some hundred thousand characters. */
const MAX_OUTPUT_LENGTH = 8 * 1024 * 1024;
/** A daemon that the program left behind may hold the pipe open for ever. */
const DRAIN_MS = 1000;

/**
 * SIGTERM goes to all processes of a run, and the program may have ended before its handler has heard of it. By systemd
 * (systemd.kill(5)) it goes to one after the other.
 */
const HEARING_MS = { endedBySigterm: 1000, failed: 20 } as const;

export interface RunProgramOptions {
  readonly signal: AbortSignal;
  readonly maxOutputLength?: number;
  /** Beside the handler's own; no argument list shows what is in it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Called as text arrives on either stream, in pieces that may end anywhere: for progress. */
  readonly onOutput?: (text: string) => void;
}

/**
 * Resolves when the program has ended. It has no stdin, no shell, and the environment and PATH of the handler. When
 * `signal` is aborted it gets SIGTERM; the agent sends SIGKILL to the handler and all it started after the grace.
 * Never rejects.
 */
export function runProgram(
  [program, ...args]: readonly [string, ...string[]],
  { signal, maxOutputLength = MAX_OUTPUT_LENGTH, environment, onOutput }: RunProgramOptions,
): Promise<ProgramResult> {
  if (signal.aborted) return Promise.resolve({ exitCode: SIGNALED + SIGTERM, stdout: '', stderr: '' });
  const env = environment === undefined ? process.env : { ...process.env, ...environment };
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const stdout = keepEnd(child.stdout, maxOutputLength);
  const stderr = keepEnd(child.stderr, maxOutputLength);
  if (onOutput !== undefined) for (const stream of [child.stdout, child.stderr]) stream.on('data', onOutput);
  const stop = () => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  return new Promise((resolve) => {
    const end = async (exitCode: number, more = '') => {
      signal.removeEventListener('abort', stop);
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      await hearOfStop(exitCode, signal);
      resolve({ exitCode, stdout: stdout(), stderr: stderr() + more });
    };
    let drain: NodeJS.Timeout | undefined;
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) void end(error.code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE, error.message);
    });
    child.on('exit', (code, name) => {
      drain = setTimeout(() => void end(exitCodeOf(code, name)), DRAIN_MS);
    });
    child.on('close', (code, name) => {
      clearTimeout(drain);
      if (child.pid !== undefined) void end(exitCodeOf(code, name));
    });
  });
}

export interface Filter {
  /** Binary: read it, or the program waits. */
  readonly output: Readable;
  /** Resolves when it has ended and its output was read or destroyed; `stdout` is empty. Never rejects. */
  readonly ended: Promise<ProgramResult>;
  /** SIGKILL, to be followed by `ended`. */
  kill(): void;
}

/**
 * Starts a program that reads a file as its stdin and writes to the handler, with nothing in between: for decompression.
 * @param fd of the file, open; the program reads it from where it stands. `signal` as with `runProgram`.
 */
export function startFilter(
  [program, ...args]: readonly [string, ...string[]],
  fd: number,
  { signal, maxOutputLength = MAX_OUTPUT_LENGTH, environment }: RunProgramOptions,
): Filter {
  const env = { ...process.env, ...environment };
  const stdio = [fd, 'pipe', 'pipe'] as const;
  const child = spawn(program, args, { stdio: [...stdio], env }) as ChildProcessByStdio<null, Readable, Readable>;
  const stderr = keepEnd(child.stderr, maxOutputLength);
  const stop = () => void child.kill('SIGTERM');
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const ended = new Promise<ProgramResult>((resolve) => {
    const end = async (exitCode: number, more = '') => {
      signal.removeEventListener('abort', stop);
      await hearOfStop(exitCode, signal);
      resolve({ exitCode, stdout: '', stderr: stderr() + more });
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) void end(error.code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE, error.message);
    });
    child.on('close', (code, name) => {
      if (child.pid !== undefined) void end(exitCodeOf(code, name));
    });
  });
  const kill = () => {
    child.kill('SIGKILL');
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  };
  return { output: child.stdout, ended, kill };
}

/** The last lines that say something, in one: for a reason. */
export function lastLines(text: string, count: number): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .slice(-count)
    .join(' / ');
}

/** Resolves when `signal` says why the program has failed, or would have said so. */
async function hearOfStop(exitCode: number, signal: AbortSignal): Promise<void> {
  if (exitCode === 0 || signal.aborted) return;
  const forMs = exitCode === SIGNALED + SIGTERM ? HEARING_MS.endedBySigterm : HEARING_MS.failed;
  await delay(forMs, undefined, { signal }).catch(() => undefined);
}

function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? SIGNALED + (SIGNAL_NUMBERS[signal ?? ''] ?? 0);
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = constants.signals;

function keepEnd(stream: Readable, maxLength: number): () => string {
  let kept = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    kept = (kept + text).slice(-maxLength);
  });
  stream.on('error', () => undefined); // what was read before counts
  return () => kept;
}
