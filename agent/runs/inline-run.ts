/** Runs a handler of kind `inline` in this process. It cannot be killed: one that does not stop is left behind. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { JsonValue } from '../core/json.ts';
import type { RunResult } from '../core/outcome.ts';
import type { AgentLog, HandlerFacts, HandlerLog, InlineContext, InlineHandler } from '../handler-api.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint-file.ts';
import { HANDLER_PARTS } from './handler-part.ts';
import type { RunFolder } from './run-folder.ts';
import { asTexts, failedRun, resultOfHandler } from './run-result.ts';
import type { StepRun } from './step-runner.ts';

export interface InlineRun {
  readonly handler: InlineHandler;
  readonly parameters: JsonValue;
  readonly run: StepRun;
  readonly facts: HandlerFacts;
  readonly folder: RunFolder;
  readonly agentLog: AgentLog;
  readonly log: Logger;
}

export interface RunningInline {
  readonly ended: Promise<RunResult>;
  stop(graceMs: number): Promise<void>;
}

export function startInline(inline: InlineRun): RunningInline {
  const { handler } = inline;
  const stopping = new AbortController();
  const ended = runHandler(inline, stopping.signal);
  let giveUp: (result: RunResult) => void;
  const leftBehind = new Promise<RunResult>((resolve) => {
    giveUp = resolve;
  });
  return {
    ended: Promise.race([ended, leftBehind]),
    async stop(graceMs) {
      stopping.abort(new Error('the agent asked the handler to stop'));
      const timer = new AbortController();
      await Promise.race([ended, delay(graceMs, undefined, { signal: timer.signal })]);
      timer.abort();
      giveUp(failedRun('HANDLER_NOT_STOPPED', `${handler.operation} did not stop within ${graceMs / 1000} s`));
    },
  };
}

async function runHandler(inline: InlineRun, signal: AbortSignal): Promise<RunResult> {
  const told: Record<string, string> = {};
  const onProgress = (details: Readonly<Record<string, string>>) => inline.run.onProgress(Object.assign(told, details));
  try {
    const context = await contextOf(inline, signal, onProgress);
    const part = inline.handler[HANDLER_PARTS[inline.run.purpose]];
    if (part === undefined) throw new Error(`the handler has nothing to ${inline.run.purpose}`);
    const result = await part(context, inline.parameters);
    return resultOfHandler(result, { details: told, stdoutTail: '', stderrTail: '' });
  } catch (error) {
    return failedRun('HANDLER_ERROR', error instanceof Error ? error.message : String(error), told);
  }
}

async function contextOf(
  { run, facts, folder, agentLog, log }: InlineRun,
  signal: AbortSignal,
  onProgress: StepRun['onProgress'],
): Promise<InlineContext> {
  const { jobId, executionNumber } = run.execution;
  return {
    execution: { jobId, executionNumber },
    step: run.stepIndex,
    attempt: run.attempt,
    facts,
    workDir: folder.workDir,
    agentLog,
    log: handlerLog(log),
    signal,
    progress: (details) => onProgress(asTexts(details)),
    checkpoint: (value) => writeCheckpoint(folder.checkpointFile, value),
    restored: await readCheckpoint(folder.checkpointFile),
  };
}

function handlerLog(log: Logger): HandlerLog {
  return {
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
  };
}
