/** The entries of a zip archive in the order in which they lie in it, never more than a chunk of it in memory. */
import type { FileHandle } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import type { ArchiveEntry } from './archive-entry.ts';
import { ArchiveError, broken, refused } from './archive-error.ts';
import { createTarBytes } from './tar-bytes.ts';
import { decode } from './tar-header.ts';
import { findZipDirectory, readAt } from './zip-directory.ts';
import {
  checkLocalHeader,
  DIRECTORY_HEADER,
  LOCAL_HEADER,
  localRestBytes,
  parseDirectoryEntry,
  restBytes,
  type ZipEntry,
} from './zip-header.ts';

const READ_BYTES = 256 * 1024;
const DIRECTORY_READ_BYTES = 64 * 1024;
/** PATH_MAX of limits.h. */
const MAX_LINK_BYTES = 4096;

/** @param file open. @throws ArchiveError, or the system's error. */
export async function* readZip(file: FileHandle): AsyncGenerator<ArchiveEntry> {
  const directory = await findZipDirectory(file);
  const { offset, end } = directory;
  const bytes = createTarBytes(rangeOf(file, { start: offset, end, chunkBytes: DIRECTORY_READ_BYTES }));
  let [count, lastEnd] = [0, 0];
  for (;;) {
    const header = await bytes.read(DIRECTORY_HEADER.bytes);
    if (header === undefined) break;
    if (header.length < DIRECTORY_HEADER.bytes || header.readUInt32LE(0) !== DIRECTORY_HEADER.signature) {
      throw broken('its directory is damaged');
    }
    const restLength = restBytes(header);
    const rest = restLength === 0 ? Buffer.alloc(0) : await bytes.read(restLength);
    if (rest?.length !== restLength) throw broken('its directory ends within an entry');
    const entry = parseDirectoryEntry(header, rest);
    // Entries that share their content make a small archive as large as one likes.
    if (entry.offset < lastEnd) throw refused(entry.name, 'lies over another one, or before the one before it');
    const start = await contentStart(file, entry);
    lastEnd = start + entry.packedBytes;
    if (lastEnd > offset) throw broken(`${entry.name} reaches into the directory`);
    count++;
    yield await archiveEntry(file, entry, start);
  }
  if (count !== directory.entries) throw broken(`it has ${count} entries, and says ${directory.entries}`);
}

async function contentStart(file: FileHandle, entry: ZipEntry): Promise<number> {
  const header = await readAt(file, entry.offset, LOCAL_HEADER.bytes);
  if (header.readUInt32LE(0) !== LOCAL_HEADER.signature) throw broken(`${entry.name} is not where the directory says`);
  const rest = await readAt(file, entry.offset + LOCAL_HEADER.bytes, localRestBytes(header));
  return entry.offset + checkLocalHeader(header, rest, entry);
}

async function archiveEntry(file: FileHandle, entry: ZipEntry, start: number): Promise<ArchiveEntry> {
  const { name, kind, mode } = entry;
  const content = contentOf(file, entry, start);
  if (kind !== 'symlink') return { name, kind, mode, bytes: entry.bytes, linkName: '', content };
  if (entry.bytes > MAX_LINK_BYTES) throw refused(name, `is a link of ${entry.bytes} bytes`);
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return { name, kind, mode, bytes: 0, linkName: decode(Buffer.concat(pieces)), content: nothing() };
}

/** @throws ArchiveError where it is not what the directory says, before a byte more of it is handed on. */
async function* contentOf(file: FileHandle, entry: ZipEntry, start: number): AsyncGenerator<Buffer> {
  const packed = rangeOf(file, { start, end: start + entry.packedBytes, chunkBytes: READ_BYTES });
  let [bytes, crc] = [0, 0];
  for await (const chunk of entry.isDeflated ? inflated(packed, entry) : packed) {
    bytes += chunk.length;
    if (bytes > entry.bytes) throw broken(`${entry.name} has more than the ${entry.bytes} bytes that it says`);
    crc = crc32(chunk, crc);
    yield chunk;
  }
  if (bytes !== entry.bytes) throw broken(`${entry.name} has ${bytes} bytes, and says ${entry.bytes}`);
  if (crc !== entry.crc) throw broken(`the checksum of ${entry.name} is wrong`);
}

async function* inflated(packed: AsyncIterable<Buffer>, { name, packedBytes }: ZipEntry): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw({ chunkSize: READ_BYTES });
  pipeline(Readable.from(packed, { objectMode: false }), inflate, () => undefined); // its error is that of `inflate`
  try {
    for await (const chunk of inflate) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof ArchiveError || !/^Z_/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw broken(`${name}: ${(error as Error).message}`);
  } finally {
    inflate.destroy();
  }
  if (inflate.bytesWritten !== packedBytes) throw broken(`${name} ends before its content does`);
}

interface Range {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
  readonly chunkBytes: number;
}

async function* rangeOf(file: FileHandle, { start, end, chunkBytes }: Range): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    const chunk = await readAt(file, at, Math.min(chunkBytes, end - at));
    at += chunk.length;
    yield chunk;
  }
}

async function* nothing(): AsyncGenerator<Buffer> {}
