/** An archive of whatever format it is, opened to be unpacked. */
import type { FileHandle } from 'node:fs/promises';
import { type ArchiveContent, openContent } from './archive-content.ts';
import type { ArchiveEntry } from './archive-entry.ts';
import { broken } from './archive-error.ts';
import { packingOf } from './compression.ts';
import { readTar } from './read-tar.ts';
import { readZip } from './read-zip.ts';

export interface OpenArchive {
  readonly entries: AsyncIterable<ArchiveEntry>;
  /** Once all entries are read. @throws ArchiveError where what follows says that they are wrong. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** tar fills the last record with zeros, 10 KiB unless told otherwise (tar(1), --blocking-factor). */
const MAX_BYTES_BEHIND_END = 16 * 1024 ** 2;

/** @param file open, and read by nobody else. @throws ArchiveError, or the system's error. */
export async function openArchive(file: FileHandle, signal: AbortSignal): Promise<OpenArchive> {
  const packing = await packingOf(file);
  if (packing.compression === 'zip') {
    return { entries: readZip(file), finish: async () => undefined, close: async () => undefined };
  }
  const content = openContent(file, packing, signal);
  return {
    entries: readTar(content.chunks),
    finish: async () => {
      if (content.hasChecksum) await readToEnd(content, signal);
    },
    close: content.close,
  };
}

/** @throws ArchiveError for a wrong checksum, or for what goes on and on. */
async function readToEnd({ chunks }: ArchiveContent, signal: AbortSignal): Promise<void> {
  let bytes = 0;
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    bytes += chunk.length;
    if (bytes > MAX_BYTES_BEHIND_END)
      throw broken(`it goes on for more than ${MAX_BYTES_BEHIND_END} bytes behind its end`);
  }
}
