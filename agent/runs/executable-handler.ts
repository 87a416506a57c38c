/**
 * Finds the file a document means by an executable handler. Whoever may write such a file, or the folder it is in, may do
 * whatever the agent may: so only the agent's own user and root may (the AWS IoT Device Client asks for mode 700).
 */
import { constants, type Stats } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve, sep } from 'node:path';

export interface ExecutableRequest {
  /** File name inside the folder; never a path. */
  readonly name: string;
  /** As the document says it; empty means `handlersDir`. */
  readonly folder: string;
}

export interface ExecutableFolders {
  readonly handlersDir: string;
  readonly handlerPaths: readonly string[];
}

export type FoundExecutable =
  /** `path` has no links left in it. */
  | { readonly kind: 'found'; readonly path: string }
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'refused';
      readonly reasonCode: 'HANDLER_FOLDER_NOT_ALLOWED' | 'HANDLER_OUTSIDE_FOLDER' | 'HANDLER_NOT_EXECUTABLE';
      readonly reason: string;
    };

export async function findExecutable(
  { name, folder }: ExecutableRequest,
  { handlersDir, handlerPaths }: ExecutableFolders,
): Promise<FoundExecutable> {
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
    return await checkFile(await realpath(resolve(wanted, name)), await realpath(wanted));
  } catch (error) {
    return notExecutable(`cannot be looked at: ${(error as Error).message}`);
  }
}

async function checkFile(path: string, folder: string): Promise<FoundExecutable> {
  if (!path.startsWith(folder + sep)) {
    const reason = `it is a link to ${path}, which is not inside ${folder}`;
    return { kind: 'refused', reasonCode: 'HANDLER_OUTSIDE_FOLDER', reason };
  }
  const file = await stat(path);
  if (!file.isFile()) return notExecutable(`${path} is not a file`);
  if ((file.mode & 0o111) === 0) return notExecutable(`${path} is not executable; chmod 755 ${path}`);
  const parent = dirname(path);
  const unsafe = unsafeBecause(path, file) ?? unsafeBecause(parent, await stat(parent));
  return unsafe === undefined ? { kind: 'found', path } : notExecutable(unsafe);
}

function unsafeBecause(path: string, { mode, uid }: Stats): string | undefined {
  if ((mode & (constants.S_IWGRP | constants.S_IWOTH)) !== 0) {
    return `others than its owner may write ${path}; chmod go-w ${path}`;
  }
  if (uid === 0 || uid === process.geteuid?.()) return undefined;
  return `${path} belongs to user number ${uid}, neither root nor the agent's user; chown root ${path}`;
}

function notExecutable(reason: string): FoundExecutable {
  return { kind: 'refused', reasonCode: 'HANDLER_NOT_EXECUTABLE', reason };
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
