/** What is done with a compose project: up, with the way back when it does not work; down, restart, pull. */
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  failed,
  type HandlerContext,
  type HandlerResult,
  replaceFile,
  succeeded,
  writerOf,
} from '../../agent/handler-api.ts';
import { type ComposeProject, pullImages, startProject, stopProject } from './compose.ts';
import { type ContainerState, detailsOf, isWell, readProject } from './container-state.ts';
import { ContainersError } from './containers-error.ts';
import { callEngine, type Engine } from './engine.ts';
import {
  type ComposeInput,
  forgetInput,
  forgetWayBack,
  type KeptProject,
  keepInput,
  keepWayBack,
  provenInput,
  readKeptProject,
  type WayBack,
} from './kept-project.ts';
import type { ContainersParameters } from './parameters.ts';
import { watchContainers } from './watch.ts';

export type ProjectParameters = ContainersParameters & { readonly project: string };

/** Kept across a power cut. Until there is one nothing was changed. `isDirty`: containers are of a change before it. */
type Checkpoint =
  /** Of this change no container was touched yet. */
  | { readonly phase: 'pulling'; readonly isDirty?: boolean }
  | { readonly phase: 'starting'; readonly isDirty?: boolean }
  /** It has failed, and that is told: where the step is run again, it begins anew. `isDirty`: it was not undone. */
  | { readonly phase: 'over'; readonly isDirty: boolean }
  | { readonly phase: 'going back'; readonly isStarted: boolean; readonly code: string; readonly message: string };

export async function bringUp(context: HandlerContext, parameters: ProjectParameters, engine: Engine) {
  const { project: name } = parameters;
  const kept = await readKeptProject(context.facts, name);
  const restored = context.restored as Checkpoint | undefined;
  if (restored?.phase === 'going back') return goOnBack(context, { engine, name, kept }, restored);
  const input = await readInput(context, parameters, kept);
  const before = await readProject(engine, name, context.signal);
  // What an earlier change could not undo leads back further, to what was proven at last.
  const isDirty = restored === undefined ? kept.wayBack !== undefined : (restored.isDirty ?? false);
  const wayBack = kept.wayBack ?? wayBackFrom(kept, before);
  checkOwner(wayBack, before, parameters);
  await keepWayBack(kept, wayBack, writerOf(context));
  const change = { engine, name, kept, wayBack, input };
  const note = (phase: 'pulling' | 'starting') =>
    context.checkpoint({ phase, ...(isDirty && { isDirty }) } satisfies Checkpoint);
  let isStarted = isDirty || restored?.phase === 'starting';
  try {
    if (restored?.phase !== 'starting') {
      await note('pulling');
      await keepInput(kept, input, writerOf(context));
      if (parameters.pull !== 'missing') await pull(context, change);
      await note('starting');
    }
    isStarted = true;
    const states = await start(context, parameters, { ...change, isDirty });
    await forgetWayBack(kept);
    return succeeded({ engine: engine.name, ...detailsOf(states) });
  } catch (error) {
    if (context.signal.aborted) throw error; // the clean-up goes back
    const code = error instanceof ContainersError ? error.code : 'CONTAINER_NOT_STARTED';
    return goBack(context, { ...change, isStarted }, { code, message: (error as Error).message });
  }
}

interface Change {
  readonly engine: Engine;
  readonly name: string;
  readonly kept: KeptProject;
  readonly wayBack: WayBack;
}

type Forward = Change & { readonly input: ComposeInput };

function projectOf({ engine, name, kept, input }: Forward): ComposeProject {
  return { engine, name, composePath: kept.composePath, environment: input.environment };
}

async function pull({ signal, progress }: HandlerContext, change: Forward): Promise<void> {
  await pullImages(projectOf(change), signal, (pulled, of) =>
    progress({ phase: 'pulling', imagesPulled: pulled, ...(of === undefined ? {} : { imagesWanted: of }) }),
  );
}

async function start(
  context: HandlerContext,
  parameters: ProjectParameters,
  change: Forward & { readonly isDirty: boolean },
) {
  const { engine, name, wayBack, input, isDirty } = change;
  const { signal, progress } = context;
  progress({ phase: 'starting' });
  const isUnchanged = !isDirty && wayBack.wasUp && JSON.stringify(wayBack.input) === JSON.stringify(input);
  await startProject(projectOf(change), { signal, isUnchanged });
  return watchContainers(context, { ...parameters, engine, look: () => readProject(engine, name, signal) });
}

function wayBackFrom(kept: KeptProject, before: readonly ContainerState[]): WayBack {
  const images = new Map(before.map(({ image, imageId }) => [image, imageId]));
  return {
    input: kept.input ?? null,
    isForeign: kept.input === undefined && before.length > 0,
    wasUp: before.some(isWell),
    images: [...images].map(([image, id]) => ({ name: image, id })),
  };
}

