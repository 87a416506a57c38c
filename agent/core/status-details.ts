/**
 * Fits text into what the service accepts as statusDetails; it refuses the whole update otherwise, so an outcome whose
 * details do not fit would never be told. Limits: the iot-jobs-data API model (key `[a-zA-Z0-9:_-]{1,128}`, value
 * `[^\p{C}]+`), its prose (1,024 characters a value) and CancelJobExecution's (10 pairs).
 */
import type { StatusDetails } from './job-execution.ts';

const MAX_PAIRS = 10;
const MAX_KEY_LENGTH = 128;
/** In UTF-16 units. AWS does not say whether it counts those or code points; fewer units are never more code points. */
export const MAX_VALUE_LENGTH = 1024;

/** No more of a text than this is looked at, however long it is. Cleaning shortens, so it is more than is kept. */
const CLEANED_LENGTH = 8 * MAX_VALUE_LENGTH;

/**
 * The first ten keys that come, in that order; one that comes again changes nothing, so what is ours comes before what
 * handlers tell. Keys and values are cleaned, values keep their beginning, and a pair of which nothing is left is dropped.
 */
export function fitStatusDetails(pairs: readonly (readonly [key: string, value: string])[]): StatusDetails {
  const details = new Map<string, string>();
  for (const [rawKey, rawValue] of pairs) {
    const key = fitKey(rawKey);
    const value = fitValueStart(rawValue);
    if (key === '' || value === '') continue;
    if (!details.has(key) && details.size < MAX_PAIRS) details.set(key, value);
  }
  return Object.fromEntries(details);
}

/** The beginning of `text` as a value: for reasons, which say first what matters. May be empty. */
export function fitValueStart(text: string): string {
  const cleaned = clean(text.slice(0, CLEANED_LENGTH));
  return cleaned
    .slice(0, MAX_VALUE_LENGTH)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trim();
}

/** The end of `text` as a value: for output, where a failure explains itself last. May be empty. */
export function fitValueEnd(text: string): string {
  const cleaned = clean(text.slice(-CLEANED_LENGTH));
  return cleaned
    .slice(-MAX_VALUE_LENGTH)
    .replace(/^[\uDC00-\uDFFF]/, '')
    .trim();
}

function fitKey(text: string): string {
  return text.slice(0, MAX_KEY_LENGTH).replace(/[^a-zA-Z0-9:_-]/g, '_');
}

/** `\p{C}` is controls (newline, tab, ESC), format characters, unassigned code points and lone surrogates. */
function clean(text: string): string {
  return text.replace(/\p{C}+/gu, ' ').trim();
}
