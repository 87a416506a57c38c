/** Which things are in which thing groups (Developer Guide, "Static thing groups"). */
import type { JsonObject } from '../../agent/core/json.ts';
import type { ControlResult } from '../jobs-service/control-request.ts';
import { thingJoinedGroup, thingLeftGroup } from '../jobs-service/membership.ts';
import type { JobsState, Thing } from '../jobs-service/state.ts';
import { answerWith, invalidRequest, notFound } from './answers.ts';
import { ancestorsOf, thingsWithin } from './group-tree.ts';
import { pageOf } from './pages.ts';
import type { ThingGroup } from './registry-state.ts';
import { nameInArn } from './resource-names.ts';
import { existingGroup, nameAndArn } from './thing-groups.ts';
import { existingThing, namedThing } from './things.ts';

/** AWS IoT Device Management quotas: thing groups that a thing can be in. */
const MAX_GROUPS = 10;

/** A thing that is in the group already stays there. Dynamic groups, which `overrideDynamicGroups` is about, are not served. */
export function addThingToThingGroup(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const group = namedGroup(state, input);
  const thing = namedThing(state, input);
  if (group.things.has(thing.thingName)) return answerWith({});
  checkRoom(state, thing, group);
  group.things.add(thing.thingName);
  return answerWith({}, thingJoinedGroup(state, { thing, group }, nowMs));
}

export function removeThingFromThingGroup(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const group = namedGroup(state, input);
  const thing = namedThing(state, input);
  if (!group.things.delete(thing.thingName)) return answerWith({});
  return answerWith({}, thingLeftGroup(state, { thing, group }, nowMs));
}

export function listThingsInThingGroup(state: JobsState, input: JsonObject): ControlResult {
  const group = existingGroup(state, input.thingGroupName);
  const names = input.recursive === true ? thingsWithin(state, group) : group.things;
  const { items, next } = pageOf(names, input, { keyOf: (name) => name });
  return answerWith({ things: items, ...next });
}

/** Those it is directly in. */
export function listThingGroupsForThing(state: JobsState, input: JsonObject): ControlResult {
  const thing = existingThing(state, input.thingName);
  const { items, next } = pageOf(groupsOf(state, thing), input, { keyOf: ({ thingGroupName }) => thingGroupName });
  return answerWith({ thingGroups: items.map(nameAndArn), ...next });
}

function groupsOf(state: JobsState, thing: Thing): readonly ThingGroup[] {
  return [...state.registry.groups.values()].filter(({ things }) => things.has(thing.thingName));
}

/** "You can't add a thing to more than one group in the same hierarchy", which is: to two with a common ancestor. */
function checkRoom(state: JobsState, thing: Thing, group: ThingGroup): void {
  const present = groupsOf(state, thing);
  const root = rootOf(state, group);
  const kin = present.find((other) => rootOf(state, other) === root);
  if (kin) {
    throw invalidRequest(
      `Thing ${thing.thingName} is in thing group ${kin.thingGroupName}, which is in the same hierarchy as ${group.thingGroupName}`,
    );
  }
  if (present.length >= MAX_GROUPS) {
    throw invalidRequest(`Thing ${thing.thingName} is in ${MAX_GROUPS} thing groups, which is the most`);
  }
}

function rootOf(state: JobsState, group: ThingGroup): ThingGroup {
  return ancestorsOf(state, group).at(-1) ?? group;
}

/** By name, by ARN, or by both. */
function namedGroup(state: JobsState, { thingGroupName, thingGroupArn }: JsonObject): ThingGroup {
  if (thingGroupName === undefined && thingGroupArn === undefined) {
    throw invalidRequest('thingGroupName or thingGroupArn is required');
  }
  const name = thingGroupName ?? nameInArn('thinggroup', String(thingGroupArn)) ?? '';
  const group = state.registry.groups.get(String(name));
  if (!group || (thingGroupArn !== undefined && group.thingGroupArn !== thingGroupArn)) {
    throw notFound(`Thing group ${thingGroupName ?? thingGroupArn}`);
  }
  return group;
}
