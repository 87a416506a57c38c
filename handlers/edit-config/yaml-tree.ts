/** YAML with the place of each value in the text, and what it stands for, so that an edit leaves everything else as it is. */
import type * as Yaml from 'yaml';
import { EditError, impossible, notParsed } from './edit-error.ts';
import type { ArrayNode, JsonNode, MemberNode, ObjectNode } from './json-tree.ts';
import type { PlainScalars } from './yaml-scalar.ts';
import type { YamlStyle } from './yaml-writer.ts';

/** What is no value of JSON: an alias, or what has a tag. Equal to the very same only. */
export class Special {
  /** For people: `an alias of base`. */
  readonly what: string;
  readonly source: string;
  constructor(what: string, source: string) {
    this.what = what;
    this.source = source;
  }
}

export interface YamlPlace {
  /** Of the entries on the way from the whole. */
  readonly path: readonly number[];
  /** Names on the way, for people. */
  readonly name: string;
  /** Behind the indicator (`:` or `-`) before it; nothing where there is none. */
  readonly behindIndicator: number | undefined;
  readonly isInFlow: boolean;
  /** Of itself and of what it lies in, as far as aliases use them. */
  readonly anchors: readonly string[];
  /** Of a scalar. */
  readonly value?: unknown;
  /** Of a collection. */
  readonly isFlow?: boolean;
}

export interface YamlTree {
  readonly root: JsonNode;
  readonly style: YamlStyle;
  readonly placeOf: (node: JsonNode) => YamlPlace;
}

/** The package keeps every token: some 300 bytes of memory, and on a small gateway some microseconds, for a byte of text. */
export const MAX_YAML_BYTES = 128 * 1024;
/** As with JSON. The package itself ends at some thousand, with an error. */
const MAX_DEPTH = 200;

interface Reading {
  readonly yaml: typeof Yaml;
  readonly scalars: PlainScalars;
  readonly text: string;
  readonly usedAnchors: ReadonlySet<string>;
  readonly places: Map<JsonNode, YamlPlace>;
  readonly style: { unit?: Seen<number>; indentsLists?: Seen<boolean> };
}

/** What the first of its kind in the file does. */
interface Seen<T> {
  readonly offset: number;
  readonly is: T;
}

/** @throws EditError */
export function parseYamlTree(yaml: typeof Yaml, scalars: PlainScalars, text: string): YamlTree {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_YAML_BYTES) {
    throw new EditError('CONFIG_UNSUITABLE', `has ${bytes} bytes, more than ${MAX_YAML_BYTES} for yaml`);
  }
  const document = documentOf(yaml, text);
  const usedAnchors = document === undefined ? new Set<string>() : aliasesOf(yaml, document, text);
  const reading: Reading = { yaml, scalars, text, usedAnchors, places: new Map(), style: {} };
  const at: At = { path: [], name: '', behindIndicator: undefined, isInFlow: false, anchors: [] };
  const contents = document?.contents as Yaml.ParsedNode | null | undefined;
  const root = contents == null ? empty(reading, text.length, at) : read(reading, contents, at);
  const [unit, indentsLists] = [reading.style.unit?.is ?? 2, reading.style.indentsLists?.is ?? true];
  const placeOf = (node: JsonNode): YamlPlace => {
    const place = reading.places.get(node);
    if (place === undefined) throw new Error('a node of another text');
    return place;
  };
  return { root, style: { unit, indentsLists }, placeOf };
}

/** The anchors that they stand for. */
function aliasesOf(yaml: typeof Yaml, document: Yaml.Document.Parsed, text: string): ReadonlySet<string> {
  const [anchors, used] = [new Set<string>(), new Set<string>()];
  yaml.visit(document, {
    Value: (_, { anchor }) => {
      if (anchor !== undefined) anchors.add(anchor);
    },
    Alias: (_, { source, range }) => {
      if (!anchors.has(source)) throw problemAt(text, range?.[0] ?? 0, 'an alias of what does not stand before it');
      used.add(source);
    },
  });
  return used;
}

