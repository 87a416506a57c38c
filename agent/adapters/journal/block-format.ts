/**
 * How the journal lies on the disk. Pure.
 *
 * A segment is 64 blocks of 4 KiB, the unit in which file systems and cards write: a torn write then harms nothing that
 * was written before it. A record takes one block, or several in a row of which the last bears the commit mark.
 *
 * | Offset | Bytes | Field, little-endian                                       |
 * |-------:|------:|------------------------------------------------------------|
 * |      0 |     4 | magic `IJAJ`                                               |
 * |      4 |     2 | format version                                             |
 * |      6 |     1 | kind: 1 seal, 2 snapshot, 3 record                         |
 * |      7 |     1 | 1 on the last block of a record (the commit mark), else 0  |
 * |      8 |     4 | generation                                                 |
 * |     12 |     4 | sequence in the generation; 0 for seal and snapshot        |
 * |     16 |     2 | part: number of this block in its record, from 0           |
 * |     18 |     2 | bytes of payload in this block                             |
 * |     20 |     8 | monotonic time, milliseconds, float                        |
 * |     28 |     8 | wall time, milliseconds, float                             |
 * |     36 |    36 | boot id, padded with NUL                                   |
 * |     72 |  4020 | payload, JSON in UTF-8, padded with NUL                    |
 * |   4092 |     4 | CRC-32 of everything before it                             |
 *
 * Magic, version and CRC stay where they are in every later version, so that each can tell what it cannot read. There has
 * been one version so far: a lower one is none of ours.
 */
import { crc32 } from 'node:zlib';

export const FORMAT_VERSION = 1;
export const BLOCK_BYTES = 4096;
export const SEGMENT_BLOCKS = 64;
export const SEGMENT_BYTES = SEGMENT_BLOCKS * BLOCK_BYTES;
/** What one block can carry. */
export const PAYLOAD_BYTES = 4020;

/** `seal`: block 0, written last, makes a generation valid. `snapshot`: what it starts from. `record`: one append. */
export type BlockKind = 'seal' | 'snapshot' | 'record';

export interface RecordHeader {
  readonly kind: BlockKind;
  readonly generation: number;
  readonly sequence: number;
  /** For whoever reads a journal after an accident; recovery does not use it. Cut at 36 bytes. */
  readonly bootId: string;
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export interface ValidBlock extends RecordHeader {
  readonly state: 'valid';
  readonly part: number;
  /** The commit mark. */
  readonly last: boolean;
  readonly payload: Buffer;
}

export type Block =
  | ValidBlock
  | { readonly state: 'zero' } // never written
  | { readonly state: 'damaged' } // torn, garbled, or none of ours
  | { readonly state: 'newer'; readonly version: number }; // whole, but written by a later version

const MAGIC = 0x4a414a49; // "IJAJ" read as a little-endian number
const BOOT_ID_AT = 36;
const PAYLOAD_AT = 72;
const CRC_AT = BLOCK_BYTES - 4;
const KINDS: readonly BlockKind[] = ['seal', 'snapshot', 'record'];
const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES);

/** Blocks that a payload of so many bytes takes. */
export function blocksFor(payloadBytes: number): number {
  return Math.max(1, Math.ceil(payloadBytes / PAYLOAD_BYTES));
}

/** @returns whole blocks, ready for one write. */
export function encodeRecord(header: RecordHeader, payload: Buffer): Buffer {
  const count = blocksFor(payload.length);
  const bytes = Buffer.alloc(count * BLOCK_BYTES);
  for (let part = 0; part < count; part += 1) {
    const block = bytes.subarray(part * BLOCK_BYTES, (part + 1) * BLOCK_BYTES);
    const piece = payload.subarray(part * PAYLOAD_BYTES, (part + 1) * PAYLOAD_BYTES);
    block.writeUInt32LE(MAGIC, 0);
    block.writeUInt16LE(FORMAT_VERSION, 4);
    block.writeUInt8(KINDS.indexOf(header.kind) + 1, 6);
    block.writeUInt8(part === count - 1 ? 1 : 0, 7);
    block.writeUInt32LE(header.generation, 8);
    block.writeUInt32LE(header.sequence, 12);
    block.writeUInt16LE(part, 16);
    block.writeUInt16LE(piece.length, 18);
    block.writeDoubleLE(header.monotonicMs, 20);
    block.writeDoubleLE(header.wallMs, 28);
    block.write(header.bootId, BOOT_ID_AT, PAYLOAD_AT - BOOT_ID_AT);
    piece.copy(block, PAYLOAD_AT);
    block.writeUInt32LE(crc32(block.subarray(0, CRC_AT)), CRC_AT);
  }
  return bytes;
}

/** Never throws, whatever the bytes. A block shorter than 4 KiB is damaged. */
export function decodeBlock(bytes: Buffer): Block {
  if (bytes.length !== BLOCK_BYTES) {
    return { state: 'damaged' };
  }
  if (bytes.readUInt32LE(0) !== MAGIC) {
    return bytes.equals(ZERO_BLOCK) ? { state: 'zero' } : { state: 'damaged' };
  }
  if (crc32(bytes.subarray(0, CRC_AT)) !== bytes.readUInt32LE(CRC_AT)) {
    return { state: 'damaged' };
  }
  const version = bytes.readUInt16LE(4);
  if (version > FORMAT_VERSION) {
    return { state: 'newer', version };
  }
  return version === FORMAT_VERSION ? decodeFields(bytes) : { state: 'damaged' };
}

function decodeFields(bytes: Buffer): Block {
  const kind = KINDS[bytes.readUInt8(6) - 1];
  const length = bytes.readUInt16LE(18);
  if (kind === undefined || length > PAYLOAD_BYTES) {
    return { state: 'damaged' };
  }
  return {
    state: 'valid',
    kind,
    last: bytes.readUInt8(7) === 1,
    generation: bytes.readUInt32LE(8),
    sequence: bytes.readUInt32LE(12),
    part: bytes.readUInt16LE(16),
    monotonicMs: bytes.readDoubleLE(20),
    wallMs: bytes.readDoubleLE(28),
    bootId: bytes.toString('utf8', BOOT_ID_AT, PAYLOAD_AT).replace(/\0+$/, ''),
    payload: bytes.subarray(PAYLOAD_AT, PAYLOAD_AT + length),
  };
}
