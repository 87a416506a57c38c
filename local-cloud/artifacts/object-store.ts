/**
 * The store's files: `FOLDER/BUCKET/KEY`. What is opened is a plain file that lies there itself: nothing is reached through
 * a symbolic link, so nothing outside the folder is. Whoever may write into the folder is trusted; requests are not.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { objectSegments, versionedKey } from './object-path.ts';
import { S3Error } from './s3-error.ts';

/** No bucket has a name like that: what is being uploaded cannot be asked for. */
const UPLOADS = '.uploads';
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const NOT_THERE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EISDIR', 'ENXIO', 'EINVAL']);

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
}

export interface OpenObject {
  /** Whoever opened it closes it. */
  readonly file: FileHandle;
  readonly size: number;
  readonly lastModified: Date;
  /** With its quotes. Not the content's MD5, which its form says: S3 gives such ones to objects made of parts. */
  readonly etag: string;
}

export interface ObjectStore {
  /** @throws S3Error NoSuchBucket, NoSuchKey, NoSuchVersion */
  open(name: ObjectName): Promise<OpenObject>;
  /**
   * Writes an object: whole, or not at all. The bucket must be there; folders below it are made.
   * @throws S3Error NoSuchBucket, InvalidArgument; and what `chunks` throws
   */
  put(name: ObjectName, chunks: AsyncIterable<Uint8Array>): Promise<{ readonly etag: string }>;
}

/** @param folder made if it is missing; may itself be a symbolic link. @param buckets made too. */
export async function openObjectStore(folder: string, buckets: readonly string[] = []): Promise<ObjectStore> {
  await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
  const root = await realpath(folder);
  for (const bucket of buckets) await mkdir(join(root, bucket), { recursive: true, mode: PRIVATE_FOLDER });
  await clearUploads(root);
  return {
    open: (name) => openObject(root, name),
    put: (name, chunks) => putObject(root, name, chunks),
  };
}

async function openObject(root: string, name: ObjectName): Promise<OpenObject> {
  const segments = objectSegments(name.bucket, versionedKey(name.key, name.versionId));
  const path = segments && join(root, ...segments);
  const file = path && (await openIfThere(path));
  if (!path || !file) throw await missing(root, name);
  try {
    const stats = await file.stat({ bigint: true });
    if (!stats.isFile() || !(await liesAt(path, stats))) throw await missing(root, name);
    return { file, size: Number(stats.size), lastModified: stats.mtime, etag: etagOf(stats) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Never waits for a writer of a pipe, and never follows a link in the last place. */
async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (NOT_THERE.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Whether that path has no link in it and is the file that was opened. */
async function liesAt(path: string, opened: BigIntStats): Promise<boolean> {
  if ((await realpath(path)) !== path) return false;
  const { dev, ino } = await lstat(path, { bigint: true });
  return dev === opened.dev && ino === opened.ino;
}

async function putObject(
  root: string,
  name: ObjectName,
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly etag: string }> {
  const segments = objectSegments(name.bucket, name.key);
  if (!segments) throw new S3Error('InvalidArgument', 'A folder cannot hold an object of this key', { Key: name.key });
  await requireBucket(root, name.bucket);
  const path = join(root, ...segments);
  const draft = join(root, UPLOADS, randomUUID());
  const file = await open(draft, 'wx', PRIVATE_FILE);
  try {
    try {
      for await (const chunk of chunks) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await moveInto(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return { etag: etagOf(await lstat(path, { bigint: true })) };
}

/** Below a file no object can be, nor in the place of a folder: S3 could have both. */
async function moveInto(draft: string, path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: PRIVATE_FOLDER });
    if ((await realpath(dirname(path))) !== dirname(path)) throw new S3Error('AccessDenied', 'Access Denied');
    await rename(draft, path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOTDIR', 'EEXIST', 'EISDIR', 'ENOTEMPTY', 'ELOOP', 'ENAMETOOLONG'].includes(code)) throw error;
    throw new S3Error('InvalidArgument', 'Another object is where a folder would be needed, or the other way round');
  }
}

async function missing(root: string, name: ObjectName): Promise<S3Error> {
  try {
    await requireBucket(root, name.bucket);
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
  if (name.versionId === undefined) {
    return new S3Error('NoSuchKey', 'The specified key does not exist.', { Key: name.key });
  }
  const elements = { Key: name.key, VersionId: name.versionId };
  return new S3Error('NoSuchVersion', 'The specified version does not exist.', elements);
}

async function requireBucket(root: string, bucket: string): Promise<void> {
  const segments = objectSegments(bucket, 'any');
  const stats = segments && (await lstat(join(root, bucket)).catch(() => undefined));
  if (stats?.isDirectory()) return;
  throw new S3Error('NoSuchBucket', 'The specified bucket does not exist', { BucketName: bucket });
}

/** What a start before this one left behind. */
async function clearUploads(root: string): Promise<void> {
  const folder = join(root, UPLOADS);
  await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
  if ((await realpath(folder)) !== folder) throw new Error(`${folder} must not be a symbolic link`);
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
}

/** Another one whenever the file is another one, or was written to. */
function etagOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  const hash = createHash('md5').update([dev, ino, size, mtimeNs, ctimeNs].join(' ')).digest('hex');
  return `"${hash}-1"`;
}
