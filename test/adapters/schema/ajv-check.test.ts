import { Type } from 'typebox';
import { expect, test } from 'vitest';
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
