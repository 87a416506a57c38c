/** What a `containers` step would do here, found out by looking only. */
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { HandlerPlan, PlanContext } from '../../agent/handler-api.ts';
import { type ContainerState, describeContainer, readContainer, readProject } from './container-state.ts';
import { type Engine, findEngine } from './engine.ts';
import { type KeptProject, provenInput, readKeptProject } from './kept-project.ts';
import type { ContainersParameters } from './parameters.ts';

export async function planContainers(parameters: ContainersParameters, context: PlanContext): Promise<HandlerPlan> {
  const engine = await findEngine(parameters.engine, context.signal);
  const actions: string[] = [];
  const problems: string[] = [];
  if (typeof engine === 'string') return { actions, problems: [engine] };
  actions.push(`use ${engine.name} ${engine.version}`);
  const { action, project, container } = parameters;
  if (project !== undefined) {
    if (engine.compose === undefined && action !== 'restart') problems.push(`there is no compose for ${engine.name}`);
    const kept = await readKeptProject(context.facts, project);
    const found = await readProject(engine, project, context.signal);
    actions.push(...projectActions(parameters, { project, found, source: await sourceOf(parameters, context) }));
    problems.push(...projectProblems(parameters, kept, found));
  }
  if (container !== undefined) {
    const found = await readContainer(engine, container.name, context.signal);
    actions.push(...singleActions(parameters, engine, found));
  }
  return { actions, problems };
}

interface ProjectPlan {
  readonly project: string;
  readonly found: readonly ContainerState[];
  /** For people: where the compose file is from. */
  readonly source: string;
}

function projectActions(
  { action, pull, stayUpSeconds = 10 }: ContainersParameters,
  { project, found, source }: ProjectPlan,
): readonly string[] {
  const there = found.length === 0 ? 'none is there' : `there: ${found.map(describeContainer).join(', ')}`;
  switch (action) {
    case 'up':
      return [
        ...(pull === 'missing' ? [] : [`pull the images of ${source}`]),
        `bring up the project ${project} from ${source} (${there})`,
        `watch for ${stayUpSeconds} s that every container stays up and is healthy; go back to what was before if not`,
      ];
    case 'down':
      return [`stop and remove the containers of ${project}, and keep its volumes (${there})`];
    case 'restart':
      return [`restart the containers of ${project} (${there})`];
    default:
      return [`pull the images of ${project}, and change no container`];
  }
}

function projectProblems(
  { action, project, compose, composeFile, adopt }: ContainersParameters,
  kept: KeptProject,
  found: readonly ContainerState[],
): readonly string[] {
  const isUnknown = provenInput(kept) === undefined;
  if (action === 'restart') return found.length === 0 ? [`no container belongs to ${project}`] : [];
  if (action === 'down') return kept.input === undefined ? [`no job has brought up ${project}`] : [];
  if (isUnknown && compose === undefined && composeFile === undefined) return [`no job has brought up ${project} yet`];
  const isForeign = action === 'up' && isUnknown && found.length > 0 && adopt !== true;
  return isForeign ? [`${project} was started by others, and adopt is not set`] : [];
}

/** Where the compose file is from. A step before may put it into the working folder. */
async function sourceOf({ compose, composeFile }: ContainersParameters, { workDir }: PlanContext): Promise<string> {
  if (compose !== undefined) return 'the file in the document';
  if (composeFile === undefined) return 'the file of the last up';
  const isThere = await access(resolve(workDir, composeFile)).then(
    () => true,
    () => false,
  );
  return isThere ? composeFile : `${composeFile}, which is not there yet,`;
}

function singleActions(
  { action, container, pull, stayUpSeconds = 10 }: ContainersParameters,
  engine: Engine,
  found: ContainerState | undefined,
): readonly string[] {
  const there = found === undefined ? 'none is there' : `there: ${describeContainer(found)}, ${found.image}`;
  if (action === 'remove') return [`stop and remove the container ${container?.name} (${there})`];
  return [
    ...(pull === 'missing' ? [] : [`${engine.name} pull ${container?.image}`]),
    `run ${container?.image} as ${container?.name} (${there})`,
    `watch for ${stayUpSeconds} s that it stays up and is healthy; put back the one before if not`,
  ];
}
