/** The folders on the way to a file, links included: who may write in one of them can put another file in its place. */
import type { Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** A folder, or a link to one: whoever owns it may lead it elsewhere. */
export interface FolderFacts {
  readonly path: string;
  readonly isLink: boolean;
  /** As lstat(2) gives it. */
  readonly mode: number;
  readonly ownerId: number;
  readonly groupId: number;
}

/** As many as the kernel follows (path_resolution(7)). */
const MAX_LINKS = 40;

/** From `/` down, as the kernel goes. Ends early where something is missing or may not be looked at. */
export async function foldersOnTheWay(path: string): Promise<readonly FolderFacts[]> {
  const seen = new Map<string, FolderFacts>();
  const note = (at: string, stats: Stats) => {
    const { mode, uid: ownerId, gid: groupId } = stats;
    seen.set(at, { path: at, isLink: stats.isSymbolicLink(), mode, ownerId, groupId });
  };
  let names = namesIn(resolve(path));
  let folder = '/';
  let links = 0;
  try {
    note(folder, await lstat(folder));
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      const here = name === '..' ? dirname(folder) : join(folder, name);
      const stats = await lstat(here);
      if (stats.isDirectory() || stats.isSymbolicLink()) note(here, stats);
      if (!stats.isSymbolicLink()) {
        folder = here;
        continue;
      }
      links += 1;
      if (links > MAX_LINKS) break;
      const target = await readlink(here);
      if (target.startsWith('/')) folder = '/';
      names = [...namesIn(target), ...names];
    }
  } catch {
    // Why the file cannot be reached is told by whoever opens it.
  }
  return [...seen.values()];
}

function namesIn(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
