/** What lies in a folder of handlers and could be meant for one, by name alone. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isExecutable } from './handler-file.ts';
import { MANIFEST_SUFFIX } from './handler-manifest.ts';
import { OPERATION_NAME } from './handler-registry.ts';

/** Of a module whose name, without this, is the operation. */
export const MODULE_SUFFIX = '.mjs';

export interface NamedHandler {
  /** What a job document calls it. */
  readonly operation: string;
  /** Absolute; where there is only a manifest, of the file that it describes. */
  readonly path: string;
  readonly isModule: boolean;
}

/** Programs, what is named like an operation, and what a manifest is beside; in the order of the alphabet. Never rejects. */
export async function handlersNamedIn(folder: string): Promise<readonly NamedHandler[]> {
  const names = await readdir(folder).catch(() => []);
  const named = new Map<string, NamedHandler>();
  for (const name of names.filter((name) => !name.startsWith('.')).sort()) {
    const use = await useOf(folder, name);
    if (use === undefined) continue;
    const operation = name.slice(0, name.length - SUFFIX_LENGTHS[use]);
    const path = join(folder, use === 'module' ? name : operation);
    // What is there goes before what is only described. Of a program and a module of one name both are refused.
    if (use !== 'manifest' || !named.has(operation))
      named.set(operation, { operation, path, isModule: use === 'module' });
  }
  return [...named.values()].sort((a, b) => (a.operation < b.operation ? -1 : 1));
}

type Use = 'manifest' | 'module' | 'program';

const SUFFIX_LENGTHS: Readonly<Record<Use, number>> = {
  manifest: MANIFEST_SUFFIX.length,
  module: MODULE_SUFFIX.length,
  program: 0,
};

async function useOf(folder: string, name: string): Promise<Use | undefined> {
  if (name.endsWith(MANIFEST_SUFFIX)) return 'manifest';
  const stats = await stat(join(folder, name)).catch(() => undefined);
  if (stats === undefined) return 'program'; // a link to nothing: told as such
  if (!stats.isFile()) return undefined;
  if (isExecutable(stats)) return 'program';
  // `tune.test.mjs` is the test of one, and no operation has a dot.
  if (name.endsWith(MODULE_SUFFIX)) return name.slice(0, -MODULE_SUFFIX.length).includes('.') ? undefined : 'module';
  return OPERATION_NAME.test(name) ? 'program' : undefined;
}
