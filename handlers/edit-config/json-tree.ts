/** JSON with the place of each value in the text, so that an edit leaves everything else as it is (RFC 8259). */
import { type EditError, notParsed } from './edit-error.ts';

export type JsonNode = ScalarNode | ArrayNode | ObjectNode;

interface Span {
  /** Offsets into the text; `end` is behind the last character. */
  readonly start: number;
  readonly end: number;
}

export interface ScalarNode extends Span {
  readonly kind: 'scalar';
}

export interface ArrayNode extends Span {
  readonly kind: 'array';
  readonly items: readonly JsonNode[];
}

export interface ObjectNode extends Span {
  readonly kind: 'object';
  readonly members: readonly MemberNode[];
}

export interface MemberNode extends Span {
  readonly name: string;
  readonly value: JsonNode;
}

/** What people write by hand is a few levels deep; a parser that calls itself must end somewhere. */
const MAX_DEPTH = 200;

// A string may hold no control character as it is (RFC 8259, part 7).
const STRING = '"(?:[^"\\\\\\u0000-\\u001f]|\\\\(?:["\\\\/bfnrt]|u[0-9a-fA-F]{4}))*"';
const NUMBER = '-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?(?![\\w.])';
const TOKEN = new RegExp(`[{}[\\]:,]|${STRING}|${NUMBER}|(?:true|false|null)(?!\\w)`, 'y');
const SPACE = /[ \t\r\n]*/y;

interface Reader {
  readonly text: string;
  offset: number;
}

/** @throws EditError that names line and column. */
export function parseJsonTree(text: string): JsonNode {
  const reader: Reader = { text, offset: 0 };
  skipSpace(reader);
  const root = readValue(reader, 0);
  skipSpace(reader);
  if (reader.offset !== text.length) throw unexpected(reader, 'nothing after the value');
  return root;
}

export function jsonValueOf(text: string, { start, end }: JsonNode): unknown {
  return JSON.parse(text.slice(start, end)) as unknown;
}

function readValue(reader: Reader, depth: number): JsonNode {
  const start = reader.offset;
  const token = peek(reader);
  if (depth > MAX_DEPTH) throw unexpected(reader, `no more than ${MAX_DEPTH} levels`);
  if (token === '{') return { kind: 'object', start, members: readMembers(reader, depth), end: reader.offset };
  if (token === '[') return { kind: 'array', start, items: readItems(reader, depth), end: reader.offset };
  if (token === undefined || ']}:,'.includes(token)) throw unexpected(reader, 'a value');
  reader.offset += token.length;
  return { kind: 'scalar', start, end: reader.offset };
}

function readMembers(reader: Reader, depth: number): MemberNode[] {
  const members: MemberNode[] = [];
  const names = new Set<string>();
  readList(reader, '}', () => {
    const start = reader.offset;
    const token = peek(reader);
    if (token === undefined || !token.startsWith('"')) throw unexpected(reader, 'a name in double quotes');
    const name = JSON.parse(token) as string;
    if (names.has(name)) throw unexpected(reader, `each name once, and ${token.slice(0, 60)} is there already`);
    names.add(name);
    reader.offset += token.length;
    skipSpace(reader);
    if (peek(reader) !== ':') throw unexpected(reader, 'a colon');
    reader.offset += 1;
    skipSpace(reader);
    const value = readValue(reader, depth + 1);
    members.push({ start, name, value, end: reader.offset });
  });
  return members;
}

function readItems(reader: Reader, depth: number): JsonNode[] {
  const items: JsonNode[] = [];
  readList(reader, ']', () => void items.push(readValue(reader, depth + 1)));
  return items;
}

/** From the opening bracket to behind the closing one. */
function readList(reader: Reader, close: ']' | '}', readEntry: () => void): void {
  reader.offset += 1;
  skipSpace(reader);
  if (peek(reader) === close) {
    reader.offset += 1;
    return;
  }
  for (;;) {
    readEntry();
    skipSpace(reader);
    const token = peek(reader);
    if (token !== ',' && token !== close) throw unexpected(reader, `a comma or ${close}`);
    reader.offset += 1;
    if (token === close) return;
    skipSpace(reader);
  }
}

function skipSpace(reader: Reader): void {
  SPACE.lastIndex = reader.offset;
  reader.offset += SPACE.exec(reader.text)?.[0].length ?? 0;
}

function peek({ text, offset }: Reader): string | undefined {
  TOKEN.lastIndex = offset;
  return TOKEN.exec(text)?.[0];
}

/** What stands there is not shown: it may be the half of a password whose quote is missing. */
function unexpected({ text, offset }: Reader, expected: string): EditError {
  const before = text.slice(0, offset).split('\n');
  const where = offset === text.length ? ', and the file ends' : '';
  return notParsed(before.length, (before.at(-1) ?? '').length + 1, `expected ${expected}${where}`);
}
