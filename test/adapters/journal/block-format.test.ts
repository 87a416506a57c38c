import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BLOCK_BYTES,
  blocksFor,
  decodeBlock,
  encodeRecord,
  FORMAT_VERSION,
  PAYLOAD_BYTES,
  type RecordHeader,
} from '../../../agent/adapters/journal/block-format.ts';

const HEADER: RecordHeader = {
  kind: 'record',
  generation: 7,
  sequence: 3,
  bootId: '3f0e9a56-5c3c-4c1b-9f0f-0a1b2c3d4e5f',
  monotonicMs: 12_345.678,
  wallMs: 1_700_000_000_123,
};

describe('a block', () => {
  test('gives back what was put in', () => {
    const [block] = decode(encodeRecord(HEADER, Buffer.from('{"id":"a"}')));
    expect(block).toEqual({ ...HEADER, state: 'valid', part: 0, last: true, payload: Buffer.from('{"id":"a"}') });
  });

  test('may be empty or full to the byte', () => {
    expect([0, 1, PAYLOAD_BYTES, PAYLOAD_BYTES + 1].map(blocksFor)).toEqual([1, 1, 1, 2]);
    for (const length of [0, PAYLOAD_BYTES]) {
      const [block] = decode(encodeRecord(HEADER, Buffer.alloc(length, 'x')));
      expect(block).toMatchObject({ state: 'valid', last: true, payload: Buffer.alloc(length, 'x') });
    }
  });

  test('in a row, only the last bears the commit mark', () => {
    const payload = Buffer.from('ü€😀'.repeat(1_500));
    const blocks = decode(encodeRecord(HEADER, payload));
    expect(blocks).toMatchObject(
      [0, 1, 2, 3].slice(0, blocks.length).map((part) => ({ part, last: part === blocks.length - 1 })),
    );
    expect(Buffer.concat(blocks.map((block) => (block.state === 'valid' ? block.payload : Buffer.alloc(0))))).toEqual(
      payload,
    );
  });

  test('keeps the first 36 bytes of a longer boot id', () => {
    const [block] = decode(encodeRecord({ ...HEADER, bootId: 'b'.repeat(50) }, Buffer.from('{}')));
    expect(block).toMatchObject({ state: 'valid', bootId: 'b'.repeat(36), payload: Buffer.from('{}') });
  });

  test('of zeros was never written', () => {
    expect(decodeBlock(Buffer.alloc(BLOCK_BYTES))).toEqual({ state: 'zero' });
  });

  test('of a later version says so, if whole', () => {
    const bytes = encodeRecord(HEADER, Buffer.from('{}'));
    bytes.writeUInt16LE(FORMAT_VERSION + 1, 4);
    expect(decodeBlock(bytes)).toEqual({ state: 'damaged' });
    expect(decodeBlock(resealed(bytes))).toEqual({ state: 'newer', version: FORMAT_VERSION + 1 });
  });

  test.each([
    { what: 'version 0, which never was,', change: (bytes: Buffer) => bytes.writeUInt16LE(0, 4) },
    { what: 'kind 0', change: (bytes: Buffer) => bytes.writeUInt8(0, 6) },
    { what: 'kind 4', change: (bytes: Buffer) => bytes.writeUInt8(4, 6) },
    { what: 'more payload than room', change: (bytes: Buffer) => bytes.writeUInt16LE(PAYLOAD_BYTES + 1, 18) },
    { what: 'another magic', change: (bytes: Buffer) => bytes.writeUInt8(0, 0) },
  ])('with $what is damaged, CRC or not', ({ change }) => {
    const bytes = encodeRecord(HEADER, Buffer.from('{}'));
    change(bytes);
    expect(decodeBlock(resealed(bytes))).toEqual({ state: 'damaged' });
  });

  test('of any bytes never throws, and is never taken for ours', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: BLOCK_BYTES + 8 }), (bytes) => {
        expect(['damaged', 'zero']).toContain(decodeBlock(Buffer.from(bytes)).state);
      }),
    );
  });
});

function decode(bytes: Buffer) {
  return Array.from({ length: bytes.length / BLOCK_BYTES }, (_, n) =>
    decodeBlock(bytes.subarray(n * BLOCK_BYTES, (n + 1) * BLOCK_BYTES)),
  );
}

/** Gives changed bytes a CRC that holds. */
function resealed(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(crc32(bytes.subarray(0, BLOCK_BYTES - 4)), BLOCK_BYTES - 4);
  return bytes;
}
