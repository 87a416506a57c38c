/**
 * Files that are either the old or the new one, whenever power goes: the content goes to a temporary file beside the
 * target and is synced, then takes the target's name, and the folder is synced too (rename(2), fsync(2)).
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { noPlainFile } from './file-problem.ts';

export interface ReplacementOptions {
  /** Mode of the new file. Without it that of the file it replaces, or 0644. */
  readonly mode?: number;
  /**
   * Who writes, such as the job's id: names the temporary file. The same writer finds and removes what an attempt of its
   * own left behind; two writers never share one.
   */
  readonly writer: string;
  /**
   * How many bytes of what this writer left behind are to be kept, such as those that a checkpoint vouches for. What lies
   * beyond them is cut off. 0 unless given.
   */
  readonly keepBytes?: number;
  /** Keeps what lies beyond them, too: for what was written in order, by a process that was killed, in the same boot. */
  readonly keepMore?: boolean;
}

export interface Replacement {
  /** Open for reading, too. Where bytes were kept its position is 0 all the same: write by position. */
  readonly file: FileHandle;
  /** `keepBytes`, or more where `keepMore` says so; 0 where there was not as much, or no plain file of ours. */
  readonly keptBytes: number;
  /** Puts the new content in place. Resolves when it would survive a power cut. */
  commit(): Promise<void>;
  /** Closes the temporary file and lets it lie, for a later attempt with `keepBytes`. */
  leave(): Promise<void>;
  /** Removes the temporary file; does nothing after `commit` or `leave`. */
  discard(): Promise<void>;
}

const DEFAULT_MODE = 0o644;
const PERMISSIONS = 0o777;
/** Only us until it is whole; never through a link that somebody else put there. */
const TEMPORARY_MODE = 0o600;
const TEMPORARY_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Without O_NONBLOCK opening a named pipe that somebody else put there would wait for a writer. */
const LEFT_FLAGS = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** @throws the system's error, such as ENOENT when the folder is not there; EISDIR or EINVAL for what is no plain file. */
export async function openReplacement(path: string, options: ReplacementOptions): Promise<Replacement> {
  const { mode, writer, keepBytes = 0, keepMore = false } = options;
  const temporary = temporaryPath(path, writer);
  const replaced = await replacedMode(path);
  const finalMode = mode ?? replaced ?? DEFAULT_MODE;
  const left = keepBytes > 0 || keepMore ? await openLeft(temporary, { keepBytes, keepMore }) : undefined;
  const file = left?.file ?? (await openAnew(temporary));
  let over = false;
  return {
    file,
    keptBytes: left?.bytes ?? 0,
    async commit() {
      await file.chmod(finalMode);
      await file.sync();
      await file.close();
      await rename(temporary, path);
      over = true;
      await syncFolder(dirname(path));
    },
    async leave() {
      over = true;
      await file.close();
    },
    async discard() {
      if (over) return;
      await file.close().catch(() => undefined); // it may be closed already: what counts is that the name goes
      await rm(temporary, { force: true });
    },
  };
}

async function openAnew(temporary: string): Promise<FileHandle> {
  await rm(temporary, { force: true });
  return open(temporary, TEMPORARY_FLAGS, TEMPORARY_MODE);
}

/** What this writer left, if it is a plain file that nobody but us could write or reach, and has as many bytes. */
async function openLeft(
  temporary: string,
  { keepBytes, keepMore }: { readonly keepBytes: number; readonly keepMore: boolean },
): Promise<{ readonly file: FileHandle; readonly bytes: number } | undefined> {
  const file = await open(temporary, LEFT_FLAGS).catch(() => undefined); // whatever is wrong, a new one takes its place
  if (file === undefined) return undefined;
  try {
    const { uid, mode, nlink, size } = await file.stat();
    const isOurs = uid === process.geteuid?.() && (mode & PERMISSIONS) === TEMPORARY_MODE && nlink === 1;
    if (isOurs && size >= keepBytes && (mode & constants.S_IFMT) === constants.S_IFREG) {
      const bytes = keepMore ? size : keepBytes;
      await file.truncate(bytes);
      return { file, bytes };
    }
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return undefined;
}

/** Removes what an attempt of this writer left behind that was killed. The file itself is not touched. */
export async function removeLeftReplacement(
  path: string,
  { writer }: Pick<ReplacementOptions, 'writer'>,
): Promise<void> {
  await rm(temporaryPath(path, writer), { force: true });
}

/** The whole content at once. @throws the system's error; then the old file, if any, is as it was. */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  options: ReplacementOptions,
): Promise<void> {
  const replacement = await openReplacement(path, options);
  try {
    await replacement.file.writeFile(content);
    await replacement.commit();
  } finally {
    await replacement.discard();
  }
}

function temporaryPath(path: string, writer: string): string {
  const id = createHash('sha256')
    .update(JSON.stringify([path, writer]))
    .digest('hex')
    .slice(0, 16);
  return join(dirname(path), `.${basename(path).slice(0, 100)}.${id}.part`);
}

/**
 * The mode of the file to be replaced. A link is replaced itself, not what it leads to.
 * @throws EISDIR or EINVAL for a folder, a device, a fifo or a socket: a plain file in its place would break what uses it.
 */
async function replacedMode(path: string): Promise<number | undefined> {
  const facts = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (facts === undefined) return undefined;
  if (facts.isFile()) return facts.mode & PERMISSIONS;
  if (facts.isSymbolicLink()) return undefined;
  const message = `${noPlainFile(path, facts)}: it is not replaced`;
  throw Object.assign(new Error(message), { code: facts.isDirectory() ? 'EISDIR' : 'EINVAL' });
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