/** @throws ContainersError */
function checkOwner({ isForeign }: WayBack, before: readonly ContainerState[], { adopt }: ProjectParameters): void {
  if (!isForeign || before.length === 0 || adopt === true) return;
  const names = before.map(({ name }) => name).join(', ');
  const reason = `${names} belong to a project of this name that no job has brought up; "adopt": true would take it over`;
  throw new ContainersError('CONTAINER_NOT_OURS', reason);
}

const MAX_COMPOSE_BYTES = 1024 * 1024;

/** @throws ContainersError */
async function readInput(
  { workDir }: Pick<HandlerContext, 'workDir'>,
  { compose, composeFile, environment, project }: ProjectParameters,
  kept: KeptProject,
): Promise<ComposeInput> {
  const proven = provenInput(kept);
  const values = environment ?? proven?.environment ?? {};
  if (compose !== undefined) return { compose: `${JSON.stringify(compose, null, 2)}\n`, environment: values };
  if (composeFile !== undefined) return { compose: await readWithin(workDir, composeFile), environment: values };
  if (proven !== undefined) return { compose: proven.compose, environment: values };
  const reason = `no job has brought up ${project} yet: give "compose" or "composeFile"`;
  throw new ContainersError('CONTAINER_PROJECT_UNKNOWN', reason);
}

