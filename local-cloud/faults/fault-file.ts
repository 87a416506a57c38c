/** The file of `--faults`. */
import { readFile } from 'node:fs/promises';
import type { FaultSettings } from './fault-settings.ts';
import { readFaultSettings } from './fault-settings.ts';

/** @throws Error that names the file, and the member where one is wrong */
export async function readFaultFile(path: string): Promise<FaultSettings> {
  const text = await readFile(path, 'utf8');
  try {
    return readFaultSettings(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
