import { describe, expect, test } from 'vitest';
import { describeMistyped, describeValue, quote, shorten } from '../../agent/core/describe-value.ts';

test('every type has a name', () => {
  expect([undefined, null, true, 1.5, 'a', [], [1], {}].map(describeValue)).toEqual([
    'nothing',
    'null',
    'the boolean true',
    'the number 1.5',
    'the string "a"',
    'an empty array',
    'an array',
    'an object',
  ]);
});

test('60 characters are shown and no more', () => {
  expect(shorten('a'.repeat(60))).toBe('a'.repeat(60));
  expect(shorten('a'.repeat(61))).toBe(`${'a'.repeat(59)}…`);
  expect(shorten('\u{1F600}'.repeat(1_000))).toBe(`${'\u{1F600}'.repeat(59)}…`);
});

test('what would break a line is escaped', () => {
  expect(quote('a"b\n\u0000\uD800')).toBe(String.raw`"a\"b\n\u0000\ud800"`);
});

describe('secrets are cut out', () => {
  test.each([
    ['https://host/file?X-Amz-Signature=secret', '"https://host/file…"'],
    ['download?token=secret\nand more', '"download…"'],
    ['https://user:secret@host/file', '"https://…@host/file"'],
    ['mqtts://user:secret@host/a@b', '"mqtts://…@host/a@b"'],
    [`https://user:${'s'.repeat(500)}@host/file`, '"https://…@host/file"'],
  ])('%s', (text, quoted) => {
    expect(quote(text)).toBe(quoted);
  });
});

test('of a mistyped string only its length is told', () => {
  expect(describeMistyped('mysql -u root -pcanary')).toBe('a string of length 22');
  expect(describeMistyped('')).toBe('an empty string');
  expect(describeMistyped(7)).toBe('the number 7');
});
