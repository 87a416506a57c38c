/** Attributes of things and thing groups: names and values, which searches and policies can use. */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { invalidRequest } from './answers.ts';

export type Attributes = Readonly<Record<string, string>>;

/**
 * The attributes after a creating or updating request (API reference, AttributePayload): given ones replace the present
 * ones, or are merged into them where `merge` says so; an empty value removes its attribute.
 * @param payload `attributePayload`, checked by the model.
 * @param maximum API reference, AttributePayload: up to three for a thing without a thing type.
 * @throws ControlError
 */
export function changedAttributes(
  present: Attributes,
  payload: JsonValue | undefined,
  limit: { readonly maximum: number; readonly of: string },
): Attributes {
  if (!isJsonObject(payload) || !isJsonObject(payload.attributes)) return present;
  const merged: JsonObject = payload.merge === true ? { ...present, ...payload.attributes } : payload.attributes;
  const kept = Object.entries(merged).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' && value !== '' ? [[name, value]] : [],
  );
  if (kept.length > limit.maximum) {
    throw invalidRequest(`${limit.of} has ${kept.length} attributes; it may have at most ${limit.maximum}`);
  }
  return Object.fromEntries(kept);
}

export function sameAttributes(a: Attributes, b: Attributes): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}
