import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createOutputTail } from '../../../agent/adapters/process/output-tail.ts';

test('the tail is the end of what was pushed', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary-ascii' })), fc.integer({ min: 0, max: 40 }), (chunks, capacity) => {
      const tail = createOutputTail(capacity);
      for (const chunk of chunks) tail.push(Buffer.from(chunk));
      const all = chunks.join('');
      expect(tail.text()).toBe(capacity === 0 ? '' : all.slice(-capacity));
      expect(tail.bytes()).toBe(all.length);
      expect(tail.lines()).toBe(all === '' ? 0 : all.replace(/\n$/, '').split('\n').length);
    }),
  );
});

test('a character cut at the front is left out', () => {
  for (const [capacity, expected] of [
    [7, 'ß😀!'],
    [6, '😀!'],
    [5, '😀!'],
    [4, '!'],
    [2, '!'],
    [1, '!'],
  ] as const) {
    const tail = createOutputTail(capacity);
    tail.push(Buffer.from('ß😀!'));
    expect(tail.text()).toBe(expected);
  }
});

test('a character cut between two chunks is whole', () => {
  const tail = createOutputTail(100);
  for (const byte of Buffer.from('a😀b')) tail.push(Uint8Array.of(byte));
  expect(tail.text()).toBe('a😀b');
});

test('bytes that are no UTF-8 are replaced', () => {
  const tail = createOutputTail(100);
  tail.push(Uint8Array.of(0xff, 0x41, 0xc3));
  expect(tail.text()).toBe('\ufffdA\ufffd');
});
