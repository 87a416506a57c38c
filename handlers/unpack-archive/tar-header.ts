/**
 * One header block of tar: ustar (POSIX.1-1988), GNU and the older format without a magic (tar(5) of libarchive, "Tar
 * Formats"), and the records of pax (POSIX.1-2001, "pax Header Block").
 */
import { broken } from './archive-error.ts';

export const BLOCK_BYTES = 512;

export interface TarHeader {
  readonly name: string;
  /** One character. */
  readonly type: string;
  readonly mode: number;
  readonly bytes: number;
  readonly linkName: string;
}

export type PaxRecords = ReadonlyMap<string, string>;

const CHECKSUM = { start: 148, end: 156 };
const SPACE = 0x20;
const text = new TextDecoder('utf-8', { fatal: true });

/** @returns nothing for a block of zeros. @throws ArchiveError */
export function parseHeader(block: Buffer): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (numberAt(block, CHECKSUM.start, CHECKSUM.end) !== checksumOf(block)) {
    throw broken('it is no tar, or damaged: the checksum of a header is wrong');
  }
  const name = stringAt(block, 0, 100);
  const isPosix = block.subarray(257, 263).toString('latin1') === 'ustar\0';
  const prefix = isPosix ? stringAt(block, 345, 500) : '';
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: String.fromCharCode(block[156] || 0x30), // a null byte is "0"
    mode: numberAt(block, 100, 108),
    bytes: numberAt(block, 124, 136),
    linkName: stringAt(block, 157, 257),
  };
}

/** `LENGTH KEY=VALUE\n` each, the length that of the whole record. @throws ArchiveError */
export function parsePax(content: Buffer): PaxRecords {
  const records = new Map<string, string>();
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(SPACE, at);
    const digits = space === -1 ? '' : content.subarray(at, space).toString('latin1');
    const length = /^[1-9]\d{0,8}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = content.indexOf('=', space);
    if (end <= space || end > content.length || content[end - 1] !== 0x0a || equals === -1 || equals >= end) {
      throw broken('a pax header is damaged');
    }
    records.set(decode(content.subarray(space + 1, equals)), decode(content.subarray(equals + 1, end - 1)));
    at = end;
  }
  return records;
}

/** Up to the first null byte. @throws ArchiveError for what is no UTF-8: two names could become one. */
export function decode(bytes: Buffer): string {
  try {
    return text.decode(bytes);
  } catch {
    throw broken(`a name is no UTF-8: ${JSON.stringify(bytes.toString('latin1').slice(0, 200))}`);
  }
}

function stringAt(block: Buffer, start: number, end: number): string {
  const field = block.subarray(start, end);
  const zero = field.indexOf(0);
  return decode(zero === -1 ? field : field.subarray(0, zero));
}

/** Octal digits, or from the high bit on a binary number, as GNU writes large ones. */
function numberAt(block: Buffer, start: number, end: number): number {
  const field = block.subarray(start, end);
  const [first = 0] = field;
  if ((first & 0x80) !== 0) {
    const value = field.reduce((sum, byte, index) => sum * 256 + (index === 0 ? byte & 0x7f : byte), 0);
    if (!Number.isSafeInteger(value)) throw broken('a number in a header is too large, or negative');
    return value;
  }
  const digits = field
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trimStart();
  if (!/^[0-7]*$/.test(digits)) throw broken(`a header has ${JSON.stringify(digits)} where a number should be`);
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

/** The sum of all bytes, those of the checksum itself as spaces. */
function checksumOf(block: Buffer): number {
  let sum = 0;
  for (const [index, byte] of block.entries()) {
    sum += index >= CHECKSUM.start && index < CHECKSUM.end ? SPACE : byte;
  }
  return sum;
}
