/** The dry run: what would be replaced, and by what. */
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import {
  type HandlerPlan,
  noFolderThere,
  type PlanContext,
  programProblem,
  putProblem,
  readProblem,
} from '../../agent/handler-api.ts';
import { filterByName, type Packing, packingOf } from './compression.ts';
import type { UnpackArchiveParameters } from './parameters.ts';

export async function planUnpack(parameters: UnpackArchiveParameters, { workDir }: PlanContext): Promise<HandlerPlan> {
  const [archive, path] = [resolve(workDir, parameters.archive), resolve(workDir, parameters.path)];
  const problems: string[] = [];
  const packed = await readProblem(archive);
  // A step before may put it into the working folder.
  if (typeof packed === 'string' && isAbsolute(parameters.archive)) problems.push(packed);
  const packing = typeof packed === 'string' ? packingByName(archive) : await readPacking(archive);
  if (packing?.name !== undefined) problems.push(`${archive} is ${packing.name}, which is not unpacked`);
  const program = packing === undefined ? undefined : programOf(packing);
  if (program !== undefined) problems.push(...[programProblem(program)].flatMap((problem) => problem ?? []));
  const problem = isAbsolute(parameters.path) ? await putProblem(path) : undefined;
  if (problem !== undefined) problems.push(problem);
  const there = await lstat(path).catch(() => undefined);
  if (there !== undefined && !there.isDirectory()) problems.push(`${noFolderThere(path, there)}: it is not replaced`);
  const size = typeof packed === 'string' ? 'which is not there yet' : `${packed.size} bytes`;
  const by = program === undefined ? '' : `, by ${program}`;
  const what = there === undefined ? `the new folder ${path}` : `${path}, in the place of what it holds now`;
  return { actions: [`unpack ${archive} (${size}${by}) into ${what}`], problems };
}

/** @returns nothing where it may not be read: running it says why. */
async function readPacking(path: string): Promise<Packing | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return await packingOf(file);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

function packingByName(path: string): Packing | undefined {
  const compression = filterByName(path);
  return compression === undefined ? undefined : { compression };
}

function programOf({ compression }: Packing): string | undefined {
  return ['xz', 'zstd', 'bzip2'].includes(compression) ? compression : undefined;
}
