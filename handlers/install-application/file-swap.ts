/**
 * Several files in the place of old ones, all or none. The new ones lie whole beside their targets first. Then each target
 * becomes the new one while the old one stays under another name, until either all is well and the old ones go, or they
 * are put back. What has been done can be read off the names, so each of these may be cut off and done again.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, lstat, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface Swap {
  readonly target: string;
  /** The new file, until it is in place. */
  readonly staged: string;
  /** The old file, from then on. */
  readonly backup: string;
  readonly wasThere: boolean;
}

/** @param writer names the files beside the target, as in `openReplacement`. */
export function swapOf(target: string, writer: string, wasThere: boolean): Swap {
  const id = createHash('sha256')
    .update(JSON.stringify([target, writer]))
    .digest('hex')
    .slice(0, 16);
  const beside = join(dirname(target), `.${basename(target).slice(0, 40)}.${id}`);
  return { target, staged: `${beside}.new`, backup: `${beside}.old`, wasThere };
}

/** Resolves when all would survive a power cut. @throws the system's error; then some may be in place: `putBack`. */
export async function putInPlace(swaps: readonly Swap[]): Promise<void> {
  for (const { target, staged, backup, wasThere } of swaps) {
    if (!(await isThere(staged))) continue; // it is in place
    if (wasThere && !(await isThere(backup))) await keep(target, backup);
    await rename(staged, target);
  }
  await syncFolders(swaps);
}

/** Resolves when the old files are where they were. */
export async function putBack(swaps: readonly Swap[]): Promise<void> {
  for (const { target, staged, backup, wasThere } of swaps.toReversed()) {
    const isInPlace = !(await isThere(staged));
    if (wasThere && (await isThere(backup))) {
      await rename(backup, target);
      await rm(backup, { force: true }); // rename(2) lets both be where both are one file
    } else if (!wasThere && isInPlace) await rm(target, { force: true });
    await rm(staged, { force: true });
  }
  await syncFolders(swaps);
}

/** The old files go. */
export async function forgetOld(swaps: readonly Swap[]): Promise<void> {
  for (const { backup } of swaps) await rm(backup, { force: true });
}

/**
 * A second name costs nothing and leaves no moment without a file; on file systems that have none, such as FAT, a copy.
 * @param nameAnew other than link(2) for tests.
 */
export async function keep(target: string, backup: string, nameAnew: typeof link = link): Promise<void> {
  try {
    await nameAnew(target, backup);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    const copy = `${backup}.copy`;
    await copyFile(target, copy);
    await syncPath(copy, constants.O_RDONLY);
    await rename(copy, backup);
  }
  await syncPath(dirname(target), constants.O_RDONLY | constants.O_DIRECTORY);
}

/** link(2): no hard links on this file system, none to files of others, no more of them. */
const NO_LINKS = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EMLINK']);

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function syncFolders(swaps: readonly Swap[]): Promise<void> {
  for (const folder of new Set(swaps.map(({ target }) => dirname(target)))) {
    await syncPath(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  }
}

async function syncPath(path: string, flags: number): Promise<void> {
  const file = await open(path, flags);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
