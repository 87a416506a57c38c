/** What an attempt of a step leaves to the next one, as JSON in a file that is whole whenever power goes. */
import { readFile } from 'node:fs/promises';
import type { JsonValue } from '../core/json.ts';
import { replaceFile } from '../files/replace-file.ts';

/** Nobody else may read what a handler keeps. */
const PRIVATE_MODE = 0o600;

export function writeCheckpoint(path: string, value: JsonValue): Promise<void> {
  return replaceFile(path, JSON.stringify(value), { mode: PRIVATE_MODE, writer: 'checkpoint' });
}

/** @throws Error for one that cannot be read: taken for none, work would be done twice. */
export async function readCheckpoint(path: string): Promise<JsonValue | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as JsonValue;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
