/** How thing groups hang together: a group has at most one parent. */
import type { JobsState } from '../jobs-service/state.ts';
import type { ThingGroup } from './registry-state.ts';

/** Its parent, that one's parent and so on: the nearest first. */
export function ancestorsOf(state: JobsState, group: ThingGroup): readonly ThingGroup[] {
  const { groups } = state.registry;
  const found: ThingGroup[] = [];
  let at = group.parentGroupName === undefined ? undefined : groups.get(group.parentGroupName);
  while (at) {
    found.push(at);
    at = at.parentGroupName === undefined ? undefined : groups.get(at.parentGroupName);
  }
  return found;
}

export function childrenOf(state: JobsState, group: ThingGroup): readonly ThingGroup[] {
  return [...state.registry.groups.values()].filter((child) => child.parentGroupName === group.thingGroupName);
}

/** Its children, their children and so on. */
export function descendantsOf(state: JobsState, group: ThingGroup): readonly ThingGroup[] {
  return childrenOf(state, group).flatMap((child) => [child, ...descendantsOf(state, child)]);
}

/** Names of the things in the group and in all groups below it, each once: those a job with this target runs on. */
export function thingsWithin(state: JobsState, group: ThingGroup): readonly string[] {
  const names = new Set(group.things);
  for (const below of descendantsOf(state, group)) for (const name of below.things) names.add(name);
  return [...names];
}
