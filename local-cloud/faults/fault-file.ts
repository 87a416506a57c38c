/** The file of `--faults`. */
import { readFile } from 'node:fs/promises';
import { StartError } from '../start-error.ts';
import type { FaultSettings } from './fault-settings.ts';
import { readFaultSettings } from './fault-settings.ts';

/** @throws StartError that names the file, and the member where one is wrong */
export async function readFaultFile(path: string): Promise<FaultSettings> {
  try {
    return readFaultSettings(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new StartError(`--faults ${path}: ${(cause as Error).message}`, 2);
  }
}
