/**
 * `job-agent handler-host`: runs one handler of kind `module` in a process of its own, so that it can be killed, limited
 * and run as another user; and asks handlers that are files what the agent wants to know of them. Request on stdin, result
 * in a file; stdout and stderr are the handler's log.
 */
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { fileProblem } from '../files/file-problem.ts';
import { replaceFile } from '../files/replace-file.ts';
import {
  failed,
  type HandlerContext,
  type HandlerFunction,
  type HandlerLog,
  type HandlerResult,
  type JobHandler,
} from '../handler-api.ts';
import { readCheckpoint, writeCheckpoint } from '../runs/checkpoint-file.ts';
import {
  type HandlerHostQuestion,
  type HandlerHostRequest,
  UNANSWERED_EXIT_CODE,
} from '../runs/handler-host-request.ts';
import { isHandlerResult, noResultReason } from '../runs/handler-result.ts';
import { importModule } from './module-import.ts';
import { answerQuestion, functionOf, handlerOf, reasonOf } from './module-questions.ts';
import { createProgressFile, type ProgressFile } from './progress-file.ts';
import { shownStack } from './shown-stack.ts';

/** Nobody else may read what a handler reports. */
const PRIVATE_MODE = 0o600;

/**
 * The caller ends the process with the returned exit code: a handler may leave sockets and timers behind. Never rejects.
 * @returns 0 when the handler succeeded, otherwise 1; what happened is in the result file, if that could be written.
 */
export async function runHandlerHost(handlers: readonly JobHandler[] = builtInHandlers): Promise<number> {
  const stopping = new AbortController();
  process.on('SIGTERM', () => stopping.abort(new Error('the agent asked the handler to stop')));
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined); // outlives its reader
  try {
    const request = JSON.parse(await text(process.stdin)) as HandlerHostRequest | HandlerHostQuestion;
    if ('ask' in request) return await answer(request);
    const result = await runToResult(handlers, request, stopping.signal);
    await writeResult(request, result);
    return result.kind === 'succeeded' ? 0 : 1;
  } catch (error) {
    explain(error); // such as ENOSPC: without a result the agent tells the exit code and the end of stderr
    return 1;
  }
}

async function answer(question: HandlerHostQuestion): Promise<number> {
  try {
    await answerQuestion(question);
    return 0;
  } catch (error) {
    process.stderr.write(`${await fileProblem(error, question.answerFile, 'put')}\n`);
    return UNANSWERED_EXIT_CODE;
  }
}

async function runToResult(
  handlers: readonly JobHandler[],
  request: HandlerHostRequest,
  signal: AbortSignal,
): Promise<HandlerResult> {
  const progress = createProgressFile(request.statusFile);
  const result = await Promise.race([runHandler(handlers, request, { progress, signal }), crash()]);
  await progress.flush();
  return result;
}

interface HostedRun {
  readonly progress: ProgressFile;
  readonly signal: AbortSignal;
}

async function runHandler(
  handlers: readonly JobHandler[],
  request: HandlerHostRequest,
  run: HostedRun,
): Promise<HandlerResult> {
  try {
    const part = await partOf(handlers, request);
    const result: unknown = await part(await contextOf(request, run), request.parameters);
    return isHandlerResult(result) ? result : failed('HANDLER_ERROR', noResultReason(request.part));
  } catch (error) {
    return errorResult(error);
  }
}

/** @throws Error when there is none. */
async function partOf(
  handlers: readonly JobHandler[],
  { operation, module, part: name }: HandlerHostRequest,
): Promise<HandlerFunction> {
  if (module !== undefined) {
    const { defaultExport } = await importModule(module);
    return functionOf(handlerOf(defaultExport), name) as HandlerFunction;
  }
  const handler = handlers.find((one) => one.operation === operation);
  const part = handler?.kind === 'module' ? handler[name] : undefined;
  if (part !== undefined) return part;
  throw new Error(`${name} of ${operation} is nothing that this version runs in a process of its own`);
}

/** What nobody awaits can fail as well, and must not pass for success. Never resolves otherwise. */
function crash(): Promise<HandlerResult> {
  return new Promise((resolve) => {
    process.on('uncaughtException', (error) => resolve(errorResult(error))); // unhandled rejections come here too
  });
}

async function contextOf(request: HandlerHostRequest, { progress, signal }: HostedRun): Promise<HandlerContext> {
  const { execution, step, attempt, facts, workDir, checkpointFile } = request;
  return {
    execution,
    step,
    attempt,
    facts,
    workDir,
    log: createLog(),
    signal,
    progress: progress.report,
    checkpoint: (value) =>
      writeCheckpoint(checkpointFile, value).catch((error) => lostCheckpoint(error, checkpointFile)),
    restored: await readCheckpoint(checkpointFile),
  };
}

/** The handler must not take it for trouble with its own files. @throws Error with the system's code. */
async function lostCheckpoint(error: unknown, path: string): Promise<never> {
  const reason = `the checkpoint could not be kept: ${await fileProblem(error, path, 'put')}`;
  throw Object.assign(new Error(reason, { cause: error }), { code: (error as NodeJS.ErrnoException).code });
}

/** One JSON line each: the agent logs what we print, line by line. */
function createLog(): HandlerLog {
  const write = (level: string, fields: object, message: string) =>
    process.stdout.write(`${JSON.stringify({ level, fields, msg: message })}\n`);
  return {
    info: (fields, message) => void write('info', fields, message),
    warn: (fields, message) => void write('warn', fields, message),
  };
}

function errorResult(error: unknown): HandlerResult {
  explain(error);
  return failed('HANDLER_ERROR', reasonOf(error));
}

function explain(error: unknown): void {
  process.stderr.write(`${shownStack(error, fileURLToPath(import.meta.url))}\n`);
}

async function writeResult({ resultFile }: HandlerHostRequest, result: HandlerResult): Promise<void> {
  await replaceFile(resultFile, JSON.stringify(result), { mode: PRIVATE_MODE, writer: 'result' });
}
