/**
 * One request's members, checked against AWS's model: types, lengths, patterns and enumerations, in messages of AWS's
 * style. What is not in the model is ignored, null is absent, numbers and booleans may come as text (they do in paths and
 * queries). Operations are given checked members and look at their meaning alone.
 */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { constraint } from '../jobs-service/validation.ts';
import type { ApiModel, ApiShape, MemberShape } from './model.ts';

/** @throws InvalidMember */
export function readInput<Name extends string>(
  model: ApiModel<Name>,
  operation: Name,
  members: JsonObject,
): JsonObject {
  const { input } = model.operations[operation];
  return input === undefined ? {} : (readValue(model, { name: input, at: '' }, members) as JsonObject);
}

interface Place {
  /** Of the shape. */
  readonly name: string;
  /** Path of the value, as AWS writes it: `targets.1.member`. */
  readonly at: string;
}

function readValue(model: ApiModel, place: Place, value: JsonValue): JsonValue {
  const shape = model.shapes[place.name];
  if (shape === undefined) throw new Error(`the model has no shape ${place.name}`);
  const read = READERS[shape.type];
  if (read === undefined) throw new Error(`the model has a type ${shape.type}, which nobody reads`);
  return read({ model, shape, at: place.at }, value);
}

interface Reading {
  readonly model: ApiModel;
  readonly shape: ApiShape;
  readonly at: string;
}

type Reader = (reading: Reading, value: JsonValue) => JsonValue;

const READERS: Readonly<Record<string, Reader>> = {
  structure: readStructure,
  list: readList,
  map: readMap,
  string: readString,
  boolean: readBoolean,
  integer: (reading, value) => readNumber(reading, value, true),
  long: (reading, value) => readNumber(reading, value, true),
  double: (reading, value) => readNumber(reading, value, false),
};

function readStructure({ model, shape, at }: Reading, value: JsonValue): JsonValue {
  if (!isJsonObject(value)) throw constraint(at, value, 'be an object');
  const required = new Set(shape.required);
  const read: [string, JsonValue][] = [];
  for (const [name, member] of Object.entries(shape.members ?? {})) {
    const given = Object.hasOwn(value, name) ? (value[name] ?? null) : null;
    const path = at === '' ? name : `${at}.${name}`;
    if (given !== null) read.push([name, readMember(model, member, { at: path, value: given })]);
    else if (required.has(name)) throw constraint(path, null, 'not be null');
  }
  return Object.fromEntries(read);
}

function readList({ model, shape, at }: Reading, value: JsonValue): JsonValue {
  const { member } = shape;
  if (!Array.isArray(value) || member === undefined) throw constraint(at, value, 'be a list');
  checkSize({ shape, at, value }, value.length, 'length');
  return value.map((item: JsonValue, index) => {
    const path = `${at}.${index + 1}.member`;
    if (item === null) throw constraint(path, item, 'not be null');
    return readMember(model, member, { at: path, value: item });
  });
}

function readMap({ model, shape, at }: Reading, value: JsonValue): JsonValue {
  const { key: keyShape, value: valueShape } = shape;
  if (!isJsonObject(value) || !keyShape || !valueShape) throw constraint(at, value, 'be a map');
  const entries = Object.entries(value).flatMap(([key, item]): [string, JsonValue][] => {
    if (item === null || item === undefined) return [];
    readMember(model, keyShape, { at: `${at}.key`, value: key });
    return [[key, readMember(model, valueShape, { at: `${at}.${key}.member`, value: item })]];
  });
  checkSize({ shape, at, value }, entries.length, 'length');
  return Object.fromEntries(entries);
}

function readString({ shape, at }: Reading, value: JsonValue): JsonValue {
  if (typeof value !== 'string') throw constraint(at, value, 'be a string');
  if (shape.enum && !shape.enum.includes(value)) {
    throw constraint(at, value, `satisfy enum value set: [${shape.enum.join(', ')}]`);
  }
  checkSize({ shape, at, value }, value.length, 'length');
  if (shape.pattern !== undefined && !wholePattern(shape.pattern).test(value)) {
    throw constraint(at, value, `satisfy regular expression pattern: ${shape.pattern}`);
  }
  return value;
}

function readBoolean({ at }: Reading, value: JsonValue): JsonValue {
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  throw constraint(at, value, 'be a boolean');
}

function readNumber({ shape, at }: Reading, value: JsonValue, isInteger: boolean): JsonValue {
  const number = typeof value === 'string' && /^-?\d{1,18}(\.\d{1,9})?$/.test(value) ? Number(value) : value;
  const fits = isInteger ? Number.isSafeInteger(number) : Number.isFinite(number);
  if (typeof number !== 'number' || !fits) throw constraint(at, value, isInteger ? 'be an integer' : 'be a number');
  checkSize({ shape, at, value }, number, 'value');
  return number;
}

function readMember(model: ApiModel, member: MemberShape, given: { at: string; value: JsonValue }): JsonValue {
  return readValue(model, { name: member.shape, at: given.at }, given.value);
}

function checkSize(
  given: { shape: ApiShape; at: string; value: JsonValue },
  size: number,
  what: 'length' | 'value',
): void {
  const { min, max } = given.shape;
  if (min !== undefined && size < min) {
    throw constraint(given.at, given.value, `have ${what} greater than or equal to ${min}`);
  }
  if (max !== undefined && size > max) {
    throw constraint(given.at, given.value, `have ${what} less than or equal to ${max}`);
  }
}

const patterns = new Map<string, RegExp>();

/** The whole value must match, as in Java's `matches`; Java's POSIX classes are ASCII. */
function wholePattern(pattern: string): RegExp {
  const known = patterns.get(pattern);
  if (known) return known;
  const translated = pattern
    .replaceAll('\\p{Graph}', '!-~')
    .replaceAll('\\p{Upper}', 'A-Z')
    .replaceAll('\\p{Digit}', '0-9')
    // A hyphen before `.` or `@` means itself in Java; JavaScript wants it marked.
    .replaceAll('9-_.', '9\\-_.')
    .replaceAll('.@-]', '.@\\-]');
  const compiled = new RegExp(`^(?:${translated})$`, 'u');
  patterns.set(pattern, compiled);
  return compiled;
}
