/**
 * Placeholders in job documents: `${...}`, nested where AWS allows it. They are looked for in the strings of a JSON text,
 * and only strings that change are written anew: the rest of a document stays as its author wrote it.
 */
import { ControlError } from '../jobs-service/control-error.ts';

export type Segment = string | Placeholder;

export interface Placeholder {
  /** What is between `${` and `}`. */
  readonly content: readonly Segment[];
}

/** Deeper than any document of AWS's, and shallow enough to be walked by recursion. */
const MAX_DEPTH = 32;
const STRING_LITERAL = /"(?:[^"\\]|\\.)*"/g;
const PARAMETER = /^aws:iot:parameter:([a-zA-Z0-9_-]{1,128})$/;

/**
 * Takes a string apart. A `}` that closes nothing is text.
 * @throws ControlError InvalidJobDocumentException: a `${` has no `}` (Developer Guide, "Software Package Catalog
 * Troubleshooting"), or they are nested more than 32 deep.
 */
export function parsePlaceholders(text: string): readonly Segment[] {
  const open: Segment[][] = [[]];
  for (const [piece] of text.matchAll(/\$\{|\}|[^$}]+|\$/g)) {
    const innermost = open.at(-1) ?? [];
    if (piece === '${') {
      if (open.length > MAX_DEPTH) throw invalidDocument(`Placeholders are nested more than ${MAX_DEPTH} deep.`);
      open.push([]);
    } else if (piece === '}' && open.length > 1) {
      open.pop();
      open.at(-1)?.push({ content: innermost });
    } else if (typeof innermost.at(-1) === 'string') {
      innermost.push(`${innermost.pop()}${piece}`);
    } else {
      innermost.push(piece);
    }
  }
  if (open.length > 1) throw invalidDocument('One or more parameters or placeholders are not terminated.');
  return open[0] ?? [];
}

/** The text that segments were parsed from. */
export function sourceOf(segments: readonly Segment[]): string {
  return segments
    .map((segment) => (typeof segment === 'string' ? segment : `\${${sourceOf(segment.content)}}`))
    .join('');
}

/**
 * Gives every string of a JSON text that has a `${` in it to `rewrite`, with its literal and where that begins, and puts
 * the JSON that comes back in its place. Undefined leaves it as it is.
 */
export function rewriteStrings(
  documentText: string,
  rewrite: (value: string, literal: string, offset: number) => string | undefined,
): string {
  return documentText.replaceAll(STRING_LITERAL, (literal, offset: number) => {
    const value = mayHavePlaceholder(literal) ? (JSON.parse(literal) as string) : '';
    return value.includes('${') ? (rewrite(value, literal, offset) ?? literal) : literal;
  });
}

/**
 * Replaces `${aws:iot:parameter:NAME}`, also inside other placeholders (Developer Guide, "Create a job from a managed
 * template"). The values may hold placeholders themselves, for instance of pre-signed URLs, which stay for later.
 * @param documentText JSON
 * @param valueFor called with each NAME; may throw where it has none
 * @throws ControlError InvalidJobDocumentException: a `${` has no `}`.
 */
export function substituteParameters(documentText: string, valueFor: (name: string) => string): string {
  return rewriteStrings(documentText, (value) => {
    const segments = parsePlaceholders(value);
    const replaced = replaceParameters(segments, valueFor);
    return replaced === value ? undefined : JSON.stringify(replaced);
  });
}

/** The NAMEs of all `${aws:iot:parameter:NAME}`, each once, in the document's order. @throws ControlError */
export function parameterNames(documentText: string): readonly string[] {
  const names = new Set<string>();
  substituteParameters(documentText, (name) => {
    names.add(name);
    return '';
  });
  return [...names];
}

/** @see https://docs.aws.amazon.com/iot/latest/developerguide/software-package-catalog-troubleshooting.html */
export function invalidDocument(message: string): ControlError {
  return new ControlError('InvalidJobDocumentException', message);
}

function replaceParameters(segments: readonly Segment[], valueFor: (name: string) => string): string {
  return segments
    .map((segment) => {
      if (typeof segment === 'string') return segment;
      const content = replaceParameters(segment.content, valueFor);
      const name = PARAMETER.exec(content)?.[1];
      return name === undefined ? `\${${content}}` : valueFor(name);
    })
    .join('');
}

/** A backslash may hide a `$` or a brace. */
function mayHavePlaceholder(literal: string): boolean {
  return literal.includes('${') || literal.includes('\\u');
}
