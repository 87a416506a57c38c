/** How a process ended, as the result of a step. Pure. */
import { shorten } from '../core/describe-value.ts';
import type { StatusDetails } from '../core/job-execution.ts';
import { isJsonObject, type JsonValue, ownMember } from '../core/json.ts';
import type { FailedRun, RunOutput, RunResult } from '../core/outcome.ts';
import type { HandlerResult } from '../handler-api.ts';
import type { ProcessEnd } from '../ports/process-runner.ts';

export interface EndedProcess {
  /** The operation, the program or the file, as the operator knows it. */
  readonly name: string;
  readonly end: ProcessEnd;
  /** What the handler told while it ran. */
  readonly details: StatusDetails;
}

/** @param allowStdErr how many lines on stderr are still a success; without it any number is. */
export function resultOfProcess({ name, end, details }: EndedProcess, allowStdErr?: number): RunResult {
  if (end.kind === 'not-started') return notStarted(name, end);
  const told = { details, stdoutTail: end.stdoutTail, stderrTail: end.stderrTail };
  if (end.kind === 'signaled') return { ...told, ...killed(name, end.signal) };
  if (end.exitCode !== 0) {
    return { ...told, ...failure('HANDLER_EXIT_CODE', `${shorten(name)} ended with exit code ${end.exitCode}`) };
  }
  if (allowStdErr === undefined || end.stderrLines <= allowStdErr) return { ...told, status: 'succeeded' };
  const message = `${shorten(name)} wrote ${end.stderrLines} lines to stderr, and the document allows ${allowStdErr}`;
  return { ...told, ...failure('HANDLER_STDERR', message) };
}

/** @param resultText what the handler host left in its result file, if it did. */
export function resultOfModule({ name, end, details }: EndedProcess, resultText: string | undefined): RunResult {
  if (end.kind === 'not-started') return notStarted(name, end);
  const told = { details, stdoutTail: end.stdoutTail, stderrTail: end.stderrTail };
  const result = resultText === undefined ? undefined : parseHandlerResult(resultText);
  if (result !== undefined) return resultOfHandler(result, told);
  if (end.kind === 'signaled') return { ...told, ...killed(name, end.signal) };
  const message = `${shorten(name)} ended with exit code ${end.exitCode} and left no result`;
  return { ...told, ...failure('HANDLER_NO_RESULT', message) };
}

/** @param told what is known without it; of the details, those of the result win. */
export function resultOfHandler(result: HandlerResult, told: RunOutput): RunResult {
  const output = { ...told, details: { ...told.details, ...asTexts(result.details) } };
  if (result.kind === 'succeeded') return { ...output, status: 'succeeded' };
  return { ...output, status: result.kind, reasonCode: result.reasonCode, message: result.message };
}

/** A run of which there is no output. */
export function failedRun(reasonCode: string, message: string, details: StatusDetails = {}): FailedRun {
  return { ...failure(reasonCode, message), details, stdoutTail: '', stderrTail: '' };
}

export function asTexts(details: Readonly<Record<string, string | number>>): StatusDetails {
  return Object.fromEntries(Object.entries(details).map(([key, value]) => [key, String(value)]));
}

function failure(reasonCode: string, message: string) {
  return { status: 'failed', reasonCode, message } as const;
}

function killed(name: string, signal: string) {
  return failure('HANDLER_SIGNALED', `${shorten(name)} was killed by ${signal}`);
}

function notStarted(name: string, { code, message }: Extract<ProcessEnd, { kind: 'not-started' }>): RunResult {
  const reasonCode = code === 'EACCES' || code === 'ENOEXEC' ? 'HANDLER_NOT_EXECUTABLE' : 'HANDLER_NOT_STARTED';
  return failedRun(reasonCode, `${shorten(name)} could not be started (${code}): ${message}`);
}

/** The file was written by a process that may run as another user: believe nothing. */
function parseHandlerResult(text: string): HandlerResult | undefined {
  const result = parseJson(text);
  if (!isJsonObject(result)) return undefined;
  const kind = ownMember(result, 'kind');
  const details = textDetails(ownMember(result, 'details'));
  if (kind === 'succeeded') return { kind, details };
  const reasonCode = ownMember(result, 'reasonCode');
  const message = ownMember(result, 'message');
  if (kind !== 'failed' && kind !== 'rejected') return undefined;
  if (typeof reasonCode !== 'string' || typeof message !== 'string') return undefined;
  return { kind, reasonCode, message, details };
}

function textDetails(value: JsonValue | undefined): Record<string, string | number> {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter(
      (pair): pair is [string, string | number] => typeof pair[1] === 'string' || typeof pair[1] === 'number',
    ),
  );
}

function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
