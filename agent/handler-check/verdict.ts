/** What came of a check: one line of the table. */
import { shorten } from '../core/describe-value.ts';
import type { BenchRun } from './bench.ts';

export interface Verdict {
  /** Such as `SIGKILL`. */
  readonly check: string;
  readonly verdict: 'pass' | 'fail' | 'not applicable';
  /** What was done and what was seen. */
  readonly what: string;
}

export function pass(what: string): Omit<Verdict, 'check'> {
  return { verdict: 'pass', what };
}

export function fail(what: string): Omit<Verdict, 'check'> {
  return { verdict: 'fail', what };
}

export function notApplicable(what: string): Omit<Verdict, 'check'> {
  return { verdict: 'not applicable', what };
}

/** For people: `SUCCEEDED`, or `FAILED (HANDLER_EXIT_CODE: x ended with exit code 3)`. */
export function shownEnd({ end }: Pick<BenchRun, 'end'>): string {
  if (end === null) return 'no end, so that it was killed';
  const { reasonCode, reason = '' } = end.statusDetails;
  return reasonCode === undefined ? end.status : `${end.status} (${reasonCode}: ${shorten(reason)})`;
}

/** What a machine would compare: how it ended and why, not in which words. */
export function isSameEnd(a: BenchRun, b: BenchRun): boolean {
  if (a.end === null || b.end === null) return a.end === b.end;
  const { status, statusDetails } = a.end;
  return status === b.end.status && statusDetails.reasonCode === b.end.statusDetails.reasonCode;
}

export function isSuccess({ end }: BenchRun): boolean {
  return end?.status === 'SUCCEEDED';
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 0)} s`;
}
