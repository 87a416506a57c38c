/**
 * Puts a folder in the place of another. rename(2) does not replace a folder that is not empty: where mv(1) can exchange two
 * names (coreutils 9.5, renameat2(2)) there is always one; elsewhere there is none for a moment, which `settle` mends.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { noFolderThere, removeTree, runProgram } from '../../agent/handler-api.ts';

export interface FolderPlace {
  readonly path: string;
  /** Beside it: what is to take its place, and what was there. Of one writer. */
  readonly next: string;
  readonly previous: string;
}

export function folderPlace(path: string, writer: string): FolderPlace {
  const id = createHash('sha256')
    .update(JSON.stringify([path, writer]))
    .digest('hex')
    .slice(0, 16);
  const name = (kind: string) => join(dirname(path), `.${basename(path).slice(0, 100)}.${id}.${kind}`);
  return { path, next: name('new'), previous: name('old') };
}

/** Puts back what was there, if an attempt was cut off between two names, and removes what else it left. */
export async function settle({ path, next, previous }: FolderPlace): Promise<void> {
  if ((await isThere(previous)) && !(await isThere(path))) {
    await rename(previous, path);
    await syncFolder(dirname(path));
  }
  for (const left of [next, previous]) await removeTree(left);
}

/** @throws Error with code ENOTDIR for what is there and no folder. */
export async function checkPlace(path: string): Promise<void> {
  const facts = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (facts === undefined || facts.isDirectory()) return;
  throw Object.assign(new Error(`${noFolderThere(path, facts)}: it is not replaced`), { code: 'ENOTDIR' });
}

/** Syncs `next` and puts it in place. Resolves when it would survive a power cut; what was there is gone then. */
export async function putInPlace(place: FolderPlace, signal: AbortSignal): Promise<void> {
  const { path, next, previous } = place;
  await syncAll(next, signal);
  signal.throwIfAborted();
  // From here on it is done to the end: what follows takes no time.
  const own = new AbortController().signal;
  const exchanged =
    (await isThere(path)) && (await runProgram(['mv', '--exchange', '-T', '--', next, path], { signal: own }));
  if (exchanged === false || exchanged.exitCode !== 0) {
    if (exchanged !== false) await rename(path, previous);
    await rename(next, path);
  }
  await syncFolder(dirname(path));
  for (const left of [next, previous]) await removeTree(left);
}

/** One sync of the file system for all of it: a sync of each file takes a gateway minutes (sync(1), coreutils and BusyBox). */
async function syncAll(folder: string, signal: AbortSignal): Promise<void> {
  const one = await runProgram(['sync', '-f', folder], { signal });
  const all = one.exitCode === 0 ? one : await runProgram(['sync'], { signal });
  signal.throwIfAborted();
  if (all.exitCode !== 0) throw Object.assign(new Error(`it could not be synced: ${all.stderr}`), { code: 'EIO' });
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
