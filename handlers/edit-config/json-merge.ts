/** JSON Merge Patch (RFC 7396) on a text of JSON or YAML, of which what is not named stays as it is. */
import { isDeepStrictEqual } from 'node:util';
import type { EditedText } from './edit-error.ts';
import { JSON_TEXT } from './json-text.ts';
import type { JsonNode, ObjectNode } from './json-tree.ts';
import type { TextFormat } from './text-format.ts';

export type JsonMembers = Readonly<Record<string, unknown>>;

/** @throws EditError for a text that is not of the format. */
export function mergeJson(text: string, patch: JsonMembers, format: TextFormat = JSON_TEXT): EditedText {
  const merge: Merge = { text, format, changed: [] };
  const root = format.parse(text);
  format.checkRoot?.(text, root);
  if (root.kind === 'object') mergeMembers(merge, [], patch);
  else {
    merge.text = format.replace(text, root, withoutNulls(patch));
    merge.changed.push('the whole');
  }
  return merge;
}

interface Merge {
  text: string;
  readonly format: TextFormat;
  readonly changed: string[];
}

function mergeMembers(merge: Merge, path: readonly string[], patch: JsonMembers): void {
  for (const [name, value] of Object.entries(patch)) mergeMember(merge, path, { name, value });
}

function mergeMember(
  merge: Merge,
  path: readonly string[],
  { name, value }: { readonly name: string; readonly value: unknown },
): void {
  const { format } = merge;
  const parent = objectAt(merge, path);
  const index = parent.members.findIndex((member) => member.name === name);
  const old = parent.members[index]?.value;
  format.checkMember?.(merge.text, { parent, name, value, old });
  if (isMembers(value) && old?.kind === 'object') {
    mergeMembers(merge, [...path, name], value);
    return;
  }
  const text = memberSet({ text: merge.text, format, parent, index, old }, name, value);
  if (text === merge.text) return;
  merge.text = text;
  merge.changed.push([...path, name].join('.'));
}

interface Place {
  readonly text: string;
  readonly format: TextFormat;
  readonly parent: ObjectNode;
  /** -1 where there is no such member. */
  readonly index: number;
  readonly old: JsonNode | undefined;
}

function memberSet({ text, format, parent, index, old }: Place, name: string, value: unknown): string {
  if (value === null) return index === -1 ? text : format.remove(text, parent, index);
  const wanted = withoutNulls(value);
  if (old === undefined) return format.insert(text, parent, { index: parent.members.length, name, value: wanted });
  return isDeepStrictEqual(format.valueOf(text, old), wanted) ? text : format.replace(text, old, wanted);
}

/** The path leads through objects: it was walked down just before, and an edit elsewhere leaves it. */
function objectAt({ text, format }: Merge, path: readonly string[]): ObjectNode {
  let node: JsonNode | undefined = format.parse(text);
  for (const name of path) {
    node = node?.kind === 'object' ? node.members.find((member) => member.name === name)?.value : undefined;
  }
  if (node?.kind !== 'object') throw new Error(`no object at ${path.join('.')}`);
  return node;
}

/** RFC 7396, part 2: a member that is null is one to remove, also within what is new. */
function withoutNulls(value: unknown): unknown {
  if (!isMembers(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => (member === null ? [] : [[name, withoutNulls(member)]])),
  );
}

function isMembers(value: unknown): value is JsonMembers {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
