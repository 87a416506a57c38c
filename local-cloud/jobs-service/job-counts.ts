/** A job's counters: kept with every change of an execution, so that nobody has to count. */
import type { JobExecutionStatus } from '../../agent/core/job-execution.ts';
import { findExecution, type Job, type Thing } from './state.ts';

export type StatusCounts = Record<JobExecutionStatus, number>;

export function noCounts(): StatusCounts {
  return {
    QUEUED: 0,
    IN_PROGRESS: 0,
    SUCCEEDED: 0,
    FAILED: 0,
    TIMED_OUT: 0,
    REJECTED: 0,
    REMOVED: 0,
    CANCELED: 0,
  };
}

/** Executions that have not ended. */
export function openExecutions({ executionCounts }: Job): number {
  return executionCounts.QUEUED + executionCounts.IN_PROGRESS;
}

/** Counts the thing anew after `change`, which may alter which of its executions is the latest, and its status. */
export function recountThing(job: Job, thing: Thing, change: () => void): void {
  addThing(job, thing, -1);
  change();
  addThing(job, thing, 1);
}

function addThing(job: Job, thing: Thing, by: number): void {
  const latest = findExecution(thing, job.jobId, undefined);
  if (latest?.job === job) job.thingCounts[latest.status] += by;
}
