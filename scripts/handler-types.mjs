// Type declarations for whoever writes handlers: dist/types/, with all that they stand on, TypeBox too. A package that is
// installed on gateways has no dependencies, and TypeBox is in the program already.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const TYPES = 'types';
const typeboxDir = join(dirname(createRequire(import.meta.url).resolve('typebox')), '.');

/** @param entries sources, from the root. @param dist where they are put. @returns whether there is a compiler for this machine. */
export async function buildHandlerTypes(entries, dist) {
  const scratch = await mkdtemp(join(tmpdir(), 'handler-types-'));
  try {
    if (!compile(scratch)) return false;
    const seen = new Set();
    for (const entry of entries)
      await takeDeclaration(join(scratch, entry.replace(/\.ts$/, '.d.ts')), { scratch, seen, dist });
    await dist.put(join(TYPES, 'typebox', 'license'), await readFile(join(typeboxDir, '..', 'license')));
    return true;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** TypeScript 7 is a binary for each kind of machine, and there is none for 32-bit ARM. Mistakes are told, and `npm run types` fails. */
function compile(outDir) {
  const compiler = join(root, 'node_modules', '.bin', 'tsc');
  const project = fileURLToPath(new URL('./handler-types.tsconfig.json', import.meta.url));
  const { status, error, stdout, stderr } = spawnSync(compiler, ['-p', project, '--outDir', outDir], {
    encoding: 'utf8',
  });
  if (error !== undefined || stderr.includes('Unable to resolve @typescript/')) return false;
  if (status !== 0) console.warn(`dist/types was made of sources with mistakes:\n${stdout}${stderr}`);
  return true;
}

const IMPORT = /(\bfrom |\bimport\()(['"])([^'"]+)\2/g;

/** Copies a declaration of ours and what it stands on. */
async function takeDeclaration(path, taking) {
  const { scratch, seen, dist } = taking;
  if (seen.has(path)) return;
  seen.add(path);
  const source = await readFile(path, 'utf8');
  const target = join(TYPES, relative(scratch, path));
  const followed = [];
  const text = source.replace(IMPORT, (whole, before, quote, name) => {
    if (name === 'typebox') {
      followed.push(takeTypebox(join(typeboxDir, 'index.d.mts'), taking));
      return `${before}${quote}${relative(dirname(target), join(TYPES, 'typebox', 'index.mjs'))}${quote}`; // `../…`
    }
    if (!name.startsWith('.')) return whole;
    followed.push(takeDeclaration(join(dirname(path), name.replace(/\.ts$/, '.d.ts')), taking));
    return `${before}${quote}${name.replace(/\.ts$/, '.js')}${quote}`;
  });
  await dist.put(target, text);
  await Promise.all(followed);
}

/** Copies a declaration of TypeBox and what it stands on, as they are. */
async function takeTypebox(path, { seen, dist }) {
  if (seen.has(path) || !existsSync(path)) return;
  seen.add(path);
  const text = await readFile(path, 'utf8');
  await dist.put(join(TYPES, 'typebox', relative(typeboxDir, path)), text);
  const names = [...text.matchAll(IMPORT)].map(([, , , name]) => name).filter((name) => name.startsWith('.'));
  await Promise.all(
    names.map((name) => takeTypebox(join(dirname(path), name.replace(/\.mjs$/, '.d.mts')), { seen, dist })),
  );
}
