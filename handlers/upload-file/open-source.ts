/** Opens what is to be uploaded: a plain file that really lies in a folder that is allowed. */
import { constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileProblem, noPlainFile } from '../../agent/handler-api.ts';
import { UploadError } from './upload-error.ts';

export interface UploadSource {
  readonly path: string;
  readonly file: FileHandle;
  /** When it was opened: so many bytes are sent, though it may grow. */
  readonly bytes: number;
}

/** Without links: is it in one of the folders? */
export function isWithin(path: string, folders: readonly string[]): boolean {
  const full = resolve(path);
  return folders.some((folder) => full.startsWith(folder === '/' ? '/' : `${resolve(folder)}/`));
}

/** Names a file without opening it, open(2); not among the constants of Node.js. */
const O_PATH = 0o10000000;

/**
 * Links are followed as long as they stay in the folders. What is asked is what is opened then: something else that takes
 * its place in between is not met. And what is no plain file is not opened at all: with a watchdog or a tape a look would be
 * an act. A hard link cannot be told from the file it is.
 * @throws UploadError
 */
export async function openSource(path: string, folders: readonly string[]): Promise<UploadSource> {
  const allowed = await Promise.all(folders.map((folder) => realpath(folder).catch(() => folder)));
  const named = await open(path, O_PATH).catch((error) => unreadable(error, path));
  try {
    const place = `/proc/self/fd/${named.fd}`;
    const real = await readlink(place);
    if (!isWithin(real, allowed)) {
      throw new UploadError('UPLOAD_FILE_REFUSED', `${path} leads to ${real}, which is in no folder of uploadFolders`);
    }
    const facts = await named.stat();
    if (!facts.isFile()) throw new UploadError('UPLOAD_FILE_REFUSED', noPlainFile(path, facts));
    const file = await open(place, constants.O_RDONLY).catch((error) => unreadable(error, path));
    return { path, file, bytes: facts.size };
  } finally {
    await named.close();
  }
}

/** @throws UploadError */
async function unreadable(cause: unknown, path: string): Promise<never> {
  throw new UploadError('UPLOAD_FILE_UNREADABLE', await fileProblem(cause, path, 'read'), { cause });
}
