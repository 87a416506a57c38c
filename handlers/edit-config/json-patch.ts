/** JSON Patch (RFC 6902) on a text of JSON or YAML, of which what is not named stays as it is. */
import { isDeepStrictEqual } from 'node:util';
import { EditError, type EditedText, impossible } from './edit-error.ts';
import { JSON_TEXT } from './json-text.ts';
import type { JsonNode } from './json-tree.ts';
import type { TextFormat } from './text-format.ts';

export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  /** JSON Pointer (RFC 6901). */
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** On the way; the result has a limit of its own. Copies of copies double what is there with each operation. */
const MAX_LENGTH = 2 * 1024 ** 2;

/** All of them or none. @throws EditError that says which operation, counted from 1, and where. */
export function patchJson(
  text: string,
  operations: readonly PatchOperation[],
  format: TextFormat = JSON_TEXT,
): EditedText {
  format.parse(text); // what is not of the format is told as that, and not as the fault of an operation
  let patched = text;
  const changed: string[] = [];
  for (const [index, operation] of operations.entries()) {
    const fail = (problem: string) =>
      impossible(`operation ${index + 1} (${operation.op} ${operation.path || 'the whole'}): ${problem}`);
    const next = performed({ text: patched, format, fail }, operation);
    if (next.length > MAX_LENGTH) throw fail(`it makes the file longer than ${MAX_LENGTH} characters`);
    if (next !== patched) changed.push(operation.path || 'the whole');
    patched = next;
  }
  return { text: patched, changed: [...new Set(changed)] };
}

interface Patched {
  readonly text: string;
  readonly format: TextFormat;
  readonly fail: (problem: string) => EditError;
}

/** What the format has against it is told with the operation, too. */
function performed(patched: Patched, operation: PatchOperation): string {
  try {
    return perform(patched, operation);
  } catch (error) {
    if (!(error instanceof EditError) || error.message.startsWith('operation ')) throw error;
    throw patched.fail(error.message);
  }
}

function perform(patched: Patched, { op, path, from = '', value }: PatchOperation): string {
  const { text, format, fail } = patched;
  switch (op) {
    case 'add':
      return add(patched, path, value);
    case 'remove':
      return remove(patched, path);
    case 'replace': {
      const old = found(patched, path);
      return isDeepStrictEqual(format.valueOf(text, old), value) ? text : format.replace(text, old, value);
    }
    case 'test':
      if (isDeepStrictEqual(format.valueOf(text, found(patched, path)), value)) return text;
      throw fail('the file has another value there');
    case 'move': {
      if (path.startsWith(`${from}/`)) throw fail('cannot be moved into itself'); // RFC 6902, 4.4
      const moved = format.valueOf(text, found(patched, from));
      return path === from ? text : add({ ...patched, text: remove(patched, from) }, path, moved);
    }
    case 'copy':
      return add(patched, path, format.valueOf(text, found(patched, from)));
  }
}

function add(patched: Patched, pointer: string, value: unknown): string {
  const { text, format, fail } = patched;
  const { parent, name } = place(patched, pointer);
  if (parent === undefined) return format.replace(text, format.parse(text), value);
  if (parent.kind === 'array') {
    const { length } = parent.items;
    const index = name === '-' ? length : indexOf(name);
    if (index === undefined || index > length) throw fail(`the array has ${length} items, and no place ${name}`);
    return format.insert(text, parent, { index, value });
  }
  if (parent.kind === 'scalar') throw fail('what it would go into is neither an object nor an array');
  const old = parent.members.find((member) => member.name === name)?.value;
  if (old === undefined) return format.insert(text, parent, { index: parent.members.length, name, value });
  return isDeepStrictEqual(format.valueOf(text, old), value) ? text : format.replace(text, old, value);
}

function remove(patched: Patched, pointer: string): string {
  const { text, format, fail } = patched;
  const { parent, name } = place(patched, pointer);
  if (parent === undefined) throw fail('the whole cannot be removed');
  found(patched, pointer);
  if (parent.kind === 'scalar') return text; // `found` has refused it
  const index =
    parent.kind === 'array' ? (indexOf(name) ?? -1) : parent.members.findIndex((member) => member.name === name);
  return format.remove(text, parent, index);
}

/** The container that the last part of the pointer is looked for in; none for the whole. */
function place(patched: Patched, pointer: string): { readonly parent?: JsonNode; readonly name: string } {
  if (pointer === '') return { name: '' };
  const end = pointer.lastIndexOf('/');
  return { parent: found(patched, pointer.slice(0, end)), name: unescaped(pointer.slice(end + 1)) };
}

function found({ text, format, fail }: Patched, pointer: string): JsonNode {
  let node = format.parse(text);
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
