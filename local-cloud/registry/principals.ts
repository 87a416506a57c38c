/** Which certificates are attached to which things (API reference of each operation). Other principals are not served. */
import type { JsonObject } from '../../agent/core/json.ts';
import type { ControlResult } from '../jobs-service/control-request.ts';
import type { JobsState } from '../jobs-service/state.ts';
import { answerWith, invalidRequest } from './answers.ts';
import { certificateOfArn } from './certificates.ts';
import { pageOf } from './pages.ts';
import { existingThing } from './things.ts';

/** EXCLUSIVE_THING: "The thing will be the only thing that's attached to the principal." */
export function attachThingPrincipal(state: JobsState, input: JsonObject): ControlResult {
  const { thingName } = existingThing(state, input.thingName);
  const certificate = certificateOfArn(state, String(input.principal));
  const others = [...certificate.things].filter((name) => name !== thingName);
  const isExclusive = input.thingPrincipalType === 'EXCLUSIVE_THING';
  if (others.length > 0 && (isExclusive || certificate.isExclusive)) {
    throw invalidRequest(`Principal ${input.principal} is attached to thing ${others[0]}, and cannot be to another`);
  }
  certificate.things.add(thingName);
  certificate.isExclusive = isExclusive;
  return answerWith({});
}

/** One that is not attached is no error. */
export function detachThingPrincipal(state: JobsState, input: JsonObject): ControlResult {
  const { thingName } = existingThing(state, input.thingName);
  const certificate = certificateOfArn(state, String(input.principal));
  certificate.things.delete(thingName);
  if (certificate.things.size === 0) certificate.isExclusive = false;
  return answerWith({});
}

export function listThingPrincipals(state: JobsState, input: JsonObject): ControlResult {
  const { thingName } = existingThing(state, input.thingName);
  const attached = [...state.registry.certificates.values()].filter(({ things }) => things.has(thingName));
  const { items, next } = pageOf(attached, input, { keyOf: ({ certificateArn }) => certificateArn });
  return answerWith({ principals: items.map(({ certificateArn }) => certificateArn), ...next });
}

export function listPrincipalThings(state: JobsState, input: JsonObject): ControlResult {
  const { things } = certificateOfArn(state, String(input.principal));
  const { items, next } = pageOf(things, input, { keyOf: (name) => name });
  return answerWith({ things: items, ...next });
}
