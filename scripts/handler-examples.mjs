// The example documents of the built-in operations, for `job-agent handlers show`.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

const folder = new URL('../handlers/', import.meta.url);

/** For `define` of esbuild and of Vite: `agent/cli/handlers-show.ts` reads it. */
export async function examplesDefine() {
  const examples = {};
  for (const operation of (await readdir(folder)).sort()) {
    const file = new URL(`${operation}/example.job.json`, folder);
    if (existsSync(file)) examples[operation] = JSON.parse(await readFile(file, 'utf8'));
  }
  return { __HANDLER_EXAMPLES__: JSON.stringify(examples) };
}
