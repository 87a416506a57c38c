/** Parameters as they may be shown: without what their schema calls `writeOnly`, and without the secrets of URLs (I9). */
import { isJsonObject, type JsonValue } from '../core/json.ts';
import { redactSecrets } from '../core/redact.ts';
import type { JsonSchema } from '../reference/json-schema.ts';

export const HIDDEN = '(hidden)';

export function hasHidden(value: JsonValue): boolean {
  if (value === HIDDEN) return true;
  return (
    typeof value === 'object' && value !== null && Object.values(value).some((member) => hasHidden(member ?? null))
  );
}

/** @param schemas those that may be meant; one that hides is enough. */
export function withoutSecrets(value: JsonValue, ...schemas: readonly JsonSchema[]): JsonValue {
  const all = schemas.flatMap((schema) => [schema, ...(schema.anyOf ?? [])]);
  if (all.some(({ writeOnly }) => writeOnly === true)) return HIDDEN;
  if (typeof value === 'string') return redactSecrets(value);
  if (Array.isArray(value)) return value.map((item, index) => withoutSecrets(item, ...itemSchemas(all, index)));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, withoutSecrets(member ?? null, ...memberSchemas(all, name))]),
  );
}

function itemSchemas(schemas: readonly JsonSchema[], index: number): readonly JsonSchema[] {
  return schemas.flatMap(({ items }) => (Array.isArray(items) ? (items[index] ?? []) : ((items as JsonSchema) ?? [])));
}

function memberSchemas(schemas: readonly JsonSchema[], name: string): readonly JsonSchema[] {
  return schemas.flatMap(({ properties = {}, patternProperties = {}, additionalProperties }) => {
    if (Object.hasOwn(properties, name)) return properties[name] ?? [];
    const free = typeof additionalProperties === 'object' ? [additionalProperties] : [];
    return [...Object.values(patternProperties), ...free]; // any of them may be meant: rather hidden than shown
  });
}
