/** Wrong values for every place of a schema, made from the schema: of another type, out of its limits, missing, unknown. */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import type { JsonSchema } from '../../agent/reference/json-schema.ts';
import type { Place } from './schema-places.ts';

export interface BadCase {
  /** Such as `units[] is null`. */
  readonly title: string;
  readonly parameters: JsonObject;
  /** Where the mistake is, as a JSON pointer into the parameters. */
  readonly pointer: string;
}

/** AWS takes no longer documents (Developer Guide, job limits), so this is too long for any string. */
const TOO_LONG = 32_769;

const VALUES_BY_TYPE: Readonly<Record<string, JsonValue>> = {
  null: null,
  boolean: true,
  integer: 7,
  number: 1.5,
  string: 'no such value',
  array: [],
  object: {},
};

export function badCasesAt(place: Place): readonly BadCase[] {
  const { schema, isForm, value } = place;
  return [
    ...(isForm || place.pointer === '' ? [] : wrongTypes(place)), // parameters that are no object are the core's to refuse
    ...(schema.enum === undefined ? [] : wrongChoices(place)),
    ...(isNumber(schema) ? wrongNumbers(place) : []),
    ...(schema.type === 'string' && schema.enum === undefined && !isForm
      ? [badCase(place, 'is too long', 'a'.repeat((schema.maxLength ?? TOO_LONG - 1) + 1))]
      : []),
    ...(schema.type === 'array' ? wrongLengths(place, value as readonly JsonValue[]) : []),
    ...(schema.type === 'object' ? wrongMembers(place, value as JsonObject) : []),
  ];
}

function badCase({ name, set, pointer }: Place, what: string, value: JsonValue, within = ''): BadCase {
  return { title: `${name || 'all of it'} ${what}`, parameters: set(value), pointer: `${pointer}${within}` };
}

function wrongTypes(place: Place): readonly BadCase[] {
  const types = typesOf(place.schema);
  const wrong = Object.entries(VALUES_BY_TYPE).filter(
    ([type]) => !types.includes(type) && !(type === 'integer' && types.includes('number')),
  );
  return wrong.map(([type, value]) => badCase(place, `is of type ${type}`, value));
}

/** What is none of the listed values is wrong, whatever its type. */
function typesOf(schema: JsonSchema): readonly string[] {
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap(typesOf);
  return 'const' in schema || schema.enum !== undefined || schema.type === undefined ? [] : [schema.type];
}

function wrongChoices(place: Place): readonly BadCase[] {
  const [first] = place.schema.enum ?? [];
  if (typeof first !== 'string') return [];
  const wrong = {
    'in capitals': first.toUpperCase(),
    'followed by a space': `${first} `,
    'an option': '-f',
    empty: '',
    'of the prototype': 'constructor',
  };
  return Object.entries(wrong).map(([what, value]) => badCase(place, `is ${what}`, value));
}

function isNumber({ type }: JsonSchema): boolean {
  return type === 'integer' || type === 'number';
}

function wrongNumbers(place: Place): readonly BadCase[] {
  const { minimum, maximum } = place.schema;
  return [
    ...(minimum === undefined ? [] : [badCase(place, 'is too small', minimum - 1)]),
    ...(maximum === undefined ? [] : [badCase(place, 'is too large', maximum + 1)]),
    badCase(place, 'is far too small', -1e300),
    badCase(place, 'is far too large', 1e300),
  ];
}

function wrongLengths(place: Place, [entry]: readonly JsonValue[]): readonly BadCase[] {
  const { minItems = 0, maxItems, uniqueItems } = place.schema;
  return [
    ...(minItems === 0 ? [] : [badCase(place, 'is empty', [])]),
    ...(entry === undefined || maxItems === undefined
      ? []
      : [badCase(place, 'has too many entries', Array(maxItems + 1).fill(entry))]),
    ...(uniqueItems === true && entry !== undefined
      ? [badCase(place, 'has an entry twice', [entry, entry], '/1')]
      : []),
  ];
}

function wrongMembers(place: Place, members: JsonObject): readonly BadCase[] {
  const { properties = {}, required = [], additionalProperties } = place.schema;
  const isClosed = additionalProperties === false && place.schema.patternProperties === undefined;
  const misspelt = isClosed
    ? Object.keys(members).filter((key) => Object.hasOwn(properties, key) && !isMark(properties[key]))
    : [];
  return [
    ...(isClosed ? [badCase(place, 'has an unknown member', { ...members, qqqqqqqq: 1 }, '/qqqqqqqq')] : []),
    ...(isClosed ? [badCase(place, 'has a member of the prototype', { ...members, toString: 1 }, '/toString')] : []),
    ...misspelt.map((key) =>
      badCase(
        place,
        `has ${key} misspelt`,
        { ...without(members, key), [`${key}x`]: members[key] as JsonValue },
        `/${key}x`,
      ),
    ),
    ...required
      .filter((key) => !isMark(properties[key]) || !place.isForm)
      .map((key) => badCase(place, `lacks ${key}`, without(members, key), `/${key}`)),
  ];
}

/** A constant that tells the forms of a union apart: without it there is no telling which form was meant. */
function isMark(schema: JsonSchema | undefined): boolean {
  return schema !== undefined && 'const' in schema;
}

function without(members: JsonObject, key: string): JsonObject {
  const { [key]: _, ...others } = members;
  return others;
}
