/**
 * How an execution changes: the only code that writes one. Which change is legal is in `DEVICE_TRANSITIONS`
 * (Developer Guide, "Job execution states").
 */
import type { DeviceStatus, JobExecutionStatus, StatusDetails } from '../../agent/core/job-execution.ts';
import { isTerminal } from '../../agent/core/job-execution.ts';
import { recordInstalledPackages } from '../packages/destination-packages.ts';
import type { Execution, Job, JobsState, Thing } from './state.ts';

const MINUTE_MS = 60_000;

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
  /** Replaces the whole map; left out, the stored details stay. */
  readonly statusDetails?: StatusDetails | undefined;
  /** -1 discards the step timer; left out, it stays as it is. */
  readonly stepTimeoutInMinutes?: number | undefined;
  readonly forceCanceled?: boolean | undefined;
}

/** Queues a new execution of `job` for `thing`. */
export function queueExecution(state: JobsState, job: Job, target: { thing: Thing; nowMs: number }): Execution {
  const { thing, nowMs } = target;
  const earlier = thing.executions.get(job.jobId) ?? [];
  const execution: Execution = {
    job,
    thing,
    executionNumber: (earlier.at(-1)?.executionNumber ?? 0) + 1,
    sequence: state.nextSequence++,
    queuedAtMs: nowMs,
    status: 'QUEUED',
    statusDetails: {},
    forceCanceled: false,
    startedAtMs: undefined,
    lastUpdatedAtMs: nowMs,
    versionNumber: 1,
    inProgressDeadlineMs: undefined,
    stepDeadlineMs: undefined,
  };
  thing.executions.set(job.jobId, [...earlier, execution]);
  job.executions.push(execution);
  thing.pending.push(execution);
  thing.pendingRevision++;
  return execution;
}

/**
 * Applies a change that was found legal: status, version, times, timers, and the job's own status when this was its last
 * open execution. Every change adds one to the version; for the service's own changes (CANCELED, TIMED_OUT) AWS does
 * not say, and a version that moved is the safer thing to test devices against.
 */
export function changeExecution(execution: Execution, change: ExecutionChange, nowMs: number): void {
  const wasQueued = execution.status === 'QUEUED';
  const byDevice = change.status !== 'CANCELED' && change.status !== 'REMOVED';
  execution.status = change.status;
  execution.statusDetails = change.statusDetails ?? execution.statusDetails;
  execution.forceCanceled ||= change.forceCanceled ?? false;
  execution.versionNumber++;
  execution.lastUpdatedAtMs = nowMs;
  // Also for QUEUED to SUCCEEDED in one step: AWS's own captures show startedAt set by it.
  if (wasQueued && byDevice) execution.startedAtMs = nowMs;
  if (isTerminal(change.status)) {
    execution.inProgressDeadlineMs = undefined;
    execution.stepDeadlineMs = undefined;
    leavePending(execution);
    if (change.status === 'SUCCEEDED') recordInstalledPackages(execution);
    completeJobWhenDone(execution.job, nowMs);
    return;
  }
  const bound = execution.job.inProgressTimeoutInMinutes;
  if (wasQueued && bound !== undefined) execution.inProgressDeadlineMs = nowMs + bound * MINUTE_MS;
  setStepTimer(execution, change.stepTimeoutInMinutes, nowMs);
}

/** The earlier of the two timers: a step timer never extends the job's own bound. */
export function deadlineMs(execution: Execution): number | undefined {
  const deadlines = [execution.inProgressDeadlineMs, execution.stepDeadlineMs].filter((at) => at !== undefined);
  return deadlines.length === 0 ? undefined : Math.min(...deadlines);
}

function setStepTimer(execution: Execution, stepTimeoutInMinutes: number | undefined, nowMs: number): void {
  if (stepTimeoutInMinutes === undefined) return;
  execution.stepDeadlineMs = stepTimeoutInMinutes === -1 ? undefined : nowMs + stepTimeoutInMinutes * MINUTE_MS;
}

function leavePending(execution: Execution): void {
  const { pending } = execution.thing;
  const index = pending.indexOf(execution);
  if (index === -1) return;
  pending.splice(index, 1);
  execution.thing.pendingRevision++;
}

/**
 * A CONTINUOUS job never completes by itself: a thing may still be added to its targets. A cancelled one keeps its status,
 * and is complete when what ran on has ended.
 */
export function completeJobWhenDone(job: Job, nowMs: number): void {
  if (job.completedAtMs !== undefined) return;
  if (job.status === 'IN_PROGRESS' && job.targetSelection === 'CONTINUOUS') return;
  if (!job.executions.every((execution) => isTerminal(execution.status))) return;
  if (job.status === 'IN_PROGRESS') job.status = 'COMPLETED';
  job.completedAtMs = nowMs;
  job.lastUpdatedAtMs = nowMs;
}
