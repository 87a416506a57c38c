/** The dry run: what would be replaced, and by what. */
import { lstat, stat } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { HandlerPlan, PlanContext } from '../../agent/handler-api.ts';
import type { UnpackArchiveParameters } from './parameters.ts';

export async function planUnpack(parameters: UnpackArchiveParameters, { workDir }: PlanContext): Promise<HandlerPlan> {
  const [archive, path] = [resolve(workDir, parameters.archive), resolve(workDir, parameters.path)];
  const problems: string[] = [];
  const packed = await stat(archive).catch(() => undefined);
  if (packed === undefined && isAbsolute(parameters.archive))
    problems.push(`${archive} is not there, or may not be read`);
  if (packed !== undefined && !packed.isFile()) problems.push(`${archive} is no plain file`);
  const above = await stat(dirname(path)).catch(() => undefined);
  if (above?.isDirectory() !== true && isAbsolute(parameters.path))
    problems.push(`there is no folder ${dirname(path)}`);
  const there = await lstat(path).catch(() => undefined);
  if (there !== undefined && !there.isDirectory()) problems.push(`${path} is there, and no folder: it is not replaced`);
  const size = packed === undefined ? 'which is not there yet' : `${packed.size} bytes`;
  const what = there === undefined ? `the new folder ${path}` : `${path}, in the place of what it holds now`;
  return { actions: [`unpack ${archive} (${size}) into ${what}`], problems };
}
