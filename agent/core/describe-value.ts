import type { JsonValue } from './json.ts';
import { redactSecrets } from './redact.ts';

const MAX_SHOWN = 60;
/** Long enough for any URL, so that no cut hides where its password ends. */
const MAX_LOOKED_AT = 4096;

/**
 * A value as an error message names it: its type, and for a scalar what it is, in at most 60 characters. What may be
 * secret in a URL is cut: the query (a pre-signed URL's signature), the fragment, and user and password.
 */
export function describeValue(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  switch (typeof value) {
    case 'string':
      return `the string ${quote(value)}`;
    case 'number':
      return `the number ${value}`;
    case 'boolean':
      return `the boolean ${value}`;
    default:
      return 'an object';
  }
}

/**
 * As `describeValue`, but of a string only how long it is: for one that stands where something else belongs, such as a
 * whole command line, with its passwords, where an array of words was expected (I9).
 */
export function describeMistyped(value: JsonValue | undefined): string {
  if (typeof value !== 'string') return describeValue(value);
  return value === '' ? 'an empty string' : `a string of length ${value.length}`;
}

/** `text` in quotes, shortened and without secrets; whatever would break a line or a terminal is escaped. */
export function quote(text: string): string {
  const withoutSecrets = redactSecrets(text.slice(0, MAX_LOOKED_AT))
    .replace(/\/\/[^/?#\s]*@/gu, '//…@')
    .replace(/\?.*$/su, '…');
  return JSON.stringify(shorten(withoutSecrets));
}

/** At most 60 characters of `text`, the last one an ellipsis if something was left out. Splits no code point. */
export function shorten(text: string): string {
  const start = [...text.slice(0, 2 * MAX_SHOWN + 2)];
  return start.length <= MAX_SHOWN ? start.join('') : `${start.slice(0, MAX_SHOWN - 1).join('')}…`;
}
