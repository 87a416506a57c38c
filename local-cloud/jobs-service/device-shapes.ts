/**
 * An execution as MQTT messages show it: integer seconds, flat statusDetails, the document as an object, absent members
 * left out (Developer Guide, "Jobs device MQTT and HTTPS APIs data types").
 */
import { isTerminal } from '../../agent/core/job-execution.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import { deliveredDocument } from '../substitution/delivered-document.ts';
import { firstPending } from './pending-list.ts';
import type { Execution, JobsState, Thing } from './state.ts';
import { deadlineMs } from './transitions.ts';

export function epochSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000);
}

/** JobExecution, with its document unless told otherwise. */
export function jobExecution(
  state: JobsState,
  execution: Execution,
  { nowMs, includeJobDocument = true }: { readonly nowMs: number; readonly includeJobDocument?: boolean },
): JsonObject {
  const secondsLeft = secondsBeforeTimedOut(execution, nowMs);
  return {
    jobId: execution.job.jobId,
    ...(state.options.thingNameInExecutions && { thingName: execution.thing.thingName }),
    status: execution.status,
    ...(hasDetails(execution) && { statusDetails: execution.statusDetails }),
    queuedAt: epochSeconds(execution.queuedAtMs),
    ...(execution.startedAtMs !== undefined && { startedAt: epochSeconds(execution.startedAtMs) }),
    lastUpdatedAt: epochSeconds(execution.lastUpdatedAtMs),
    versionNumber: execution.versionNumber,
    executionNumber: execution.executionNumber,
    ...(secondsLeft !== undefined && { approximateSecondsBeforeTimedOut: secondsLeft }),
    ...(includeJobDocument && { jobDocument: deliveredDocument(execution, nowMs) }),
  };
}

/** JobExecutionState, as rejections and updates carry it. */
export function jobExecutionState(execution: Execution): JsonObject {
  return {
    status: execution.status,
    ...(hasDetails(execution) && { statusDetails: execution.statusDetails }),
    versionNumber: execution.versionNumber,
  };
}

/** The first of the pending list, split by status, as GetPendingJobExecutions and `notify` show it. */
export function pendingSummaries(state: JobsState, thing: Thing): { inProgress: JsonObject[]; queued: JsonObject[] } {
  const { maxListed, maxListedInWindow } = state.options;
  const listed = firstPending(thing, maxListed, maxListedInWindow);
  return {
    inProgress: listed.filter((execution) => execution.status === 'IN_PROGRESS').map(jobExecutionSummary),
    queued: listed.filter((execution) => execution.status === 'QUEUED').map(jobExecutionSummary),
  };
}

/** Seconds until TIMED_OUT, or undefined when no timer runs. */
export function secondsBeforeTimedOut(execution: Execution, nowMs: number): number | undefined {
  const deadline = deadlineMs(execution);
  if (deadline === undefined || isTerminal(execution.status)) return undefined;
  return Math.max(0, Math.floor((deadline - nowMs) / 1000));
}

function jobExecutionSummary(execution: Execution): JsonObject {
  return {
    jobId: execution.job.jobId,
    queuedAt: epochSeconds(execution.queuedAtMs),
    lastUpdatedAt: epochSeconds(execution.lastUpdatedAtMs),
    ...(execution.startedAtMs !== undefined && { startedAt: epochSeconds(execution.startedAtMs) }),
    executionNumber: execution.executionNumber,
    versionNumber: execution.versionNumber,
  };
}

function hasDetails(execution: Execution): boolean {
  return Object.keys(execution.statusDetails).length > 0;
}
