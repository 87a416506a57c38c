import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseByteRange } from '../../../local-cloud/artifacts/byte-range.ts';

test.each([
  ['bytes=0-0', 10, { start: 0, end: 0 }],
  ['bytes=2-5', 10, { start: 2, end: 5 }],
  ['bytes=2-', 10, { start: 2, end: 9 }],
  ['bytes=8-99', 10, { start: 8, end: 9 }],
  ['bytes=-3', 10, { start: 7, end: 9 }],
  ['bytes=-99', 10, { start: 0, end: 9 }],
  ['bytes=10-', 10, 'unsatisfiable'],
  [`bytes=${'9'.repeat(20)}-`, 10, 'unsatisfiable'],
  [`bytes=${'9'.repeat(400)}-${'9'.repeat(401)}`, 10, 'unsatisfiable'],
  [`bytes=2-${'9'.repeat(400)}`, 10, { start: 2, end: 9 }],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-5', 0, 'unsatisfiable'],
  ['bytes=5-2', 10, undefined],
  ['bytes=-', 10, undefined],
  ['bytes=0-1,3-4', 10, undefined],
  ['lines=0-1', 10, undefined],
  ['bytes=0x1-2', 10, undefined],
  [undefined, 10, undefined],
] as const)('%s of %i bytes is %j', (header, size, range) => {
  expect(parseByteRange(header, size)).toEqual(range);
});

test('a range that is given lies in the file and holds a byte', () => {
  const part = fc.oneof(fc.constant(''), fc.nat().map(String));
  fc.assert(
    fc.property(part, part, fc.nat({ max: 100 }), (first, last, size) => {
      const range = parseByteRange(`bytes=${first}-${last}`, size);
      if (typeof range !== 'object') return;
      expect(range.start).toBeGreaterThanOrEqual(0);
      expect(range.end).toBeGreaterThanOrEqual(range.start);
      expect(range.end).toBeLessThan(size);
    }),
    { numRuns: 2000 },
  );
});
