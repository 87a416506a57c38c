import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { ArtifactKey } from '../../agent/handler-api.ts';
import { checkHashes, checkSignature, createDigests, hasExpectedHash } from './content-checks.ts';
import { toDownloadError } from './download-error.ts';
import type { DownloadFileParameters } from './parameters.ts';
import type { SignatureSource } from './signature-source.ts';

export interface ExistingFile {
  readonly bytes: number;
  readonly sha256: string;
  /** The name of the key, where a signature was asked for. */
  readonly signedBy?: string;
}

export interface WantedFile {
  readonly parameters: DownloadFileParameters;
  readonly keys: readonly ArtifactKey[];
  readonly signature: SignatureSource;
}

/** A file that is a link or a pipe is none, and O_NONBLOCK keeps a pipe from being waited for. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The file where it should go, if the document names a hash and it is the right one already; its mode is set as asked. */
export async function findWantedFile(
  path: string,
  wanted: WantedFile,
  signal: AbortSignal,
): Promise<ExistingFile | undefined> {
  const { parameters } = wanted;
  if (!hasExpectedHash(parameters)) return undefined;
  const file = await open(path, FLAGS).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const found = await matching(file, wanted, signal);
    if (found !== undefined && parameters.mode !== undefined) await file.chmod(Number.parseInt(parameters.mode, 8));
    return found;
  } finally {
    await file.close();
  }
}

async function matching(
  file: FileHandle,
  { parameters, keys, signature }: WantedFile,
  signal: AbortSignal,
): Promise<ExistingFile | undefined> {
  const facts = await file.stat();
  if (!facts.isFile() || (parameters.sizeBytes ?? facts.size) !== facts.size) return undefined;
  const digests = createDigests(parameters, keys);
  let bytes = 0;
  for await (const chunk of file.createReadStream({ autoClose: false, signal }) as AsyncIterable<Buffer>) {
    digests.update(chunk);
    bytes += chunk.length;
  }
  const finished = digests.finish();
  try {
    checkHashes(finished, parameters);
    return { bytes, sha256: finished.sha256, ...checkSignature(finished, await signature.load()) };
  } catch (error) {
    signal.throwIfAborted();
    if (toDownloadError(error).code === 'DOWNLOAD_FAILED') throw error;
    return undefined; // the download meets it again, and knows what to do about it
  }
}
