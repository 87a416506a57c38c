/** The service's events, on topics that anybody may subscribe to (Developer Guide, "Jobs events"). Off unless switched on. */
import { isTerminal } from '../../agent/core/job-execution.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import type { Execution, Job, JobsState } from './state.ts';

export type JobEvent = 'completed' | 'canceled' | 'deleted' | 'cancellation_in_progress' | 'deletion_in_progress';

/** The status that an event names, where it is not the job's own. */
const EVENT_STATUS: Readonly<Record<JobEvent, string>> = {
  completed: 'COMPLETED',
  canceled: 'CANCELED',
  deleted: 'DELETED',
  cancellation_in_progress: 'CANCELLATION_IN_PROGRESS',
  deletion_in_progress: 'DELETION_IN_PROGRESS',
};

export function tellJobEvent(state: JobsState, job: Job, told: { event: JobEvent; nowMs: number }): void {
  if (!isSwitchedOn(state, 'JOB')) return;
  const { event, nowMs } = told;
  const inUnit = (timeMs: number) =>
    state.options.eventTimes === 'seconds' ? Math.floor(timeMs / 1000) : Math.floor(timeMs);
  const { thingCounts } = job;
  const message: JsonObject = {
    eventType: 'JOB',
    eventId: nextEventId(state),
    timestamp: Math.floor(nowMs / 1000),
    operation: event,
    jobId: job.jobId,
    status: EVENT_STATUS[event],
    targetSelection: job.targetSelection,
    targets: [...job.targets],
    ...(job.description !== undefined && { description: job.description }),
    ...(job.completedAtMs !== undefined && { completedAt: inUnit(job.completedAtMs) }),
    createdAt: inUnit(job.createdAtMs),
    lastUpdatedAt: inUnit(job.lastUpdatedAtMs),
    ...(job.comment !== undefined && { comment: job.comment }),
    ...(event === 'completed' && {
      jobProcessDetails: {
        numberOfCanceledThings: thingCounts.CANCELED,
        numberOfRejectedThings: thingCounts.REJECTED,
        numberOfFailedThings: thingCounts.FAILED,
        numberOfRemovedThings: thingCounts.REMOVED,
        numberOfSucceededThings: thingCounts.SUCCEEDED,
        numberOfTimedOutThings: thingCounts.TIMED_OUT,
      },
    }),
  };
  state.unsettled.events.push({ topic: `$aws/events/job/${job.jobId}/${event}`, message });
}

/** Its end, or with `deleted` its deletion. Other changes have no event. */
export function tellExecutionEvent(state: JobsState, execution: Execution, nowMs: number): void {
  if (!isSwitchedOn(state, 'JOB_EXECUTION')) return;
  const { job, thing, status, statusDetails, deleted } = execution;
  if (!deleted && !isTerminal(status)) return;
  const operation = deleted ? 'deleted' : status.toLowerCase();
  const message: JsonObject = {
    eventType: 'JOB_EXECUTION',
    eventId: nextEventId(state),
    timestamp: Math.floor(nowMs / 1000),
    operation,
    jobId: job.jobId,
    thingArn: thing.thingArn,
    status: deleted ? 'DELETED' : status,
    statusDetails,
  };
  state.unsettled.events.push({ topic: `$aws/events/jobExecution/${job.jobId}/${operation}`, message });
}

/** API reference, UpdateEventConfigurations. */
function isSwitchedOn({ registry }: JobsState, eventType: 'JOB' | 'JOB_EXECUTION'): boolean {
  return registry.eventConfigurations.enabled.has(eventType);
}

/** A UUID that is a count: nothing here is random. */
function nextEventId(state: JobsState): string {
  const hex = (state.nextSequence++).toString(16).padStart(12, '0');
  return `00000000-0000-4000-8000-${hex}`;
}
