/** Jobs and executions as the control plane shows them: seconds with a fraction, details nested in `detailsMap`. */
import type { JsonObject } from '../../agent/core/json.ts';
import { secondsBeforeTimedOut } from './device-shapes.ts';
import { isOpen } from './job-clock.ts';
import { nextWindowStarts } from './schedule.ts';
import type { Execution, Job } from './state.ts';
import { retryAttempt } from './state.ts';

/** API reference, DescribeJobExecution. `approximateSecondsBeforeTimedOut` is absent once the status is terminal. */
export function describedExecution(execution: Execution, nowMs: number): JsonObject {
  const secondsLeft = secondsBeforeTimedOut(execution, nowMs);
  return {
    jobId: execution.job.jobId,
    status: execution.status,
    forceCanceled: execution.forceCanceled,
    statusDetails: { detailsMap: execution.statusDetails },
    thingArn: execution.thing.thingArn,
    ...executionTimes(execution),
    executionNumber: execution.executionNumber,
    versionNumber: execution.versionNumber,
    ...(secondsLeft !== undefined && { approximateSecondsBeforeTimedOut: secondsLeft }),
  };
}

/** JobExecutionSummary of the control plane: no versionNumber, unlike the device's; `retryAttempt` in retries only. */
export function executionSummary(execution: Execution): JsonObject {
  const attempt = retryAttempt(execution);
  return {
    status: execution.status,
    ...executionTimes(execution),
    executionNumber: execution.executionNumber,
    ...(attempt > 0 && { retryAttempt: attempt }),
  };
}

export interface JobView {
  readonly nowMs: number;
  /** Shows `$default` of a package version instead of what it stood for. */
  readonly beforeSubstitution: boolean;
}

export function describedJob(job: Job, { nowMs, beforeSubstitution }: JobView): JsonObject {
  const { namespaceId, schedulingConfig, jobTemplateArn, documentParameters } = job;
  const { presignedUrlConfig, destinationPackages } = job;
  const hasWindows = job.schedule.windows.length > 0 && isOpen(job);
  return {
    jobArn: job.jobArn,
    jobId: job.jobId,
    targetSelection: job.targetSelection,
    status: job.status,
    ...(job.status === 'CANCELED' && { forceCanceled: job.forceCanceled }),
    ...(job.reasonCode !== undefined && { reasonCode: job.reasonCode }),
    ...(job.comment !== undefined && { comment: job.comment }),
    targets: [...job.targets],
    ...(job.description !== undefined && { description: job.description }),
    ...(presignedUrlConfig !== undefined && { presignedUrlConfig: { ...presignedUrlConfig } }),
    ...(job.config as JsonObject),
    ...jobTimes(job),
    jobProcessDetails: processDetails(job),
    ...(namespaceId !== undefined && { namespaceId }),
    ...(jobTemplateArn !== undefined && { jobTemplateArn }),
    ...(documentParameters !== undefined && { documentParameters }),
    isConcurrent: isConcurrent(job),
    ...(schedulingConfig !== undefined && { schedulingConfig }),
    ...(hasWindows && {
      scheduledJobRollouts: nextWindowStarts(job, nowMs).map((startTime) => ({ startTime })),
    }),
    ...(destinationPackages.length > 0 && {
      destinationPackageVersions: destinationPackages.map((known) => (beforeSubstitution ? known.givenArn : known.arn)),
    }),
  };
}

/** JobSummary. */
export function jobSummary(job: Job): JsonObject {
  return {
    jobArn: job.jobArn,
    jobId: job.jobId,
    targetSelection: job.targetSelection,
    status: job.status,
    ...jobTimes(job),
    isConcurrent: isConcurrent(job),
  };
}

/** "Will be true when a job is rolling out new job executions"; cancelling is done at once here. */
function isConcurrent({ status, waiting }: Job): boolean {
  return status === 'IN_PROGRESS' && waiting.length > 0;
}

function jobTimes(job: Job): JsonObject {
  return {
    createdAt: seconds(job.createdAtMs),
    lastUpdatedAt: seconds(job.lastUpdatedAtMs),
    ...(job.completedAtMs !== undefined && { completedAt: seconds(job.completedAtMs) }),
  };
}

/** Things by the status of their latest execution, and the targets that are being rolled out to. */
function processDetails(job: Job): JsonObject {
  const { thingCounts: counts } = job;
  const processingTargets = [...new Set(job.waiting.map(({ target }) => target))];
  return {
    ...(processingTargets.length > 0 && { processingTargets }),
    numberOfCanceledThings: counts.CANCELED,
    numberOfSucceededThings: counts.SUCCEEDED,
    numberOfFailedThings: counts.FAILED,
    numberOfRejectedThings: counts.REJECTED,
    numberOfQueuedThings: counts.QUEUED,
    numberOfInProgressThings: counts.IN_PROGRESS,
    numberOfRemovedThings: counts.REMOVED,
    numberOfTimedOutThings: counts.TIMED_OUT,
  };
}

function executionTimes(execution: Execution): JsonObject {
  return {
    queuedAt: seconds(execution.queuedAtMs),
    ...(execution.startedAtMs !== undefined && { startedAt: seconds(execution.startedAtMs) }),
    lastUpdatedAt: seconds(execution.lastUpdatedAtMs),
  };
}

/** A JSON number in seconds, with milliseconds as its fraction: what the SDKs make a date of. */
function seconds(timeMs: number): number {
  return Math.round(timeMs) / 1000;
}
