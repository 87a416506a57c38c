import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonValue } from '../../../agent/core/json.ts';
import { encodeMessage, withText } from '../../../local-cloud/jobs-service/encode-message.ts';
import { decodeGraph, encodeGraph, InvalidGraph } from '../../../local-cloud/persist/state-graph.ts';

const OPTIONS = { given: {}, classes: [] };

/** Through JSON text, as the file does it. */
function throughText(root: object, given: Record<string, unknown> = {}): object {
  const text = JSON.stringify(encodeGraph(root, { given, classes: [] }));
  return decodeGraph(JSON.parse(text) as JsonValue[], { given, classes: [] });
}

test('whatever plain data, maps and sets there are, they come back deeply equal', () => {
  const { root } = fc.letrec((tie) => ({
    root: fc.oneof(
      { depthSize: 'small' },
      fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constantFrom(null, undefined, -0, Infinity)),
      fc.array(tie('root'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('root'), { maxKeys: 4 }),
      fc.array(fc.tuple(fc.string(), tie('root')), { maxLength: 4 }).map((entries) => new Map(entries)),
      fc.array(tie('root'), { maxLength: 4 }).map((members) => new Set(members)),
    ),
  }));
  fc.assert(
    fc.property(root, (held) => {
      expect(throughText({ held })).toStrictEqual({ held: plain(held) });
    }),
  );
});

/** fast-check makes objects without a prototype too; they come back as ordinary ones. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return new Map([...value].map(([key, held]) => [key, plain(held)]));
  if (value instanceof Set) return new Set([...value].map(plain));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, plain(held)]));
}

test('what is shared is shared again, and circles are circles', () => {
  const thing: Record<string, unknown> = { name: 'gw-1' };
  const execution = { thing };
  thing.pending = [execution];
  const back = throughText({ byName: new Map([['a', execution]]), all: new Set([execution]) }) as {
    byName: Map<string, { thing: { pending: unknown[] } }>;
    all: Set<unknown>;
  };
  const found = back.byName.get('a');
  expect(found?.thing.pending[0]).toBe(found);
  expect([...back.all][0]).toBe(found);
});

test('the order of maps, sets and lists is kept', () => {
  const back = throughText({ map: new Map([['b', 1], ['a', 2]]), set: new Set(['z', 'y']), list: [3, 1, 2] }); // biome-ignore format: one line
  expect(back).toEqual({ map: new Map([['b', 1], ['a', 2]]), set: new Set(['z', 'y']), list: [3, 1, 2] }); // biome-ignore format: one line
  expect(JSON.stringify(Object.values(back).map((held) => [...held]))).toBe('[[["b",1],["a",2]],["z","y"],[3,1,2]]');
});

test('a document goes out as its own text again', () => {
  const text = `{ "a" : 1.0, "a": ${'['.repeat(20_000)}${']'.repeat(20_000)} }`;
  const back = throughText({ jobDocument: withText(JSON.parse(text), text) });
  expect(encodeMessage(back as { jobDocument: { a: number } })).toBe(`{"jobDocument":${text}}`);
});

test('a chain of a hundred thousand comes back', () => {
  let chain: { next: unknown } = { next: null };
  for (let length = 1; length < 100_000; length++) chain = { next: chain };
  let length = 0;
  for (let at: unknown = throughText(chain); at !== null; at = (at as { next: unknown }).next) length++;
  expect(length).toBe(100_000);
});

test('a member called __proto__ is a member', () => {
  const held = JSON.parse('{"__proto__":{"x":1}}');
  const back = throughText(held);
  expect(Object.keys(back)).toEqual(['__proto__']);
  expect((back as { x?: number }).x).toBeUndefined();
});

test('what each start gives is not written, and is that start’s', () => {
  const nodes = encodeGraph({ sign: parseInt }, { given: { sign: parseInt }, classes: [] });
  expect(nodes).toEqual([{ object: { sign: { given: 'sign' } } }]);
  expect(decodeGraph(nodes, { given: { sign: parseFloat }, classes: [] })).toEqual({ sign: parseFloat });
});

test.each([
  ['a function', () => undefined],
  ['a Date', new Date(0)],
  ['a symbol', Symbol('x')],
  ['a bigint', 1n],
])('%s is refused when it is written', (_what, held) => {
  expect(() => encodeGraph({ held }, OPTIONS)).toThrow(TypeError);
});

test.each([
  ['no node', []],
  ['a node that is none', [1]],
  ['a node of no known kind', [{ heap: [] }]],
  ['a reference into nothing', [{ list: [{ ref: 1 }] }]],
  ['a reference before the first', [{ list: [{ ref: -1 }] }]],
  ['a setting that nobody gives', [{ list: [{ given: 'toString' }] }]],
  ['a value of no known kind', [{ list: [{ date: 1 }] }]],
  ['an entry that is no pair', [{ map: [1] }]],
  ['a list where none is', [{ set: 'abc' }]],
  ['a document that is a list', [{ document: '[]' }]],
])('%s is refused when it is read', (_what, nodes) => {
  expect(() => decodeGraph(nodes, OPTIONS)).toThrow(InvalidGraph);
});
