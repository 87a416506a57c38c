/** Jobs and executions as the control plane shows them: seconds with a fraction, details nested in `detailsMap`. */
import type { JobExecutionStatus } from '../../agent/core/job-execution.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import { secondsBeforeTimedOut } from './device-shapes.ts';
import type { Execution, Job } from './state.ts';

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

/** JobExecutionSummary of the control plane: no versionNumber, unlike the device's. */
export function executionSummary(execution: Execution): JsonObject {
  return {
    status: execution.status,
    ...executionTimes(execution),
    executionNumber: execution.executionNumber,
  };
}

/** @param beforeSubstitution shows `$default` of a package version instead of what it stood for */
export function describedJob(job: Job, beforeSubstitution = false): JsonObject {
  const { presignedUrlConfig, destinationPackages } = job;
  return {
    jobArn: job.jobArn,
    jobId: job.jobId,
    targetSelection: job.targetSelection,
    status: job.status,
    ...(job.status === 'CANCELED' && { forceCanceled: job.forceCanceled }),
    ...(job.reasonCode !== undefined && { reasonCode: job.reasonCode }),
    ...(job.comment !== undefined && { comment: job.comment }),
    targets: job.targets,
    ...(job.description !== undefined && { description: job.description }),
    createdAt: seconds(job.createdAtMs),
    lastUpdatedAt: seconds(job.lastUpdatedAtMs),
    ...(job.completedAtMs !== undefined && { completedAt: seconds(job.completedAtMs) }),
    jobProcessDetails: processDetails(job),
    ...(job.inProgressTimeoutInMinutes !== undefined && {
      timeoutConfig: { inProgressTimeoutInMinutes: job.inProgressTimeoutInMinutes },
    }),
    isConcurrent: false,
    ...(presignedUrlConfig !== undefined && { presignedUrlConfig: { ...presignedUrlConfig } }),
    ...(destinationPackages.length > 0 && {
      destinationPackageVersions: destinationPackages.map((known) => (beforeSubstitution ? known.givenArn : known.arn)),
    }),
  };
}

function processDetails(job: Job): JsonObject {
  const count = (status: JobExecutionStatus) => job.executions.filter((e) => e.status === status).length;
  return {
    numberOfCanceledThings: count('CANCELED'),
    numberOfSucceededThings: count('SUCCEEDED'),
    numberOfFailedThings: count('FAILED'),
    numberOfRejectedThings: count('REJECTED'),
    numberOfQueuedThings: count('QUEUED'),
    numberOfInProgressThings: count('IN_PROGRESS'),
    numberOfRemovedThings: count('REMOVED'),
    numberOfTimedOutThings: count('TIMED_OUT'),
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
