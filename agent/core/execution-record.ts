/**
 * What the journal keeps of an execution, one record a phase change; the last one counts. The form has a version of
 * its own, so that live state may change shape without breaking what is on disk. Job documents are not kept: they can
 * hold secrets, and the service gives them again.
 */

import type { ExecutionId, ExecutionKey, StatusDetails } from './job-execution.ts';
import type { Outcome, RebootHow, StopReason } from './outcome.ts';
import type {
  Ending,
  ExecutionState,
  FinishedExecution,
  Resumption,
  ReviewedStep,
  Run,
  RunPurpose,
  WaitingPhase,
  WaitingReason,
} from './state.ts';

export const RECORD_VERSION = 1;

export type ExecutionRecord = LiveRecord | ClosedRecord;

type RecordBase = {
  readonly v: typeof RECORD_VERSION;
  readonly id: ExecutionId;
  readonly key: ExecutionKey;
};

export type LiveRecord = RecordBase & RecordedProgress & LivePhase;

/** What an execution has come to, whatever its phase. */
export type RecordedProgress = {
  readonly versionNumber: number;
  /** An update was sent of which nothing was heard, or nothing clear: it may have added one to the version. */
  readonly isUpdating?: boolean;
  readonly recoveries: number;
  readonly postponements: number;
  readonly reboots: number;
  readonly failures: number;
  /** What the handlers told, up to the last change of phase. */
  readonly details: StatusDetails;
  readonly ignoredFailures: readonly string[];
  readonly skippedSteps: readonly string[];
  readonly ending: Ending;
};

export type LivePhase =
  | { readonly phase: 'claiming' }
  | ({ readonly phase: 'running' } & RecordedRun)
  | ({ readonly phase: 'waiting' } & RecordedWait)
  | ({ readonly phase: 'awaiting-reboot' } & RecordedReboot)
  | ({ readonly phase: 'stopping'; readonly reason: StopReason } & RecordedRun)
  | { readonly phase: 'reporting'; readonly outcome: Outcome };

export type RecordedReboot = RecordedPlace & {
  readonly bootId: string;
  readonly verifies: boolean;
  /** Earlier versions knew, and know, only restarts. */
  readonly how: RebootHow;
};

export type RecordedPlace = { readonly stepIndex: number; readonly attempt: number };

/** Where a run was, what for, and what its handler's author said may be done when it is interrupted. */
export type RecordedRun = RecordedPlace & {
  readonly onInterrupted: ReviewedStep['onInterrupted'];
  readonly cleansUp: boolean;
  readonly purpose: RunPurpose;
};

export type RecordedWait = RecordedPlace & {
  readonly why: WaitingReason;
  readonly reason: string;
  readonly waitMs: number;
  readonly next: Resumption;
  /** There where the service may have been told that this step begins. Earlier versions do not know it. */
  readonly begins?: number;
};

export type ClosedRecord = RecordBase & {
  readonly phase: 'closed';
  readonly outcome: Outcome | null;
  readonly how: FinishedExecution['how'];
};

export function recordOf(execution: ExecutionState): LiveRecord {
  const { id, key, versionNumber, toldVersion, recoveries, postponements, reboots, failures } = execution;
  const { details, ignoredFailures, skippedSteps, ending } = execution;
  const isUpdating = toldVersion > versionNumber;
  const counts = { versionNumber, ...(isUpdating && { isUpdating }), recoveries, postponements, reboots, failures };
  return {
    v: RECORD_VERSION,
    id,
    key,
    ...counts,
    details,
    ignoredFailures,
    skippedSteps,
    ending,
    ...livePhase(execution),
  };
}

export function closedRecordOf({ id, key, outcome, how }: FinishedExecution): ClosedRecord {
  return { v: RECORD_VERSION, id, key, phase: 'closed', outcome, how };
}

function livePhase({ phase }: ExecutionState): LivePhase {
  switch (phase.name) {
    case 'claiming':
      return { phase: 'claiming' };
    case 'running':
      return { phase: 'running', ...recordedRun(phase) };
    case 'stopping':
      return { phase: 'stopping', reason: phase.reason, ...recordedRun(phase) };
    case 'waiting':
      return { phase: 'waiting', ...recordedWait(phase) };
    case 'awaiting-reboot': {
      const { stepIndex, attempt, bootId, verifies, how } = phase;
      return { phase: 'awaiting-reboot', stepIndex, attempt, bootId, verifies, how };
    }
    case 'reporting':
      return { phase: 'reporting', outcome: phase.outcome };
  }
}

function recordedRun({ stepIndex, attempt, purpose, step: { onInterrupted, cleansUp } }: Run): RecordedRun {
  // Of a condition there is nothing to clean up.
  return { stepIndex, attempt, onInterrupted, cleansUp: cleansUp && purpose.kind !== 'condition', purpose };
}

function recordedWait({ stepIndex, attempt, why, reason, waitMs, next, begins }: WaitingPhase): RecordedWait {
  return { stepIndex, attempt, why, reason, waitMs, next, ...(begins !== null && { begins }) };
}
