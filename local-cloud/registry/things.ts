/** Operations on things (API reference of each). Their queues of jobs are in `jobs-service/state.ts`. */
import type { JsonObject } from '../../agent/core/json.ts';
import type { ControlResult } from '../jobs-service/control-request.ts';
import { thingDeleted } from '../jobs-service/membership.ts';
import type { JobsState, Thing } from '../jobs-service/state.ts';
import { registerThing, thingArn } from '../jobs-service/state.ts';
import { alreadyExists, answerWith, invalidRequest, notFound, versionConflict } from './answers.ts';
import { changedAttributes, sameAttributes } from './attributes.ts';
import { pageOf } from './pages.ts';
import type { ThingRecord } from './registry-state.ts';
import { stableUuid } from './resource-names.ts';

/** API reference, CreateThing: "up to three name/value pairs"; more need a thing type. */
const MAX_ATTRIBUTES = 3;

/** @throws ControlError */
export function existingThing(state: JobsState, thingName: unknown): Thing {
  const thing = state.things.get(String(thingName));
  if (!thing) throw notFound(`Thing ${thingName}`);
  return thing;
}

/** What the registry holds about a thing; for one that no CreateThing made, what that would hold. */
export function thingRecordOf(state: JobsState, thing: Thing): ThingRecord {
  const { thingRecords } = state.registry;
  const known = thingRecords.get(thing.thingName);
  if (known) return known;
  const record: ThingRecord = {
    thingId: stableUuid(thing.thingArn),
    createdAtMs: undefined,
    attributes: {},
    version: 1,
  };
  thingRecords.set(thing.thingName, record);
  return record;
}

/** "If this call is made multiple times using the same thing name and configuration, the call will succeed." */
export function createThing(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const thingName = String(input.thingName);
  refuseUnknownTypes(input);
  const attributes = changedAttributes({}, input.attributePayload, {
    maximum: MAX_ATTRIBUTES,
    of: `Thing ${thingName}`,
  });
  const known = state.things.get(thingName);
  if (!known) {
    const thing = registerThing(state, thingName);
    const thingId = stableUuid(`${thing.thingArn} ${nowMs}`);
    state.registry.thingRecords.set(thingName, { thingId, createdAtMs: nowMs, attributes, version: 1 });
    return answerWith({ thingName, thingArn: thing.thingArn, thingId });
  }
  const record = thingRecordOf(state, known);
  if (!sameAttributes(record.attributes, attributes)) {
    throw alreadyExists(`Thing ${thingName} already exists in account with different attributes`, {
      resourceId: record.thingId,
      resourceArn: known.thingArn,
    });
  }
  return answerWith({ thingName, thingArn: known.thingArn, thingId: record.thingId });
}

export function describeThing(state: JobsState, input: JsonObject): ControlResult {
  const thing = existingThing(state, input.thingName);
  const { thingId, attributes, version } = thingRecordOf(state, thing);
  const { thingName } = thing;
  return answerWith({ defaultClientId: thingName, thingName, thingId, thingArn: thing.thingArn, attributes, version });
}

/** No thing has a thing type here: asked for one, the list is empty. */
export function listThings(state: JobsState, input: JsonObject): ControlResult {
  const { attributeName, attributeValue, thingTypeName, usePrefixAttributeValue } = input;
  if (attributeValue !== undefined && attributeName === undefined) {
    throw invalidRequest('attributeValue needs attributeName beside it');
  }
  const fits = (value: string | undefined): boolean => {
    if (value === undefined) return false;
    if (typeof attributeValue !== 'string') return true;
    return usePrefixAttributeValue === true ? value.startsWith(attributeValue) : value === attributeValue;
  };
  const found = [...state.things.values()].filter((thing) => {
    if (thingTypeName !== undefined) return false;
    if (attributeName === undefined) return true;
    const { attributes } = thingRecordOf(state, thing);
    return fits(Object.hasOwn(attributes, String(attributeName)) ? attributes[String(attributeName)] : undefined);
  });
  const { items, next } = pageOf(found, input, { keyOf: ({ thingName }) => thingName });
  const things = items.map((thing) => {
    const { attributes, version } = thingRecordOf(state, thing);
    return { thingName: thing.thingName, thingArn: thing.thingArn, attributes, version };
  });
  return answerWith({ things, ...next });
}

export function updateThing(state: JobsState, input: JsonObject): ControlResult {
  const thing = existingThing(state, input.thingName);
  refuseUnknownTypes(input);
  const record = thingRecordOf(state, thing);
  checkVersion(thing.thingName, record, input);
  record.attributes = changedAttributes(record.attributes, input.attributePayload, {
    maximum: MAX_ATTRIBUTES,
    of: `Thing ${thing.thingName}`,
  });
  record.version++;
  return answerWith({});
}

/** "Returns successfully with no error if the deletion is successful or you specify a thing that doesn't exist." */
export function deleteThing(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const thingName = String(input.thingName);
  const thing = state.things.get(thingName);
  if (!thing) return answerWith({});
  checkVersion(thingName, thingRecordOf(state, thing), input);
  const { certificates, groups, thingRecords } = state.registry;
  if ([...certificates.values()].some(({ things }) => things.has(thingName))) {
    throw invalidRequest(`Cannot delete. Thing ${thingName} is still attached to one or more principals`);
  }
  const notifications = thingDeleted(state, thing, nowMs);
  for (const { things } of groups.values()) things.delete(thingName);
  thingRecords.delete(thingName);
  state.things.delete(thingName);
  return answerWith({}, notifications);
}

function checkVersion(thingName: string, { version }: ThingRecord, { expectedVersion }: JsonObject): void {
  if (expectedVersion === undefined || expectedVersion === version) return;
  throw versionConflict(`thing ${thingName}`, { expected: expectedVersion, found: version });
}

/** Thing types and billing groups are not served, so there is none that a thing could be of. */
function refuseUnknownTypes({ thingTypeName, billingGroupName }: JsonObject): void {
  if (thingTypeName !== undefined) throw notFound(`Thing type ${thingTypeName}`);
  if (billingGroupName !== undefined) throw notFound(`Billing group ${billingGroupName}`);
}

/** The name of the thing that a request names by name, by ARN, or by both. @throws ControlError */
export function namedThing(state: JobsState, { thingName, thingArn: arn }: JsonObject): Thing {
  if (thingName === undefined && arn === undefined) throw invalidRequest('thingName or thingArn is required');
  const name = thingName ?? String(arn).slice(thingArn('').length);
  const thing = state.things.get(String(name));
  if (!thing || (arn !== undefined && thing.thingArn !== arn)) throw notFound(`Thing ${thingName ?? arn}`);
  return thing;
}
