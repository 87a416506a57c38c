/** What becomes of a thing's executions when it joins or leaves a group that jobs target, or is deleted. */
import type { ThingGroup } from '../registry/registry-state.ts';
import type { JobsState, Notification, Thing } from './state.ts';

export interface Membership {
  readonly thing: Thing;
  readonly group: ThingGroup;
}

/** CONTINUOUS jobs of the group run on the thing too (Developer Guide, "Create and manage jobs"). Called after it joined. */
export function thingJoinedGroup(_state: JobsState, _membership: Membership, _nowMs: number): readonly Notification[] {
  return [];
}

/** Its executions of CONTINUOUS jobs that target it no longer are REMOVED. Called after it left. */
export function thingLeftGroup(_state: JobsState, _membership: Membership, _nowMs: number): readonly Notification[] {
  return [];
}

/** Its open executions are REMOVED. Called before the thing goes. */
export function thingDeleted(_state: JobsState, _thing: Thing, _nowMs: number): readonly Notification[] {
  return [];
}
