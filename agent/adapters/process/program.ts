/**
 * Finds the file that a program's name stands for, before anything is started. So a missing program is told apart from
 * one that exits with 127, with and without a change of user.
 */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ProcessEnd } from '../../ports/process-runner.ts';

export type NotStarted = Extract<ProcessEnd, { kind: 'not-started' }>;

export interface Program {
  readonly kind: 'program';
  /** Absolute. */
  readonly path: string;
}

/** Where execvp(3) of glibc looks when there is no PATH. */
const DEFAULT_PATH = '/bin:/usr/bin';

/** A name with a slash is taken from `cwd`; any other is looked for on `path`, whose empty members are skipped. */
export function findProgram(name: string, cwd: string, path: string = DEFAULT_PATH): Program | NotStarted {
  const candidates = name.includes('/')
    ? [resolve(cwd, name)]
    : path
        .split(':')
        .filter((folder) => folder !== '')
        .map((folder) => join(resolve(cwd, folder), name));
  const answers = candidates.map(checkProgram);
  return (
    answers.find((answer) => answer.kind === 'program') ??
    answers.find((answer) => answer.kind === 'not-started' && answer.code !== 'ENOENT') ??
    notStarted('ENOENT', `program ${name} does not exist${name.includes('/') ? '' : ` on the PATH ${path}`}`)
  );
}

export function notStarted(code: string, message: string): NotStarted {
  return { kind: 'not-started', code, message };
}

/** Why a program that `findProgram` found could not be started after all. */
export function notStartedBy(error: unknown, program: string): NotStarted {
  const code = systemCode(error);
  return notStarted(code, `cannot start ${program}: ${reason(code, error)}`);
}

/** `EINVAL` for what Node.js refuses before it asks the system, such as a NUL byte. */
function systemCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^E[A-Z0-9]+$/.test(code) ? code : 'EINVAL';
}

/** Only programs that exist are started; so what is missing then is what the first line names. */
function reason(code: string, error: unknown): string {
  return code === 'ENOENT' ? 'its interpreter, named after #! in its first line, does not exist' : String(error);
}

function checkProgram(path: string): Program | NotStarted {
  try {
    if (!statSync(path).isFile()) return notStarted('EACCES', `${path} is not a file`);
    accessSync(path, constants.X_OK);
  } catch (error) {
    return notStarted(systemCode(error), `${path} cannot be executed: ${String(error)}`);
  }
  return hasProgramHead(path)
    ? { kind: 'program', path }
    : notStarted('ENOEXEC', `${path} is not a program: ${REMEDY}`);
}

const REMEDY = 'it is empty or damaged; install it again';

/**
 * False for an empty file and for one of zeros, which is what a power cut leaves of a file just written. execvp(3) would
 * give either to /bin/sh, and an empty script succeeds. A text without `#!` may pass: execvp(3) runs it by /bin/sh.
 */
function hasProgramHead(path: string): boolean {
  const head = readHead(path);
  if (head === undefined) return true;
  return head.length > 0 && (head.startsWith('\x7fELF') || head.startsWith('#!') || !head.includes('\0'));
}

/** `undefined` where we may run a file but not read it. */
function readHead(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK); // should it be a pipe by now, nobody waits
  } catch {
    return undefined;
  }
  try {
    const head = Buffer.alloc(64);
    return head.toString('latin1', 0, readSync(file, head));
  } finally {
    closeSync(file);
  }
}
