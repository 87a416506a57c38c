/** Every place of a schema in a document that fits it, and how to put another value there. */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import type { JsonSchema } from '../../agent/reference/json-schema.ts';

export interface Place {
  /** As docs/handlers.md names it: `units[]`, `source.path`; empty for all of it. */
  readonly name: string;
  readonly pointer: string;
  readonly schema: JsonSchema;
  /** One that fits. */
  readonly value: JsonValue;
  /** One of several forms that a union takes: what does not fit it may fit another. */
  readonly isForm: boolean;
  readonly set: (value: JsonValue) => JsonObject;
}

/** @returns a text that fits a parameter, by its name, such as `units[]`. */
export type SampleText = (name: string) => string;

/** @param base parameters that fit the schema. */
export function placesOf(schema: JsonSchema, base: JsonObject, sampleText: SampleText): readonly Place[] {
  const root = {
    name: '',
    pointer: '',
    schema,
    value: base,
    isForm: false,
    set: (value: JsonValue) => value as JsonObject,
  };
  return withAllWithin(root, sampleText);
}

export function isFreeText({ type, enum: values, ...schema }: JsonSchema): boolean {
  return type === 'string' && values === undefined && !('const' in schema);
}

function withAllWithin(place: Place, sampleText: SampleText): readonly Place[] {
  return [place, ...placesWithin(place, sampleText).flatMap((inner) => withAllWithin(inner, sampleText))];
}

function placesWithin(place: Place, sampleText: SampleText): readonly Place[] {
  const { schema, name, pointer } = place;
  if (schema.anyOf !== undefined) {
    return schema.anyOf.map((form) => ({
      ...place,
      schema: form,
      isForm: true,
      value: fittingValue(form, name, sampleText),
    }));
  }
  if (schema.type === 'object') {
    const members = place.value as JsonObject;
    return childrenOf(schema).map(([key, childName, child]) => ({
      name: joined(name, childName),
      pointer: `${pointer}/${key}`,
      schema: child,
      value: Object.hasOwn(members, key)
        ? (members[key] as JsonValue)
        : fittingValue(child, joined(name, childName), sampleText),
      isForm: false,
      set: (inner) => place.set({ ...members, [key]: inner }),
    }));
  }
  return schema.type === 'array' && schema.items !== undefined ? [entryOf(place, sampleText)] : [];
}

/** The second entry, after one that fits: a mistake there must be found as well. Of the example, where that has two. */
function entryOf({ schema, name, pointer, value, set }: Place, sampleText: SampleText): Place {
  const child = schema.items as JsonSchema;
  const index = schema.maxItems === 1 ? 0 : 1;
  const [given, other] = value as readonly JsonValue[];
  const first = given ?? fittingValue(child, `${name}[]`, sampleText);
  return {
    name: `${name}[]`,
    pointer: `${pointer}/${index}`,
    schema: child,
    value: index === 0 ? first : (other ?? first),
    isForm: false,
    set: (inner) => set(index === 0 ? [inner] : [first, inner]),
  };
}

/** Key, name and schema of each member; of members of any name one. */
function childrenOf({ properties = {}, patternProperties = {}, additionalProperties }: JsonSchema) {
  const free = [
    ...Object.values(patternProperties),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
  ];
  return [
    ...Object.entries(properties).map(([key, child]) => [key, key, child] as const),
    ...free.map((child) => ['ANY', '*', child] as const),
  ];
}

function joined(name: string, inner: string): string {
  return name === '' ? inner : `${name}.${inner}`;
}

function fittingValue(schema: JsonSchema, name: string, sampleText: SampleText): JsonValue {
  if ('const' in schema) return schema.const as JsonValue;
  if (schema.enum !== undefined) return schema.enum[0] as JsonValue;
  if (schema.anyOf !== undefined) return fittingValue(schema.anyOf[0] ?? {}, name, sampleText);
  switch (schema.type) {
    case 'string':
      return sampleText(name);
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'array':
      return schema.items === undefined ? [] : [fittingValue(schema.items as JsonSchema, `${name}[]`, sampleText)];
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((key) => [
          key,
          fittingValue(schema.properties?.[key] ?? {}, joined(name, key), sampleText),
        ]),
      );
    default:
      return null;
  }
}
