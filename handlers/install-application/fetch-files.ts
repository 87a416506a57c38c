/** Brings the files of an application beside the places where they are to be. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  type HandlerContext,
  type HandlerResult,
  type JsonValue,
  noPlainFile,
  removeLeftReplacement,
  writerOf,
} from '../../agent/handler-api.ts';
import { downloadFile } from '../download-file/handler.ts';
import { ApplicationError } from './application.ts';
import { type Swap, swapOf } from './file-swap.ts';
import { FOLDER_MODE, makeFolder, missingFolders } from './made-folders.ts';
import { giveTo, makeFolderWithin } from './owned-places.ts';
import type { ApplicationFile } from './parameters.ts';

export interface Fetch {
  readonly context: HandlerContext;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly files: readonly ApplicationFile[];
  /** Folders on the way that were not there before the first attempt: noted in the checkpoint. */
  readonly made: readonly string[];
}

export type Fetched =
  | { readonly kind: 'fetched'; readonly swaps: readonly Swap[] }
  /** The download ended otherwise: failed, or to be tried later. */
  | { readonly kind: 'ended'; readonly result: HandlerResult };

/** What the checkpoint is while files come. */
interface Fetching {
  readonly phase: 'fetching';
  readonly file: number;
  /** Of the download. */
  readonly point: JsonValue;
  readonly made: readonly string[];
}

/** Folders that have to be made, or have been by an attempt before. Resolves when they are written down. */
export async function noteFolders(
  context: HandlerContext,
  workingDirectory: string,
  files: readonly ApplicationFile[],
): Promise<readonly string[]> {
  const noted = madeFolders(context.restored);
  if (noted !== undefined) return noted;
  const folders = files.map(({ path }) => dirname(resolve(workingDirectory, path)));
  const made = await missingFolders([workingDirectory, ...folders]);
  if (made.length > 0) await saveFetching(context, { file: NO_FILE, point: null, made });
  return made;
}

/** Of the checkpoint of an attempt before; undefined where it had come to nothing yet. */
export function madeFolders(restored: JsonValue | undefined): readonly string[] | undefined {
  const fetching = restored as Fetching | undefined;
  return fetching?.phase === 'fetching' ? (fetching.made ?? []) : undefined;
}

const NO_FILE = -1;

function saveFetching(context: HandlerContext, fetching: Omit<Fetching, 'phase'>): Promise<void> {
  return context.checkpoint({ phase: 'fetching', ...fetching });
}

/** @throws ApplicationError, or the system's error. */
export async function fetchFiles(fetch: Fetch): Promise<Fetched> {
  const { context, workingDirectory, files } = fetch;
  await makeFolder(workingDirectory);
  const swaps: Swap[] = [];
  for (const [index, file] of files.entries()) {
    const target = resolve(workingDirectory, file.path);
    const old = await prepareTarget(target, workingDirectory);
    const swap = swapOf(target, writerOf(context), old !== undefined);
    swaps.push(swap);
    context.progress({ state: 'downloading', fileName: file.path });
    const failure = await fetchFile(fetch, { index, file, staged: swap.staged, oldMode: old?.mode });
    if (failure !== undefined) return { kind: 'ended', result: failure };
    if (old !== undefined && process.geteuid?.() === 0) await giveTo(swap.staged, old);
  }
  return { kind: 'fetched', swaps };
}

/** Removes what lies beside the targets, of this writer and not in place. @param targets absolute. */
export async function forgetFetched(context: HandlerContext, targets: readonly string[]): Promise<void> {
  const writer = writerOf(context);
  for (const target of targets) {
    const { staged } = swapOf(target, writer, false);
    await removeLeftReplacement(staged, { writer });
    await rm(staged, { force: true });
  }
}

/** @returns facts of the file that is there. @throws ApplicationError where there is something else, or a link leads out. */
async function prepareTarget(target: string, workingDirectory: string) {
  const folder = dirname(target);
  const elsewhere = await makeFolderWithin(workingDirectory, folder, FOLDER_MODE);
  if (elsewhere !== undefined) throw refused(`${folder} is a link out of ${workingDirectory}, to ${elsewhere}`);
  const facts = await lstat(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (facts === undefined || facts.isFile()) return facts;
  if (facts.isSymbolicLink()) return { ...facts, mode: 0o644, uid: facts.uid, gid: facts.gid };
  throw refused(`${noPlainFile(target, facts)}: it is not replaced`);
}

function refused(message: string): ApplicationError {
  return new ApplicationError('APPLICATION_FILE_REFUSED', 'ERR_FILE_COPY_FAILED', message);
}

interface OneFile {
  readonly index: number;
  readonly file: ApplicationFile;
  readonly staged: string;
  readonly oldMode: number | undefined;
}

const PERMISSIONS = 0o777;

/** @returns how the download ended if it did not bring the file. */
async function fetchFile({ context, made }: Fetch, one: OneFile): Promise<HandlerResult | undefined> {
  const { file, staged, oldMode } = one;
  const mode = file.mode ?? (oldMode === undefined ? undefined : (oldMode & PERMISSIONS).toString(8).padStart(3, '0'));
  if (context.attempt === 1) await rm(staged, { force: true });
  if (!(await isThere(staged))) {
    const result = await downloadFile(contextOf(context, one, made), {
      url: file.url,
      path: staged,
      ...(mode !== undefined && { mode }),
      ...(file.sha256 !== undefined && { sha256: file.sha256 }),
      ...(file.sha384 !== undefined && { sha384: file.sha384 }),
      ...(file.sha512 !== undefined && { sha512: file.sha512 }),
    });
    if (result.kind !== 'succeeded') return result;
  }
  await checkOldHashes(file, staged, context.signal);
  return undefined;
}

/** What is there is whole: a download is put in place at its end. */
async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The download keeps its own place in ours. */
function contextOf(context: HandlerContext, { index }: OneFile, made: readonly string[]): HandlerContext {
  const restored = context.restored as Fetching | undefined;
  const isOfThis = restored?.phase === 'fetching' && restored.file === index;
  return {
    ...context,
    progress: context.progress,
    checkpoint: (point) => saveFetching(context, { file: index, point, made }),
    restored: isOfThis ? restored.point : undefined,
  };
}

const OLD_ALGORITHMS = ['sha224', 'sha1', 'md5'] as const;

/** Those that a download does not know. @throws ApplicationError */
async function checkOldHashes(file: ApplicationFile, path: string, signal: AbortSignal): Promise<void> {
  for (const algorithm of OLD_ALGORITHMS) {
    const expected = file[algorithm];
    if (expected === undefined) continue;
    const hash = createHash(algorithm);
    for await (const chunk of createReadStream(path, { signal }) as AsyncIterable<Buffer>) hash.update(chunk);
    const actual = hash.digest('hex');
    if (actual === expected.toLowerCase()) continue;
    const message = `${file.path}: expected ${algorithm} ${expected.toLowerCase()}, got ${actual}`;
    throw new ApplicationError('DOWNLOAD_HASH_MISMATCH', 'ERR_DOWNLOAD_FAILED', message);
  }
}
