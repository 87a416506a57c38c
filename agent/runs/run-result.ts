/** How a process ended, as the result of a step. Pure. */
import { shorten } from '../core/describe-value.ts';
import type { StatusDetails } from '../core/job-execution.ts';
import { isJsonObject, type JsonValue, ownMember } from '../core/json.ts';
import type { FailedRun, RunOutput, RunResult } from '../core/outcome.ts';
import type { HandlerResult } from '../handler-api.ts';
import type { ProcessEnd } from '../ports/process-runner.ts';
import type { ExitCodes } from './handler-manifest.ts';

export interface EndedProcess {
  /** The operation, the program or the file, as the operator knows it. */
  readonly name: string;
  readonly end: ProcessEnd;
  /** What the handler told while it ran. */
  readonly details: StatusDetails;
}

export interface ExitRules {
  /** How many lines on stderr are still a success; without it any number is. */
  readonly allowStdErr?: number;
  /** Without them every code but 0 is a failure. */
  readonly exitCodes?: ExitCodes;
}

export function resultOfProcess({ name, end, details }: EndedProcess, rules: ExitRules = {}): RunResult {
  if (end.kind === 'not-started') return notStarted(name, end);
  const { stdoutTail, stderrTail, stderrLines } = end;
  const told = { details, stdoutTail, stderrTail };
  if (end.kind === 'signaled') return { ...told, ...killed(name, end.signal) };
  const { exitCode } = end;
  const { allowStdErr, exitCodes } = rules;
  const message = explainedExit(name, exitCode, stderrTail);
  switch (meaningOf(exitCode, exitCodes)) {
    case 'reboot':
      return { ...told, status: 'reboot', how: 'restart' };
    case 'retry':
      return { ...told, status: 'later', afterMs: null, message };
    case 'rejected':
      return { ...told, status: 'rejected', reasonCode: 'HANDLER_REFUSED', message };
    case 'failed':
      return { ...told, ...failure('HANDLER_EXIT_CODE', `${shorten(name)} ended with exit code ${exitCode}`) };
  }
  if (allowStdErr === undefined || stderrLines <= allowStdErr) return { ...told, status: 'succeeded' };
  const tooMuch = `${shorten(name)} wrote ${stderrLines} lines to stderr, and the document allows ${allowStdErr}`;
  return { ...told, ...failure('HANDLER_STDERR', tooMuch) };
}

function meaningOf(exitCode: number, codes: ExitCodes | undefined): keyof ExitCodes | 'failed' {
  if (exitCode === 0 || codes?.succeeded.includes(exitCode)) return 'succeeded';
  return (['reboot', 'retry', 'rejected'] as const).find((name) => codes?.[name].includes(exitCode)) ?? 'failed';
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
  if (result.kind === 'retry') {
    const { afterSeconds, message } = result;
    return { ...output, status: 'later', afterMs: afterSeconds === undefined ? null : afterSeconds * 1_000, message };
  }
  if (result.kind === 'failed' || result.kind === 'rejected') {
    return { ...output, status: result.kind, reasonCode: result.reasonCode, message: result.message };
  }
  if (result.kind === 'succeeded') return { ...output, status: 'succeeded' };
  return { ...output, status: 'reboot', how: result.kind === 'reboot' ? 'restart' : result.kind };
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

/** The last thing a program says on stderr is why. */
function explainedExit(name: string, exitCode: number, stderrTail: string): string {
  const why = stderrTail.trimEnd().split('\n').at(-1)?.trim();
  return `${shorten(name)} ended with exit code ${exitCode}${why ? `: ${why}` : ''}`;
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
  if (kind === 'succeeded' || kind === 'reboot' || kind === 'power-off') return { kind, details };
  const reasonCode = ownMember(result, 'reasonCode');
  const message = ownMember(result, 'message');
  if (typeof message !== 'string') return undefined;
  if (kind === 'retry') return { kind, message, details, ...retryAfter(ownMember(result, 'afterSeconds')) };
  if (typeof reasonCode !== 'string' || (kind !== 'failed' && kind !== 'rejected')) return undefined;
  return { kind, reasonCode, message, details };
}

function retryAfter(value: JsonValue | undefined): { readonly afterSeconds?: number } {
  return typeof value === 'number' && Number.isFinite(value) ? { afterSeconds: value } : {};
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
