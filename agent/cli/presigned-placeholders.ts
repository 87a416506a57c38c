/**
 * `${aws:iot:s3-presigned-url…:URL}`: AWS IoT puts a URL with a signature in its place when a gateway receives the document
 * (Developer Guide, "Managing file uploads and downloads with presigned URLs"). A document that a person has before them still
 * has the placeholder.
 */
import { isJsonObject, type JsonValue } from '../core/json.ts';

/** The URL of an upload may have placeholders of its own. */
const PLACEHOLDER =
  /\$\{aws:iot:s3-presigned-url(?:-v1|-v2|-upload)?:((?:[^${}]|\$\{(?:thingName|jobId|executionNumber)\})+)\}/g;

/** What is nested deeper is REJECTED anyway (agent/jobs), and could be too deep for a function that calls itself. */
const MAX_DEPTH = 40;

export interface FilledDocument {
  readonly value: JsonValue;
  /** How many URLs AWS IoT would have signed. */
  readonly count: number;
}

/** With the URLs as they will be, but for their signatures. @param thingName in the place of `${thingName}`. */
export function withUnsignedUrls(document: JsonValue, thingName: string): FilledDocument {
  let count = 0;
  const inside: Readonly<Record<string, string>> = { thingName, jobId: 'JOB', executionNumber: '1' };
  const filledText = (text: string) =>
    text.replace(PLACEHOLDER, (_, url: string) => {
      count += 1;
      return url.replace(/\$\{(\w+)\}/g, (whole, name: string) => inside[name] ?? whole);
    });
  const filled = (value: JsonValue | undefined, depth = 0): JsonValue => {
    if (typeof value === 'string') return filledText(value);
    if (value === undefined || depth > MAX_DEPTH) return value ?? null;
    if (Array.isArray(value)) return value.map((entry) => filled(entry, depth + 1));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, filled(member, depth + 1)]));
  };
  return { value: filled(document), count };
}
