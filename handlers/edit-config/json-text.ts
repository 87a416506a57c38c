/** Puts values into the text of a JSON file, replaces and removes them, in the style that the file has. */
import { type JsonNode, jsonValueOf, parseJsonTree } from './json-tree.ts';
import type { Container, NewEntry, TextFormat } from './text-format.ts';

function replaceNode(text: string, node: JsonNode, value: unknown): string {
  return text.slice(0, node.start) + written(text, value, indentAt(text, node.start)) + text.slice(node.end);
}

function removeEntry(text: string, container: Container, index: number): string {
  const entries = entriesOf(container);
  const entry = entries[index];
  if (entry === undefined) return text;
  const before = entries[index - 1];
  const after = entries[index + 1];
  if (before !== undefined) return text.slice(0, before.end) + text.slice(entry.end);
  if (after !== undefined) return text.slice(0, entry.start) + text.slice(after.start);
  return text.slice(0, container.start + 1) + text.slice(container.end - 1);
}

function insertEntry(text: string, container: Container, { index, name, value }: NewEntry): string {
  const entries = entriesOf(container);
  const gap = gapIn(text, container);
  const indent = gap.includes('\n') ? gap.slice(gap.lastIndexOf('\n') + 1) : indentAt(text, container.start);
  const content = (name === undefined ? '' : `${JSON.stringify(name)}${colonOf(text)}`) + written(text, value, indent);
  const next = entries[index];
  if (next !== undefined) return `${text.slice(0, next.start)}${content},${gap}${text.slice(next.start)}`;
  const last = entries.at(-1);
  if (last !== undefined) return `${text.slice(0, last.end)},${gap}${content}${text.slice(last.end)}`;
  const closing = gap.includes('\n') ? lineEndOf(text) + indentAt(text, container.start) : '';
  return `${text.slice(0, container.start + 1)}${gap}${content}${closing}${text.slice(container.end - 1)}`;
}

function entriesOf(container: Container): readonly { readonly start: number; readonly end: number }[] {
  return container.kind === 'object' ? container.members : container.items;
}

/** The white space between two entries: as it is, or as the file has it elsewhere. */
function gapIn(text: string, container: Container): string {
  const [first, second] = entriesOf(container);
  if (first !== undefined && second !== undefined) {
    return text.slice(first.end, second.start).replace(',', '');
  }
  if (first !== undefined) {
    const gap = text.slice(container.start + 1, first.start);
    return gap.includes('\n') ? gap : ' ';
  }
  const unit = indentUnitOf(text);
  return unit === '' ? '' : lineEndOf(text) + indentAt(text, container.start) + unit;
}

/** The white space at the beginning of the line in which the offset lies. */
function indentAt(text: string, offset: number): string {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart, offset))?.[0] ?? '';
}

function lineEndOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n';
}

/** Of the first entry of the whole; two spaces where there is none, nothing for a file in one line. */
function indentUnitOf(text: string): string {
  const root = parseJsonTree(text);
  const [first] = root.kind === 'scalar' ? [] : entriesOf(root);
  if (first === undefined) return '  ';
  const gap = text.slice(root.start + 1, first.start);
  return gap.includes('\n') ? gap.slice(gap.lastIndexOf('\n') + 1) : '';
}

function colonOf(text: string): string {
  const root = parseJsonTree(text);
  const [first] = root.kind === 'object' ? root.members : [];
  if (first === undefined) return ': ';
  const behindName = text.slice(first.start, first.value.start);
  return /\s*:\s*$/.exec(behindName)?.[0] ?? ': ';
}

function written(text: string, value: unknown, indent: string): string {
  const unit = indentUnitOf(text);
  if (unit === '') return JSON.stringify(value);
  return JSON.stringify(value, null, unit).replaceAll('\n', lineEndOf(text) + indent);
}

export const JSON_TEXT: TextFormat = {
  parse: parseJsonTree,
  valueOf: jsonValueOf,
  replace: replaceNode,
  remove: removeEntry,
  insert: insertEntry,
};
