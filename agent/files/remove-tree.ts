/**
 * Removes a folder with all that is in it, and nothing else, whoever changes it meanwhile. Removed by paths, a folder that
 * its owner swaps for a link in the right moment would lead to what the link leads to; and one on which a handler has left
 * something mounted would lead to what is mounted there. So every folder is held open while it is emptied, its entries are
 * reached through that (proc_pid_fd(5)), no link is followed, and no mount is entered.
 */
import { constants, type PathLike } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** What lies deeper is moved up first: each level holds a descriptor, and a folder can be as deep as somebody likes. */
const MAX_LEVELS = 32;
/** Of those that bring up what lies too deep: somebody may go on making deep folders. */
const MAX_ROUNDS = 1000;
/** O_NONBLOCK: what is a pipe by now makes nobody wait. */
const FOLDER_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * One that is not there is removed; of a link the link goes. What cannot be removed does not keep the rest.
 * @throws the first of the system's errors, such as ENOTEMPTY when somebody goes on filling it; EBUSY for a mount.
 */
export async function removeTree(path: string): Promise<void> {
  if (process.platform !== 'linux') return rm(path, { recursive: true, force: true }); // there is no /proc
  let above: FileHandle;
  try {
    above = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const removal: Removal = { errors: [], attic: above, moved: 0 };
  try {
    await removeEntry(removal, { folder: above, name: Buffer.from(basename(path)), path, level: 0 });
  } finally {
    await above.close();
  }
  const [first] = removal.errors;
  if (first !== undefined) throw first;
}

interface Removal {
  readonly errors: unknown[];
  /** Where what lies too deep is moved to. */
  attic: FileHandle;
  moved: number;
}

interface Entry {
  readonly folder: FileHandle;
  /** In bytes: it need not be UTF-8. */
  readonly name: Buffer;
  /** For people. */
  readonly path: string;
  readonly level: number;
}

/** What it is may change at any moment, so it is not asked but tried. */
async function removeEntry(removal: Removal, entry: Entry): Promise<void> {
  const place = placeOf(entry.folder, entry.name);
  try {
    // EISDIR of Linux; EPERM is what POSIX has for a folder, and what an immutable file gives (unlink(2)).
    const code = await codeOfFailure(unlink(place));
    if (code === undefined || code === 'ENOENT') return;
    if (code !== 'EISDIR' && code !== 'EPERM') return void (await unlink(place));
    if (entry.level >= MAX_LEVELS) await moveUp(removal, place);
    else await removeFolderEntry(removal, entry);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') removal.errors.push(error);
  }
}

async function removeFolderEntry(removal: Removal, { folder, name, path, level }: Entry): Promise<void> {
  const place = placeOf(folder, name);
  const handle = await open(place, FOLDER_FLAGS);
  try {
    if ((await mountOf(handle)) !== (await mountOf(folder))) throw isMount(path);
    if (level === 0) removal.attic = handle;
    for (let round = 1; round <= MAX_ROUNDS; round += 1) {
      const movedBefore = removal.moved;
      for (const one of await readdir(placeOf(handle), { encoding: 'buffer' })) {
        await removeEntry(removal, { folder: handle, name: one, path: `${path}/${one}`, level: level + 1 });
      }
      if (level > 0 || removal.moved === movedBefore) break;
    }
  } finally {
    await handle.close();
  }
  // Where something in it could not be removed that error says why, and this one would only say that it is not empty.
  if (removal.errors.length === 0) await rmdir(place);
  else await codeOfFailure(rmdir(place));
}

async function moveUp(removal: Removal, place: PathLike): Promise<void> {
  removal.moved += 1;
  await rename(place, placeOf(removal.attic, Buffer.from(`.deep-${process.pid}-${removal.moved}`)));
}

function placeOf(folder: FileHandle, name: Uint8Array = new Uint8Array()) {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${folder.fd}/`), name]);
}

/** proc_pid_fdinfo(5), mnt_id: a bind mount of the same file system has the same device, and another of these. */
async function mountOf({ fd }: FileHandle): Promise<string | undefined> {
  return /^mnt_id:\s*(\d+)$/m.exec(await readFile(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
}

function isMount(path: string): Error {
  const message = `${path} is a mount: what is mounted there is not removed; umount it`;
  return Object.assign(new Error(message), { code: 'EBUSY' });
}

async function codeOfFailure(work: Promise<void>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return codeOf(error) ?? 'EIO';
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
