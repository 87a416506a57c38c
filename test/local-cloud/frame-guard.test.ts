import { expect, test } from 'vitest';
import { createFrameGuard, type FrameViolation } from '../../local-cloud/broker/frame-guard.ts';
import { filterMatches } from '../../local-cloud/broker/topics.ts';

const CONNECT = Uint8Array.of(0x10, 2, 0, 0);

test.each([1, 2, 3, 7, 100_000])('eight filters pass and nine do not, in chunks of %i', (size) => {
  expect(guard([CONNECT, subscribe(8), subscribe(8), CONNECT], size)).toBeNull();
  expect(guard([CONNECT, subscribe(8), subscribe(9)], size)).toBe('TOO_MANY_FILTERS');
});

test('a publish that is too large is refused by its header', () => {
  const header = Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f);
  expect(createFrameGuard()(header)).toBe('PAYLOAD_TOO_LARGE');
});

test('a large publish does not hide what follows it', () => {
  const publish = frame(0x32, new Uint8Array(128 * 1024));
  expect(guard([publish, subscribe(9)], 16_384)).toBe('TOO_MANY_FILTERS');
  expect(guard([publish, subscribe(8)], 16_384)).toBeNull();
});

test('a length of five bytes is malformed', () => {
  expect(createFrameGuard()(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff))).toBe('MALFORMED_LENGTH');
});

test.each([
  ['a/b', 'a/b', true],
  ['a/+', 'a/b', true],
  ['a/+', 'a/b/c', false],
  ['a/#', 'a/b/c', true],
  ['a/#', 'a', false], // AWS IoT Core differs from MQTT in this
  ['a/#', 'a/', true],
  ['a/b', 'a', false],
  ['a', 'a/b', false],
  ['#', '$aws/a', false],
  ['+/a', '$aws/a', false],
  ['$aws/+', '$aws/a', true],
])('the filter %s selects %s: %s', (filter, topic, selected) => {
  expect(filterMatches(filter, topic)).toBe(selected);
});

/** What the guard says of these frames, sent in chunks of `size` bytes. */
function guard(frames: readonly Uint8Array[], size: number): FrameViolation | null {
  const bytes = Buffer.concat(frames);
  const check = createFrameGuard();
  for (let at = 0; at < bytes.length; at += size) {
    const violation = check(bytes.subarray(at, at + size));
    if (violation) return violation;
  }
  return null;
}

function subscribe(filters: number): Uint8Array {
  const one = Buffer.from([0, 3, 0x61, 0x2f, 0x62, 1]);
  return frame(0x82, Buffer.concat([Buffer.from([0, 1]), ...Array.from({ length: filters }, () => one)]));
}

function frame(type: number, body: Uint8Array): Uint8Array {
  const length: number[] = [];
  let left = body.length;
  do {
    length.push((left % 128) | (left >= 128 ? 0x80 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}
