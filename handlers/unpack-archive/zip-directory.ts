/**
 * Where the directory of a zip archive is and how many entries it has (PKWARE APPNOTE 6.3.10, sections 4.3.14 to 4.3.16).
 * Where two places could be meant, neither is taken: another program might take the other one.
 */
import type { FileHandle } from 'node:fs/promises';
import { broken } from './archive-error.ts';

export interface ZipDirectory {
  /** Of the directory in the file; the entries lie before it. */
  readonly offset: number;
  readonly end: number;
  readonly entries: number;
}

const END = { signature: 0x06054b50, bytes: 22 };
const LOCATOR = { signature: 0x07064b50, bytes: 20 };
const END64 = { signature: 0x06064b50, bytes: 56 };
const MAX_COMMENT_BYTES = 0xffff;
/** Of 16 and of 32 bits: the number is in the zip64 record. */
const [ELSEWHERE_16, ELSEWHERE_32] = [0xffff, 0xffffffff];

/** @throws ArchiveError, or the system's error. */
export async function findZipDirectory(file: FileHandle): Promise<ZipDirectory> {
  const { size } = await file.stat();
  const tailBytes = Math.min(size, END.bytes + MAX_COMMENT_BYTES);
  const tail = await readAt(file, size - tailBytes, tailBytes);
  const at = endIn(tail);
  const end = tail.subarray(at);
  const endOffset = size - tailBytes + at;
  const [disk, directoryDisk, onDisk, entries] = [4, 6, 8, 10].map((field) => end.readUInt16LE(field));
  const [bytes, offset] = [end.readUInt32LE(12), end.readUInt32LE(16)];
  const large = await findLarge(file, endOffset);
  if (large === undefined) {
    if (disk !== 0 || directoryDisk !== 0 || onDisk !== entries) throw broken('it is a part of several volumes');
    return checked({ offset, bytes, entries: entries ?? 0 }, endOffset);
  }
  const isSame = (short: number | undefined, long: number, elsewhere: number) => short === elsewhere || short === long;
  const agrees =
    isSame(entries, large.entries, ELSEWHERE_16) &&
    isSame(bytes, large.bytes, ELSEWHERE_32) &&
    isSame(offset, large.offset, ELSEWHERE_32);
  if (!agrees) throw broken('its two ends say different things');
  return checked(large, large.at);
}

interface Found {
  readonly offset: number;
  readonly bytes: number;
  readonly entries: number;
}

/** The directory ends where the record of its end begins. */
function checked({ offset, bytes, entries }: Found, end: number): ZipDirectory {
  if (offset + bytes !== end)
    throw broken('its directory is not where its end says, or something lies between the two');
  return { offset, end, entries };
}

/** The last one whose comment reaches to the end of the file. */
function endIn(tail: Buffer): number {
  for (let at = tail.length - END.bytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END.signature) continue;
    if (at + END.bytes + tail.readUInt16LE(at + 20) === tail.length) return at;
  }
  throw broken('it is cut short: a zip has its directory at the end');
}

async function findLarge(file: FileHandle, endOffset: number): Promise<(Found & { readonly at: number }) | undefined> {
  const locatorOffset = endOffset - LOCATOR.bytes;
  if (locatorOffset < END64.bytes) return undefined;
  const locator = await readAt(file, locatorOffset, LOCATOR.bytes);
  if (locator.readUInt32LE(0) !== LOCATOR.signature) return undefined;
  const at = numberAt(locator, 8);
  if (locator.readUInt32LE(4) !== 0 || locator.readUInt32LE(16) > 1) throw broken('it is a part of several volumes');
  if (at + END64.bytes > locatorOffset) throw broken('the record of its end is not where it should be');
  const record = await readAt(file, at, END64.bytes);
  // Its size counts from behind the size.
  if (record.readUInt32LE(0) !== END64.signature || at + 12 + numberAt(record, 4) !== locatorOffset) {
    throw broken('the record of its end is damaged');
  }
  const entries = numberAt(record, 32);
  if (numberAt(record, 24) !== entries) throw broken('it is a part of several volumes');
  return { at, entries, bytes: numberAt(record, 40), offset: numberAt(record, 48) };
}

/** @throws ArchiveError where the file has not so many bytes there. */
export async function readAt(file: FileHandle, offset: number, count: number): Promise<Buffer> {
  const buffer = Buffer.alloc(count);
  for (let done = 0; done < count; ) {
    const { bytesRead } = await file.read(buffer, done, count - done, offset + done);
    if (bytesRead === 0) throw broken('it ends too early');
    done += bytesRead;
  }
  return buffer;
}

/** Of 64 bits. @throws ArchiveError for what no file can have. */
export function numberAt(buffer: Buffer, offset: number): number {
  const value = Number(buffer.readBigUInt64LE(offset));
  if (!Number.isSafeInteger(value)) throw broken('a number in it is too large');
  return value;
}
