/**
 * Abort: a job is cancelled when too many of its executions end badly (Developer Guide, "Job abort configuration"). What
 * is QUEUED is cancelled and what waits for a retry dropped; what is IN_PROGRESS goes on.
 */
import { cancelJobNow } from './cancel-job.ts';
import type { AbortCriteria, JobConfig } from './job-state.ts';
import { hasDigits } from './rollout.ts';
import type { Job, JobsState } from './state.ts';
import { constraint } from './validation.ts';

/** AWS fills both "to differentiate a user-driven cancellation"; with what words is not documented. */
const REASON_CODE = 'ABORT_CRITERIA_MET';

/** What the model does not check. @throws InvalidMember */
export function checkAbortConfig(config: JobConfig['abortConfig']): void {
  for (const [index, { thresholdPercentage }] of (config?.criteriaList ?? []).entries()) {
    const at = `abortConfig.criteriaList.${index + 1}.member.thresholdPercentage`;
    if (thresholdPercentage < 0) throw constraint(at, thresholdPercentage, 'have value greater than or equal to 0');
    if (!hasDigits(thresholdPercentage, 2)) {
      throw constraint(at, thresholdPercentage, 'have at most two digits after the decimal');
    }
  }
}

/** Criteria are looked at one after another; the first that is met cancels the job. */
export function abortIfCriteriaMet(state: JobsState, job: Job, nowMs: number): void {
  if (job.status !== 'IN_PROGRESS' && job.status !== 'SCHEDULED') return;
  const met = job.config.abortConfig?.criteriaList.find((criteria) => isMet(job, criteria));
  if (!met) return;
  const { failureType, thresholdPercentage } = met;
  const comment = `Job aborted: at least ${thresholdPercentage}% of its executions ended as ${failureType}`;
  cancelJobNow(state, job, { force: false, by: 'service', comment, reasonCode: REASON_CODE, nowMs });
}

/** Executions that devices or timers brought to their end count; deleted ones do not. */
function isMet({ executionCounts: counts }: Job, criteria: AbortCriteria): boolean {
  const failures = counts.FAILED + counts.REJECTED + counts.TIMED_OUT;
  const executed = failures + counts.SUCCEEDED;
  if (executed < criteria.minNumberOfExecutedThings) return false;
  const failed = criteria.failureType === 'ALL' ? failures : counts[criteria.failureType];
  return failed > 0 && (failed / executed) * 100 >= criteria.thresholdPercentage;
}
