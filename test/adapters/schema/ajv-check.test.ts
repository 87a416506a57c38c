import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';
import { createAjvCompiler } from '../../../agent/adapters/schema/ajv-check.ts';

const check = createAjvCompiler()(
  Type.Object(
    {
      name: Type.String({ pattern: '^[a-z]+$', expected: 'small letters', maxLength: 5 }),
      secret: Type.Optional(Type.String({ pattern: '^x', expected: 'a secret', writeOnly: true })),
      count: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })),
      list: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 2 })),
      choice: Type.Optional(Type.Union([Type.Literal('a'), Type.Literal('b')])),
      deep: Type.Optional(Type.Object({ 'a/b': Type.Boolean() }, { additionalProperties: false })),
    },
    { additionalProperties: false },
  ),
);

test('a value that fits has no problem', () => {
  expect(check({ name: 'a', count: 3, list: ['x'], choice: 'b', deep: { 'a/b': true } })).toBeUndefined();
});

test.each([
  [[], '', 'expected an object, got an empty array'],
  ['x', '', 'expected an object, got a string of length 1'],
  [{}, '/name', 'is required, and missing'],
  [{ name: 'A' }, '/name', 'expected small letters, got the string "A"'],
  [{ name: 'abcdefg' }, '/name', 'expected a length of at most 5, got a string of length 7'],
  [{ name: 'a', secret: 'hidden' }, '/secret', 'expected a secret, got a string of length 6'],
  [{ name: 'a', count: '3' }, '/count', 'expected an integer, got a string of length 1'],
  [{ name: 'a', count: 0 }, '/count', 'expected at least 1, got the number 0'],
  [{ name: 'a', count: 1.5 }, '/count', 'expected an integer, got the number 1.5'],
  [{ name: 'a', list: [] }, '/list', 'expected a number of entries of at least 1, got an empty array'],
  [{ name: 'a', list: ['a', 'b', 'c'] }, '/list', 'expected a number of entries of at most 2, got an array of 3'],
  [{ name: 'a', list: [null] }, '/list/0', 'expected a string, got null'],
  [{ name: 'a', nmae: 1 }, '/nmae', 'is not known; did you mean name?'],
  [{ name: 'a', deep: {} }, '/deep/a~1b', 'is required, and missing'],
  [{ nmae: 'a' }, '/nmae', 'is not known; did you mean name?'],
  [{ name: 'a', deep: { 'a/c': 1 } }, '/deep/a~1c', 'is not known; did you mean a/b?'],
  [{ name: 'A', extra: 1 }, '/extra', 'is not known; known here: name, secret, count, list, choice, deep'],
  [{ extra: 1, choice: 'c' }, '/extra', 'is not known; known here: name, secret, count, list, choice, deep'],
  [{ name: 'a', deep: { 'a/b': true, 'q/~': 1 } }, '/deep/q~1~0', 'is not known; known here: a/b'],
])('%j has its problem at %j', (value, pointer, reason) => {
  expect(check(value)).toEqual({ pointer, reason });
});

test('a union says what it wanted', () => {
  expect(check({ name: 'a', choice: 'c' })).toEqual({
    pointer: '/choice',
    reason: 'expected one of "a", "b", got the string "c"',
  });
});

test('a member of the prototype is not known', () => {
  expect(check(JSON.parse('{"name":"a","__proto__":1}'))?.reason).toContain('is not known');
});

describe('a schema from a file', () => {
  const compile = createAjvCompiler();
  const of = (property: object, more: object = {}) =>
    compile({ type: 'object', additionalProperties: false, properties: { a: property }, ...more }, 'file');

  test('is checked like one of ours', () => {
    expect(of({ type: 'string' })({ a: 1 })).toEqual({ pointer: '/a', reason: 'expected a string, got the number 1' });
    expect(of({ type: 'string' })({ a: 'x' })).toBeUndefined();
  });

  test.each<[object, string]>([
    [{ type: 'strin' }, '/properties/a/type expected one of "array"'],
    [{ type: 'string', minLenght: 3 }, 'unknown keyword: "minLenght"'],
    [{ type: 'string', pattern: '(' }, 'Unterminated group'],
    [{ type: 'string', format: 'email' }, 'unknown format "email"'],
    [{ $ref: '#/definitions/none' }, "can't resolve reference #/definitions/none"],
    [{ $ref: 'https://a.example/schema' }, "can't resolve reference https://a.example/schema"],
    [{ type: 'string', $async: true }, 'async schema'],
  ])('%j is refused with what is wrong', (property, message) => {
    expect(() => of(property)).toThrow(message);
  });

  test('may have the name of another', () => {
    for (const type of ['string', 'integer']) expect(() => of({ type }, { $id: 'mine' })).not.toThrow();
  });

  test('of branches says where it did not fit', () => {
    const either = of({ anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] });
    expect(either({ a: 1 })).toEqual({
      pointer: '/a',
      reason: 'expected a string or an array, got the number 1',
    });
  });

  test('that doubles its work forty times over does not hold the process', () => {
    const definitions: Record<string, object> = { d40: { type: 'string' } };
    for (let depth = 0; depth < 40; depth++) {
      const next = { $ref: `#/definitions/d${depth + 1}` };
      definitions[`d${depth}`] = { allOf: [next, next] };
    }
    const check = of({ $ref: '#/definitions/d0' }, { definitions });
    expect(check({ a: 'x' })?.reason).toContain('takes longer than 500 ms');
  });
});

