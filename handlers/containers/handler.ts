import { setTimeout as wait } from 'node:timers/promises';
import {
  failed,
  type HandlerContext,
  type HandlerResult,
  type JsonObject,
  type ModuleHandler,
  type ParameterProblem,
  succeeded,
} from '../../agent/handler-api.ts';
import { ContainersError } from './containers-error.ts';
import { type Engine, type EngineName, findEngine, isReservedName } from './engine.ts';
import { type ContainersParameters, containersParameters } from './parameters.ts';
import { planContainers } from './plan.ts';
import {
  bringUp,
  type ProjectParameters,
  pullProject,
  restartProject,
  takeDown,
  undoUnproven,
} from './project-actions.ts';
import {
  PREVIOUS,
  removeContainer,
  runContainer,
  type SingleParameters,
  undoUnprovenContainer,
} from './single-container.ts';

/**
 * What leads back is on disk before the first container changes, so after a power cut it goes on: every action but the
 * way back begins anew, which finds done what was done.
 */
export const containersHandler: ModuleHandler<typeof containersParameters> = {
  operation: 'containers',
  kind: 'module',
  summary:
    'Brings up containers with docker or podman, watches that they stay up and are healthy, and goes back if not.',
  parameters: containersParameters,
  needs: 'docker with compose, or podman with podman-compose; for `run` and `remove` docker or podman alone',
  onInterrupted: 'resume',
  exclusive: true,
  defaultTimeoutSeconds: 3600,
  check: checkContainers,
  plan: planContainers,
  run: changeContainers,
  cleanup: cleanUp,
};

const PROJECT_ACTIONS = { up: bringUp, down: takeDown, restart: restartProject, pull: pullProject } as const;
const SINGLE_ACTIONS = { run: runContainer, remove: removeContainer } as const;
/** Which members mean something beside `action` and `engine`. */
const MEMBERS = {
  up: ['project', 'compose', 'composeFile', 'environment', 'pull', 'stayUpSeconds', 'healthTimeoutSeconds', 'adopt'],
  down: ['project'],
  restart: ['project', 'stayUpSeconds', 'healthTimeoutSeconds'],
  pull: ['project', 'compose', 'composeFile', 'environment'],
  run: ['container', 'environment', 'pull', 'stayUpSeconds', 'healthTimeoutSeconds', 'adopt'],
  remove: ['container', 'adopt'],
} as const satisfies Record<ContainersParameters['action'], readonly (keyof ContainersParameters)[]>;

function checkContainers(parameters: ContainersParameters): ParameterProblem | undefined {
  const { action, compose, composeFile, environment = {}, container } = parameters;
  const wanted = action === 'run' || action === 'remove' ? 'container' : 'project';
  if (parameters[wanted] === undefined)
    return { pointer: `/${wanted}`, reason: `is required with ${action}, and missing` };
  const known: readonly string[] = ['action', 'engine', ...MEMBERS[action]];
  const stray = Object.keys(parameters).find((name) => !known.includes(name));
  if (stray !== undefined) return { pointer: `/${stray}`, reason: `means nothing for ${action}` };
  if (compose !== undefined && composeFile !== undefined) {
    return { pointer: '/composeFile', reason: 'expected either compose or composeFile, got both' };
  }
  const reserved = Object.keys(environment).find(isReservedName);
  if (reserved !== undefined) {
    return { pointer: `/environment/${reserved}`, reason: 'is a name that the programs take for themselves' };
  }
  if (action === 'run' && container?.image === undefined) {
    return { pointer: '/container/image', reason: 'is required with run, and missing' };
  }
  if (action === 'run' && container?.name.endsWith(PREVIOUS) === true) {
    return { pointer: '/container/name', reason: `ends in ${PREVIOUS}, as the one before is called meanwhile` };
  }
  const more = Object.keys(container ?? {}).find((name) => name !== 'name');
  if (action === 'remove' && more !== undefined)
    return { pointer: `/container/${more}`, reason: 'means nothing for remove' };
  return undefined;
}

async function changeContainers(context: HandlerContext, parameters: ContainersParameters): Promise<HandlerResult> {
  const { signal } = context;
  try {
    const engine = await engineOf(context, parameters);
    if (typeof engine === 'string') return failed('CONTAINER_ENGINE_MISSING', engine);
    return await changeWith(heldTo(engine, context), parameters, engine);
  } catch (error) {
    if (signal.aborted) return failed('CONTAINER_STOPPED', 'stopped while containers were changed');
    if (error instanceof ContainersError) return failed(error.code, error.message);
    throw error;
  }
}

const ANSWER_INTERVAL_MS = 2000;
const ANSWER_TRIES = 60;

/**
 * What another attempt has begun goes on with its engine, though the other one answers as well; and after a power cut
 * that may not be up yet.
 */
async function engineOf({ restored, signal }: HandlerContext, parameters: ContainersParameters) {
  const begun = restored as { readonly engine?: EngineName } | undefined;
  for (let tries = begun === undefined ? ANSWER_TRIES : 1; ; tries += 1) {
    const engine = await findEngine(begun?.engine ?? parameters.engine, signal);
    signal.throwIfAborted();
    if (typeof engine !== 'string' || tries === ANSWER_TRIES) return engine;
    await wait(ANSWER_INTERVAL_MS, undefined, { signal });
  }
}

function heldTo({ name }: Engine, context: HandlerContext): HandlerContext {
  return { ...context, checkpoint: (value) => context.checkpoint({ ...(value as JsonObject), engine: name }) };
}

function changeWith(context: HandlerContext, parameters: ContainersParameters, engine: Engine): Promise<HandlerResult> {
  // `check` has seen to it that the one that the action needs is there.
  const { action } = parameters;
  if (action === 'run' || action === 'remove') {
    return SINGLE_ACTIONS[action](context, parameters as SingleParameters, engine);
  }
  return PROJECT_ACTIONS[action](context, parameters as ProjectParameters, engine);
}

async function cleanUp(context: HandlerContext, parameters: ContainersParameters): Promise<HandlerResult> {
  const { action, project, container } = parameters;
  if (action !== 'up' && action !== 'run') return succeeded();
  const engine = await engineOf(context, parameters);
  if (typeof engine === 'string') return failed('CONTAINER_ENGINE_MISSING', engine);
  if (action === 'up' && project !== undefined) return undoUnproven(context, project, engine);
  if (container !== undefined) return undoUnprovenContainer(context, container.name, engine);
  return succeeded();
}
