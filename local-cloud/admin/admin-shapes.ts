/** Things, jobs and executions as the console shows them: all that a table needs in one answer. Times are milliseconds. */
import type { JobExecutionStatus } from '../../agent/core/job-execution.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import type { Execution, Job, Thing } from '../jobs-service/state.ts';

/** More targets than a person reads; the rest is counted. */
const SHOWN_TARGETS = 5;

export function shownThing(thing: Thing, connected: ReadonlySet<string>): JsonObject {
  const { thingName, thingArn, queued, inProgress } = thing;
  return {
    thingName,
    thingArn,
    connected: connected.has(thingName),
    queued: queued.length,
    inProgress: inProgress.length,
  };
}

export function shownJob(job: Job): JsonObject {
  const { jobId, status, targetSelection, targets, description, createdAtMs, lastUpdatedAtMs, completedAtMs } = job;
  return {
    jobId,
    status,
    targetSelection,
    targets: targets.slice(0, SHOWN_TARGETS),
    targetCount: targets.length,
    ...(description !== undefined && { description }),
    createdAtMs,
    lastUpdatedAtMs,
    ...(completedAtMs !== undefined && { completedAtMs }),
    ...(job.status === 'CANCELED' && { forceCanceled: job.forceCanceled }),
    ...(job.comment !== undefined && { comment: job.comment }),
    ...(job.reasonCode !== undefined && { reasonCode: job.reasonCode }),
    executionCounts: shownCounts(job),
  };
}

/** Statuses that no execution has are left out. */
function shownCounts({ executionCounts }: Job): JsonObject {
  const counts = Object.entries(executionCounts) as [JobExecutionStatus, number][];
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

export function shownExecution(execution: Execution): JsonObject {
  const { job, thing, executionNumber, status, statusDetails, forceCanceled, versionNumber } = execution;
  const { queuedAtMs, startedAtMs, lastUpdatedAtMs, dueAtMs } = execution;
  return {
    jobId: job.jobId,
    thingName: thing.thingName,
    executionNumber,
    status,
    statusDetails,
    forceCanceled,
    versionNumber,
    queuedAtMs,
    ...(startedAtMs !== undefined && { startedAtMs }),
    lastUpdatedAtMs,
    ...(dueAtMs !== undefined && { timesOutAtMs: dueAtMs }),
  };
}

export function shownExecutionWithHistory(execution: Execution): JsonObject {
  const history = execution.history.map((change): JsonObject => ({ ...change }));
  return { ...shownExecution(execution), history };
}
