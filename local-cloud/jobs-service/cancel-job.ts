/** The end of a job before its executions have come to theirs. */
import { tellJobEvent } from './job-events.ts';
import type { ChangedBy, Job, JobsState } from './state.ts';
import { changeExecution } from './transitions.ts';

export interface JobCancellation {
  /** Also what is IN_PROGRESS. */
  readonly force: boolean;
  readonly by: ChangedBy;
  readonly comment?: string | undefined;
  readonly reasonCode?: string | undefined;
  readonly nowMs: number;
}

/** AWS does it little by little; here it is done at once. */
export function cancelJobNow(state: JobsState, job: Job, cancellation: JobCancellation): void {
  const { force, by, comment, reasonCode, nowMs } = cancellation;
  const isNew = job.status !== 'CANCELED';
  if (isNew) tellJobEvent(state, job, { event: 'cancellation_in_progress', nowMs });
  job.lastUpdatedAtMs = nowMs;
  job.forceCanceled ||= force;
  job.comment = comment ?? job.comment;
  job.reasonCode = reasonCode ?? job.reasonCode;
  job.waiting.length = 0;
  job.retries.length = 0;
  // Before the status: what a SCHEDULED job hides is not in its device's list.
  for (const execution of job.executions) {
    const { status } = execution;
    if (status !== 'QUEUED' && !(force && status === 'IN_PROGRESS')) continue;
    changeExecution(state, execution, { status: 'CANCELED', by, forceCanceled: force }, nowMs);
  }
  job.status = 'CANCELED';
  state.unsettled.jobs.add(job);
  if (isNew) tellJobEvent(state, job, { event: 'canceled', nowMs });
}
