/** What an installation would do on this machine as it is now. */
import { access, constants, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileProblem, folderProblem, type HandlerPlan, type PlanContext } from '../../agent/handler-api.ts';
import { readRecord, unitNameOf } from './application.ts';
import { requireSystemd } from './application-unit.ts';
import type { ApplicationFile, InstallApplicationParameters } from './parameters.ts';
import { findProgram, SEARCH_PATH, UNIT_FOLDER } from './unit-file.ts';

export async function planInstallation(
  parameters: InstallApplicationParameters,
  { facts, signal }: PlanContext,
): Promise<HandlerPlan> {
  const { name, workingDirectory = '.', files, command: given, start, startAtBoot } = parameters;
  const old = await readRecord(facts, name);
  const folder = resolve(facts.applicationsDir, workingDirectory);
  const actions = await Promise.all(files.map((file) => fileAction(file, folder)));
  const command = given ?? old?.command ?? undefined;
  const problem = await folderProblem(folder);
  const problems = problem === undefined ? [] : [problem];
  if (command === undefined) {
    if (start || startAtBoot) problems.push(`${name} has no command, and had none before`);
    return { actions, problems };
  }
  const unit = unitNameOf(name);
  actions.push(`write ${join(UNIT_FOLDER, unit)}`);
  if (startAtBoot !== undefined) actions.push(`${startAtBoot ? 'enable' : 'disable'} ${unit}`);
  if (start) actions.push(`restart ${unit}, and see that it stays up`);
  return { actions, problems: [...problems, ...(await unitProblems(command[0] ?? '', folder, signal))] };
}

async function fileAction({ path, url }: ApplicationFile, folder: string): Promise<string> {
  const target = resolve(folder, path);
  const facts = await stat(target).catch(() => undefined);
  const { origin, pathname } = new URL(url);
  const becomes = facts === undefined ? 'the new file' : `in the place of ${facts.size.toLocaleString('en')} bytes`;
  return `download ${origin}${pathname} to ${target}, ${becomes}`;
}

async function unitProblems(program: string, folder: string, signal: AbortSignal): Promise<readonly string[]> {
  const problems: string[] = [];
  await requireSystemd(signal).catch((error: Error) => problems.push(error.message));
  await access(UNIT_FOLDER, constants.W_OK).catch(async (error) =>
    problems.push(await fileProblem(error, UNIT_FOLDER, 'folder')),
  );
  if ((await findProgram(program, { workingDirectory: folder, searchPath: SEARCH_PATH })) === undefined)
    problems.push(`no program called ${program}`);
  return problems;
}
