/**
 * What the journal keeps of an execution, one record a phase change; the last one counts. The form has a version of
 * its own, so that live state may change shape without breaking what is on disk. Job documents are not kept: they can
 * hold secrets, and the service gives them again.
 */

import { type ExecutionId, type ExecutionKey, executionId, type StatusDetails } from './job-execution.ts';
import { isJsonObject, type JsonObject, type JsonValue, ownMember } from './json.ts';
import type { Outcome, StopReason } from './outcome.ts';
import type { ExecutionState, FinishedExecution, ReviewedStep, Run } from './state.ts';

export const RECORD_VERSION = 1;

export type ExecutionRecord = LiveRecord | ClosedRecord;

type RecordBase = {
  readonly v: typeof RECORD_VERSION;
  readonly id: ExecutionId;
  readonly key: ExecutionKey;
};

export type LiveRecord = RecordBase & { readonly versionNumber: number; readonly recoveries: number } & LivePhase;

export type LivePhase =
  | { readonly phase: 'claiming' }
  | ({ readonly phase: 'running' } & RecordedRun)
  | ({ readonly phase: 'waiting' } & RecordedRun)
  | ({ readonly phase: 'stopping'; readonly reason: StopReason } & RecordedRun)
  | { readonly phase: 'reporting'; readonly outcome: Outcome };

/** Where a run was, and what its handler's author said may be done when it is interrupted. */
export type RecordedRun = {
  readonly stepIndex: number;
  readonly attempt: number;
  readonly onInterrupted: ReviewedStep['onInterrupted'];
};

export type ClosedRecord = RecordBase & {
  readonly phase: 'closed';
  readonly outcome: Outcome | null;
  readonly how: FinishedExecution['how'];
};

export function recordOf({ id, key, versionNumber, recoveries, phase }: ExecutionState): LiveRecord {
  const base = { v: RECORD_VERSION, id, key, versionNumber, recoveries } as const;
  switch (phase.name) {
    case 'claiming':
      return { ...base, phase: 'claiming' };
    case 'running':
      return { ...base, phase: 'running', ...recordedRun(phase) };
    case 'stopping':
      return { ...base, phase: 'stopping', reason: phase.reason, ...recordedRun(phase) };
    case 'waiting': {
      const { stepIndex, attempt, onInterrupted } = phase;
      return { ...base, phase: 'waiting', stepIndex, attempt, onInterrupted };
    }
    case 'reporting':
      return { ...base, phase: 'reporting', outcome: phase.outcome };
  }
}

export function closedRecordOf({ id, key, outcome, how }: FinishedExecution): ClosedRecord {
  return { v: RECORD_VERSION, id, key, phase: 'closed', outcome, how };
}

/** A record as it was read back; `null` for anything that is not one of ours. */
export function parseRecord(value: unknown): ExecutionRecord | null {
  if (!isJsonObject(value) || ownMember(value, 'v') !== RECORD_VERSION) return null;
  const key = parseKey(ownMember(value, 'key'));
  if (key === null) return null;
  const base = { v: RECORD_VERSION, id: executionId(key), key } as const;
  if (value.phase === 'closed') {
    const outcome = parseOutcome(value.outcome);
    return { ...base, phase: 'closed', outcome, how: value.how === 'accepted' ? 'accepted' : 'over' };
  }
  const live = parseLivePhase(value);
  if (live === null) return null;
  const versionNumber = count(value.versionNumber);
  const recoveries = count(value.recoveries);
  return versionNumber === null || recoveries === null ? null : { ...base, versionNumber, recoveries, ...live };
}

function recordedRun({ stepIndex, attempt, step }: Run): RecordedRun {
  return { stepIndex, attempt, onInterrupted: step.onInterrupted };
}

function parseLivePhase(value: JsonObject): LivePhase | null {
  const phase = value.phase;
  if (phase === 'claiming') return { phase };
  if (phase === 'reporting') {
    const outcome = parseOutcome(value.outcome);
    return outcome === null ? null : { phase, outcome };
  }
  const stepIndex = count(value.stepIndex);
  const attempt = count(value.attempt);
  if (stepIndex === null || attempt === null) return null;
  const declared = value.onInterrupted;
  const onInterrupted = declared === 'rerun' || declared === 'resume' ? declared : 'fail';
  const run = { stepIndex, attempt, onInterrupted } as const;
  if (phase === 'running' || phase === 'waiting') return { phase, ...run };
  const reason = value.reason;
  if (phase !== 'stopping') return null;
  return reason === 'canceled' || reason === 'timed-out' || reason === 'shutdown' ? { phase, reason, ...run } : null;
}

function parseKey(value: JsonValue | undefined): ExecutionKey | null {
  if (!isJsonObject(value)) return null;
  const { jobId } = value;
  const executionNumber = count(value.executionNumber);
  const queuedAt = count(value.queuedAt);
  if (typeof jobId !== 'string' || executionNumber === null || queuedAt === null) return null;
  return { jobId, executionNumber, queuedAt };
}

function parseOutcome(value: JsonValue | undefined): Outcome | null {
  if (!isJsonObject(value) || !isJsonObject(value.statusDetails)) return null;
  const { status } = value;
  if (status !== 'SUCCEEDED' && status !== 'FAILED' && status !== 'REJECTED') return null;
  const pairs = Object.entries(value.statusDetails);
  if (!pairs.every(([, detail]) => typeof detail === 'string')) return null;
  return { status, statusDetails: Object.fromEntries(pairs) as StatusDetails };
}

function count(value: JsonValue | undefined): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
