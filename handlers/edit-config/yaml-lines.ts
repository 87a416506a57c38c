/** The edits of yaml-text.ts, made to the text; whether they came out right is looked at there. */
import { impossible } from './edit-error.ts';
import type { JsonNode } from './json-tree.ts';
import type { Container, NewEntry } from './text-format.ts';
import { columnOf, type YamlPlace, type YamlTree } from './yaml-tree.ts';
import { isNested, type YamlWriter } from './yaml-writer.ts';

export interface YamlEdit {
  readonly text: string;
  readonly tree: YamlTree;
  readonly writer: YamlWriter;
  readonly lineEnd: string;
}

type Span = Pick<JsonNode, 'start' | 'end'>;

export function replaced(edit: YamlEdit, node: JsonNode, value: unknown): string {
  const { text, writer, lineEnd } = edit;
  const place = edit.tree.placeOf(node);
  if (place.path.length === 0) return rootReplaced(edit, node, value);
  const { behindIndicator: from, isInFlow } = place;
  if (isInFlow) {
    const flow = writer.flow(value);
    return from === undefined ? spliced(text, node, flow) : spliced(text, { start: from, end: node.end }, ` ${flow}`);
  }
  if (from === undefined) throw impossible(`${place.name} is not written as a name, a colon and a value`);
  const lead = text.slice(from, node.start);
  const leadComment = lead.includes('\n') ? commentAt(lead, 0) : '';
  if (!isNested(value)) {
    return spliced(text, { start: from, end: node.end }, ` ${writer.scalar(value)}${leadComment}`);
  }
  const tailComment = leadComment === '' ? commentAt(text, node.end) : '';
  const end = node.end + tailComment.length;
  const lines = nestedLines(edit, place, value);
  const written = `${leadComment}${tailComment}${lines.join(lineEnd)}`;
  return spliced(text, { start: from, end }, written);
}

/** Of a value behind an indicator: the first begins in its line for an item, and in the next one for a member. */
function nestedLines({ text, tree, writer, lineEnd }: YamlEdit, place: YamlPlace, value: unknown): string[] {
  const { style } = tree;
  const { behindIndicator: from = 0 } = place;
  const lines = writer.block(value, style);
  if (text[from - 1] === '-') {
    const indent = ' '.repeat(columnOf(text, from) + 1);
    return lines.map((line, index) => (index === 0 ? ` ${line}` : indent + line));
  }
  const deeper = Array.isArray(value) && !style.indentsLists ? 0 : style.unit;
  const indent = ' '.repeat(columnOfMember(text, from) + deeper);
  return lines.map((line, index) => (index === 0 ? lineEnd : '') + indent + line);
}

/** Where the name before a colon begins: behind the dashes of a list in the same line. */
function columnOfMember(text: string, colon: number): number {
  const lineStart = colon - columnOf(text, colon);
  return /^[ ]*(?:-[ ]+)*/.exec(text.slice(lineStart, colon))?.[0].length ?? 0;
}

function rootReplaced({ text, tree, writer, lineEnd }: YamlEdit, root: JsonNode, value: unknown): string {
  const written = writer.block(value, tree.style).join(lineEnd);
  if (root.start !== root.end) return spliced(text, root, written);
  const before = text === '' || text.endsWith('\n') ? text : text + lineEnd; // comments only
  return before + written + lineEnd;
}

export function removed(edit: YamlEdit, container: Container, index: number): string {
  const { text, tree } = edit;
  const spans = spansOf(edit, container);
  const [before, span, after] = [spans[index - 1], spans[index], spans[index + 1]];
  if (span === undefined) return text;
  if (tree.placeOf(container).isFlow === true) {
    if (before !== undefined) return spliced(text, { start: before.end, end: span.end }, '');
    if (after !== undefined) return spliced(text, { start: span.start, end: after.start }, '');
    return spliced(text, { start: container.start + 1, end: container.end - 1 }, '');
  }
  if (spans.length === 1) return emptied(edit, container, span);
  const { start: lineStart, end: lineEnd } = linesOf(text, span);
  if (text.slice(lineStart, span.start).trim() === '') return spliced(text, { start: lineStart, end: lineEnd }, '');
  if (after === undefined) return text;
  // The first one, behind a dash: the next takes its place, unless comments stand between.
  const between = text.slice(span.end + commentAt(text, span.end).length, after.start);
  if (between.trim() === '') return spliced(text, { start: span.start, end: after.start }, '');
  return text.slice(0, span.start).trimEnd() + text.slice(span.end + commentAt(text, span.end).length);
}

