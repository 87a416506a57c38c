/** The bytes that have come so far: in a file beside the target, with running hashes, and with a checkpoint now and then. */
import type { FileHandle } from 'node:fs/promises';
import type { ArtifactKey, Replacement } from '../../agent/handler-api.ts';
import { createBlockWriter } from './block-writer.ts';
import { createDigests, type Digests, type FinishedDigests } from './content-checks.ts';
import type { DownloadFileParameters } from './parameters.ts';
import { createPartSaves, type PartSavesOptions } from './part-saves.ts';
import type { ResumePoint } from './resume-point.ts';

export interface PartFile {
  readonly bytes: number;
  /** That many of them survive a power cut. */
  readonly savedBytes: number;
  readonly validator: string | null;
  readonly totalBytes: number | null;
  /** At the end. Wait for the promise, if there is one, before the next call. */
  append(chunk: Uint8Array): Promise<void> | undefined;
  /** Forgets what has come, for a file of which these are known. */
  restart(of: { readonly validator: string | null; readonly totalBytes: number | null }): Promise<void>;
  /** Where it was not known before. */
  learnTotal(totalBytes: number | null): void;
  /** Syncs what has come and writes it down, if that could help a later attempt and is not so already. */
  save(): Promise<void>;
  /** The same while more may be appended: a sync may take seconds. An error of it is told by the next call that waits. */
  beginSave(): Promise<void>;
  /** As `save`, and notes that the time of the URL is over. */
  saveExpired(urlMark: string): Promise<void>;
  /** All of it is with the system then; the replacement syncs it. */
  finish(): Promise<FinishedDigests>;
}

export interface PartFileOptions extends PartSavesOptions {
  readonly expected: DownloadFileParameters;
  /** That may have signed it. */
  readonly keys: readonly ArtifactKey[];
}

/** @param options with what the attempt before vouches for; its bytes are read once, for the hashes. */
export async function openPartFile(
  { file, keptBytes }: Replacement,
  { expected, keys, ...options }: PartFileOptions,
): Promise<PartFile> {
  const { point } = options;
  let digests = createDigests(expected, keys);
  let about = keptBytes > 0 && point !== undefined ? point : NOTHING_KNOWN;
  await digestStart(file, digests, keptBytes);
  const blocks = createBlockWriter(file, { start: keptBytes, onBlock: (block) => digests.update(block) });
  const saves = createPartSaves(file, options);
  const written = async () => {
    await blocks.flush();
    return { validator: about.validator, totalBytes: about.totalBytes, bytes: blocks.bytes };
  };

  return {
    get bytes() {
      return blocks.bytes;
    },
    get savedBytes() {
      return saves.savedBytes;
    },
    get validator() {
      return about.validator;
    },
    get totalBytes() {
      return about.totalBytes;
    },
    append: (chunk) => blocks.append(chunk),
    async restart({ validator, totalBytes }) {
      await saves.withdraw(); // first: a checkpoint must never vouch for bytes of another file in the same place
      await blocks.restart();
      about = { validator, totalBytes };
      digests = createDigests(expected, keys);
    },
    learnTotal(totalBytes) {
      about = { ...about, totalBytes: about.totalBytes ?? totalBytes };
    },
    async save() {
      await saves.settled();
      if (about.validator !== null && blocks.bytes > saves.savedBytes) await saves.save(await written());
    },
    async beginSave() {
      if (about.validator !== null) await saves.beginSave(await written());
    },
    saveExpired: async (urlMark) => saves.save(await written(), urlMark),
    async finish() {
      await saves.settled();
      await blocks.flush();
      return digests.finish();
    },
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
