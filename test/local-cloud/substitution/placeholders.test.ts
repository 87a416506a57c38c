import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  parameterNames,
  parsePlaceholders,
  sourceOf,
  substituteParameters,
} from '../../../local-cloud/substitution/placeholders.ts';

describe('taking a string apart', () => {
  test('text before, in and after a placeholder is told apart', () => {
    expect(parsePlaceholders('a${b}c')).toEqual(['a', { content: ['b'] }, 'c']);
  });

  test('placeholders nest', () => {
    expect(parsePlaceholders('${a${b}c}')).toEqual([{ content: ['a', { content: ['b'] }, 'c'] }]);
  });

  test('a brace that closes nothing, and a dollar before none, are text', () => {
    expect(parsePlaceholders('$a}{$')).toEqual(['$a}{$']);
  });

  test.each(['${', '${a', 'a${b${c}'])('%s is not terminated', (text) => {
    expect(() => parsePlaceholders(text)).toThrow(
      expect.objectContaining({
        name: 'InvalidJobDocumentException',
        message: 'One or more parameters or placeholders are not terminated.',
      }),
    );
  });

  test('nesting without end is refused, and not followed', () => {
    expect(() => parsePlaceholders('${'.repeat(16_000))).toThrow('nested more than 32 deep');
  });

  test('whatever is taken apart is put together again as it was', () => {
    const piece = fc.constantFrom('${', '}', '$', '{', 'a', '\n', '"', '\\', '😀', 'aws:iot:parameter:x');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        const parsed = attempt(() => parsePlaceholders(text));
        if (parsed) expect(sourceOf(parsed)).toBe(text);
        else expect(text).toContain('${');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parameters of a template', () => {
  test('are replaced in strings, as JSON', () => {
    const text = '{"a": "x${aws:iot:parameter:who}y", "b":1.0}';
    expect(substituteParameters(text, () => 'say "hi"\n')).toBe('{"a": "xsay \\"hi\\"\\ny", "b":1.0}');
  });

  test('are replaced inside another placeholder too', () => {
    const text = '{"a":"${aws:iot:s3-presigned-url:${aws:iot:parameter:url}}"}';
    expect(substituteParameters(text, () => 'https://x')).toBe('{"a":"${aws:iot:s3-presigned-url:https://x}"}');
  });

  test('leave everything else as it was written', () => {
    const text = '{ "n":1.0,\t"a":"\\u0041 ${HOME} ${aws:iot:s3-presigned-url:x}", "a":2 }';
    expect(substituteParameters(text, () => 'never')).toBe(text);
  });

  test('are found when the dollar is written as an escape', () => {
    expect(substituteParameters('{"a":"\\u0024{aws:iot:parameter:p}"}', () => 'v')).toBe('{"a":"v"}');
  });

  test('are each named once', () => {
    const text = '{"a":"${aws:iot:parameter:b}${aws:iot:parameter:a}","c":["${aws:iot:parameter:b}"]}';
    expect(parameterNames(text)).toEqual(['b', 'a']);
  });

  test('with any values make JSON that says the values', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, value) => {
        fc.pre(!before.includes('${') && !before.endsWith('$'));
        const text = JSON.stringify({ a: `${before}\${aws:iot:parameter:p}` });
        expect(JSON.parse(substituteParameters(text, () => value))).toEqual({ a: before + value });
      }),
    );
  });
});

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
