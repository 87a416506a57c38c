import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { createGunzip } from 'node:zlib';
import {
  checkWithinWorkFolder,
  failed,
  type HandlerContext,
  type HandlerResult,
  type ModuleHandler,
  succeeded,
  writerOf,
} from '../../agent/handler-api.ts';
import { ArchiveError, toArchiveError } from './archive-error.ts';
import {
  DEFAULT_MAX_BYTES,
  DEFAULT_MAX_ENTRIES,
  type UnpackArchiveParameters,
  unpackArchiveParameters,
} from './parameters.ts';
import { checkPlace, folderPlace, putInPlace, settle } from './place-folder.ts';
import { planUnpack } from './plan.ts';
import { readTar } from './read-tar.ts';
import { type Unpacked, unpackTree } from './unpack-tree.ts';

/** The folder is the old or the whole new one, so it may run again after a power cut. */
export const unpackArchiveHandler: ModuleHandler<typeof unpackArchiveParameters> = {
  operation: 'unpack-archive',
  kind: 'module',
  summary: 'Unpacks a tar archive into a folder, which is replaced as a whole; refuses what could lead out of it.',
  parameters: unpackArchiveParameters,
  onInterrupted: 'rerun',
  plan: planUnpack,
  run: unpackArchive,
  cleanup: async (context, { path }) => {
    await settle(folderPlace(resolve(context.workDir, path), writerOf(context)));
    return succeeded();
  },
};

/** As in download-file: a job that fills the disk of the agent's state could not even be reported. */
const RESERVE_BYTES = 16 * 1024 ** 2;
/** Nobody but us may write into what is unpacked. */
const OURS = 0o700;
/** Without O_NONBLOCK opening a named pipe would wait for a writer. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
/** RFC 1952, section 2.3.1. */
const GZIP = Buffer.from([0x1f, 0x8b]);
const READ_BYTES = 256 * 1024;

async function unpackArchive(context: HandlerContext, parameters: UnpackArchiveParameters): Promise<HandlerResult> {
  const { workDir, signal } = context;
  const [archive, path] = [resolve(workDir, parameters.archive), resolve(workDir, parameters.path)];
  if (`${workDir}/`.startsWith(`${path}/`)) {
    return failed('UNPACK_NOT_WRITTEN', `${path} holds the working folder of this job, and cannot be replaced`);
  }
  const place = folderPlace(path, writerOf(context));
  try {
    for (const each of [parameters.archive, parameters.path]) await checkWithinWorkFolder(each, workDir);
    await settle(place);
    await checkPlace(path);
    const unpacked = await unpackInto(place.next, await realArchive(parameters.archive, workDir), {
      context,
      parameters,
    });
    await putInPlace(place, signal);
    return succeeded({ path, ...unpacked });
  } catch (error) {
    await settle(place).catch(() => undefined); // the first error says more
    if (signal.aborted) return failed('UNPACK_STOPPED', `unpacking ${archive} was stopped`);
    const { code, message } = toArchiveError(error);
    return failed(code, message);
  }
}

interface Unpacking {
  readonly context: HandlerContext;
  readonly parameters: UnpackArchiveParameters;
}

async function unpackInto(folder: string, archive: string, { context, parameters }: Unpacking): Promise<Unpacked> {
  const file = await openArchive(archive);
  try {
    await mkdir(folder, { mode: OURS });
    const limits = {
      maxBytes: parameters.maxBytes ?? DEFAULT_MAX_BYTES,
      maxEntries: parameters.maxEntries ?? DEFAULT_MAX_ENTRIES,
      stripComponents: parameters.stripComponents ?? 0,
      reserveBytes: await reserveFor(folder, context.workDir),
    };
    const onProgress = (unpacked: Unpacked) => context.progress({ ...unpacked });
    return await unpackTree(readTar(await contentOf(file)), { folder, limits, signal: context.signal, onProgress });
  } finally {
    await file.close();
  }
}

/** Where links lead to; those of a relative path must not lead out of the working folder: a step before may have left one. */
async function realArchive(path: string, workDir: string): Promise<string> {
  let real: string;
  try {
    real = await realpath(resolve(workDir, path));
  } catch (error) {
    throw new ArchiveError('ARCHIVE_UNREADABLE', (error as Error).message, { cause: error });
  }
  if (!isAbsolute(path)) await checkWithinWorkFolder(relative(await realpath(workDir), real), workDir);
  return real;
}

async function openArchive(path: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(path, FLAGS);
  } catch (error) {
    throw new ArchiveError('ARCHIVE_UNREADABLE', (error as Error).message, { cause: error });
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new ArchiveError('ARCHIVE_UNREADABLE', `${path} is no plain file`);
}

async function contentOf(file: FileHandle): Promise<AsyncIterable<Buffer>> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(GZIP.length), 0, GZIP.length, 0);
  const stored = file.createReadStream({ start: 0, autoClose: false, highWaterMark: READ_BYTES });
  if (bytesRead < GZIP.length || !buffer.equals(GZIP)) return stored;
  const gunzip = createGunzip({ chunkSize: READ_BYTES });
  stored.on('error', (error) => gunzip.destroy(error));
  return stored.pipe(gunzip);
}

async function reserveFor(folder: string, workDir: string): Promise<number> {
  const [here, state] = await Promise.all([stat(dirname(folder)), stat(workDir)]);
  return here.dev === state.dev ? RESERVE_BYTES : 0;
}
