/**
 * Writes the entries of an archive into a folder of ours. Symbolic links come last of all: while files are written there is
 * none in the folder, so no path can lead through one. Nothing is ever written over.
 */
import { chmod, type FileHandle, link, lstat, mkdir, open, statfs, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveEntry } from './archive-entry.ts';
import { ArchiveError, refused } from './archive-error.ts';
import { checkSymlink, entryPath } from './entry-path.ts';

export interface UnpackLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
  readonly stripComponents: number;
  /** Kept free on the disk. */
  readonly reserveBytes: number;
}

export interface Unpacked {
  readonly files: number;
  readonly bytes: number;
}

export interface UnpackTree {
  /** Absolute; there, empty, and nobody else may write in it. */
  readonly folder: string;
  readonly limits: UnpackLimits;
  readonly signal: AbortSignal;
  readonly onProgress: (so: Unpacked) => void;
}

/** Without setuid, setgid and sticky: an archive does not decide who runs what as whom. */
const PERMISSIONS = 0o777;
/** Only us until it is in place. */
const [OPEN_FOLDER, OPEN_FILE] = [0o700, 0o600];
const DEFAULT_FOLDER = 0o755;
/** Smaller files are not worth the question whether there is room for them. */
const LARGE_BYTES = 1024 ** 2;

/** @throws ArchiveError, the system's error, or the reason of the signal. */
export async function unpackTree(entries: AsyncIterable<ArchiveEntry>, tree: UnpackTree): Promise<Unpacked> {
  const { limits, signal, onProgress } = tree;
  const folders = new Map<string, number>();
  const links: SymbolicLink[] = [];
  let [count, seenBytes, files, bytes] = [0, 0, 0, 0];
  for await (const entry of entries) {
    signal.throwIfAborted();
    count++;
    if (count > limits.maxEntries) throw tooLarge(`it has more than ${limits.maxEntries} entries`);
    seenBytes += entry.bytes;
    if (seenBytes > limits.maxBytes) throw tooLarge(`its files have more than ${limits.maxBytes} bytes`);
    const path = entryPath(entry.name, limits.stripComponents);
    if (path === undefined) continue;
    bytes += entry.bytes;
    if (entry.kind === 'directory') {
      await makeFolders(tree.folder, path, folders);
      folders.set(path.join('/'), (entry.mode & PERMISSIONS) | OPEN_FOLDER); // or we could not remove it again
      continue;
    }
    if (path.length === 0) throw refused(entry.name, 'is no folder, and would take the place of the folder itself');
    await makeFolders(tree.folder, path.slice(0, -1), folders);
    if (entry.kind === 'symlink') {
      checkSymlink(entry.name, path, entry.linkName);
      links.push({ name: entry.name, path, target: entry.linkName });
    } else if (entry.kind === 'link') await makeHardLink(tree, entry, path);
    else await writeFile(tree, entry, path);
    files++;
    onProgress({ files, bytes });
  }
  for (const one of links) await makeSymlink(tree.folder, one);
  for (const [path, mode] of folders) await chmod(join(tree.folder, path), mode);
  if (!folders.has('')) await chmod(tree.folder, DEFAULT_FOLDER);
  return { files, bytes };
}

interface SymbolicLink {
  readonly name: string;
  readonly path: readonly string[];
  readonly target: string;
}

async function makeFolders(folder: string, path: readonly string[], known: Map<string, number>): Promise<void> {
  for (let depth = 1; depth <= path.length; depth++) {
    const way = path.slice(0, depth).join('/');
    if (known.has(way)) continue;
    await mkdir(join(folder, way), { mode: OPEN_FOLDER }).catch((error) => throwTwice(error, way));
    known.set(way, DEFAULT_FOLDER);
  }
}

async function writeFile(
  { folder, limits, signal }: UnpackTree,
  entry: ArchiveEntry,
  path: readonly string[],
): Promise<void> {
  if (entry.bytes >= LARGE_BYTES) await checkRoom(folder, entry, limits.reserveBytes);
  const file = await open(join(folder, ...path), 'wx', OPEN_FILE).catch((error) => throwTwice(error, entry.name));
  try {
    for await (const chunk of entry.content) {
      signal.throwIfAborted();
      await writeAll(file, chunk);
    }
    await file.chmod(entry.mode & PERMISSIONS);
  } finally {
    await file.close();
  }
}

/** write(2) may write less than it was given. */
async function writeAll(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
}

/** To a file that came before it. `link` follows no links, and there are none yet. */
async function makeHardLink(
  { folder, limits }: UnpackTree,
  entry: ArchiveEntry,
  path: readonly string[],
): Promise<void> {
  const target = entryPath(entry.linkName, limits.stripComponents);
  const from = target === undefined || target.length === 0 ? undefined : join(folder, ...target);
  const facts = from === undefined ? undefined : await lstat(from).catch(() => undefined);
  if (from === undefined || facts?.isFile() !== true) {
    throw refused(entry.name, `is a hard link to ${entry.linkName}, which is no file that came before it`);
  }
  await link(from, join(folder, ...path)).catch((error) => throwTwice(error, entry.name));
}

/** Its folder may have become a link since, by one that came before it. */
async function makeSymlink(folder: string, { name, path, target }: SymbolicLink): Promise<void> {
  for (let depth = 1; depth < path.length; depth++) {
    const facts = await lstat(join(folder, ...path.slice(0, depth)));
    if (!facts.isDirectory()) throw refused(name, 'lies in what is a link itself');
  }
  await symlink(target, join(folder, ...path)).catch((error) => throwTwice(error, name));
}

function throwTwice(error: NodeJS.ErrnoException, name: string): never {
  if (error.code === 'EEXIST' || error.code === 'ENOTDIR')
    throw refused(name, 'is there twice, or lies in what is no folder');
  throw error;
}

async function checkRoom(folder: string, { name, bytes }: ArchiveEntry, reserveBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (bytes + reserveBytes <= free) return;
  const kept = reserveBytes === 0 ? '' : `, of which ${reserveBytes} are kept back for the agent`;
  throw new ArchiveError('ARCHIVE_NO_SPACE', `${name} has ${bytes} bytes, and ${free} are free${kept}`);
}

function tooLarge(what: string): ArchiveError {
  return new ArchiveError('ARCHIVE_TOO_LARGE', what);
}
