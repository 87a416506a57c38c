/** A home and a folder for temporary files that are the handler's alone, so that what it leaves there is its own. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessSpec } from '../ports/process-runner.ts';
import type { CheckContext } from './check-context.ts';

export interface Scratch {
  readonly home: string;
  readonly temporary: string;
  readonly change: (spec: ProcessSpec) => ProcessSpec;
}

export async function withScratch<T>({ bench }: CheckContext, act: (scratch: Scratch) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(bench.folders.stateDir, 'scratch-'));
  const home = join(folder, 'home');
  const temporary = join(folder, 'tmp');
  for (const made of [home, temporary]) await mkdir(made);
  // Another user could not write there.
  const change = (spec: ProcessSpec) =>
    spec.runAs === undefined ? { ...spec, env: { ...spec.env, HOME: home, TMPDIR: temporary } } : spec;
  try {
    return await act({ home, temporary, change });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns what is in there now, as a person would write it. */
export async function newEntries({ home, temporary }: Scratch): Promise<readonly string[]> {
  const inHome = (await readdir(home)).map((name) => `$HOME/${name}`);
  const inTemporary = (await readdir(temporary)).map((name) => `$TMPDIR/${name}`);
  return [...inHome, ...inTemporary];
}
