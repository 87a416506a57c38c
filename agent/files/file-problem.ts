/** What the system said about a path, for an operator: what is there, what was expected, and whose it is. */
import { constants, type Stats } from 'node:fs';
import { access, lstat, readFile, readlink, stat, statfs } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';

/** `read`: a file that is there. `put`: a file or folder that is to be there; the folder above it is. `folder`: one to be made, or used. */
export type FileUse = 'read' | 'put' | 'folder';

/**
 * Looks at what is there now, so call it at once. What is not the system's own error keeps its message.
 * @param path absolute; as the operator knows it. @returns such as `there is no folder /etc/app (ENOENT)`. Never rejects.
 */
export async function fileProblem(error: unknown, path: string, use: FileUse): Promise<string> {
  const { code = '', syscall, message } = error as NodeJS.ErrnoException;
  const explain = syscall === undefined ? undefined : EXPLANATIONS[code];
  const reason = await explain?.(path, use).catch(() => undefined);
  return reason === undefined ? message || code || 'unknown error' : `${reason} (${code})`;
}

/** For dry runs: what would keep a file or folder from being put there, as far as the folder above it tells. Never rejects. */
export async function putProblem(path: string): Promise<string | undefined> {
  const folder = dirname(path);
  try {
    const facts = await stat(folder);
    if (!facts.isDirectory()) return noFolderThere(folder, facts);
    await access(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return fileProblem(error, path, 'put');
  }
}

/** For dry runs: what would keep a folder from being made there, or used, as far as what is there tells. Never rejects. */
export async function folderProblem(folder: string): Promise<string | undefined> {
  const there = await lastThere(folder);
  try {
    const facts = await stat(there);
    if (!facts.isDirectory()) return noFolderThere(there, facts);
    await access(there, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return fileProblem(error, there, 'folder');
  }
}

/** For dry runs: what would keep a file from being read. Never rejects. @returns or its facts. */
export async function readProblem(path: string): Promise<Stats | string> {
  try {
    await access(path, constants.R_OK);
    const facts = await stat(path);
    return facts.isFile() ? facts : noPlainFile(path, facts);
  } catch (error) {
    return fileProblem(error, path, 'read');
  }
}

type Explain = (path: string, use: FileUse) => Promise<string | undefined>;

/** errno(3). Undefined where what is there now does not explain it. */
const EXPLANATIONS: Readonly<Record<string, Explain>> = {
  ENOENT: missing,
  ENOTDIR: noFolder,
  EEXIST: noFolder, // of mkdir, which wants a folder there
  EISDIR: async (path) => noPlainFile(path, await stat(path)),
  EACCES: forbidden,
  EPERM: async (path) => `the system does not let ${user()} do that to ${path}; lsattr shows what is immutable`,
  EROFS: async (path) => `${path} is on a file system that is mounted read-only`,
  ENOSPC: noSpace,
  EDQUOT: async (path) => `the quota of ${user()} is used up where ${path} is`,
  ELOOP: async (path) => `${path} is a link, or leads round in a circle of links`,
  ENAMETOOLONG: async (path) => `${path} is too long, or a part of it is`,
  EBUSY: async (path) => `${path} is in use, as a mount point is`,
  EIO: async (path) => `the disk could not do it at ${path}: see the log of the kernel (dmesg)`,
  EMFILE: async () => 'too many files are open in this process',
  ENFILE: async () => 'too many files are open on this machine',
};

/** What is to be put there may well be missing. */
const MISSING: Readonly<Partial<Record<FileUse, (path: string) => string>>> = {
  read: (path) => `there is no file ${path}`,
  folder: (path) => `there is no folder ${path}`,
};

async function missing(path: string, use: FileUse): Promise<string | undefined> {
  for (const part of partsOf(path)) {
    const facts = await lstat(part).catch(() => undefined);
    if (facts === undefined && part !== path) return `there is no folder ${part}`;
    if (facts === undefined) return MISSING[use]?.(path);
    const isDangling = facts.isSymbolicLink() && (await stat(part).catch(() => undefined)) === undefined;
    if (isDangling) return `${part} is a link to ${await readlink(part)}, which is not there`;
  }
  return undefined;
}

async function noFolder(path: string, use: FileUse): Promise<string | undefined> {
  for (const part of partsOf(path)) {
    if (part === path && use !== 'folder') return undefined;
    const facts = await stat(part);
    if (!facts.isDirectory()) return noFolderThere(part, facts);
  }
  return undefined;
}

/** @param facts of what is there, and is none. */
export function noPlainFile(path: string, facts: Stats): string {
  return `${path} is ${kindOf(facts)}, and a plain file is expected there`;
}

/** @param facts of what is there, and is none. */
export function noFolderThere(path: string, facts: Stats): string {
  return `${path} is ${kindOf(facts)}, and a folder is expected there`;
}

function kindOf(facts: Stats): string {
  if (facts.isFile()) return 'a file';
  if (facts.isDirectory()) return 'a folder';
  if (facts.isSymbolicLink()) return 'a link';
  return facts.isFIFO() ? 'a named pipe' : facts.isSocket() ? 'a socket' : 'a device';
}

async function forbidden(path: string, use: FileUse): Promise<string | undefined> {
  const parts = partsOf(path);
  for (const part of parts.slice(0, -1)) {
    if (!(await may(part, constants.X_OK))) return `${user()} may not enter ${await described(part)}`;
  }
  if (use === 'read') return `${user()} may not read ${await described(path)}`;
  const isThere = use === 'folder' && (await stat(path).catch(() => undefined)) !== undefined;
  const folder = isThere ? path : await lastThere(dirname(path));
  return (await may(folder, constants.W_OK)) ? undefined : `${user()} may not write in ${await described(folder)}`;
}

async function lastThere(folder: string): Promise<string> {
  const isThere = (await stat(folder).catch(() => undefined)) !== undefined;
  return isThere || folder === '/' ? folder : lastThere(dirname(folder));
}

/** Space, or the number of files that a file system was made for. */
async function noSpace(path: string, use: FileUse): Promise<string> {
  const folder = await lastThere(use === 'folder' ? path : dirname(path));
  const { bavail, bsize, ffree, files } = await statfs(folder);
  const why = files > 0 && ffree === 0 ? 'it can hold no more files' : `${bavail * bsize} bytes are free`;
  return `the file system of ${folder} has too little space: ${why}`;
}

async function may(path: string, how: number): Promise<boolean> {
  return access(path, how).then(
    () => true,
    () => false,
  );
}

/** `/etc/shadow (mode 0640, owner root)`, as far as it can be told. */
async function described(path: string): Promise<string> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) return path;
  const mode = (facts.mode & 0o7777).toString(8).padStart(4, '0');
  return `${path} (mode ${mode}, owner ${await nameOf(facts.uid)})`;
}

/** passwd(5); the number where it names nobody. */
async function nameOf(uid: number): Promise<string> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const line = passwd.split('\n').find((each) => each.split(':')[2] === String(uid));
  return line?.split(':')[0] ?? String(uid);
}

function user(): string {
  try {
    return `the user ${userInfo().username}`;
  } catch {
    return `user number ${process.geteuid?.() ?? 0}`; // not in passwd(5)
  }
}

/** `/`, `/etc`, `/etc/app.conf`. */
function partsOf(path: string): readonly string[] {
  return path === '/' ? ['/'] : [...partsOf(dirname(path)), path];
}
