/**
 * Writes what is made from the code: `npm run docs`. With `--check` it writes nothing, and fails when something is out
 * of step.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { GENERATED_FILES, withSettingsBlock } from './docs/generated-files.ts';

const root = new URL('../', import.meta.url); // from scripts/ as from dist/
const isCheck = process.argv.includes('--check');

const readme = await readIfThere('README.md');
const wanted = {
  ...Object.fromEntries(Object.entries(GENERATED_FILES).map(([path, render]) => [path, render()])),
  ...(readme === undefined ? {} : { 'README.md': withSettingsBlock(readme) }),
};

for (const [path, text] of Object.entries(wanted)) {
  if ((await readIfThere(path)) === text) continue;
  if (isCheck) {
    console.error(`${path} is not what the code says; run: npm run build && npm run docs`);
    process.exitCode = 1;
    continue;
  }
  await writeFile(new URL(path, root), text);
  console.log(`wrote ${path}`);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(new URL(path, root), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
