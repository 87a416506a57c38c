/** The bytes that have come so far: in a file beside the target, with running hashes, and with a checkpoint now and then. */
import type { FileHandle } from 'node:fs/promises';
import type { Replacement } from '../../agent/handler-api.ts';
import { createDigests, type Digests, type FinishedDigests } from './content-checks.ts';
import type { DownloadFileParameters } from './parameters.ts';
import type { ResumePoint } from './resume-point.ts';

export interface PartFile {
  readonly bytes: number;
  readonly validator: string | null;
  readonly totalBytes: number | null;
  /** At the end, all of it. */
  append(chunk: Uint8Array): Promise<void>;
  /** Forgets what has come, for a file of which these are known. */
  restart(of: { readonly validator: string | null; readonly totalBytes: number | null }): Promise<void>;
  /** Syncs what has come and writes it down, if that could help a later attempt and is not so already. */
  save(): Promise<void>;
  /** As `save`, and notes that the time of the URL is over. */
  saveExpired(urlMark: string): Promise<void>;
  finish(): FinishedDigests;
}

export interface PartFileOptions {
  readonly url: string;
  readonly expected: DownloadFileParameters;
  readonly checkpoint: (point: ResumePoint & Record<string, string | number | null>) => Promise<void>;
}

/** @param point what the attempt before vouches for; its bytes are read once, for the hashes. */
export async function openPartFile(
  { file, keptBytes }: Replacement,
  point: ResumePoint | undefined,
  { url, expected, checkpoint }: PartFileOptions,
): Promise<PartFile> {
  let digests = createDigests(expected);
  let bytes = keptBytes;
  let savedBytes = point?.bytes ?? 0;
  let about = keptBytes > 0 && point !== undefined ? point : NOTHING_KNOWN;
  await digestStart(file, digests, keptBytes);

  async function write(savedNow: number, expiredUrlMark: string | null): Promise<void> {
    const { validator, totalBytes } = about;
    await checkpoint({ url, validator, totalBytes, bytes: savedNow, expiredUrlMark });
    savedBytes = savedNow;
  }

  async function save(expiredUrlMark: string | null = null): Promise<void> {
    const kept = about.validator === null ? 0 : bytes;
    if (kept > savedBytes) await file.datasync();
    await write(kept, expiredUrlMark);
  }

  return {
    get bytes() {
      return bytes;
    },
    get validator() {
      return about.validator;
    },
    get totalBytes() {
      return about.totalBytes;
    },
    async append(chunk) {
      await writeAll(file, chunk, bytes);
      digests.update(chunk);
      bytes += chunk.length;
    },
    async restart({ validator, totalBytes }) {
      // First: a checkpoint must never vouch for bytes of another file in the same place.
      if (savedBytes > 0) await write(0, null);
      await file.truncate(0);
      about = { validator, totalBytes };
      digests = createDigests(expected);
      bytes = 0;
    },
    async save() {
      if (about.validator !== null && bytes > savedBytes) await save();
    },
    saveExpired: save,
    finish: () => digests.finish(),
  };
}

const NOTHING_KNOWN: Pick<ResumePoint, 'validator' | 'totalBytes'> = { validator: null, totalBytes: null };
const READ_BYTES = 256 * 1024;

async function digestStart(file: FileHandle, digests: Digests, count: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(count, READ_BYTES));
  for (let position = 0; position < count; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, count - position), position);
    if (bytesRead === 0) throw new Error(`the part file ended at ${position} of ${count} bytes`);
    digests.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

/** write(2) may write less than it was given. */
async function writeAll(file: FileHandle, chunk: Uint8Array, start: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, start + done);
    done += bytesWritten;
  }
}