function documentOf(yaml: typeof Yaml, text: string): Yaml.Document.Parsed | undefined {
  const documents = yaml.parseAllDocuments(text, {
    keepSourceTokens: true,
    prettyErrors: false,
    logLevel: 'silent',
    uniqueKeys: false, // it compares each with each: ours are looked up
  });
  if (documents.length > 1) throw impossible(`it has ${documents.length} documents, and only one can be edited`);
  const [document] = Array.isArray(documents) ? documents : [];
  for (const error of document?.errors ?? []) throw problemOf(text, error);
  return document;
}

/** The package's message may show what stands there, such as a part of a password: only its code is told. */
function problemOf(text: string, { code, pos }: Yaml.YAMLError): EditError {
  return problemAt(text, pos[0], `no YAML: ${code.toLowerCase().replaceAll('_', ' ')}`);
}

function problemAt(text: string, offset: number, problem: string): EditError {
  const before = text.slice(0, offset).split('\n');
  return notParsed(before.length, (before.at(-1) ?? '').length + 1, problem);
}

type At = Omit<YamlPlace, 'value' | 'isFlow'>;

function keep<N extends JsonNode>(reading: Reading, node: N, place: YamlPlace): N {
  reading.places.set(node, place);
  return node;
}

function empty(reading: Reading, offset: number, at: At): JsonNode {
  return keep(reading, { kind: 'scalar', start: offset, end: offset }, { ...at, value: null });
}

function read(reading: Reading, node: Yaml.ParsedNode, above: At): JsonNode {
  const { yaml, text, usedAnchors } = reading;
  const [start, valueEnd] = node.range;
  if (above.path.length > MAX_DEPTH) throw problemAt(text, start, `expected no more than ${MAX_DEPTH} levels`);
  const span = { start, end: trimmedEnd(text, start, valueEnd) };
  const anchor = yaml.isAlias(node) ? undefined : node.anchor;
  const anchors = anchor !== undefined && usedAnchors.has(anchor) ? [...above.anchors, anchor] : above.anchors;
  const at = { ...above, anchors };
  const special = (what: string) =>
    keep(reading, { kind: 'scalar', ...span }, { ...at, value: new Special(what, text.slice(start, span.end)) });
  if (yaml.isAlias(node)) return special(`an alias of ${node.source}`);
  if (node.tag !== undefined) {
    at.anchors = [...anchors, ...anchorsIn(reading, node)];
    return special(`tagged ${node.tag}`);
  }
  if (yaml.isMap(node) && node.srcToken !== undefined) return readMap(reading, node, { ...at, span });
  if (yaml.isSeq(node)) return readSeq(reading, node, { ...at, span });
  if (!yaml.isScalar(node)) return special('a name and a value in a list');
  if (node.type !== 'PLAIN') return keep(reading, { kind: 'scalar', ...span }, { ...at, value: node.value });
  const source = node.source ?? '';
  if (source === '' && above.behindIndicator !== undefined) return empty(reading, above.behindIndicator, at);
  return keep(reading, { kind: 'scalar', ...span }, { ...at, value: reading.scalars.read(source) });
}

/** What is tagged is not looked into otherwise. */
function anchorsIn({ yaml, usedAnchors }: Reading, node: Yaml.ParsedNode): string[] {
  const anchors: string[] = [];
  yaml.visit(node, {
    Value: (_, { anchor }) => {
      if (anchor !== undefined && usedAnchors.has(anchor)) anchors.push(anchor);
    },
  });
  return anchors;
}

interface Collection extends At {
  readonly span: { readonly start: number; readonly end: number };
}

