/**
 * How fast a job's executions are made: at a constant rate, or at one that grows (Developer Guide, "Job rollout rates").
 * The rate holds for the things that were targeted when the job was made; later ones are served at once.
 */
import type { JobConfig, RolloutConfig } from './job-state.ts';
import type { ServiceOptions } from './service-options.ts';
import type { Job, JobsState } from './state.ts';
import { queueExecution } from './transitions.ts';
import { constraint } from './validation.ts';

const MINUTE_MS = 60_000;
/** Developer Guide, job configurations: "This value is optional and ranges from 1 to 1000." */
const MAX_PER_MINUTE = 1000;

/** What the model does not check. @throws InvalidMember */
export function checkRolloutConfig(config: JobConfig['jobExecutionsRolloutConfig']): void {
  const at = 'jobExecutionsRolloutConfig';
  const { maximumPerMinute, exponentialRate } = config ?? {};
  if (maximumPerMinute !== undefined && maximumPerMinute > MAX_PER_MINUTE) {
    const member = `${at}.maximumPerMinute`;
    throw constraint(member, maximumPerMinute, `have value less than or equal to ${MAX_PER_MINUTE}`);
  }
  if (!exponentialRate) return;
  const { incrementFactor, rateIncreaseCriteria } = exponentialRate;
  if (!hasDigits(incrementFactor, 1)) {
    const member = `${at}.exponentialRate.incrementFactor`;
    throw constraint(member, incrementFactor, 'have at most one digit after the decimal');
  }
  const { numberOfNotifiedThings, numberOfSucceededThings } = rateIncreaseCriteria;
  if (numberOfNotifiedThings === undefined && numberOfSucceededThings === undefined) {
    throw constraint(`${at}.exponentialRate.rateIncreaseCriteria`, {}, 'have at least one criterion');
  }
}

/** Makes the next executions, if it is their time. */
export function rollOut(state: JobsState, job: Job, nowMs: number): void {
  if (job.status !== 'IN_PROGRESS') return;
  if (job.waiting.length === 0 || job.nextRolloutAtMs > nowMs) return;
  const { size, intervalMs } = nextBatch(job, state.options);
  for (const { thing } of job.waiting.splice(0, size)) queueExecution(state, job, { thing, nowMs });
  job.nextRolloutAtMs = nowMs + intervalMs;
}

/** Executions per minute, as the job stands now. */
export function ratePerMinute(job: Job, options: ServiceOptions): number {
  const config: RolloutConfig = job.config.jobExecutionsRolloutConfig ?? {};
  const most = config.maximumPerMinute ?? options.defaultMaximumPerMinute;
  const { exponentialRate } = config;
  if (!exponentialRate) return most;
  const { baseRatePerMinute, incrementFactor, rateIncreaseCriteria } = exponentialRate;
  const { numberOfNotifiedThings = Infinity, numberOfSucceededThings = Infinity } = rateIncreaseCriteria;
  // The guide's table: one step at 1000 things, two at 2000; whichever of the two counts is further.
  const steps = Math.max(
    Math.floor(job.notifiedThings / numberOfNotifiedThings),
    Math.floor(job.executionCounts.SUCCEEDED / numberOfSucceededThings),
  );
  return Math.max(1, Math.floor(Math.min(baseRatePerMinute * incrementFactor ** steps, most)));
}

/** Whether the number has at most so many digits after its point. */
export function hasDigits(value: number, digits: number): boolean {
  return Number(value.toFixed(digits)) === value;
}

function nextBatch(job: Job, options: ServiceOptions): { readonly size: number; readonly intervalMs: number } {
  const rate = Math.max(1, ratePerMinute(job, options));
  return options.rolloutSpread === 'burst'
    ? { size: rate, intervalMs: MINUTE_MS }
    : { size: 1, intervalMs: MINUTE_MS / rate };
}
