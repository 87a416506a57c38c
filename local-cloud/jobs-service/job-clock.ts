/** What a job does by itself as time passes: starts, opens and shuts, rolls out, retries, ends, and goes. */
import { cancelJobNow } from './cancel-job.ts';
import { tellJobEvent } from './job-events.ts';
import { queueDueRetries } from './retries.ts';
import { rollOut } from './rollout.ts';
import { isWithinSchedule, nextBoundaryMs } from './schedule.ts';
import type { Job, JobsState } from './state.ts';

/** Lets happen what is due by `nowMs`, and says when to come again. */
export function advanceJob(state: JobsState, job: Job, nowMs: number): void {
  if (job.status === 'DELETION_IN_PROGRESS') {
    if ((job.deletedAtMs ?? Infinity) <= nowMs) forgetJob(state, job, nowMs);
  } else if (isOpen(job)) {
    if ((job.schedule.endsAtMs ?? Infinity) <= nowMs && !job.rolloutStopped) endRollout(state, job, nowMs);
    if (isOpen(job)) openOrShut(state, job, nowMs);
    rollOut(state, job, nowMs);
    queueDueRetries(state, job, nowMs);
  }
  state.unsettled.jobs.add(job);
}

/** Sets when it does something next. Called whenever something about it changed. */
export function armJob(state: JobsState, job: Job, nowMs: number): void {
  state.due.set(job, nextMs(job, nowMs));
}

export function isOpen({ status }: Job): boolean {
  return status === 'IN_PROGRESS' || status === 'SCHEDULED';
}

function nextMs(job: Job, nowMs: number): number | undefined {
  if (job.status === 'DELETION_IN_PROGRESS') return job.deletedAtMs;
  if (!isOpen(job)) return undefined;
  const times = job.retries.map(({ atMs }) => atMs);
  if (job.schedule.endsAtMs !== undefined && !job.rolloutStopped) times.push(job.schedule.endsAtMs);
  const boundary = nextBoundaryMs(job.schedule, nowMs);
  if (boundary !== undefined) times.push(boundary);
  if (job.status === 'IN_PROGRESS' && job.waiting.length > 0) times.push(job.nextRolloutAtMs);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** SCHEDULED outside its times, IN_PROGRESS inside; what is QUEUED comes into sight, or goes out of it. */
function openOrShut(state: JobsState, job: Job, nowMs: number): void {
  const status = isWithinSchedule(job.schedule, nowMs) ? 'IN_PROGRESS' : 'SCHEDULED';
  if (job.status === status) return;
  job.status = status;
  job.lastUpdatedAtMs = nowMs;
  for (const execution of job.executions) {
    if (execution.status !== 'QUEUED') continue;
    execution.thing.pendingRevision++;
    state.unsettled.things.add(execution.thing);
  }
}

/** API reference, JobEndBehavior. After STOP_ROLLOUT what was handed out goes on, and then the job is complete. */
function endRollout(state: JobsState, job: Job, nowMs: number): void {
  job.rolloutStopped = true;
  job.lastUpdatedAtMs = nowMs;
  job.waiting.length = 0;
  const { endBehavior } = job.schedule;
  if (endBehavior === 'STOP_ROLLOUT') return;
  cancelJobNow(state, job, { force: endBehavior === 'FORCE_CANCEL', by: 'service', nowMs });
}

/** Its id may be used again from now on. */
function forgetJob(state: JobsState, job: Job, nowMs: number): void {
  job.deletedAtMs = undefined;
  state.jobs.delete(job.jobId);
  state.registry.tags.delete(job.jobArn);
  tellJobEvent(state, job, { event: 'deleted', nowMs });
}
