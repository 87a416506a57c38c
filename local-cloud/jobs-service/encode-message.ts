/**
 * Messages as text. A job document goes out as the text it was created with: nested as deeply as its author pleased,
 * with its own numbers and doubled members, which `JSON.stringify` would change or fail on.
 */
import type { JsonObject } from '../../agent/core/json.ts';

/** A control character cannot be in a name or a status detail. */
const PLACEHOLDER = '\u007fdocument\u007f';
const QUOTED_PLACEHOLDER = JSON.stringify(PLACEHOLDER);

const texts = new WeakMap<object, string>();

/** Remembers the text that `document` was parsed from. @returns `document`. */
export function withText(document: JsonObject, text: string): JsonObject {
  texts.set(document, text);
  return document;
}

/** The text `document` was parsed from; its JSON where nobody remembered one. */
export function textOf(document: JsonObject): string {
  return texts.get(document) ?? JSON.stringify(document);
}

/** Whether it is a document that came through `withText`. */
export function hasText(document: object): boolean {
  return texts.has(document);
}

/** JSON of a message, in which at most one member is a document that came through `withText`. */
export function encodeMessage(message: JsonObject): string {
  let documentText: string | undefined;
  const encoded = JSON.stringify(message, (_, value: unknown) => {
    const text = typeof value === 'object' && value !== null ? texts.get(value) : undefined;
    documentText ??= text;
    return text === undefined ? value : PLACEHOLDER;
  });
  if (documentText === undefined) return encoded;
  // The last one: a clientToken may be any text, and comes before the document.
  const at = encoded.lastIndexOf(QUOTED_PLACEHOLDER);
  return encoded.slice(0, at) + documentText + encoded.slice(at + QUOTED_PLACEHOLDER.length);
}
