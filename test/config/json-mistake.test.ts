import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findJsonMistake } from '../../agent/config/json-mistake.ts';

describe('findJsonMistake', () => {
  test('whatever JSON.stringify makes is no mistake', () => {
    fc.assert(fc.property(fc.json(), (text) => findJsonMistake(text) === undefined));
  });

  test('it agrees with JSON.parse on any text', () => {
    const pieces = fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ':',
        ',',
        '"a"',
        '"\\u00e9"',
        '"',
        '\\',
        '0',
        '-1.5e3',
        '01',
        '1.',
        'true',
        'nul',
        'null',
      ],
      ...[' ', '\n', '\t', '\u00a0', '//', "'a'", '\u0001', '"\t"', '"\u007f"', 'NaN', '+1', '\uFEFF'],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const text = parts.join('');
        expect(findJsonMistake(text) === undefined, text).toBe(isJson(text));
      }),
      { numRuns: 5000 },
    );
  });

  const mistakes: [text: string, place: string, expected: string, found: string][] = [
    ['{"a": 1,}', '1:9', 'a name in double quotes (no comma may stand before })', '}'],
    ['{"a": 1,\n "b" 2}', '2:6', 'a colon', '2'],
    ['{\r\n  // why\r\n}', '2:3', 'a name in double quotes or }', '/'],
    ["{'a': 1}", '1:2', 'a name in double quotes or }', "'"],
    ['{"a": yes}', '1:7', 'a value (text in double quotes, a number, true, false, null, { or [)', 'yes'],
    ['[1 2]', '1:4', 'a comma or ]', '2'],
    ['[1', '1:3', 'a comma or ]', 'the end of the file'],
    ['{"a": "b\n"}', '1:7', 'a value (text in double quotes, a number, true, false, null, { or [)', '"b'],
    ['{} {}', '1:4', 'nothing after the closing }', '{'],
    ['[,1]', '1:2', 'a value or ]', ','],
  ];
  for (const [text, place, expected, found] of mistakes) {
    test(`${JSON.stringify(text)} is wrong at ${place}`, () => {
      const mistake = findJsonMistake(text);
      expect(`${mistake?.line}:${mistake?.column}`).toBe(place);
      expect(mistake).toMatchObject({ expected, found });
    });
  }

  test('a megabyte on one line is walked once', () => {
    expect(findJsonMistake(`[${'1,'.repeat(500_000)}1`)).toMatchObject({ line: 1, column: 1_000_003 });
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
