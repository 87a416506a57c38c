/**
 * Objects that refer to each other, as JSON and back: every object is a node of a list, and refers to others by their
 * place in it. What is shared is shared again, circles are circles again, and the order of maps, sets and lists is kept.
 * A field that somebody adds to the state comes along by itself; what could not come back is refused when it is written.
 */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { hasText, textOf, withText } from '../jobs-service/encode-message.ts';

/** What is not in the file, because each start gives it: by name. */
export type GivenValues = Readonly<Record<string, unknown>>;

/** A class whose objects are made anew from what they hold. */
export interface KeptClass {
  readonly name: string;
  is(value: object): boolean;
  /** What it holds, in an order that makes the same object. */
  parts(value: object): readonly unknown[];
  make(): object;
  /** Called when everything else is complete. */
  fill(value: object, parts: readonly unknown[]): void;
}

export interface GraphOptions {
  readonly given: GivenValues;
  readonly classes: readonly KeptClass[];
}

/** The first node is the root. */
export type Graph = readonly JsonObject[];

export class InvalidGraph extends Error {
  override readonly name = 'InvalidGraph';
}

/** @throws TypeError when something in it could not come back, as a function. */
export function encodeGraph(root: object, options: GraphOptions): Graph {
  const names = new Map(Object.entries(options.given).map(([name, value]) => [value, name]));
  const found: object[] = [root];
  const places = new Map<object, number>([[root, 0]]);
  const encode = (value: unknown): JsonValue => {
    const name = names.get(value);
    if (name !== undefined && value !== undefined) return { given: name };
    if (typeof value !== 'object' || value === null) return encodePrimitive(value);
    const place = places.get(value) ?? found.push(value) - 1;
    places.set(value, place);
    return { ref: place };
  };
  const nodes: JsonObject[] = [];
  // What is found on the way is appended: the loop ends when everything was seen. No recursion, however long a chain is.
  for (const value of found) nodes.push(encodeNode(value, encode, options.classes));
  return nodes;
}

function encodeNode(value: object, encode: (part: unknown) => JsonValue, classes: readonly KeptClass[]): JsonObject {
  if (hasText(value)) return { document: textOf(value as JsonObject) };
  if (Array.isArray(value)) return { list: value.map(encode) };
  if (value instanceof Map) return { map: [...value].map(([key, held]) => [encode(key), encode(held)]) };
  if (value instanceof Set) return { set: [...value].map(encode) };
  const kept = classes.find((one) => one.is(value));
  if (kept) return { class: kept.name, parts: kept.parts(value).map(encode) };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`a ${value.constructor.name} in the state cannot be kept`);
  }
  return { object: Object.fromEntries(Object.entries(value).map(([name, held]) => [name, encode(held)])) };
}

/** JSON has no undefined, and not every number. */
function encodePrimitive(value: unknown): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (value === undefined) return { undefined: true };
  if (typeof value !== 'number') throw new TypeError(`a ${typeof value} in the state cannot be kept`);
  return Number.isFinite(value) && !Object.is(value, -0) ? value : { number: Object.is(value, -0) ? '-0' : `${value}` };
}

/** @throws InvalidGraph when `graph` is none that `encodeGraph` made. */
export function decodeGraph(graph: readonly JsonValue[], options: GraphOptions): object {
  const shells = graph.map((node) => emptyShell(node, options.classes));
  const decode = (value: JsonValue | undefined): unknown => {
    if (!isJsonObject(value)) {
      if (value === undefined || Array.isArray(value)) throw new InvalidGraph('a value is missing');
      return value;
    }
    if (typeof value.ref === 'number') {
      const shell = shells[value.ref];
      if (shell === undefined) throw new InvalidGraph(`there is no node ${value.ref}`);
      return shell;
    }
    if (typeof value.given === 'string' && Object.hasOwn(options.given, value.given)) return options.given[value.given];
    if (typeof value.number === 'string') return Number(value.number);
    if (value.undefined === true) return undefined;
    throw new InvalidGraph(`a value is of no known kind: ${Object.keys(value).join(', ')}`);
  };
  const late: (() => void)[] = [];
  for (const [place, node] of graph.entries()) {
    const shell = shells[place];
    if (shell === undefined || !isJsonObject(node)) continue;
    const kept = options.classes.find(({ name }) => name === node.class);
    if (kept) late.push(() => kept.fill(shell, listOf(node.parts).map(decode)));
    else fillShell(shell, node, decode);
  }
  for (const fill of late) fill();
  const [root] = shells;
  if (root === undefined) throw new InvalidGraph('there is no node at all');
  return root;
}

/** Every object is there before the first refers to another. */
function emptyShell(node: JsonValue, classes: readonly KeptClass[]): object {
  if (isJsonObject(node)) {
    if (node.object !== undefined) return {};
    if (node.list !== undefined) return [];
    if (node.map !== undefined) return new Map();
    if (node.set !== undefined) return new Set();
    if (typeof node.document === 'string') return documentOf(node.document);
    const kept = classes.find(({ name }) => name === node.class);
    if (kept) return kept.make();
  }
  throw new InvalidGraph('a node is of no known kind');
}

function documentOf(text: string): object {
  const document: unknown = JSON.parse(text);
  if (!isJsonObject(document)) throw new InvalidGraph('a document is no JSON object');
  return withText(document, text);
}

function fillShell(shell: object, node: JsonObject, decode: (value: JsonValue | undefined) => unknown): void {
  if (Array.isArray(shell)) for (const value of listOf(node.list)) shell.push(decode(value));
  else if (shell instanceof Set) for (const value of listOf(node.set)) shell.add(decode(value));
  else if (shell instanceof Map) {
    for (const entry of listOf(node.map)) {
      const [key, value] = listOf(entry);
      shell.set(decode(key), decode(value));
    }
  } else if (isJsonObject(node.object)) {
    for (const [name, value] of Object.entries(node.object)) {
      // By definition, not assignment: a member called __proto__ is a member.
      Object.defineProperty(shell, name, {
        value: decode(value),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  }
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  if (Array.isArray(value)) return value;
  throw new InvalidGraph('a list was expected');
}
