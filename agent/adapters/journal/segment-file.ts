/** The journal's files and folders, as the system calls it needs. Every error names the path and the system's reason. */
import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { JournalError } from '../../ports/journal.ts';
import { SEGMENT_BYTES } from './block-format.ts';
import { SEGMENT_NAMES, type SegmentImage } from './recover-segments.ts';

/** All that is ever done to an open segment. Tests count, record and fail these calls. */
export interface SegmentFile {
  /** One `pwrite` of all bytes. */
  write(bytes: Buffer, position: number): Promise<void>;
  /** One `fdatasync`. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export type OpenSegmentFile = (path: string) => Promise<SegmentFile>;

const QUARANTINE = /^quarantine-(\d+)$/;
/** Three accidents are enough to learn from; half a megabyte each. */
const QUARANTINES_KEPT = 3;

/** Opens or makes the file, for its owner only. A symbolic link is refused, as it may lead to somebody else's file. */
export async function openSegmentFile(path: string): Promise<SegmentFile> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  if (!(await handle.stat()).isFile()) {
    await handle.close();
    throw new Error('not a regular file');
  }
  return {
    async write(bytes, position) {
      const { bytesWritten } = await handle.write(bytes, 0, bytes.length, position);
      if (bytesWritten !== bytes.length) {
        throw new Error(`only ${bytesWritten} of ${bytes.length} bytes could be written`);
      }
    },
    sync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

/**
 * Makes the folder, and those above it for their owner only, so that they outlast a power cut.
 * Not by `mkdir`'s own `recursive`: that never returns where a file system refuses with ENOENT, as /proc does.
 */
export async function makeDirectory(dir: string, mode = 0o700): Promise<void> {
  const parent = dirname(resolve(dir));
  if (await isMade(dir)) {
    return;
  }
  await makeDirectory(parent);
  await mkdir(dir, mode);
  await syncDirectory(parent);
}

export async function syncDirectory(dir: string): Promise<void> {
  await withHandle(dir, constants.O_RDONLY | constants.O_DIRECTORY, (handle) => handle.sync());
}

/** @throws the system's error, unless it means that there is no such file or that the device cannot read it. */
export async function readSegmentImage(path: string): Promise<SegmentImage> {
  try {
    return await withHandle(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK, async (handle) => {
      const image = Buffer.alloc(SEGMENT_BYTES);
      for (let length = 0; ; ) {
        const { bytesRead } = await handle.read(image, length, SEGMENT_BYTES - length, length);
        length += bytesRead;
        if (bytesRead === 0 || length === SEGMENT_BYTES) {
          return image.subarray(0, length);
        }
      }
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      return 'absent';
    }
    if (code === 'EIO') {
      return 'unreadable';
    }
    throw error;
  }
}

/** Copies a lost journal aside, for people to look at. @returns where, or why not: it must not keep the agent down. */
export async function quarantine(dir: string, images: readonly SegmentImage[]): Promise<string> {
  try {
    const numbers = (await readdir(dir)).map((name) => Number(QUARANTINE.exec(name)?.[1] ?? 0)).filter((n) => n > 0);
    for (const old of numbers.sort((a, b) => b - a).slice(QUARANTINES_KEPT - 1)) {
      await rm(join(dir, `quarantine-${old}`), { recursive: true });
    }
    const place = join(dir, `quarantine-${Math.max(0, ...numbers) + 1}`);
    await mkdir(place, { mode: 0o700 });
    for (const [number, image] of images.entries()) {
      if (typeof image !== 'string') {
        await writeDurably(join(place, SEGMENT_NAMES[number] ?? 'journal'), image);
      }
    }
    return `the files were copied to ${place}`;
  } catch (error) {
    return `the files could not be set aside: ${(error as Error).message}`;
  }
}

/** The one code for all that keeps a journal from being made, opened or written. */
export function unwritable(path: string, error: unknown): JournalError {
  const reason = error instanceof Error ? error.message : String(error);
  return new JournalError('JOURNAL_UNWRITABLE', `the journal ${path} cannot be used: ${reason}`, { cause: error });
}

async function isMade(dir: string): Promise<boolean> {
  try {
    await access(dir);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

async function writeDurably(path: string, bytes: Buffer): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function withHandle<T>(path: string, flags: number, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, flags);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}
