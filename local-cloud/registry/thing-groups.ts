/** Operations on static thing groups (API reference of each; Developer Guide, "Static thing groups"). */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import type { ControlResult } from '../jobs-service/control-request.ts';
import { thingLeftGroup } from '../jobs-service/membership.ts';
import type { JobsState } from '../jobs-service/state.ts';
import { alreadyExists, answerWith, invalidRequest, notFound, optional, seconds, versionConflict } from './answers.ts';
import { type Attributes, changedAttributes, sameAttributes } from './attributes.ts';
import { ancestorsOf, childrenOf, descendantsOf } from './group-tree.ts';
import { pageOf } from './pages.ts';
import type { ThingGroup } from './registry-state.ts';
import { resourceArn, stableUuid } from './resource-names.ts';
import { setTags } from './tags.ts';

/** AWS IoT Device Management quotas: attributes of a thing group, depth of a hierarchy, direct children. */
const MAX_ATTRIBUTES = 50;
const MAX_DEPTH = 7;
const MAX_CHILDREN = 100;

/** @throws ControlError */
export function existingGroup(state: JobsState, thingGroupName: unknown): ThingGroup {
  const group = state.registry.groups.get(String(thingGroupName));
  if (!group) throw notFound(`Thing group ${thingGroupName}`);
  return group;
}

/** "If the ThingGroup that you create has the exact same attributes as an existing ThingGroup, you will get a 200". */
export function createThingGroup(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const thingGroupName = String(input.thingGroupName);
  const parentGroupName = input.parentGroupName === undefined ? undefined : String(input.parentGroupName);
  const { description, attributes } = changedProperties(
    { thingGroupName, description: undefined, attributes: {} },
    input.thingGroupProperties,
  );
  const known = state.registry.groups.get(thingGroupName);
  if (known) {
    const isSame = known.parentGroupName === parentGroupName && known.description === description;
    if (isSame && sameAttributes(known.attributes, attributes)) return answerWith(groupReference(known));
    throw alreadyExists(`Thing group ${thingGroupName} already exists in account with different properties`, {
      resourceId: known.thingGroupId,
      resourceArn: known.thingGroupArn,
    });
  }
  if (parentGroupName !== undefined) checkParent(state, parentGroupName);
  const thingGroupArn = resourceArn('thinggroup', thingGroupName);
  setTags(state, thingGroupArn, input.tags);
  const group: ThingGroup = {
    thingGroupName,
    thingGroupArn,
    thingGroupId: stableUuid(`${thingGroupArn} ${nowMs}`),
    parentGroupName,
    createdAtMs: nowMs,
    description,
    attributes,
    version: 1,
    things: new Set(),
  };
  state.registry.groups.set(thingGroupName, group);
  return answerWith(groupReference(group));
}

export function describeThingGroup(state: JobsState, input: JsonObject): ControlResult {
  const group = existingGroup(state, input.thingGroupName);
  const ancestors = ancestorsOf(state, group);
  return answerWith({
    ...groupReference(group),
    version: group.version,
    thingGroupProperties: {
      ...optional('thingGroupDescription', group.description),
      attributePayload: { attributes: group.attributes },
    },
    thingGroupMetadata: {
      ...optional('parentGroupName', group.parentGroupName),
      ...(ancestors.length > 0 && { rootToParentThingGroups: [...ancestors].reverse().map(nameAndArn) }),
      creationDate: seconds(group.createdAtMs),
    },
  });
}

/** Without `recursive: false`, groups of every level. */
export function listThingGroups(state: JobsState, input: JsonObject): ControlResult {
  const { parentGroup, namePrefixFilter = '', recursive = true } = input;
  const { items, next } = pageOf(
    groupsBelow(state, parentGroup, recursive === true).filter(({ thingGroupName }) =>
      thingGroupName.startsWith(String(namePrefixFilter)),
    ),
    input,
    { keyOf: ({ thingGroupName }) => thingGroupName },
  );
  return answerWith({ thingGroups: items.map(nameAndArn), ...next });
}

function groupsBelow(state: JobsState, parentGroup: JsonValue | undefined, recursive: boolean): readonly ThingGroup[] {
  if (parentGroup !== undefined) {
    const parent = existingGroup(state, parentGroup);
    return recursive ? descendantsOf(state, parent) : childrenOf(state, parent);
  }
  const groups = [...state.registry.groups.values()];
  return recursive ? groups : groups.filter(({ parentGroupName }) => parentGroupName === undefined);
}

/** What is not given stays as it is. */
export function updateThingGroup(state: JobsState, input: JsonObject): ControlResult {
  const group = existingGroup(state, input.thingGroupName);
  checkVersion(group, input);
  Object.assign(group, changedProperties(group, input.thingGroupProperties));
  group.version++;
  return answerWith({ version: group.version });
}

/** The things in it stay; a group that does not exist is no error, as AWS's model lists none. */
export function deleteThingGroup(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const { groups, groupPolicies, tags } = state.registry;
  const group = groups.get(String(input.thingGroupName));
  if (!group) return answerWith({});
  checkVersion(group, input);
  const { thingGroupName, thingGroupArn } = group;
  if (childrenOf(state, group).length > 0) {
    throw invalidRequest(
      `Cannot delete thing group ${thingGroupName} when there are still child groups attached to it`,
    );
  }
  const members = [...group.things];
  group.things.clear();
  const notifications = members.flatMap((name) => {
    const thing = state.things.get(name);
    return thing ? thingLeftGroup(state, { thing, group }, nowMs) : [];
  });
  groups.delete(thingGroupName);
  groupPolicies.delete(thingGroupArn);
  tags.delete(thingGroupArn);
  return answerWith({}, notifications);
}

export function nameAndArn({ thingGroupName, thingGroupArn }: ThingGroup): JsonObject {
  return { groupName: thingGroupName, groupArn: thingGroupArn };
}

function groupReference({ thingGroupName, thingGroupArn, thingGroupId }: ThingGroup): JsonObject {
  return { thingGroupName, thingGroupArn, thingGroupId };
}

interface Properties {
  readonly description: string | undefined;
  readonly attributes: Attributes;
}

function changedProperties(
  present: Properties & { readonly thingGroupName: string },
  given: JsonValue | undefined,
): Properties {
  const properties = isJsonObject(given) ? given : {};
  const { thingGroupDescription, attributePayload } = properties;
  return {
    description: thingGroupDescription === undefined ? present.description : String(thingGroupDescription),
    attributes: changedAttributes(present.attributes, attributePayload, {
      maximum: MAX_ATTRIBUTES,
      of: `Thing group ${present.thingGroupName}`,
    }),
  };
}

/** CreateThingGroup's model has no ResourceNotFoundException. */
function checkParent(state: JobsState, parentGroupName: string): void {
  const parent = state.registry.groups.get(parentGroupName);
  if (!parent) throw invalidRequest(`Parent thing group ${parentGroupName} does not exist`);
  if (ancestorsOf(state, parent).length + 2 > MAX_DEPTH) {
    throw invalidRequest(`A hierarchy of thing groups has at most ${MAX_DEPTH} levels`);
  }
  if (childrenOf(state, parent).length >= MAX_CHILDREN) {
    throw invalidRequest(`Thing group ${parentGroupName} has ${MAX_CHILDREN} child groups, which is the most`);
  }
}

function checkVersion({ thingGroupName, version }: ThingGroup, { expectedVersion }: JsonObject): void {
  if (expectedVersion === undefined || expectedVersion === version) return;
  throw versionConflict(`thing group ${thingGroupName}`, { expected: expectedVersion, found: version });
}