function readMap(reading: Reading, map: Yaml.YAMLMap.Parsed, { span, ...at }: Collection): ObjectNode {
  const isFlow = map.flow === true;
  const names = new Set<string>();
  const members = map.items.map((pair, index): MemberNode => {
    const { start: before, key: keyToken, sep = [] } = pair.srcToken ?? { start: [] };
    const name = nameOf(reading, pair.key);
    const colon = sep.find(({ type }) => type === 'map-value-ind');
    const isSimple = name !== undefined && !before.some(({ type }) => UNUSUAL.has(type));
    const start = pair.key.range[0];
    if (name !== undefined) checkOnce(reading, names, { name, offset: start });
    const behindIndicator = isSimple && colon !== undefined ? colon.offset + 1 : undefined;
    const end = colon === undefined ? pair.key.range[1] : colon.offset + 1;
    const below: At = {
      ...at,
      path: [...at.path, index],
      name: at.name === '' ? (name ?? '?') : `${at.name}.${name ?? '?'}`,
      behindIndicator,
      isInFlow: isFlow,
    };
    const value = pair.value == null ? empty(reading, end, below) : read(reading, pair.value, below);
    noteStyle(reading, { parent: start, isFlow, value });
    // What cannot be named cannot be found.
    return {
      name: isSimple ? name : `\0${index}`,
      start: keyToken?.offset ?? start,
      value,
      end: Math.max(end, value.end),
    };
  });
  return keep(reading, { kind: 'object', ...span, members }, { ...at, isFlow });
}

/** An explicit key, or one with an anchor or a tag. */
const UNUSUAL: ReadonlySet<string> = new Set(['explicit-key-ind', 'anchor', 'tag']);

function nameOf({ yaml }: Reading, key: Yaml.ParsedNode): string | undefined {
  if (!yaml.isScalar(key) || key.tag !== undefined) return undefined;
  return key.type === 'PLAIN' ? (key.source ?? '') : String(key.value);
}

function checkOnce(reading: Reading, names: Set<string>, { name, offset }: { name: string; offset: number }): void {
  if (!names.has(name)) return void names.add(name);
  throw problemAt(
    reading.text,
    offset,
    `expected each name once, and ${JSON.stringify(name.slice(0, 60))} is there already`,
  );
}

function readSeq(reading: Reading, seq: Yaml.YAMLSeq.Parsed, { span, ...at }: Collection): ArrayNode {
  const isFlow = seq.flow === true;
  const token = seq.srcToken;
  const dashes = token?.type !== 'block-seq' ? [] : token.items.flatMap(({ start }) => start.filter(isDash));
  const items = seq.items.map((item, index) => {
    const dash = dashes[index];
    const below: At = {
      ...at,
      path: [...at.path, index],
      name: `${at.name}[${index}]`,
      behindIndicator: dash === undefined ? undefined : dash.offset + 1,
      isInFlow: isFlow,
    };
    return read(reading, item as Yaml.ParsedNode, below);
  });
  return keep(reading, { kind: 'array', ...span, items }, { ...at, isFlow });
}

function isDash({ type }: Yaml.CST.SourceToken): boolean {
  return type === 'seq-item-ind';
}

/** As the first nested ones have it; inner ones come before outer ones here. */
function noteStyle(
  { text, style, places }: Reading,
  { parent, isFlow, value }: { readonly parent: number; readonly isFlow: boolean; readonly value: JsonNode },
): void {
  if (isFlow || value.kind === 'scalar' || places.get(value)?.isFlow !== false) return;
  const deeper = columnOf(text, value.start) - columnOf(text, parent);
  if (value.kind === 'array') style.indentsLists = firstOf(style.indentsLists, { offset: parent, is: deeper > 0 });
  else if (deeper > 0) style.unit = firstOf(style.unit, { offset: parent, is: deeper });
}

function firstOf<T>(known: Seen<T> | undefined, seen: Seen<T>): Seen<T> {
  return known === undefined || seen.offset < known.offset ? seen : known;
}

/** In UTF-16 code units from the beginning of the line, from 0. */
export function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}

function trimmedEnd(text: string, start: number, end: number): number {
  let trimmed = end;
  while (trimmed > start && /[\r\n]/.test(text[trimmed - 1] ?? '')) trimmed--;
  return trimmed;
}
