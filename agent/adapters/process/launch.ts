/**
 * From what is wanted to a started child: no shell, an argument list, a session and process group of its own, and the
 * environment exactly as given plus the mark of the run.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { type ProcessEnd, type ProcessSpec, RUN_ID_VARIABLE } from '../../ports/process-runner.ts';
import type { OutputPipes } from './output-pipes.ts';
import { findProgram, type NotStarted, notStarted, notStartedBy } from './program.ts';

/** A run id becomes a file's name and an environment variable. */
const RUN_ID = /^[A-Za-z0-9._-]{1,200}$/;

/** Not found on a PATH: what changes user runs with our rights, and the document's environment must not choose it. */
const SETPRIV_PATHS = ['/usr/bin/setpriv', '/bin/setpriv', '/usr/local/bin/setpriv'];

export interface LaunchedChild {
  readonly kind: 'launched';
  /** Without a pid it emits `error` on the next tick: so Node.js reports some of the system's errors. */
  readonly child: ChildProcess;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
}

/** @returns the child, or why there is none. */
export function launch(spec: ProcessSpec, pipes: OutputPipes): LaunchedChild | NotStarted {
  if (!RUN_ID.test(spec.runId)) return notStarted('EINVAL', `run id ${spec.runId} is not like ${RUN_ID.source}`);
  if (!isFolder(spec.cwd)) return notStarted('ENOENT', `working folder ${spec.cwd} does not exist or is not a folder`);
  const [name, ...args] = spec.argv;
  const program = findProgram(name, spec.cwd, spec.env.PATH);
  if (program.kind === 'not-started') return program;
  const command = asUser([program.path, ...args], spec.runAs);
  return 'kind' in command ? command : spawnWithPipes(command, spec, pipes);
}

/**
 * Tells setpriv's own failure from the program's. It says so in one line and exits with 126 where that user may not
 * execute the program, with 127 where the program's interpreter is missing or the change of user failed, and with 1 where
 * there is no such user any more.
 */
export function asSetprivFailure(end: ProcessEnd, { runAs }: ProcessSpec): ProcessEnd {
  if (runAs === undefined || end.kind !== 'exited') return end;
  const { exitCode, stdoutBytes, stderrLines, stderrTail } = end;
  if (stdoutBytes > 0 || stderrLines !== 1 || !stderrTail.startsWith('setpriv: ')) return end;
  const isUserGone = exitCode === 1 && /reuid|--init-groups/.test(stderrTail);
  if (exitCode !== 126 && exitCode !== 127 && !isUserGone) return end;
  const isMissing = stderrTail.includes('failed to execute');
  const code = exitCode === 126 ? 'EACCES' : isMissing ? 'ENOENT' : 'EPERM';
  return notStarted(code, `as user ${runAs.name}: ${stderrTail.trim()}`);
}

type Command = readonly [file: string, ...args: string[]];

/** The command line that runs `argv` as `runAs`: unchanged when we are that user already, through setpriv otherwise. */
function asUser(argv: Command, runAs: ProcessSpec['runAs']): Command | NotStarted {
  if (runAs === undefined || runAs.uid === process.geteuid?.()) return argv;
  const setpriv = findSetpriv();
  if (setpriv === undefined) {
    return notStarted('ENOENT', `cannot change to user ${runAs.name}: setpriv of util-linux is not installed`);
  }
  // Twice: the first has still our capabilities when it executes the next, and would pass over its access rights.
  return [setpriv, ...setprivOptions(runAs), '--', setpriv, '--no-new-privs', '--', ...argv];
}

/**
 * Node's own `uid` and `gid` options would drop the user's supplementary groups (dialout, video, …), hence setpriv. Who
 * is not root gets no way back to more: no set-user-ID programs such as sudo, no capabilities left over from us.
 */
function setprivOptions(account: NonNullable<ProcessSpec['runAs']>): string[] {
  const change = ['--reuid', account.name, '--regid', String(account.gid), '--init-groups'];
  return [...change, '--inh-caps', '-all', '--ambient-caps', '-all'];
}

/** BusyBox has a program of that name that cannot change user. */
function findSetpriv(): string | undefined {
  return SETPRIV_PATHS.find((path) => isExecutable(path) && basename(realpathSync(path)) !== 'busybox');
}

function spawnWithPipes(command: Command, spec: ProcessSpec, pipes: OutputPipes): LaunchedChild | NotStarted {
  const open = pipes.open();
  const child = spawnCommand(command, spec, open?.writeFds ?? ['pipe', 'pipe']);
  open?.closeWriters();
  if (!('kind' in child) && child.pid !== undefined) {
    return { kind: 'launched', child, stdout: open?.stdout ?? child.stdout, stderr: open?.stderr ?? child.stderr };
  }
  open?.stdout.resume(); // reads the end, so that the pipes are free again
  open?.stderr.resume();
  return 'kind' in child ? child : { kind: 'launched', child, stdout: null, stderr: null };
}

function spawnCommand(command: Command, spec: ProcessSpec, outputs: ['pipe', 'pipe'] | [number, number]) {
  const [file, ...args] = command;
  try {
    return spawn(file, args, {
      cwd: spec.cwd,
      // Node.js copies its own NODE_V8_COVERAGE into every child whose environment does not have that key.
      env: { NODE_V8_COVERAGE: undefined, ...spec.env, [RUN_ID_VARIABLE]: spec.runId },
      detached: true,
      shell: false,
      stdio: [spec.stdin === undefined ? 'ignore' : 'pipe', ...outputs],
    });
  } catch (error) {
    return notStartedBy(error, file);
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
