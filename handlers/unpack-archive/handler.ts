import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import {
  checkWithinWorkFolder,
  failed,
  fileProblem,
  type HandlerContext,
  type HandlerResult,
  type ModuleHandler,
  noPlainFile,
  succeeded,
  writerOf,
} from '../../agent/handler-api.ts';
import { ArchiveError, type ArchiveErrorCode, toArchiveError } from './archive-error.ts';
import { openArchive } from './open-archive.ts';
import {
  DEFAULT_MAX_BYTES,
  DEFAULT_MAX_ENTRIES,
  type UnpackArchiveParameters,
  unpackArchiveParameters,
} from './parameters.ts';
import { checkPlace, folderPlace, putInPlace, settle } from './place-folder.ts';
import { planUnpack } from './plan.ts';
import { type Unpacked, unpackTree } from './unpack-tree.ts';

/** The folder is the old or the whole new one, so it may run again after a power cut. */
export const unpackArchiveHandler: ModuleHandler<typeof unpackArchiveParameters> = {
  operation: 'unpack-archive',
  kind: 'module',
  summary:
    'Unpacks a tar or zip archive into a folder, which is replaced as a whole; refuses what could lead out of it.',
  needs: '`xz`, `zstd` or `bzip2`, for what is compressed by it',
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
    const { code, message } = await toArchiveError(error, path);
    const told = message.replace(/\/proc\/self\/fd\/\d+/, place.next);
    return failed(code, OF_THE_CONTENT.has(code) ? `${archive}: ${told}` : told);
  }
}

/** Told without the name of the archive. */
const OF_THE_CONTENT: ReadonlySet<ArchiveErrorCode> = new Set([
  'ARCHIVE_BROKEN',
  'ARCHIVE_REFUSED',
  'ARCHIVE_TOO_LARGE',
]);

interface Unpacking {
  readonly context: HandlerContext;
  readonly parameters: UnpackArchiveParameters;
}

async function unpackInto(folder: string, archive: string, { context, parameters }: Unpacking): Promise<Unpacked> {
  const file = await openFile(archive);
  let held: FileHandle | undefined;
  try {
    await mkdir(folder, { mode: OURS });
    // Held open: whoever may write in the folder above it could put a link in its place.
    held = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    if ((await held.stat()).uid !== process.geteuid?.())
      throw new Error(`${folder} is not the folder any more that was made`);
    const limits = {
      maxBytes: parameters.maxBytes ?? DEFAULT_MAX_BYTES,
      maxEntries: parameters.maxEntries ?? DEFAULT_MAX_ENTRIES,
      stripComponents: parameters.stripComponents ?? 0,
      reserveBytes: await reserveFor(folder, context.workDir),
    };
    const onProgress = (unpacked: Unpacked) => context.progress({ ...unpacked });
    const { signal } = context;
    const { entries, finish, close } = await openArchive(file, signal);
    try {
      const unpacked = await unpackTree(entries, { folder: `/proc/self/fd/${held.fd}`, limits, signal, onProgress });
      await finish();
      return unpacked;
    } finally {
      await close();
    }
  } finally {
    await held?.close();
    await file.close();
  }
}

/** Where links lead to; those of a relative path must not lead out of the working folder: a step before may have left one. */
async function realArchive(path: string, workDir: string): Promise<string> {
  const real = await realpath(resolve(workDir, path)).catch((error) => unreadable(error, path, workDir));
  if (!isAbsolute(path)) await checkWithinWorkFolder(relative(await realpath(workDir), real), workDir);
  return real;
}

async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, FLAGS).catch((error) => unreadable(error, path));
  const facts = await file.stat();
  if (facts.isFile()) return file;
  await file.close();
  throw new ArchiveError('ARCHIVE_UNREADABLE', noPlainFile(path, facts));
}

/** @throws ArchiveError */
async function unreadable(error: unknown, path: string, workDir = '/'): Promise<never> {
  const problem = await fileProblem(error, resolve(workDir, path), 'read');
  const hint = isAbsolute(path) ? '' : '; a relative path counts from the working folder, where a step before puts it';
  throw new ArchiveError('ARCHIVE_UNREADABLE', `${problem}${hint}`, { cause: error });
}

async function reserveFor(folder: string, workDir: string): Promise<number> {
  const [here, state] = await Promise.all([stat(dirname(folder)), stat(workDir)]);
  return here.dev === state.dev ? RESERVE_BYTES : 0;
}