/** The last entry goes. */
function emptied({ text, tree }: YamlEdit, container: Container, span: Span): string {
  const written = container.kind === 'object' ? '{}' : '[]';
  const { behindIndicator: from } = tree.placeOf(container);
  if (from !== undefined && text.slice(from, span.start).trim() === '') {
    return spliced(text, { start: from, end: span.end }, ` ${written}`);
  }
  return spliced(text, span, written);
}

export function inserted(edit: YamlEdit, container: Container, entry: NewEntry): string {
  const { text, tree } = edit;
  const { isFlow, isInFlow } = tree.placeOf(container);
  const spans = spansOf(edit, container);
  if (isFlow === true) {
    if (spans.length === 0 && !isInFlow)
      return replaced(edit, container, container.kind === 'array' ? [entry.value] : memberOf(entry));
    return insertedInFlow(edit, container, entry);
  }
  const [before, next] = [spans[entry.index - 1], spans[entry.index]];
  const column = columnOf(text, (before ?? next ?? container).start);
  const lines = edit.writer.block(container.kind === 'array' ? [entry.value] : memberOf(entry), tree.style);
  const indent = ' '.repeat(column);
  if (before !== undefined) {
    const { end } = linesOf(text, before);
    const isAtEnd = !/\n$/.test(text.slice(0, end));
    const written = lines.map((line) => indent + line + edit.lineEnd).join('');
    return text.slice(0, end) + (isAtEnd ? edit.lineEnd : '') + written + text.slice(end);
  }
  const { start } = next ?? container;
  return text.slice(0, start) + lines.map((line) => line + edit.lineEnd + indent).join('') + text.slice(start);
}

function insertedInFlow(edit: YamlEdit, container: Container, { index, name, value }: NewEntry): string {
  const { text, writer } = edit;
  const spans = spansOf(edit, container);
  const written = name === undefined ? writer.flow(value) : writer.flow({ [name]: value }).slice(1, -1);
  const [before, next] = [spans[index - 1], spans[index]];
  if (next !== undefined) return spliced(text, { start: next.start, end: next.start }, `${written}, `);
  if (before !== undefined) return spliced(text, { start: before.end, end: before.end }, `, ${written}`);
  return spliced(text, { start: container.start + 1, end: container.end - 1 }, written);
}

/** An object of one member, whatever its name is. */
function memberOf({ name = '', value }: NewEntry): Readonly<Record<string, unknown>> {
  return Object.fromEntries([[name, value]]);
}

/** An item from its dash on. */
function spansOf({ tree }: YamlEdit, container: Container): readonly Span[] {
  if (container.kind === 'object') return container.members;
  return container.items.map((item) => {
    const { behindIndicator } = tree.placeOf(item);
    return { start: behindIndicator === undefined ? item.start : behindIndicator - 1, end: item.end };
  });
}

/** From the beginning of its first line to behind the end of its last one. */
function linesOf(text: string, { start, end }: Span): Span {
  const lineEnd = text.indexOf('\n', end);
  return { start: start - columnOf(text, start), end: lineEnd === -1 ? text.length : lineEnd + 1 };
}

/** With the white space before it, up to the end of the line; nothing where there is none. */
function commentAt(text: string, offset: number): string {
  return /^[ \t]+#[^\r\n]*/.exec(text.slice(offset, offset + MAX_COMMENT))?.[0] ?? '';
}

const MAX_COMMENT = 64 * 1024;

function spliced(text: string, { start, end }: Span, written: string): string {
  return text.slice(0, start) + written + text.slice(end);
}
