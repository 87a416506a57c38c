/** What becomes of a thing's executions when it joins or leaves a group that jobs target, or is deleted. */
import { isTerminal } from '../../agent/core/job-execution.ts';
import type { ThingGroup } from '../registry/registry-state.ts';
import { isOpen } from './job-clock.ts';
import { settle } from './settle.ts';
import type { Execution, Job, JobsState, Notification, Thing } from './state.ts';
import { findExecution } from './state.ts';
import { targetOf } from './targets.ts';
import { changeExecution, queueExecution } from './transitions.ts';

export interface Membership {
  readonly thing: Thing;
  readonly group: ThingGroup;
}

/**
 * CONTINUOUS jobs of the group run on the thing too, "in near-real time" (Developer Guide, "Job rollout rates for
 * continuous jobs"). One that left and joins again gets a new execution, whose retries count from zero. Called after it
 * joined.
 */
export function thingJoinedGroup(state: JobsState, membership: Membership, nowMs: number): readonly Notification[] {
  const { thing, group } = membership;
  for (const job of continuousJobs(state)) {
    const target = targetOf(state, job, thing);
    if (target === undefined) continue;
    // It was the job's already, by another target or a group between.
    if (targetOf(state, job, thing, group) !== undefined && hasOrAwaits(job, thing)) continue;
    const latest = findExecution(thing, job.jobId, undefined);
    if (latest && !isTerminal(latest.status)) continue;
    if (job.waiting.some((waiting) => waiting.thing === thing)) continue;
    if (job.status === 'IN_PROGRESS') queueExecution(state, job, { thing, nowMs });
    else job.waiting.push({ thing, target });
  }
  return settle(state, nowMs);
}

/** Its executions of CONTINUOUS jobs that target it no longer are REMOVED. Called after it left. */
export function thingLeftGroup(state: JobsState, { thing }: Membership, nowMs: number): readonly Notification[] {
  for (const job of continuousJobs(state)) {
    if (targetOf(state, job, thing) !== undefined) continue;
    removeFrom(state, job, { thing, nowMs, isDeleted: false });
  }
  return settle(state, nowMs);
}

/** Its open executions are REMOVED. Called before the thing goes. */
export function thingDeleted(state: JobsState, thing: Thing, nowMs: number): readonly Notification[] {
  for (const job of state.jobs.values()) removeFrom(state, job, { thing, nowMs, isDeleted: true });
  return settle(state, nowMs);
}

function continuousJobs(state: JobsState): Job[] {
  return [...state.jobs.values()].filter(
    (job) => job.targetSelection === 'CONTINUOUS' && isOpen(job) && !job.rolloutStopped,
  );
}

function hasOrAwaits(job: Job, thing: Thing): boolean {
  const latest = findExecution(thing, job.jobId, undefined);
  if (latest?.job === job && latest.status !== 'REMOVED') return true;
  return job.waiting.some((waiting) => waiting.thing === thing);
}

/** "When a thing is removed from the thing group, additional retry attempts are canceled." */
function removeFrom(
  state: JobsState,
  job: Job,
  { thing, nowMs, isDeleted }: { thing: Thing; nowMs: number; isDeleted: boolean },
): void {
  keepOnly(job.waiting, (waiting) => waiting.thing !== thing);
  keepOnly(job.retries, (retry) => retry.thing !== thing);
  state.unsettled.jobs.add(job);
  const latest = findExecution(thing, job.jobId, undefined);
  if (latest?.job !== job || !isRemovable(state, latest, isDeleted)) return;
  changeExecution(state, latest, { status: 'REMOVED', by: 'service' }, nowMs);
}

function isRemovable(state: JobsState, { status }: Execution, isDeleted: boolean): boolean {
  if (status === 'QUEUED') return true;
  return status === 'IN_PROGRESS' && (isDeleted || state.options.removeInProgress);
}

function keepOnly<Item>(list: Item[], isKept: (item: Item) => boolean): void {
  if (list.every(isKept)) return;
  list.splice(0, list.length, ...list.filter(isKept));
}
