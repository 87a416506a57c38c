/**
 * Folders of an application may belong to the user that it runs as, who can put a link in the place of anything there. What is
 * looked at is therefore held open, and what is done to it goes through that (proc_pid_fd(5)), not by its path again.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

const FOLDER_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY;
const FILE_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Makes the folders that are missing on the way from one to another below it. Links within are followed.
 * @returns where a link leads to that leads out; then nothing was made there. @throws the system's error.
 */
export async function makeFolderWithin(top: string, folder: string, mode: number): Promise<string | undefined> {
  let here = await open(top, FOLDER_FLAGS);
  try {
    const within = await readlink(placeOf(here));
    for (const name of relative(top, folder).split('/').filter(Boolean)) {
      const next = await enter(here, name, mode);
      await here.close();
      here = next;
      const inside = await readlink(placeOf(here));
      if (relative(within, inside).split('/')[0] === '..') return inside;
    }
    return undefined;
  } finally {
    await here.close();
  }
}

async function enter(folder: FileHandle, name: string, mode: number): Promise<FileHandle> {
  const place = `${placeOf(folder)}/${name}`;
  try {
    return await open(place, FOLDER_FLAGS).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await mkdir(place, { mode });
      return open(place, FOLDER_FLAGS | constants.O_NOFOLLOW);
    });
  } catch (error) {
    throw Object.assign(error as Error, { path: join(await readlink(placeOf(folder)), name) });
  }
}

function placeOf({ fd }: FileHandle): string {
  return `/proc/self/fd/${fd}`;
}

/**
 * For a file of ours that lies where somebody else may write. It must be one that nothing else leads to.
 * @throws Error with code EPERM, or the system's error.
 */
export async function giveTo(
  path: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): Promise<void> {
  const file = await open(path, FILE_FLAGS);
  try {
    const facts = await file.stat();
    if (facts.uid === uid && facts.gid === gid) return;
    if (!facts.isFile() || facts.uid !== process.geteuid?.() || facts.nlink !== 1) {
      throw notOurs(`${path} is not the file any more that was downloaded`);
    }
    await file.chown(uid, gid);
  } finally {
    await file.close();
  }
}

/** As `refuseForeignLink` of edit-config. @throws Error with code EPERM for a folder on the way that is a link of somebody else's. */
export async function refuseForeignLinks(path: string): Promise<void> {
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
    const facts = await lstat(folder).catch(() => undefined);
    if (facts === undefined || !facts.isSymbolicLink() || facts.uid === 0 || facts.uid === process.geteuid?.())
      continue;
    throw notOurs(`${folder} is a link of user ${facts.uid}; what it leads to is left alone`);
  }
}

function notOurs(message: string): Error {
  return Object.assign(new Error(message), { code: 'EPERM' });
}
