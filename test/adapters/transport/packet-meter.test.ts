import { expect, test } from 'vitest';
import { createPacketMeter } from '../../../agent/adapters/transport/packet-meter.ts';

const PUBLISH = 0x30;
const PINGRESP = [0xd0, 0x00];

/** A packet of this remaining length, its body filled with a byte that would be a long length if it were read as one. */
function packet(length: number): number[] {
  const lengthBytes: number[] = [];
  let rest = length;
  do {
    lengthBytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return [PUBLISH, ...lengthBytes, ...new Array<number>(length).fill(0xff)];
}

test('packets up to the ceiling pass', () => {
  const meter = createPacketMeter(300);
  expect(
    meter(Uint8Array.from([...packet(300), ...PINGRESP, ...packet(1), ...packet(127), ...packet(128)])),
  ).toBeUndefined();
});

test('a packet one byte over is told by its length', () => {
  const meter = createPacketMeter(300);
  expect(meter(Uint8Array.from([...packet(300), ...packet(301).slice(0, 3)]))).toBe(301);
});

test('packets cut anywhere are still measured', () => {
  const stream = Uint8Array.from([...packet(200), ...PINGRESP, ...packet(20_000)]);
  for (const size of [1, 2, 3, 7, 199, 204]) {
    const meter = createPacketMeter(19_999);
    const answers: (number | undefined)[] = [];
    for (let at = 0; at < stream.length; at += size) answers.push(meter(stream.subarray(at, at + size)));
    expect(answers.find((answer) => answer !== undefined)).toBe(20_000);
  }
});

test('the longest length MQTT can write is read right', () => {
  const meter = createPacketMeter(1_000);
  expect(meter(Uint8Array.from([PUBLISH, 0xff, 0xff, 0xff, 0x7f]))).toBe(268_435_455);
});

test('a length of five bytes is over every ceiling', () => {
  const meter = createPacketMeter(1_000_000_000);
  expect(meter(Uint8Array.from([PUBLISH, 0xff, 0xff, 0xff, 0xff, 0x01]))).toBe(Number.POSITIVE_INFINITY);
});
