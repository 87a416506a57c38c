/**
 * One container without compose, for gateways that have the engine alone. The container that was there before keeps its
 * files and its image under another name until the new one is proven: that name is all that has to survive a power cut.
 */
import { failed, type HandlerContext, type HandlerResult, succeeded, writerOf } from '../../agent/handler-api.ts';
import { type ContainerState, detailsOf, readContainer } from './container-state.ts';
import { ContainersError } from './containers-error.ts';
import { callEngine, type Engine } from './engine.ts';
import type { ContainerParameters, ContainersParameters } from './parameters.ts';
import { watchContainers } from './watch.ts';

export type SingleParameters = ContainersParameters & { readonly container: ContainerParameters };

/** Whose it is: the job's execution and step that made it. */
const MADE_BY = 'iot-job-agent.made-by';

type Checkpoint =
  | { readonly phase: 'changing'; readonly wasUp: boolean }
  /** The new one has proved itself. */
  | { readonly phase: 'proven' }
  /** What was before is back: where the step is run again, it begins anew. */
  | { readonly phase: 'over' }
  | { readonly phase: 'going back'; readonly wasUp: boolean; readonly code: string; readonly message: string };

export const PREVIOUS = '-previous';

function previousName(name: string): string {
  return `${name}${PREVIOUS}`;
}

export async function runContainer(context: HandlerContext, parameters: SingleParameters, engine: Engine) {
  const { container } = parameters;
  const { signal, progress } = context;
  const restored = context.restored as Checkpoint | undefined;
  if (restored?.phase === 'going back') return goBack(context, { engine, name: container.name, ...restored });
  if (restored?.phase === 'proven') return finish(context, engine, container.name);
  const current = await readContainer(engine, container.name, signal);
  // One of others that happens to be called so would be taken for the one to go back to, and be removed at the end.
  const previous =
    restored === undefined ? await readContainer(engine, previousName(container.name), signal) : undefined;
  for (const found of [current, previous]) {
    if (found !== undefined && !(MADE_BY in found.labels) && parameters.adopt !== true) throw notOurs(found);
  }
  const wasUp = restored?.phase === 'changing' ? restored.wasUp : current?.status === 'running';
  if (parameters.pull !== 'missing') {
    progress({ phase: 'pulling', imagesPulled: 0, imagesWanted: 1 });
    await callEngine(engine, ['pull', '--quiet', container.image ?? ''], { signal, code: 'CONTAINER_PULL_FAILED' });
  }
  await context.checkpoint({ phase: 'changing', wasUp } satisfies Checkpoint);
  try {
    await putAside(context, engine, container.name);
    const { environment } = parameters;
    const call = {
      signal,
      code: 'CONTAINER_NOT_STARTED',
      ...(environment === undefined ? {} : { environment }),
    } as const;
    progress({ phase: 'starting' });
    await callEngine(engine, runArguments(parameters, writerOf(context)), call);
    const look = () => readExisting(engine, container.name, signal);
    await watchContainers(context, { ...parameters, engine, look });
    await context.checkpoint({ phase: 'proven' } satisfies Checkpoint);
  } catch (error) {
    if (signal.aborted) throw error; // the clean-up goes back
    const code = error instanceof ContainersError ? error.code : 'CONTAINER_NOT_STARTED';
    return goBack(context, { engine, name: container.name, wasUp, code, message: (error as Error).message });
  }
  return finish(context, engine, container.name);
}

/** From here on nothing leads back. */
async function finish({ signal }: HandlerContext, engine: Engine, name: string): Promise<HandlerResult> {
  await remove(engine, previousName(name), signal);
  return succeeded({ engine: engine.name, ...detailsOf(await readExisting(engine, name, signal)) });
}

/** docker-run(1), podman-run(1). A variable's value is taken from the client's environment: no argument list shows it. */
export function runArguments({ container, environment = {} }: SingleParameters, madeBy: string): readonly string[] {
  const {
    name,
    image = '',
    command = [],
    ports = [],
    volumes = [],
    network,
    restart = 'unless-stopped',
    user,
  } = container;
  return [
    'run',
    '--detach',
    ...['--name', name, '--label', `${MADE_BY}=${madeBy}`, '--restart', restart],
    ...Object.keys(environment).flatMap((variable) => ['--env', variable]),
    ...ports.flatMap((port) => ['--publish', port]),
    ...volumes.flatMap((volume) => ['--volume', volume]),
    ...(network === undefined ? [] : ['--network', network]),
    ...(user === undefined ? [] : ['--user', user]),
    image,
    ...command,
  ];
}

