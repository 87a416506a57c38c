/**
 * DATA_DIR/jobs-state.json: everything the Jobs service knows and how far its clock was turned. Written whole or not at all.
 * A file that this version cannot read exactly is left as it is, and job-cloud does not start.
 */
import { createHash } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { JsonValue } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';

const FILE_NAME = 'jobs-state.json';
const FORMAT = 'job-cloud state';
/** Raised when a state of before means something else now. */
const VERSION = 1;
const PRIVATE_FILE = 0o600;

export interface KeptState {
  readonly clockOffsetMs: number;
  readonly nodes: readonly JsonValue[];
}

/** The file is there and cannot be used. The message tells which, why, and what to do. */
export class UnusableStateFile extends Error {
  override readonly name = 'UnusableStateFile';
  constructor(path: string, reason: string, cause?: unknown) {
    const advice = 'Move it away to begin with nothing, or start without --persist; it was not changed';
    super(`${path} ${reason}. ${advice}.`, { cause });
  }
}

export function stateFilePath(dataDir: string): string {
  return join(resolve(dataDir), FILE_NAME);
}

/** What goes into the file. The digest tells a file that was damaged or edited from one that was written here. */
export function encodeStateFile({ clockOffsetMs, nodes }: KeptState): string {
  // Put into words once: a state of ten thousand executions has some megabytes.
  const state = JSON.stringify({ clockOffsetMs, nodes });
  const head = JSON.stringify({ format: FORMAT, version: VERSION, sha256: digestOf(state) });
  return `${head.slice(0, -1)},"state":${state}}\n`;
}

/**
 * Undefined where there is no file.
 * @throws UnusableStateFile
 */
export async function readStateFile(path: string): Promise<KeptState | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UnusableStateFile(path, `cannot be read: ${error instanceof Error ? error.message : error}`, error);
  }
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (cause) {
    throw new UnusableStateFile(path, 'is damaged: it is not JSON', cause);
  }
  if (!isJsonObject(file) || file.format !== FORMAT) throw new UnusableStateFile(path, 'is not a state of job-cloud');
  const { version, state } = file;
  if (version !== VERSION) {
    const which =
      typeof version === 'number' && version > VERSION ? 'is of a newer job-cloud' : 'is of another job-cloud';
    throw new UnusableStateFile(path, `${which}: its version is ${version}, this one reads ${VERSION}`);
  }
  if (!isJsonObject(state) || digestOf(JSON.stringify(state)) !== file.sha256) {
    throw new UnusableStateFile(path, 'is damaged or was edited: its digest is another');
  }
  const { clockOffsetMs, nodes } = state;
  if (typeof clockOffsetMs !== 'number' || !Array.isArray(nodes)) {
    throw new UnusableStateFile(path, 'is damaged: members of its state are missing');
  }
  return { clockOffsetMs, nodes };
}

/** In the place of what is there, once it is on the disk: a crash at any moment leaves the old file or the new one. */
export async function writeStateFile(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', PRIVATE_FILE);
  try {
    // Of a draft that a crash left behind, whoever made it.
    await file.chmod(PRIVATE_FILE);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Of JSON text: what came from JSON.stringify is the same text when it is read and written again. */
function digestOf(state: string): string {
  return createHash('sha256').update(state).digest('hex');
}
