/** What a job finds on this machine: folders, space, files, programs. Only looks. */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, readFile, stat, statfs } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

export interface FolderReport {
  readonly path: string;
  readonly isThere: boolean;
  /** For whoever asks, in bytes; null where it cannot be told. */
  readonly freeBytes: number | null;
  readonly problems: readonly string[];
}

/** The journal has two segments of 256 KiB; less than the double of them is as good as full. */
const LEAST_FREE_BYTES = 1024 * 1024;

export async function folderReport(path: string): Promise<FolderReport> {
  try {
    const stats = await stat(path);
    if (!stats.isDirectory()) return { path, isThere: true, freeBytes: null, problems: [`${path} is not a folder`] };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // The agent makes it when it starts.
    const problems = code === 'ENOENT' ? [] : [`${path} cannot be looked at: ${message}`];
    return { path, isThere: false, freeBytes: null, problems };
  }
  const { bavail, bsize } = await statfs(path);
  const freeBytes = bavail * bsize;
  const mayWrite = await access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
  return {
    path,
    isThere: true,
    freeBytes,
    problems: [
      ...(mayWrite ? [] : [`${path} cannot be written by this user, or is on a file system that is read-only`]),
      ...(freeBytes >= LEAST_FREE_BYTES ? [] : [`${path} has only ${freeBytes} bytes free`]),
    ],
  };
}

export interface FileReport {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly owner: string;
  /** As chmod(1) takes it: `0755`. */
  readonly mode: string;
}

/** @throws the system's error. */
export async function fileReport(path: string): Promise<FileReport> {
  const { size, uid, mode } = await stat(path);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return {
    path,
    sha256: hash.digest('hex'),
    bytes: size,
    owner: await ownerName(uid),
    mode: (mode & 0o7777).toString(8).padStart(4, '0'),
  };
}

/** passwd(5): the number where it names nobody. */
async function ownerName(uid: number): Promise<string> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const [name] =
    passwd
      .split('\n')
      .find((line) => line.split(':')[2] === String(uid))
      ?.split(':') ?? [];
  return name ?? String(uid);
}
