import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileFacts } from './key-access.ts';

export interface PemFile {
  readonly setting: string;
  readonly path: string;
  /** Absent when there is a problem. */
  readonly pem?: string;
  readonly problem?: string;
  /** Absent when the file could not be opened. */
  readonly facts?: FileFacts & { readonly groupId: number };
}

/** A bundle of every public authority is 0.2 MB; a megabyte is some other file named by mistake. */
const MAX_PEM_BYTES = 1024 * 1024;

/** @returns nothing when there is no path to read. */
export async function readPemFile(
  setting: string,
  path: string | undefined,
  kind: 'certificate' | 'private key',
): Promise<PemFile | undefined> {
  if (path === undefined) return undefined;
  let facts: PemFile['facts'];
  try {
    // Without O_NONBLOCK opening a named pipe would wait for a writer.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) return { setting, path, problem: `${setting}: ${path} is not a regular file` };
    facts = { mode: stat.mode, ownerId: stat.uid, groupId: stat.gid };
    const problem = stat.size > MAX_PEM_BYTES ? 'is larger than 1 MiB' : undefined;
    const pem = problem === undefined ? await file.readFile('utf8') : '';
    const wrong = problem ?? wrongKind(pem, kind);
    return wrong === undefined
      ? { setting, path, facts, pem }
      : { setting, path, facts, problem: `${setting}: ${path} ${wrong}` };
  } catch (error) {
    return { setting, path, problem: `${setting}: ${path} ${whyUnreadable(error)}` };
  }
}

function wrongKind(text: string, kind: 'certificate' | 'private key'): string | undefined {
  const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label]) => label ?? '');
  const isWanted = (label: string) => label.endsWith(kind.toUpperCase());
  if (labels.some(isWanted)) return undefined;
  if (labels.length > 0)
    return `should hold a ${kind} in PEM, but holds a ${labels[0]?.toLowerCase()}; are two paths swapped?`;
  if (text.trim() === '') return `should hold a ${kind} in PEM, but is empty`;
  return `should hold a ${kind} in PEM, but has no line “-----BEGIN …-----”`;
}

function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'EACCES')
    return 'may not be read by the agent’s user; check the owner and mode of it and of its folders';
  return `cannot be read (${code})`;
}
