/**
 * The folders on the way to the private key, links included. Who may write in one of them cannot read the key, but can
 * put another in its place, and with it make this gateway somebody else's.
 */
import type { Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { shellWord } from './key-access.ts';

/** A folder, or a link to one: whoever owns it may lead it elsewhere. */
export interface FolderFacts {
  readonly path: string;
  readonly isLink: boolean;
  /** As lstat(2) gives it. */
  readonly mode: number;
  readonly ownerId: number;
  readonly groupId: number;
}

/** Not an error: an agent that stayed down after an upgrade, because of a folder of its distribution, would be worse. */
export interface KeyFolderWarning {
  readonly code: 'KEY_FOLDER_OPEN';
  readonly path: string;
  /** Who else may replace the key, and what to do about it. */
  readonly reason: string;
}

export interface KeyFolderFindings {
  /** What everybody may write in. */
  readonly problems: readonly string[];
  /** What one other user, or the members of a group, may write in. */
  readonly warnings: readonly KeyFolderWarning[];
}

/** Sticky, as `/tmp` is: only its owner may rename or remove what lies there (inode(7)). */
const S_ISVTX = 0o1000;
/** As many as the kernel follows (path_resolution(7)). */
const MAX_LINKS = 40;

export function keyFolderFindings(
  keyPath: string,
  folders: readonly FolderFacts[],
  agent: { readonly userId: number; readonly groupId: number },
): KeyFolderFindings {
  const problems: string[] = [];
  const warnings: KeyFolderWarning[] = [];
  const warn = (path: string, reason: string) => warnings.push({ code: 'KEY_FOLDER_OPEN', path, reason });
  for (const { path, isLink, mode, ownerId, groupId } of folders) {
    if (ownerId !== 0 && ownerId !== agent.userId) {
      warn(path, `it belongs to user ${ownerId}, who may replace the key; run: chown root ${shellWord(path)}`);
    }
    if (isLink || (mode & S_ISVTX) !== 0) continue; // a link's own mode means nothing (symlink(7))
    const shown = (mode & 0o777).toString(8).padStart(4, '0');
    if ((mode & 0o002) !== 0) {
      const what = `everyone may write in ${path} (mode ${shown}), and so replace ${keyPath}`;
      problems.push(`keyPath: ${what}; run: chmod go-w ${shellWord(path)}`);
    } else if ((mode & 0o020) !== 0 && groupId !== 0 && groupId !== agent.groupId) {
      const who = `members of group ${groupId} may write in it (mode ${shown}) and replace the key`;
      warn(path, `${who}; run: chmod g-w ${shellWord(path)}`);
    }
  }
  return { problems, warnings };
}

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
    // Why the key cannot be reached is told by whoever reads it.
  }
  return [...seen.values()];
}

function namesIn(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
