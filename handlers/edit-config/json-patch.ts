/** JSON Patch (RFC 6902) on a text, of which what is not named stays as it is. */
import { isDeepStrictEqual } from 'node:util';
import { type EditError, type EditedText, impossible } from './edit-error.ts';
import { insertEntry, removeEntry, replaceNode } from './json-text.ts';
import { type JsonNode, jsonValueOf, parseJsonTree } from './json-tree.ts';

export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  /** JSON Pointer (RFC 6901). */
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** All of them or none. @throws EditError that says which operation, counted from 1, and where. */
export function patchJson(text: string, operations: readonly PatchOperation[]): EditedText {
  parseJsonTree(text); // what is no JSON is told as that, and not as the fault of an operation
  let patched = text;
  const changed: string[] = [];
  for (const [index, operation] of operations.entries()) {
    const next = perform(patched, operation, (problem) =>
      impossible(`operation ${index + 1} (${operation.op} ${operation.path || 'the whole'}): ${problem}`),
    );
    if (next !== patched) changed.push(operation.path || 'the whole');
    patched = next;
  }
  return { text: patched, changed: [...new Set(changed)] };
}

type Fail = (problem: string) => EditError;

function perform(text: string, { op, path, from = '', value }: PatchOperation, fail: Fail): string {
  switch (op) {
    case 'add':
      return add(text, path, { value, fail });
    case 'remove':
      return remove(text, path, fail);
    case 'replace': {
      const old = found(text, path, fail);
      return isDeepStrictEqual(jsonValueOf(text, old), value) ? text : replaceNode(text, old, value);
    }
    case 'test':
      if (isDeepStrictEqual(jsonValueOf(text, found(text, path, fail)), value)) return text;
      throw fail('the file has another value there');
    case 'move': {
      if (path.startsWith(`${from}/`)) throw fail('cannot be moved into itself'); // RFC 6902, 4.4
      const moved = jsonValueOf(text, found(text, from, fail));
      return path === from ? text : add(remove(text, from, fail), path, { value: moved, fail });
    }
    case 'copy':
      return add(text, path, { value: jsonValueOf(text, found(text, from, fail)), fail });
  }
}

function add(text: string, pointer: string, { value, fail }: { readonly value: unknown; readonly fail: Fail }): string {
  const { parent, name } = place(text, pointer, fail);
  if (parent === undefined) return replaceNode(text, parseJsonTree(text), value);
  if (parent.kind === 'array') {
    const { length } = parent.items;
    const index = name === '-' ? length : indexOf(name);
    if (index === undefined || index > length) throw fail(`the array has ${length} items, and no place ${name}`);
    return insertEntry(text, parent, { index, value });
  }
  if (parent.kind === 'scalar') throw fail('what it would go into is neither an object nor an array');
  const old = parent.members.find((member) => member.name === name)?.value;
  if (old === undefined) return insertEntry(text, parent, { index: parent.members.length, name, value });
  return isDeepStrictEqual(jsonValueOf(text, old), value) ? text : replaceNode(text, old, value);
}

function remove(text: string, pointer: string, fail: Fail): string {
  const { parent, name } = place(text, pointer, fail);
  if (parent === undefined) throw fail('the whole cannot be removed');
  found(text, pointer, fail);
  if (parent.kind === 'scalar') return text; // `found` has refused it
  const index =
    parent.kind === 'array' ? (indexOf(name) ?? -1) : parent.members.findIndex((member) => member.name === name);
  return removeEntry(text, parent, index);
}

/** The container that the last part of the pointer is looked for in; none for the whole. */
function place(text: string, pointer: string, fail: Fail): { readonly parent?: JsonNode; readonly name: string } {
  if (pointer === '') return { name: '' };
  const end = pointer.lastIndexOf('/');
  return { parent: found(text, pointer.slice(0, end), fail), name: unescaped(pointer.slice(end + 1)) };
}

function found(text: string, pointer: string, fail: Fail): JsonNode {
  let node = parseJsonTree(text);
  for (const part of pointer.split('/').slice(1)) {
    const next = entryOf(node, unescaped(part));
    if (next === undefined) throw fail(`there is no ${pointer}`);
    node = next;
  }
  return node;
}

function entryOf(node: JsonNode, name: string): JsonNode | undefined {
  if (node.kind === 'object') return node.members.find((member) => member.name === name)?.value;
  if (node.kind === 'scalar') return undefined;
  const index = indexOf(name);
  return index === undefined ? undefined : node.items[index];
}

/** RFC 6901, part 4: no leading zeros. */
function indexOf(name: string): number | undefined {
  return /^(?:0|[1-9]\d{0,8})$/.test(name) ? Number(name) : undefined;
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
