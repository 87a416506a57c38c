import type { DocumentRejection } from './job-plan.ts';
import type { JsonValue } from './json.ts';
import { pointerSegment } from './json-place.ts';

/** Deeper documents overflow whoever reads them by recursion, `JSON.stringify` among them (it does at some 5,000). */
const MAX_DEPTH = 32;
/** AWS takes documents of up to 32 KiB (CreateJob, `document`): this is more values than a sensible one has. */
const MAX_VALUES = 10_000;
/** Names that would reach an object's prototype wherever a document is copied carelessly. */
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * What makes a document unsafe to hand on, if anything does: nesting, number of values, member names. To be asked
 * before anything else looks at the document; it uses no recursion, so it stands any document that `JSON.parse` made.
 */
export function findHazard(document: JsonValue): DocumentRejection | undefined {
  const open: Node[] = [{ value: document, name: '', parent: undefined, depth: 1 }];
  let values = 1;
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (typeof node.value !== 'object' || node.value === null) continue;
    if (node.depth > MAX_DEPTH) return hazard(node, `expected at most ${MAX_DEPTH} levels of nesting, got more`);
    const members: [string, JsonValue | undefined][] = Object.entries(node.value);
    values += members.length;
    if (values > MAX_VALUES) return hazard(undefined, `expected at most ${MAX_VALUES} values, got more`);
    for (const [name, value] of members) {
      const member: Node = { value, name, parent: node, depth: node.depth + 1 };
      if (FORBIDDEN_NAMES.has(name)) return hazard(member, 'a member of this name is not allowed');
      open.push(member);
    }
  }
  return undefined;
}

interface Node {
  readonly value: JsonValue | undefined;
  readonly name: string;
  readonly parent: Node | undefined;
  /** The document itself is at 1. */
  readonly depth: number;
}

function hazard(at: Node | undefined, reason: string): DocumentRejection {
  let pointer = '';
  for (let node = at; node?.parent !== undefined; node = node.parent) pointer = pointerSegment(node.name) + pointer;
  return { pointer, reason };
}
