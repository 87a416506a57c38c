/**
 * How an execution is made, changes and goes: the only code that writes one. Which change is legal is in
 * `DEVICE_TRANSITIONS` (Developer Guide, "Job execution states"). What follows from it for its job and for its device is
 * `settle`'s part.
 */
import type { DeviceStatus, JobExecutionStatus, StatusDetails } from '../../agent/core/job-execution.ts';
import { isTerminal } from '../../agent/core/job-execution.ts';
import { recordInstalledPackages } from '../packages/destination-packages.ts';
import { recountThing } from './job-counts.ts';
import { tellExecutionEvent } from './job-events.ts';
import { enterPending, isOffered, leavePending } from './pending-list.ts';
import type { ChangedBy, Execution, Job, JobsState, Thing, UsedRetries } from './state.ts';

const MINUTE_MS = 60_000;
/** Changes that an execution remembers. */
const MAX_HISTORY = 100;

/** What a device may make of an execution in each status. A terminal status has no way out. */
const DEVICE_TRANSITIONS: Readonly<Record<JobExecutionStatus, readonly DeviceStatus[]>> = {
  QUEUED: ['IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'REJECTED'],
  IN_PROGRESS: ['IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'REJECTED'],
  SUCCEEDED: [],
  FAILED: [],
  TIMED_OUT: [],
  REJECTED: [],
  REMOVED: [],
  CANCELED: [],
};

export function deviceMayChange(from: JobExecutionStatus, to: JobExecutionStatus): boolean {
  return DEVICE_TRANSITIONS[from].some((status) => status === to);
}

export interface ExecutionChange {
  readonly status: JobExecutionStatus;
  readonly by: ChangedBy;
  /** What becomes of the stored details is in the service's options; left out, they stay. */
  readonly statusDetails?: StatusDetails | undefined;
  /** -1 discards the step timer; left out, it stays as it is. */
  readonly stepTimeoutInMinutes?: number | undefined;
  readonly forceCanceled?: boolean | undefined;
}

export interface NewExecution {
  readonly thing: Thing;
  readonly nowMs: number;
  /** Of a retry: the retries that are used up with it. */
  readonly retries?: UsedRetries;
}

/** Queues a new execution of `job` for `thing`. */
export function queueExecution(state: JobsState, job: Job, made: NewExecution): Execution {
  const { thing, nowMs, retries = null } = made;
  const earlier = thing.executions.get(job.jobId) ?? [];
  const execution: Execution = {
    job,
    thing,
    // A number whose execution was deleted is used again (API reference, DeleteJobExecution).
    executionNumber: (earlier.at(-1)?.executionNumber ?? 0) + 1,
    sequence: state.nextSequence++,
    queuedAtMs: nowMs,
    retries,
    status: 'QUEUED',
    statusDetails: {},
    forceCanceled: false,
    startedAtMs: undefined,
    lastUpdatedAtMs: nowMs,
    versionNumber: 1,
    inProgressDeadlineMs: undefined,
    stepDeadlineMs: undefined,
    dueAtMs: undefined,
    history: [],
    deleted: false,
  };
  recountThing(job, thing, () => thing.executions.set(job.jobId, [...earlier, execution]));
  job.executions.push(execution);
  job.executionCounts.QUEUED++;
  job.notifiedThings++;
  enterPending(execution);
  if (isOffered(execution)) thing.pendingRevision++;
  record(state, execution, 'service');
  return execution;
}

/** Applies a change that was found legal: status, version, times, timers and counters. */
export function changeExecution(state: JobsState, execution: Execution, change: ExecutionChange, nowMs: number): void {
  const { job, thing, status: before } = execution;
  const { status, by } = change;
  const wasOffered = isOffered(execution);
  leavePending(execution);
  recountThing(job, thing, () => {
    execution.status = status;
  });
  job.executionCounts[before]--;
  job.executionCounts[status]++;
  execution.statusDetails = detailsAfter(state, execution.statusDetails, change.statusDetails);
  execution.forceCanceled ||= change.forceCanceled ?? false;
  if (by === 'device' || state.options.serviceChangesBumpVersion) execution.versionNumber++;
  execution.lastUpdatedAtMs = nowMs;
  // Also for QUEUED to SUCCEEDED in one step: AWS's own captures show startedAt set by it.
  if (before === 'QUEUED' && by === 'device') execution.startedAtMs = nowMs;
  enterPending(execution);
  if (isTerminal(status) ? wasOffered : !wasOffered) thing.pendingRevision++;
  setTimers(state, execution, { change, hasStarted: before === 'QUEUED', nowMs });
  record(state, execution, by);
  if (!isTerminal(status)) return;
  if (status === 'SUCCEEDED') recordInstalledPackages(execution);
  state.unsettled.ended.push(execution);
  tellExecutionEvent(state, execution, nowMs);
}

/** It is gone, whatever it was at. */
export function deleteExecution(state: JobsState, execution: Execution, nowMs: number): void {
  const { job, thing } = execution;
  if (!isTerminal(execution.status) && isOffered(execution)) thing.pendingRevision++;
  leavePending(execution);
  recountThing(job, thing, () => {
    const left = thing.executions.get(job.jobId)?.filter((other) => other !== execution) ?? [];
    if (left.length > 0) thing.executions.set(job.jobId, left);
    else thing.executions.delete(job.jobId);
  });
  const place = job.executions.indexOf(execution);
  if (place !== -1) job.executions.splice(place, 1);
  job.executionCounts[execution.status]--;
  state.due.set(execution, undefined);
  execution.deleted = true;
  touch(state, execution);
  tellExecutionEvent(state, execution, nowMs);
}

/** The earlier of the two timers: a step timer never extends the job's own bound. */
export function deadlineMs(execution: Execution): number | undefined {
  const deadlines = [execution.inProgressDeadlineMs, execution.stepDeadlineMs].filter((at) => at !== undefined);
  return deadlines.length === 0 ? undefined : Math.min(...deadlines);
}

/** A new step timer for an execution that runs; its version stays. */
export function setStepTimer(
  state: JobsState,
  execution: Execution,
  stepTimeoutInMinutes: number | undefined,
  nowMs: number,
): void {
  if (stepTimeoutInMinutes !== undefined) {
    execution.stepDeadlineMs = stepTimeoutInMinutes === -1 ? undefined : nowMs + stepTimeoutInMinutes * MINUTE_MS;
  }
  const deadline = deadlineMs(execution);
  state.due.set(execution, deadline === undefined ? undefined : deadline + state.options.timeoutLateMs);
}

function setTimers(
  state: JobsState,
  execution: Execution,
  { change, hasStarted, nowMs }: { change: ExecutionChange; hasStarted: boolean; nowMs: number },
): void {
  if (isTerminal(change.status)) {
    execution.inProgressDeadlineMs = undefined;
    execution.stepDeadlineMs = undefined;
    state.due.set(execution, undefined);
    return;
  }
  // UpdateJob changes it for executions that start later only.
  const bound = execution.job.config.timeoutConfig?.inProgressTimeoutInMinutes;
  if (hasStarted && bound !== undefined) execution.inProgressDeadlineMs = nowMs + bound * MINUTE_MS;
  setStepTimer(state, execution, change.stepTimeoutInMinutes, nowMs);
}

function detailsAfter(state: JobsState, stored: StatusDetails, given: StatusDetails | undefined): StatusDetails {
  const { emptyStatusDetails, statusDetailsUpdate } = state.options;
  if (given === undefined) return stored;
  if (Object.keys(given).length === 0) return emptyStatusDetails === 'keep' ? stored : {};
  return statusDetailsUpdate === 'merge' ? { ...stored, ...given } : given;
}

function record(state: JobsState, execution: Execution, by: ChangedBy): void {
  const { status, versionNumber, statusDetails, lastUpdatedAtMs: atMs, history } = execution;
  history.push({ atMs, status, versionNumber, statusDetails, by });
  if (history.length > MAX_HISTORY) history.shift();
  touch(state, execution);
}

function touch(state: JobsState, execution: Execution): void {
  state.changed.add(execution);
  state.unsettled.things.add(execution.thing);
  state.unsettled.jobs.add(execution.job);
}
