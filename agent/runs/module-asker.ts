/**
 * Asks a handler's module something, in a process of its own: nothing of it is ever loaded into the agent. Bounded in time
 * and in the size of the answer, whatever the module does when it is imported.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { isJsonObject, type JsonValue } from '../core/json.ts';
import { fileProblem } from '../files/file-problem.ts';
import { readSmallFile } from '../files/small-file.ts';
import type { ProcessEnd, ProcessRunner } from '../ports/process-runner.ts';
import type { UserAccount } from '../ports/user-database.ts';
import {
  type LoadedFile,
  type ModuleAnswer,
  type ModuleQuestion,
  UNANSWERED_EXIT_CODE,
} from './handler-host-request.ts';
import { baseEnvironment } from './run-environment.ts';
import { createPrivateRunFolder } from './run-folder.ts';

export type AskedModule =
  | { readonly kind: 'answered'; readonly value: JsonValue; readonly files: readonly LoadedFile[] }
  /** `HANDLER_MODULE_INVALID`: it says or does something wrong; `HANDLER_MODULE_SILENT`: it does not answer at all. */
  | {
      readonly kind: 'refused';
      readonly reasonCode: 'HANDLER_MODULE_INVALID' | 'HANDLER_MODULE_SILENT';
      /** Names the file. */
      readonly reason: string;
    }
  | NotAsked;

/** The gateway has no space, no memory or no process left for it: that says nothing of the module. */
export interface NotAsked {
  readonly kind: 'not-asked';
  /** Names the file. */
  readonly reason: string;
}

/** @param path absolute, without links; checked for owner and mode. Never rejects. */
export type AskModule = (path: string, question: ModuleQuestion) => Promise<AskedModule>;

export interface ModuleAskerOptions {
  readonly runner: ProcessRunner;
  /** How to start the handler host: the program, then its arguments. */
  readonly hostArgv: readonly string[];
  readonly runtimeDir: string;
  /** The user this process runs as: asks are made as nobody else. */
  readonly own: UserAccount;
  /** How long an answer may take; 30 s unless given. */
  readonly askLimitMs?: number;
}

/** Much more than a small board needs to start Node.js while it boots: a job that is refused is not tried again. */
const ASK_LIMIT_MS = 30_000;
const STOP_GRACE_MS = 500;
/** A schema has some KiB. */
const MAX_ANSWER_BYTES = 256 * 1024;
const OUTPUT_TAIL_BYTES = 2048;

export function createModuleAsker(options: ModuleAskerOptions): AskModule {
  const ownerIds = [...new Set([0, options.own.uid])];
  return async (path, question) => {
    const id = `ask.${randomUUID()}`;
    try {
      const folder = await createPrivateRunFolder(options.runtimeDir, id);
      try {
        const answerFile = join(folder.path, 'answer.json');
        const stdin = JSON.stringify({ ...question, module: { path, ownerIds }, answerFile });
        const end = await runAsk({ id, cwd: folder.path, stdin }, options);
        return answerIn(await readAnswer(answerFile), end, path);
      } finally {
        await folder.remove();
      }
    } catch (error) {
      return notAsked(path, await fileProblem(error, join(options.runtimeDir, 'runs', id), 'folder'));
    }
  };
}

type AskEnd = ProcessEnd | { readonly kind: 'too-slow'; readonly limitMs: number };

async function runAsk(
  { id, cwd, stdin }: { readonly id: string; readonly cwd: string; readonly stdin: string },
  { runner, hostArgv, own, askLimitMs = ASK_LIMIT_MS }: ModuleAskerOptions,
): Promise<AskEnd> {
  const [program = process.execPath, ...args] = hostArgv;
  const env = baseEnvironment(own);
  const spec = { runId: id, argv: [program, ...args] as const, cwd, env, stdin, outputTailBytes: OUTPUT_TAIL_BYTES };
  const running = runner.start(spec);
  let isTooSlow = false;
  const timer = setTimeout(() => {
    isTooSlow = true;
    void running.stop(STOP_GRACE_MS);
  }, askLimitMs);
  const end = await running.ended;
  clearTimeout(timer);
  return isTooSlow ? { kind: 'too-slow', limitMs: askLimitMs } : end;
}

type ReadAnswer = { readonly answer?: JsonValue; readonly fault?: string };

async function readAnswer(path: string): Promise<ReadAnswer> {
  try {
    return { answer: JSON.parse(await readSmallFile(path, MAX_ANSWER_BYTES)) as JsonValue };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? {} : { fault: (error as Error).message };
  }
}

function answerIn({ answer, fault }: ReadAnswer, end: AskEnd, path: string): AskedModule {
  const checked = parseAnswer(answer);
  if (checked?.ok === true) return { kind: 'answered', value: checked.value, files: checked.files };
  if (checked !== undefined) {
    return { kind: 'refused', reasonCode: 'HANDLER_MODULE_INVALID', reason: `${path}: ${checked.reason}` };
  }
  if (end.kind === 'not-started') return notAsked(path, `no process for it could be started: ${end.message}`);
  if (end.kind === 'exited' && end.exitCode === UNANSWERED_EXIT_CODE) return notAsked(path, lastWords(end));
  // Not by us, who were patient still: by the kernel, where memory is short (proc_pid_oom_score(5)).
  if (end.kind === 'signaled' && end.signal === 'SIGKILL') return notAsked(path, silenceReason(end));
  return silent(path, fault === undefined ? silenceReason(end) : `its answer cannot be read: ${fault}`);
}

function notAsked(path: string, why: string): NotAsked {
  return { kind: 'not-asked', reason: `${path} could not be asked what it is: ${why}` };
}

function silent(path: string, why: string): AskedModule {
  const reason = `${path} does not tell what it is: ${why}`;
  return { kind: 'refused', reasonCode: 'HANDLER_MODULE_SILENT', reason };
}

function silenceReason(end: Exclude<AskEnd, { kind: 'not-started' }>): string {
  if (end.kind === 'too-slow') {
    return `no answer within ${end.limitMs / 1000} s; it must not work or wait when it is imported`;
  }
  const last = lastWords(end);
  const how = end.kind === 'signaled' ? `was killed by ${end.signal}` : `ended with exit code ${end.exitCode}`;
  return `its process ${how}${last === '' ? '' : `: ${last}`}`;
}

function lastWords({ stderrTail }: { readonly stderrTail: string }): string {
  return stderrTail.trimEnd().split('\n').at(-1)?.trim() ?? '';
}

function parseAnswer(answer: JsonValue | undefined): ModuleAnswer | undefined {
  if (!isJsonObject(answer)) return undefined;
  const { ok, value = null, files, reason } = answer;
  if (ok === false && typeof reason === 'string') return { ok, reason };
  if (ok !== true || !Array.isArray(files)) return undefined;
  return { ok, value, files: files.filter(isLoadedFile) };
}

function isLoadedFile(value: unknown): value is LoadedFile {
  return isJsonObject(value) && typeof value.path === 'string' && typeof value.stamp === 'string';
}