describe('a union of more than values', () => {
  const journal = Type.Object(
    { kind: Type.Literal('journal'), unit: Type.String({ pattern: '^[a-z]+$', expected: 'a unit' }) },
    { additionalProperties: false },
  );
  const file = Type.Object(
    { kind: Type.Literal('file'), path: Type.String(), lines: Type.Optional(Type.Integer({ minimum: 1 })) },
    { additionalProperties: false },
  );
  const schema = Type.Object({
    source: Type.Optional(Type.Union([journal, file])),
    sources: Type.Optional(Type.Array(Type.Union([Type.String({ maxLength: 3 }), file]))),
    limit: Type.Optional(Type.Union([Type.Literal('none'), Type.Integer({ minimum: 1 })])),
    when: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())], { expected: 'a time, or several' })),
    form: Type.Optional(Type.Union([Type.Object({ a: Type.String() }), Type.Object({ b: Type.String() })])),
  });
  const problemOf = createAjvCompiler()(schema);

  test.each([
    [{ source: { kind: 'journal', unit: 'a' }, sources: ['abc', { kind: 'file', path: '' }], limit: 'none' }],
    [{ limit: 1, when: [], form: { b: '' } }],
  ])('%j fits', (value) => {
    expect(problemOf(value)).toBeUndefined();
  });

  test.each([
    [{ source: { kind: 'journal', unit: 'A' } }, '/source/unit', 'expected a unit, got the string "A"'],
    [{ source: { kind: 'file', path: 'a', lines: 0 } }, '/source/lines', 'expected at least 1, got the number 0'],
    [{ source: { kind: 'file' } }, '/source/path', 'is required, and missing'],
    [{ source: { kind: 'file', pth: 'a' } }, '/source/pth', 'is not known; did you mean path?'],
    [
      { source: { kind: 'fiel', path: 'a' } },
      '/source/kind',
      'expected one of "journal", "file", got the string "fiel"',
    ],
    [{ source: { path: 'a' } }, '/source/kind', 'is required, and missing; expected one of "journal", "file"'],
    [{ source: 'a' }, '/source', 'expected an object, got a string of length 1'],
    [{ source: null }, '/source', 'expected an object, got null'],
    [{ sources: ['abcd'] }, '/sources/0', 'expected a length of at most 3, got a string of length 4'],
    [{ sources: ['a', { kind: 'x' }] }, '/sources/1/kind', 'expected "file", got the string "x"'],
    [{ sources: [5] }, '/sources/0', 'expected a string or an object, got the number 5'],
    [{ limit: 0 }, '/limit', 'expected at least 1, got the number 0'],
    [{ limit: 1.5 }, '/limit', 'expected an integer, got the number 1.5'],
    [{ limit: 'some' }, '/limit', 'expected "none" or an integer, got a string of length 4'],
    [{ when: 5 }, '/when', 'expected a time, or several, got the number 5'],
    [{ when: [5] }, '/when/0', 'expected a string, got the number 5'],
    [{ form: { b: 1, c: 1 } }, '/form/b', 'expected a string, got the number 1'],
    [{ form: { a: 1 } }, '/form/a', 'expected a string, got the number 1'],
  ])('%j has its problem at %j', (value, pointer, reason) => {
    expect(problemOf(value)).toEqual({ pointer, reason });
  });
});

test.each([
  [Type.Array(Type.String(), { uniqueItems: true }), ['a', 'b', 'a'], '/2', 'is there twice: entry 0 is the same'],
  [Type.Literal('a'), 'b', '', 'expected "a", got the string "b"'],
  [Type.String({ pattern: '^a' }), 'b', '', 'expected text that matches ^a, got the string "b"'],
  [Type.Tuple([Type.String()]), [], '', 'expected a number of entries of at least 1, got an empty array'],
  [Type.Tuple([Type.String()]), ['a', 'b'], '', 'expected a number of entries of at most 1, got an array of 2'],
  [Type.Integer({ multipleOf: 5 }), 3, '', 'expected a multiple of 5, got the number 3'],
  [Type.Number({ exclusiveMinimum: 0 }), 0, '', 'expected more than 0, got the number 0'],
  [
    Type.Object({}, { maxProperties: 1 }),
    { a: 1, b: 2 },
    '',
    'expected a number of members of at most 1, got an object',
  ],
  [
    { type: 'object', patternProperties: { '^[a-z]$': {} }, additionalProperties: false },
    { A: 1 },
    '/A',
    'is not known; known here: what matches ^[a-z]$',
  ],
  [
    { type: 'object', propertyNames: { pattern: '^[a-z]$', expected: 'one small letter' } },
    { A: 1 },
    '/A',
    'is no name for a member here; expected one small letter',
  ],
  [
    { type: 'object', properties: { a: {}, b: {} }, dependencies: { a: ['b'] } },
    { a: 1 },
    '/b',
    'is required beside a, and missing',
  ],
  [
    { type: 'string', oneOf: [{ minLength: 1 }, { maxLength: 5 }] },
    'abc',
    '',
    'fits more than one of the forms that the schema allows',
  ],
  [
    { definitions: { a: { type: 'string' } }, anyOf: [{ $ref: '#/definitions/a' }] },
    1,
    '',
    'expected one of the forms that the schema allows, got the number 1',
  ],
])('the schema %j tells of %j', (schema, value, pointer, reason) => {
  expect(createAjvCompiler()(schema, 'file')(value)).toEqual({ pointer, reason });
});