/** A plain file of the working folder; no link leads out of it. */
async function readWithin(workDir: string, path: string): Promise<string> {
  const refused = (reason: string) => new ContainersError('CONTAINER_FILE_UNREADABLE', `${path}: ${reason}`);
  const [top, real] = await Promise.all([realpath(workDir), realpath(resolve(workDir, path))]).catch((error: Error) => {
    throw refused(error.message);
  });
  if (!real.startsWith(`${top}/`)) throw refused('a link leads out of the working folder');
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw refused('is no plain file');
    if (facts.size > MAX_COMPOSE_BYTES) throw refused(`has ${facts.size} bytes, more than ${MAX_COMPOSE_BYTES}`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

interface Reason {
  readonly code: string;
  readonly message: string;
}

/** After a power cut on the way back. */
function goOnBack(
  context: HandlerContext,
  { engine, name, kept }: Omit<Change, 'wayBack'>,
  { isStarted, ...reason }: Reason & { readonly isStarted: boolean },
): Promise<HandlerResult> {
  const { wayBack } = kept;
  if (wayBack !== undefined) return goBack(context, { engine, name, kept, wayBack, isStarted }, reason);
  // It was gone to its end, and that was not told yet.
  return tellUndone(context, { engine, name }, { ...reason, what: 'what was before is back' });
}

/** To what was proven at last. @returns the failure that led here, with what came of it. */
async function goBack(
  context: HandlerContext,
  change: Change & { readonly isStarted: boolean },
  { code, message }: Reason,
): Promise<HandlerResult> {
  const { wayBack, isStarted } = change;
  await context.checkpoint({ phase: 'going back', isStarted, code, message } satisfies Checkpoint);
  context.progress({ phase: 'going back' });
  if (wayBack.isForeign && isStarted) {
    // The way back stays: it says that nothing is proven, and what has failed is not led back to.
    const states = await readProject(change.engine, change.name, context.signal);
    await over(context, true);
    return failed(code, `${message}; nothing leads back to what others had started`, detailsOf(states));
  }
  try {
    await undo(context, change);
  } catch (error) {
    if (context.signal.aborted) throw error;
    await over(context, true);
    return failed('CONTAINER_ROLLBACK_FAILED', `${message}; and the way back failed: ${(error as Error).message}`);
  }
  return tellUndone(context, change, { code, message, what: describeWay(change) });
}

function describeWay({ wayBack, isStarted }: { readonly wayBack: WayBack; readonly isStarted: boolean }): string {
  if (!isStarted) return 'no container was touched';
  if (wayBack.input === null) return 'removed again';
  return wayBack.wasUp ? 'what was before runs again' : 'as before, down';
}

async function tellUndone(
  context: HandlerContext,
  { engine, name }: Pick<Change, 'engine' | 'name'>,
  { code, message, what }: Reason & { readonly what: string },
): Promise<HandlerResult> {
  const states = await readProject(engine, name, context.signal);
  await over(context, false);
  return failed(code, `${message}; ${what}`, { engine: engine.name, rolledBack: 'yes', ...detailsOf(states) });
}

function over(context: HandlerContext, isDirty: boolean): Promise<void> {
  return context.checkpoint({ phase: 'over', isDirty } satisfies Checkpoint);
}

/** Images first: a name may stand for a newer one by now. Nothing is pulled. */
async function undo(context: HandlerContext, change: Change & { readonly isStarted: boolean }): Promise<void> {
  const { signal } = context;
  const { engine, name, kept, wayBack, isStarted } = change;
  const project = { engine, name, composePath: kept.composePath };
  for (const image of wayBack.images.filter(isMovable)) {
    const tagged = callEngine(engine, ['tag', image.id, image.name], { signal });
    await (isStarted ? tagged : tagged.catch(() => signal.throwIfAborted())); // what runs, runs without its name as well
  }
  if (wayBack.input === null) {
    if (isStarted) await stopProject({ ...project, environment: kept.input?.environment ?? {} }, signal);
    await forgetInput(kept);
  } else {
    await keepInput(kept, wayBack.input, writerOf(context));
    const before = { ...project, environment: wayBack.input.environment };
    if (isStarted) await (wayBack.wasUp ? startProject(before, { signal }) : stopProject(before, signal));
  }
  await forgetWayBack(kept);
}

/** What is named by a digest or by itself is one image for ever, and such a name cannot be given to another. */
function isMovable({ name, id }: WayBack['images'][number]): boolean {
  return !name.includes('@') && !name.startsWith('sha256:') && !id.startsWith(name);
}

/** After a stop in the middle, and when nothing will run this again. */
export async function undoUnproven(context: HandlerContext, name: string, engine: Engine): Promise<HandlerResult> {
  const kept = await readKeptProject(context.facts, name);
  const { wayBack } = kept;
  const restored = context.restored as Checkpoint | undefined;
  if (wayBack === undefined || restored === undefined) return succeeded(); // not this step's
  const isStarted = restored.phase !== 'pulling' || restored.isDirty === true;
  // Nothing leads back to what others had started; that the way back stays says that nothing is proven.
  if (wayBack.isForeign && isStarted) return succeeded({ rolledBack: 'no' });
  await undo(context, { engine, name, kept, wayBack, isStarted });
  return succeeded({ rolledBack: 'yes' });
}

/** The file that a later `up` without one takes is the one that has worked, if any has. */
export async function takeDown(context: HandlerContext, { project: name }: ProjectParameters, engine: Engine) {
  const { facts, signal } = context;
  const kept = await readKeptProject(facts, name);
  const before = await readProject(engine, name, signal);
  if (kept.input === undefined) throw unknown(name, before);
  const { composePath, input } = kept;
  await stopProject({ engine, name, composePath, environment: input.environment }, signal);
  const left = await readProject(engine, name, signal);
  if (left.length > 0) throw new ContainersError('CONTAINER_NOT_STOPPED', `still there: ${detailsOf(left).containers}`);
  const proven = provenInput(kept);
  await (proven === undefined ? forgetInput(kept) : keepInput(kept, proven, writerOf(context)));
  await forgetWayBack(kept);
  return succeeded({ engine: engine.name, containersRemoved: before.length });
}

function unknown(name: string, found: readonly ContainerState[]): ContainersError {
  const others = found.length === 0 ? '' : `; ${found.map((state) => state.name).join(', ')} were started by others`;
  return new ContainersError('CONTAINER_PROJECT_UNKNOWN', `no job has brought up ${name}${others}`);
}

/** The containers that there are, of the images that they were made of. Works for those of others, too. */
export async function restartProject(context: HandlerContext, parameters: ProjectParameters, engine: Engine) {
  const { signal } = context;
  const { project: name } = parameters;
  const look = () => readProject(engine, name, signal);
  const before = await look();
  if (before.length === 0) throw unknown(name, before);
  const ids = before.filter((state) => state.status === 'running' || !isWell(state)).map(({ id }) => id);
  if (ids.length > 0) {
    await callEngine(engine, ['restart', ...ids], { signal, code: 'CONTAINER_NOT_STARTED' });
  }
  const states = await watchContainers(context, { ...parameters, engine, look });
  return succeeded({ engine: engine.name, ...detailsOf(states) });
}

/** Ahead of time: what a later `up` needs is there then. Changes no container. */
export async function pullProject(context: HandlerContext, parameters: ProjectParameters, engine: Engine) {
  const { facts, workDir, progress, signal } = context;
  const kept = await readKeptProject(facts, parameters.project);
  const input = await readInput(context, parameters, kept);
  const composePath = join(workDir, `.${parameters.project}.compose.yaml`);
  await replaceFile(composePath, input.compose, { writer: writerOf(context) });
  const project: ComposeProject = { engine, name: parameters.project, composePath, environment: input.environment };
  let details: Record<string, number> = {};
  await pullImages(project, signal, (pulled, of) => {
    details = { imagesPulled: pulled, ...(of === undefined ? {} : { imagesWanted: of }) };
    progress({ phase: 'pulling', ...details });
  });
  return succeeded({ engine: engine.name, ...details });
}