/** Frees name and ports. What this step itself made, before a power cut, is removed. */
async function putAside(context: HandlerContext, engine: Engine, name: string): Promise<void> {
  const { signal } = context;
  const current = await readContainer(engine, name, signal);
  if (current?.labels[MADE_BY] === writerOf(context)) {
    await remove(engine, name, signal);
    return;
  }
  if (current === undefined) return;
  // One that is left of before leads back further, to what was proven at last: then the one in between is of no use.
  if ((await readContainer(engine, previousName(name), signal)) !== undefined) {
    await remove(engine, name, signal);
    return;
  }
  const call = { signal, code: 'CONTAINER_NOT_STOPPED' } as const;
  await callEngine(engine, ['stop', name], call);
  await callEngine(engine, ['rename', name, previousName(name)], call);
}

async function remove(engine: Engine, name: string, signal: AbortSignal): Promise<void> {
  if ((await readContainer(engine, name, signal)) === undefined) return;
  const call = { signal, code: 'CONTAINER_NOT_STOPPED' } as const;
  await callEngine(engine, ['stop', name], call);
  await callEngine(engine, ['rm', '--force', name], call);
}

async function readExisting(engine: Engine, name: string, signal: AbortSignal): Promise<readonly ContainerState[]> {
  const state = await readContainer(engine, name, signal);
  return state === undefined ? [] : [state];
}

function notOurs({ name }: ContainerState): ContainersError {
  return new ContainersError(
    'CONTAINER_NOT_OURS',
    `${name} was not started by a job; "adopt": true would take it over`,
  );
}

interface WayBack {
  readonly engine: Engine;
  readonly name: string;
  readonly wasUp: boolean;
}

async function goBack(
  context: HandlerContext,
  { code, message, ...way }: WayBack & { readonly code: string; readonly message: string },
): Promise<HandlerResult> {
  const { engine, name, wasUp } = way;
  await context.checkpoint({ phase: 'going back', wasUp, code, message } satisfies Checkpoint);
  context.progress({ phase: 'going back' });
  try {
    await undo(context, way);
  } catch (error) {
    if (context.signal.aborted) throw error;
    await context.checkpoint({ phase: 'changing', wasUp } satisfies Checkpoint); // what leads back is still there
    return failed('CONTAINER_ROLLBACK_FAILED', `${message}; and the way back failed: ${(error as Error).message}`);
  }
  const states = await readExisting(engine, name, context.signal);
  await context.checkpoint({ phase: 'over' } satisfies Checkpoint);
  const what = states.length === 0 ? 'removed again' : wasUp ? 'what was before runs again' : 'as before, not running';
  return failed(code, `${message}; ${what}`, { engine: engine.name, rolledBack: 'yes', ...detailsOf(states) });
}

async function undo(context: HandlerContext, { engine, name, wasUp }: WayBack): Promise<void> {
  const { signal } = context;
  const current = await readContainer(engine, name, signal);
  const previous = await readContainer(engine, previousName(name), signal);
  if (previous !== undefined) {
    await remove(engine, name, signal);
    await callEngine(engine, ['rename', previousName(name), name], { signal });
  } else if (current?.labels[MADE_BY] === writerOf(context)) {
    await remove(engine, name, signal);
    return;
  }
  if (wasUp) await callEngine(engine, ['start', name], { signal, code: 'CONTAINER_NOT_STARTED' });
}

/** After a stop in the middle, and when nothing will run this again. */
export async function undoUnprovenContainer(context: HandlerContext, name: string, engine: Engine) {
  const restored = context.restored as Checkpoint | undefined;
  if (restored === undefined || restored.phase === 'over') return succeeded(); // nothing was changed
  if (restored.phase === 'proven') return finish(context, engine, name);
  await undo(context, { engine, name, wasUp: restored.wasUp });
  return succeeded({ rolledBack: 'yes' });
}

export async function removeContainer(context: HandlerContext, { container, adopt }: SingleParameters, engine: Engine) {
  const { signal } = context;
  const current = await readContainer(engine, container.name, signal);
  if (current === undefined) return succeeded({ engine: engine.name, containersRemoved: 0 });
  if (!(MADE_BY in current.labels) && adopt !== true) throw notOurs(current);
  await remove(engine, container.name, signal);
  return succeeded({ engine: engine.name, containersRemoved: 1 });
}
