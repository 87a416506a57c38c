/** What a `firmware` step would do here, found out by looking only. */
import { access, constants } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { HandlerPlan, PlanContext } from '../../agent/handler-api.ts';
import type { FirmwareParameters } from './parameters.ts';
import { findTool, type ToolFinders } from './tool.ts';
import { sourceOf } from './update.ts';

export async function planFirmware(
  parameters: FirmwareParameters,
  { workDir, signal }: PlanContext,
  finders: ToolFinders,
): Promise<HandlerPlan> {
  const actions: string[] = [];
  const problems: string[] = [];
  const note = (error: Error) => void problems.push(error.message);
  const tool = await findTool(finders, parameters, signal).catch(note);
  if (tool === undefined) return { actions, problems };
  const slot = await tool.bootedSlot(signal).catch(note);
  const problem = await tool.problem?.(signal);
  if (problem !== undefined) problems.push(problem);
  if (parameters.bundle === undefined && !tool.canFetch) problems.push(`${tool.name} is given a file, not a URL`);
  const source = sourceOf(parameters, workDir);
  const isThere = parameters.bundle !== undefined && (await access(source, constants.R_OK).then(yes, no));
  const isMissing = parameters.bundle !== undefined && !isThere;
  // A step before may put it into the working folder.
  if (isMissing && isAbsolute(parameters.bundle ?? ''))
    problems.push(`${source} is not there now; a step before has to bring it`);
  const what = isThere
    ? await tool.describe?.(source, signal).catch(note)
    : isMissing
      ? 'which is not there yet'
      : undefined;
  const from = parameters.bundle === undefined ? 'the URL in the document' : source;
  actions.push(
    `install ${from}${what === undefined ? '' : `, ${what},`} with ${tool.name} (${tool.version}) beside ${slot ?? 'the system that runs'}`,
    'restart the gateway',
    parameters.healthCheck === undefined
      ? 'keep the new system if it is the one that has started'
      : `run ${parameters.healthCheck[0]} and keep the new system if it says yes; go back with another restart if not`,
  );
  return { actions, problems };
}

const yes = () => true;
const no = () => false;
