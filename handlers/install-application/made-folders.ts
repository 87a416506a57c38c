/** Folders that an installation makes on the way to its files: noted before they are made, so that a failed one leaves none. */
import { lstat, mkdir, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { refuseForeignLinks } from './owned-places.ts';

/** Of folders that a job makes. */
export const FOLDER_MODE = 0o755;

/** @param folders absolute. @returns those on the way to them that are not there, the outermost first. */
export async function missingFolders(folders: readonly string[]): Promise<readonly string[]> {
  const missing = new Set<string>();
  for (const folder of folders) {
    for (let each = folder; !(await isThere(each)); each = dirname(each)) missing.add(each);
  }
  return [...missing].sort((a, b) => a.length - b.length);
}

/**
 * With those above it, unless it is there. Not by `mkdir`'s own `recursive`: that gives other errors than the system's, such
 * as ENOENT on a disk that is full or read-only (Node.js 20). @throws the system's error.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: FOLDER_MODE });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder));
    await makeFolder(folder);
  }
}

/** What has come to hold something else stays, and what somebody else's link leads to. */
export async function removeMadeFolders(made: readonly string[]): Promise<void> {
  for (const folder of made.toReversed()) {
    await refuseForeignLinks(folder)
      .then(() => rmdir(folder))
      .catch(() => undefined);
  }
}

/** A link to nothing is there: it is not for us to make what it leads to. */
async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}
