/** The old content of a file that is changed, kept beside it under another name until the change has proved itself. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, lstat, open, readlink, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeLikeOld } from './like-old.ts';

/**
 * Puts a second name on the file that is there: the very same one, with its owner, attributes and times. On a file system
 * without hard links, such as FAT, a copy.
 */
export async function keepCopy(path: string, keptPath: string, signal: AbortSignal): Promise<void> {
  await rm(keptPath, { force: true });
  try {
    await link(path, keptPath);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await copyWhole(path, keptPath, signal);
  }
  await syncFolder(dirname(path));
}

/** link(2): the file system has none, or the kernel refuses one on a file of somebody else's (protected_hardlinks). */
const NO_LINKS = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EMLINK']);

async function copyWhole(path: string, copyPath: string, signal: AbortSignal): Promise<void> {
  await copyFile(path, copyPath, constants.COPYFILE_EXCL);
  const copy = await open(copyPath, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    await makeLikeOld(path, copy, signal);
    await copy.sync();
  } finally {
    await copy.close();
  }
}

/** Puts the kept file back in place. */
export async function putBack(keptPath: string, path: string): Promise<void> {
  await rename(keptPath, path);
  await syncFolder(dirname(path));
}

/** In the place of the one before it. */
export async function keepAsPrevious(keptPath: string, path: string): Promise<string> {
  const previous = previousPath(path);
  await rename(keptPath, previous);
  await syncFolder(dirname(path));
  return previous;
}

export async function removeKept(keptPath: string): Promise<void> {
  await rm(keptPath, { force: true });
}

/** Hidden: what reads every file of a folder, such as run-parts(8) or an include of `*`, leaves it alone. */
export function previousPath(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 240)}.previous`);
}

/** The same in each attempt of a step. */
export function keptPathOf(path: string, writer: string): string {
  const id = createHash('sha256')
    .update(JSON.stringify([path, writer]))
    .digest('hex')
    .slice(0, 16);
  return join(dirname(path), `.${basename(path).slice(0, 100)}.${id}.kept`);
}

export const ABSENT = 'absent';

/** What is there under a name, so that it can be told from something else. A link is itself, not what it leads to. */
export async function fingerprintOf(path: string): Promise<string> {
  try {
    const facts = await lstat(path);
    if (facts.isSymbolicLink()) return `link to ${await readlink(path)}`;
    return facts.isFile() ? await hashOf(path) : `no plain file, inode ${facts.ino}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ABSENT;
    throw error;
  }
}

const HASHED_BYTES = 256 * 1024;

/** In pieces: what `write-file` replaces may be larger than memory. */
async function hashOf(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const hash = createHash('sha256');
  for await (const piece of file.createReadStream({ highWaterMark: HASHED_BYTES })) hash.update(piece as Buffer);
  return hash.digest('hex');
}

export function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
