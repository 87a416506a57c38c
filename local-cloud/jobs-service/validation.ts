/**
 * Checks of single members, shared by the device's requests and the operator's. The constraints are those of AWS's API
 * model (`iot-jobs-data` 2017-09-29 and `iot` 2015-05-28), the wording follows its validation messages.
 */
import type { StatusDetails } from '../../agent/core/job-execution.ts';
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { isJsonObject, ownMember } from '../../agent/core/json.ts';

export const JOB_ID = /^[a-zA-Z0-9_-]{1,64}$/;
export const THING_NAME = /^[a-zA-Z0-9:_-]{1,128}$/;

const DETAIL_KEY = /^[a-zA-Z0-9:_-]{1,128}$/;
const DETAIL_VALUE = /^[^\p{C}]+$/u;
/** Developer Guide, "Jobs device data types": a value has at most 1,024 characters; counted in UTF-16 units. */
const MAX_DETAIL_VALUE_LENGTH = 1024;
/** API reference, CancelJobExecution: "You can specify at most 10 name/value pairs." */
const MAX_DETAILS = 10;
const MAX_TIMEOUT_MINUTES = 10_080;

/** A member that breaks a constraint. The message is what the caller is told. */
export class InvalidMember extends Error {
  override readonly name = 'InvalidMember';
}

/** The constraint message AWS's services send. */
export function constraint(member: string, value: JsonValue | undefined, mustBe: string): InvalidMember {
  const shown = value === undefined || value === null ? 'null' : `'${shorten(value)}'`;
  return new InvalidMember(`Value ${shown} at '${member}' failed to satisfy constraint: Member must ${mustBe}`);
}

export function requireMatch(member: string, value: JsonValue | undefined, pattern: RegExp): string {
  if (typeof value !== 'string') throw constraint(member, value, value == null ? 'not be null' : 'be a string');
  if (!pattern.test(value)) throw constraint(member, value, `satisfy regular expression pattern: ${pattern.source}`);
  return value;
}

/** An optional string of at most `maxLength` characters without control characters. */
export function optionalText(body: JsonObject, member: string, maxLength: number): string | undefined {
  const value = presentMember(body, member);
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw constraint(member, value, 'be a string');
  if (value.length > maxLength) throw constraint(member, value, `have length less than or equal to ${maxLength}`);
  if (value !== '' && !DETAIL_VALUE.test(value)) {
    throw constraint(member, value, 'satisfy regular expression pattern: [^\\p{C}]+');
  }
  return value;
}

/** AWS takes numbers in quotes: its guide's examples and its C library send them so. */
export function optionalInteger(body: JsonObject, member: string): number | undefined {
  const value = presentMember(body, member);
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && /^-?\d{1,18}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw constraint(member, value, 'be an integer');
  return number;
}

export function optionalBoolean(body: JsonObject, member: string): boolean | undefined {
  const value = presentMember(body, member);
  if (value === undefined || typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  throw constraint(member, value, 'be a boolean');
}

/** 1 to 10,080 minutes (seven days); -1 where `mayDiscard`. */
export function optionalTimeout(body: JsonObject, member: string, mayDiscard: boolean): number | undefined {
  const minutes = optionalInteger(body, member);
  if (minutes === undefined || (mayDiscard && minutes === -1)) return minutes;
  if (minutes < 1) throw constraint(member, minutes, 'have value greater than or equal to 1');
  if (minutes > MAX_TIMEOUT_MINUTES) {
    throw constraint(member, minutes, `have value less than or equal to ${MAX_TIMEOUT_MINUTES}`);
  }
  return minutes;
}

/** `strictStatusDetails: false` lets control characters pass in values. */
export function optionalStatusDetails(
  body: JsonObject,
  { strictStatusDetails }: { readonly strictStatusDetails: boolean } = { strictStatusDetails: true },
): StatusDetails | undefined {
  const details = presentMember(body, 'statusDetails');
  if (details === undefined) return undefined;
  if (!isJsonObject(details)) throw constraint('statusDetails', details, 'be a map of strings');
  const pairs = Object.entries(details);
  if (pairs.length > MAX_DETAILS) {
    throw constraint('statusDetails', details, `have length less than or equal to ${MAX_DETAILS}`);
  }
  return Object.fromEntries(
    pairs.map(([key, value]) => [checkDetailKey(key), checkDetailValue(key, value, strictStatusDetails)]),
  );
}

/** A member that is there and not null: the service treats null as absent. */
export function presentMember(body: JsonObject, member: string): JsonValue | undefined {
  return ownMember(body, member) ?? undefined;
}

/** Members that this service does not act on are refused: to take them in silence would mislead. @throws InvalidMember */
export function refuseNotServed(input: JsonObject, members: readonly string[]): void {
  const unserved = members.find((member) => presentMember(input, member) !== undefined);
  if (unserved !== undefined) throw new InvalidMember(`job-cloud does not support ${unserved}`);
}

function checkDetailKey(key: string): string {
  if (DETAIL_KEY.test(key)) return key;
  throw constraint('statusDetails', key, 'have keys of 1 to 128 characters of [a-zA-Z0-9:_-]');
}

/** A number is taken as its text, true and false as well: AWS's own jobs agent (aws-iot-device-sdk 2.2.16) sends one. */
function checkDetailValue(key: string, given: JsonValue | undefined, isStrict: boolean): string {
  const member = `statusDetails.${key}`;
  const value = typeof given === 'number' || typeof given === 'boolean' ? String(given) : given;
  if (typeof value !== 'string') throw constraint(member, value, 'be a string');
  if (value.length > MAX_DETAIL_VALUE_LENGTH) {
    throw constraint(member, value, `have length less than or equal to ${MAX_DETAIL_VALUE_LENGTH}`);
  }
  if (isStrict && !DETAIL_VALUE.test(value))
    throw constraint(member, value, 'satisfy regular expression pattern: [^\\p{C}]+');
  return value;
}

/** A list or an object is only named: it may be nested deeper than JSON.stringify can follow. */
function shorten(value: JsonValue): string {
  const text = typeof value === 'object' ? (Array.isArray(value) ? '[...]' : '{...}') : String(value);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
