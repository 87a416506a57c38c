/**
 * Reading JSON that came from outside, member by member. A place is a value and where it stands; whoever reads one of
 * the wrong type notes a problem and gets a harmless stand-in, so that reading goes straight on. At the end, whoever
 * asked throws everything away if there is a problem: the first is the true one, later ones may be its echoes.
 */
import { describeMistyped, describeValue, shorten } from './describe-value.ts';
import type { DocumentRejection } from './job-plan.ts';
import { isJsonObject, type JsonObject, type JsonValue, ownMember } from './json.ts';

export interface JsonPlace {
  /** Undefined: there is nothing here. */
  readonly value: JsonValue | undefined;
  /** JSON pointer (RFC 6901); empty for the whole. Very long member names are shortened. */
  readonly pointer: string;
  /** Shared by all places of one value. */
  readonly problems: DocumentRejection[];
}

export function rootPlace(value: JsonValue | undefined): JsonPlace {
  return { value, pointer: '', problems: [] };
}

/** The place of a member, whether or not it is there and `place` is an object at all. */
export function memberPlace(place: JsonPlace, name: string): JsonPlace {
  const value = isJsonObject(place.value) ? ownMember(place.value, name) : undefined;
  return { value, pointer: place.pointer + pointerSegment(name), problems: place.problems };
}

/** `/name`, with `~` and `/` escaped as RFC 6901 says. */
export function pointerSegment(name: string | number): string {
  return `/${shorten(String(name)).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

export function noteProblem(place: JsonPlace, reason: string): void {
  place.problems.push({ pointer: place.pointer, reason });
}

export function noteExpected(place: JsonPlace, what: string): void {
  noteProblem(place, `expected ${what}, got ${describeValue(place.value)}`);
}

/** For what may be a whole command line in the place of its words. */
function noteMistyped(place: JsonPlace, what: string): void {
  noteProblem(place, `expected ${what}, got ${describeMistyped(place.value)}`);
}

/** What `read` makes of the place; undefined, and no problem, when there is nothing. */
export function readOptional<T>(place: JsonPlace, read: (place: JsonPlace) => T): T | undefined {
  return place.value === undefined ? undefined : read(place);
}

export function readObject(place: JsonPlace): JsonObject {
  if (isJsonObject(place.value)) return place.value;
  noteMistyped(place, 'an object');
  return {};
}

/** The places of an array's items. */
export function readItems(place: JsonPlace): readonly JsonPlace[] {
  if (Array.isArray(place.value)) {
    return place.value.map((value: JsonValue, index) => ({
      value,
      pointer: place.pointer + pointerSegment(index),
      problems: place.problems,
    }));
  }
  noteMistyped(place, 'an array');
  return [];
}

export function readString(place: JsonPlace): string {
  if (typeof place.value === 'string') return place.value;
  noteMistyped(place, 'a string');
  return '';
}

export function readBoolean(place: JsonPlace): boolean {
  if (typeof place.value === 'boolean') return place.value;
  noteExpected(place, 'a boolean');
  return false;
}

/** A whole number from `min` to `max`, which JSON numbers hold exactly only up to 2^53 - 1. */
export function readInteger(place: JsonPlace, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(place.value) && Number(place.value) >= min && Number(place.value) <= max) {
    return Number(place.value);
  }
  noteExpected(place, `a whole number from ${min} to ${max}`);
  return min;
}

/** As `readInteger`, but digits in a string will do: AWS's own documents and clients quote numbers now and then. */
export function readQuotedInteger(place: JsonPlace, min: number): number {
  const digits = typeof place.value === 'string' && /^-?\d{1,16}$/.test(place.value);
  return readInteger(digits ? { ...place, value: Number(place.value) } : place, min);
}
