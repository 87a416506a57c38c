/** Opens what is to be uploaded: a plain file that really lies in a folder that is allowed. */
import { constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UploadError } from './upload-error.ts';

export interface UploadSource {
  readonly file: FileHandle;
  /** When it was opened: so many bytes are sent, though it may grow. */
  readonly bytes: number;
}

/** Without links: is it in one of the folders? */
export function isWithin(path: string, folders: readonly string[]): boolean {
  const full = resolve(path);
  return folders.some((folder) => full.startsWith(folder === '/' ? '/' : `${resolve(folder)}/`));
}

/**
 * Links are followed as long as they stay in the folders. Asked is the opened file itself: what is swapped between the
 * look and the opening is found. A hard link cannot be told from the file it is.
 * @throws UploadError
 */
export async function openSource(path: string, folders: readonly string[]): Promise<UploadSource> {
  const allowed = await Promise.all(folders.map((folder) => realpath(folder).catch(() => folder)));
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK); // a FIFO does not make us wait
  } catch (error) {
    throw new UploadError('UPLOAD_FILE_UNREADABLE', (error as Error).message, { cause: error });
  }
  try {
    const real = await readlink(`/proc/self/fd/${file.fd}`);
    if (!isWithin(real, allowed)) {
      throw new UploadError('UPLOAD_FILE_REFUSED', `${path} leads to ${real}, which is in no folder of uploadFolders`);
    }
    const stat = await file.stat();
    if (!stat.isFile()) throw new UploadError('UPLOAD_FILE_REFUSED', `${path} is no plain file`);
    return { file, bytes: stat.size };
  } catch (error) {
    await file.close();
    throw error;
  }
}
