/**
 * Retries: an execution that FAILED or TIMED_OUT is followed by a new one of the same job, as `jobExecutionsRetryConfig`
 * says (Developer Guide, "Job execution retry configuration"). REJECTED is never retried.
 */
import type { JsonValue } from '../../agent/core/json.ts';
import type { JobConfig, RetryCriteria } from './job-state.ts';
import type { Execution, Job, JobsState, UsedRetries } from './state.ts';
import { queueExecution } from './transitions.ts';
import { constraint, InvalidMember } from './validation.ts';

/** "For a single device, you can specify up to 10 retries for both failure types combined." */
const MAX_RETRIES = 10;

/** @throws InvalidMember */
export function checkRetryConfig(config: JobConfig['jobExecutionsRetryConfig'], given: JsonValue | undefined): void {
  const criteria = config?.criteriaList ?? [];
  const types = criteria.map(({ failureType }) => failureType);
  const at = 'jobExecutionsRetryConfig.criteriaList';
  if (new Set(types).size < types.length) throw constraint(at, given, 'name every failureType once');
  if (types.length > 1 && types.includes('ALL')) throw constraint(at, given, 'have ALL as its only failureType');
  const together = criteria.reduce((sum, { numberOfRetries }) => sum + numberOfRetries, 0);
  if (together > MAX_RETRIES) {
    throw new InvalidMember(`${at} asks for ${together} retries; for one thing there are ${MAX_RETRIES} at most`);
  }
}

/** Puts the retry that follows from this end, if one does, among the job's. */
export function wantRetry(state: JobsState, execution: Execution, nowMs: number): void {
  const { status, job, thing } = execution;
  if (status !== 'FAILED' && status !== 'TIMED_OUT') return;
  if (execution.deleted || !mayRetry(job)) return;
  const used = execution.retries ?? { FAILED: 0, TIMED_OUT: 0 };
  if (retriesLeft(job, used, status) <= 0) return;
  const retries: UsedRetries = { ...used, [status]: used[status] + 1 };
  job.retries.push({ thing, atMs: nowMs + state.options.retryDelayMs, retries });
}

/** Queues the retries that are due. */
export function queueDueRetries(state: JobsState, job: Job, nowMs: number): void {
  if (!mayRetry(job)) job.retries.length = 0;
  const due = job.retries.filter(({ atMs }) => atMs <= nowMs);
  if (due.length === 0) return;
  const later = job.retries.filter(({ atMs }) => atMs > nowMs);
  job.retries.splice(0, job.retries.length, ...later);
  for (const { thing, retries } of due) queueExecution(state, job, { thing, nowMs, retries });
}

function mayRetry({ status }: Job): boolean {
  return status === 'IN_PROGRESS' || status === 'SCHEDULED';
}

function retriesLeft(job: Job, used: UsedRetries, status: 'FAILED' | 'TIMED_OUT'): number {
  const criteria: readonly RetryCriteria[] = job.config.jobExecutionsRetryConfig?.criteriaList ?? [];
  const fitting = criteria.find(({ failureType }) => failureType === status || failureType === 'ALL');
  if (!fitting) return 0;
  const usedHere = fitting.failureType === 'ALL' ? used.FAILED + used.TIMED_OUT : used[status];
  return Math.min(fitting.numberOfRetries - usedHere, MAX_RETRIES - used.FAILED - used.TIMED_OUT);
}
