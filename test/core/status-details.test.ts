import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitStatusDetails, fitValueEnd, fitValueStart } from '../../agent/core/status-details.ts';
import { checkProperty } from '../fixtures/check-property.ts';

describe('pairs', () => {
  test('the first ten keys stay, in their order', () => {
    const pairs = Array.from({ length: 12 }, (_, n): [string, string] => [`key-${n}`, `${n}`]);
    expect(Object.keys(fitStatusDetails(pairs))).toEqual(pairs.slice(0, 10).map(([key]) => key));
  });

  test('a key that comes again changes nothing, but where nothing is left of the first', () => {
    const eleven = Array.from({ length: 11 }, (_, n): [string, string] => [`k${n}`, 'first']);
    const details = fitStatusDetails([['k3', ' '], ...eleven, ['k3', 'again'], ['k10', 'too late']]);
    expect(Object.entries(details)[3]).toEqual(['k3', 'first']);
    expect(details).not.toHaveProperty('k10');
  });

  test('keys are cleaned, cut, or dropped with their value', () => {
    const details = fitStatusDetails([
      ['exit code/1.0é', 'a'],
      ['k'.repeat(200), 'b'],
      ['', 'c'],
      ['empty', ''],
      ['blank', ' \n\t '],
    ]);
    expect(details).toEqual({ exit_code_1_0_: 'a', ['k'.repeat(128)]: 'b' });
  });

  test('a later empty value leaves the earlier one', () => {
    expect(
      fitStatusDetails([
        ['a', '1'],
        ['a', ''],
      ]),
    ).toEqual({ a: '1' });
  });

  test('__proto__ is a key like any other', () => {
    const details = fitStatusDetails([['__proto__', 'x']]);
    expect(Object.entries(details)).toEqual([['__proto__', 'x']]);
    expect(Object.getPrototypeOf(details)).toBe(Object.prototype);
  });

  test('any pairs become what AWS accepts', () => {
    checkProperty(
      fc.property(fc.array(fc.tuple(anyText(), anyText()), { maxLength: 30 }), (pairs) => {
        const entries = Object.entries(fitStatusDetails(pairs));
        expect(entries.length).toBeLessThanOrEqual(10);
        for (const [key, value] of entries) {
          expect(key).toMatch(/^[a-zA-Z0-9:_-]{1,128}$/);
          expectAcceptable(value);
        }
      }),
    );
  });
});

describe('values', () => {
  const texts: [string, string][] = [
    ['  plain text ', 'plain text'],
    ['line one\r\nline two\ttab', 'line one line two tab'],
    ['\u001b[31mred\u001b[0m', '[31mred [0m'],
    ['byte\uFEFForder', 'byte order'],
    ['lone \uD83D surrogate', 'lone   surrogate'],
    ['whole \u{1F600} pair', 'whole \u{1F600} pair'],
    ['\n\n', ''],
    ['', ''],
  ];

  test.each(texts)('%j becomes %j', (text, value) => {
    expect(fitValueStart(text)).toBe(value);
    expect(fitValueEnd(text)).toBe(value);
  });

  test('reasons keep their beginning, output its end', () => {
    const text = `first${'.'.repeat(2_000)}last`;
    expect(fitValueStart(text)).toBe(`first${'.'.repeat(1_019)}`);
    expect(fitValueEnd(text)).toBe(`${'.'.repeat(1_020)}last`);
  });

  test('no cut splits a code point', () => {
    const smiles = '\u{1F600}'.repeat(1_000);
    expect(fitValueStart(`a${smiles}`)).toBe(`a${'\u{1F600}'.repeat(511)}`);
    expect(fitValueEnd(`${smiles}a`)).toBe(`${'\u{1F600}'.repeat(511)}a`);
    expect(fitValueStart(smiles)).toBe('\u{1F600}'.repeat(512));
    expect(fitValueEnd(smiles)).toBe('\u{1F600}'.repeat(512));
  });

  test('a cut at a space leaves none behind', () => {
    expect(fitValueStart(`${'a'.repeat(1_023)} b`)).toBe('a'.repeat(1_023));
    expect(fitValueEnd(`b ${'a'.repeat(1_023)}`)).toBe('a'.repeat(1_023));
  });

  test('ten megabytes of output are one value', () => {
    expect(fitValueEnd('line\n'.repeat(2_000_000))).toHaveLength(1_024);
  });

  test('any text becomes what AWS accepts, or nothing', () => {
    checkProperty(
      fc.property(anyText(), (text) => {
        for (const value of [fitValueStart(text), fitValueEnd(text)]) if (value !== '') expectAcceptable(value);
      }),
    );
  });

  test('fitting twice changes nothing', () => {
    checkProperty(
      fc.property(anyText(), (text) => {
        expect(fitValueStart(fitValueStart(text))).toBe(fitValueStart(text));
        expect(fitValueEnd(fitValueEnd(text))).toBe(fitValueEnd(text));
      }),
    );
  });
});

function expectAcceptable(value: string): void {
  expect(value).toMatch(/^[^\p{C}]+$/u);
  expect(value.length).toBeLessThanOrEqual(1_024);
  expect(value).toBe(value.trim());
}

/** Any UTF-16 units, lone surrogates and controls among them, often long enough to be cut in the middle of a pair. */
function anyText(): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    fc.constantFrom(' ', '\n', '\u{1F600}', '\uD83D', '\uDE00'),
    fc.integer({ min: 1_000, max: 1_100 }).map((length) => '\u{1F600}a '.repeat(length).slice(0, length)),
    fc.integer({ min: 8_190, max: 8_195 }).map((length) => '\u{1F600}'.repeat(length / 2)),
  );
  return fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
}
