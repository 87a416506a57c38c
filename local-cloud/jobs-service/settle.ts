/** The end of every operation: what follows for jobs from what was done, and who is told of it. */
import { abortIfCriteriaMet } from './abort.ts';
import { advanceJob, armJob, isOpen } from './job-clock.ts';
import { openExecutions } from './job-counts.ts';
import { tellJobEvent } from './job-events.ts';
import { takeNotifications } from './notifications.ts';
import { queueDueRetries, wantRetry } from './retries.ts';
import type { Job, JobsState, Notification } from './state.ts';
import { changeExecution } from './transitions.ts';

/** Retries, aborts and completes jobs, and gives every notification and event that is to be sent, in its order. */
export function settle(state: JobsState, nowMs: number): readonly Notification[] {
  const { unsettled } = state;
  const notifications: Notification[] = [];
  const isRetryTold = state.options.retryNotifies === 'each';
  while (unsettled.jobs.size > 0) {
    for (const execution of unsettled.ended.splice(0)) wantRetry(state, execution, nowMs);
    const jobs = [...unsettled.jobs];
    unsettled.jobs.clear();
    for (const job of jobs) abortIfCriteriaMet(state, job, nowMs);
    // A failure and its retry are two changes of the list, though they come together.
    if (isRetryTold && jobs.some(({ retries }) => retries.length > 0)) {
      notifications.push(...takeNotifications(state, nowMs));
    }
    for (const job of jobs) settleJob(state, job, nowMs);
  }
  notifications.push(...takeNotifications(state, nowMs));
  return notifications;
}

/**
 * Lets happen what is due by `nowMs`, each at its own time and in the order of times, as its notifications are asked for:
 * those of a month, all at once, would fill the memory.
 */
export function* passTime(state: JobsState, nowMs: number): Generator<Notification, void> {
  for (;;) {
    const due = state.due.take(nowMs);
    if (!due) return;
    const { subject } = due;
    // A timer that was late must not set back what happened meanwhile.
    const atMs = Math.max(due.atMs, subject.lastUpdatedAtMs);
    if ('executionNumber' in subject) {
      changeExecution(state, subject, { status: 'TIMED_OUT', by: 'service' }, atMs);
    } else {
      advanceJob(state, subject, atMs);
    }
    yield* settle(state, atMs);
  }
}

/** When `passTime` next has something to do, in milliseconds since the epoch; undefined while nothing will happen. */
export function nextDueMs(state: JobsState): number | undefined {
  return state.due.nextMs();
}

function settleJob(state: JobsState, job: Job, nowMs: number): void {
  queueDueRetries(state, job, nowMs);
  completeWhenDone(state, job, nowMs);
  armJob(state, job, nowMs);
}

/**
 * A CONTINUOUS job completes only after its endTime: until then a thing may be added to its targets. A cancelled one keeps
 * its status, and is complete when what ran on has ended.
 */
function completeWhenDone(state: JobsState, job: Job, nowMs: number): void {
  if (job.completedAtMs !== undefined || job.status === 'DELETION_IN_PROGRESS') return;
  const isEndless = job.targetSelection === 'CONTINUOUS' && !job.rolloutStopped;
  if (isOpen(job) && (isEndless || nowMs < job.schedule.startsAtMs)) return;
  if (openExecutions(job) + job.waiting.length + job.retries.length > 0) return;
  job.completedAtMs = nowMs;
  job.lastUpdatedAtMs = nowMs;
  if (!isOpen(job)) return;
  job.status = 'COMPLETED';
  tellJobEvent(state, job, { event: 'completed', nowMs });
}
