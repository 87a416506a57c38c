/** The file of `--options`. */
import { readFile } from 'node:fs/promises';
import { readServiceOptions, type ServiceOptions } from './jobs-service/service-options.ts';

/** @throws Error that names the file, and the option where one is wrong */
export async function readServiceOptionsFile(path: string): Promise<ServiceOptions> {
  const text = await readFile(path, 'utf8');
  try {
    return readServiceOptions(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} cannot be taken`, { cause });
  }
}
