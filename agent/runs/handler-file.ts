/**
 * Finds the file that a handler is, or that describes one. Whoever may write such a file, or the folder it is in, may do
 * whatever the agent may: so only the agent's own user and root may (the AWS IoT Device Client asks for mode 700). The
 * same holds for who could swap a folder further up, but that a group may write there is a warning only: distributions
 * have such folders (Debian's /usr/local is open to the group staff), and a gateway must not lose its handlers by that.
 */
import { constants, type Stats } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve, sep } from 'node:path';
import { type FolderFacts, foldersOnTheWay } from '../files/folders-on-the-way.ts';
import { type Opening, openingsOf } from '../files/openings.ts';
import { shellWord } from '../files/shell-word.ts';

export interface HandlerFileRequest {
  /** File name inside the folder; never a path. */
  readonly name: string;
  /** As the document says it; empty means `handlersDir`. */
  readonly folder: string;
  /** Whether it is a program, or is only read: a module, or a description. */
  readonly isProgram: boolean;
}

export interface HandlerFolders {
  readonly handlersDir: string;
  readonly handlerPaths: readonly string[];
}

export type HandlerFile =
  /** `path` has no links left in it. `openings`: groups that could put another file in its place. */
  | { readonly kind: 'found'; readonly path: string; readonly stats: Stats; readonly openings: readonly Opening[] }
  | { readonly kind: 'absent' }
  | RefusedFile;

export interface RefusedFile {
  readonly kind: 'refused';
  readonly reasonCode: 'HANDLER_FOLDER_NOT_ALLOWED' | 'HANDLER_OUTSIDE_FOLDER' | 'HANDLER_NOT_EXECUTABLE';
  readonly reason: string;
}

export async function findHandlerFile(
  { name, folder, isProgram }: HandlerFileRequest,
  { handlersDir, handlerPaths }: HandlerFolders,
): Promise<HandlerFile> {
  const wanted = resolve(folder === '' ? handlersDir : folder);
  if (![handlersDir, ...handlerPaths].some((allowed) => resolve(allowed) === wanted)) {
    const reason = `the folder ${wanted} is neither handlersDir nor one of handlerPaths in the agent's configuration`;
    return { kind: 'refused', reasonCode: 'HANDLER_FOLDER_NOT_ALLOWED', reason };
  }
  if (name !== basename(name) || name === '.' || name === '..' || name.includes('\0')) return { kind: 'absent' };
  try {
    await lstat(resolve(wanted, name)); // a link to nothing is there, and wrong
  } catch (error) {
    return isMissing(error) ? { kind: 'absent' } : notExecutable(`cannot be looked at: ${(error as Error).message}`);
  }
  try {
    const path = await realpath(resolve(wanted, name));
    const onTheWay = await foldersOnTheWay(resolve(wanted, name));
    return await checkFile({ path, folder: await realpath(wanted), onTheWay, isProgram });
  } catch (error) {
    return notExecutable(`cannot be looked at: ${(error as Error).message}`);
  }
}

interface FileToCheck {
  /** No links are left in this and in `folder`. */
  readonly path: string;
  readonly folder: string;
  /** As the document names the file. */
  readonly onTheWay: readonly FolderFacts[];
  readonly isProgram: boolean;
}

async function checkFile({ path, folder, onTheWay, isProgram }: FileToCheck): Promise<HandlerFile> {
  if (!path.startsWith(folder + sep)) {
    const reason = `it is a link to ${path}, which is not inside ${folder}`;
    return { kind: 'refused', reasonCode: 'HANDLER_OUTSIDE_FOLDER', reason };
  }
  const stats = await stat(path);
  const { mode, uid: ownerId } = stats;
  if (!stats.isFile()) return notExecutable(`${path} is not a file`);
  if (isProgram && !isExecutable(stats))
    return notExecutable(`${path} is not executable; chmod 755 ${shellWord(path)}`);
  const own = onTheWay.filter((one) => !one.isLink && (one.path === folder || one.path.startsWith(folder + sep)));
  if (!own.some((one) => one.path === dirname(path))) return notExecutable(`${path} was moved while it was looked at`);
  const unsafe = [{ path, mode, ownerId }, ...own.toReversed()].map(unsafeBecause).find((why) => why !== undefined);
  if (unsafe !== undefined) return notExecutable(unsafe);
  const openings = openingsOf(onTheWay, { userId: process.geteuid?.() ?? 0, groupId: process.getegid?.() ?? 0 });
  return checkWay({ kind: 'found', path, stats, openings });
}

/** By anybody: whether by the user who runs it, the system says then. */
export function isExecutable({ mode }: Pick<Stats, 'mode'>): boolean {
  return (mode & 0o111) !== 0;
}

function unsafeBecause({ path, mode, ownerId }: Pick<FolderFacts, 'path' | 'mode' | 'ownerId'>): string | undefined {
  if ((mode & (constants.S_IWGRP | constants.S_IWOTH)) !== 0) {
    return `others than its owner may write ${path}; chmod go-w ${shellWord(path)}`;
  }
  if (ownerId === 0 || ownerId === process.geteuid?.()) return undefined;
  return `${path} belongs to user number ${ownerId}, neither root nor the agent's user; chown root ${shellWord(path)}`;
}

function checkWay(found: Extract<HandlerFile, { kind: 'found' }>): HandlerFile {
  const worst = found.openings.find(({ to }) => to !== 'group');
  if (worst === undefined) return found;
  return notExecutable(`${worst.fact}: the handler could be replaced; ${worst.remedy}`);
}

function notExecutable(reason: string): RefusedFile {
  return { kind: 'refused', reasonCode: 'HANDLER_NOT_EXECUTABLE', reason };
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG';
}
