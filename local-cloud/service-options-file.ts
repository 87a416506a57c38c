/** The file of `--options`. */
import { readFile } from 'node:fs/promises';
import { readServiceOptions, type ServiceOptions } from './jobs-service/service-options.ts';
import { StartError } from './start-error.ts';

/** @throws StartError that names the file, and the option where one is wrong */
export async function readServiceOptionsFile(path: string): Promise<ServiceOptions> {
  try {
    return readServiceOptions(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new StartError(`--options ${path}: ${(cause as Error).message}`, 2);
  }
}
