/** What changed in folders: every entry with its kind, mode, owner, size, time, inode, and where a link leads. */
import { cpSync, lstatSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export type TreeFacts = ReadonlyMap<string, string>;

export function readTrees(folders: readonly string[]): TreeFacts {
  const facts = new Map<string, string>();
  for (const folder of folders) readInto(facts, folder);
  return facts;
}

/** What goes meanwhile is not there. */
function readInto(facts: Map<string, string>, path: string): void {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return;
  const { mode, uid, gid, size, mtimeNs, ino, nlink } = found;
  const isFolder = (mode & 0o170000n) === 0o040000n;
  const target = (mode & 0o170000n) === 0o120000n ? ifThere(() => readlinkSync(path), '') : '';
  // A folder's own time and links change with its entries, which are told themselves.
  const own = isFolder ? [mode, uid, gid, ino] : [mode, uid, gid, size, mtimeNs, ino, nlink, target];
  facts.set(path, own.join(' '));
  if (isFolder) for (const name of ifThere(() => readdirSync(path), [])) readInto(facts, join(path, name));
}

function ifThere<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  }
}

/** Paths that came, went or are others now. */
export function changedPaths(before: TreeFacts, after: TreeFacts): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}

/** Makes a folder again what its copy is. */
export function restoreFolder(folder: string, copy: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
  cpSync(copy, folder, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
}
