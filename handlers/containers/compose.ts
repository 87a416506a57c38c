/**
 * Compose as this gateway has it. docker's (docs.docker.com, `docker compose`) is taken at its word. podman-compose is not:
 * that of Debian 12 (1.0.3) ends with 0 whatever podman said, does not replace containers that are there, and gives them
 * one second to end; so podman is asked itself for what can be asked of it, and what came of it is looked at.
 */
import { dirname } from 'node:path';
import { type ProgramResult, runProgram } from '../../agent/handler-api.ts';
import { type ContainerState, isWell, PROJECT_LABEL, readProject } from './container-state.ts';
import { ContainersError, type ContainersErrorCode } from './containers-error.ts';
import { type Call, type ComposeProgram, callEngine, type Engine, explanationOf } from './engine.ts';
import type { Environment } from './kept-project.ts';

export interface ComposeProject {
  readonly engine: Engine;
  readonly name: string;
  readonly composePath: string;
  readonly environment: Environment;
}

/** @param onPulled how many images have come, of how many where that is known beforehand. */
export async function pullImages(
  project: ComposeProject,
  signal: AbortSignal,
  onPulled: (pulled: number, of?: number) => void,
): Promise<void> {
  if (composeOf(project).kind === 'docker-compose') {
    let pulled = 0;
    const onOutput = (text: string) => {
      pulled += text.match(PULLED)?.length ?? 0;
      onPulled(pulled);
    };
    await compose(project, ['pull'], { signal, code: 'CONTAINER_PULL_FAILED', onOutput });
    return;
  }
  const images = namesIn(await dryRun(project, ['pull'], signal), PULL_LINE);
  for (const [index, image] of images.entries()) {
    onPulled(index, images.length);
    await callEngine(project.engine, ['pull', '--quiet', image], { signal, code: 'CONTAINER_PULL_FAILED' });
  }
  onPulled(images.length, images.length);
}

/** Compose v2 says `web Pulled`, its forerunner `Pulling web ... done`. */
const PULLED = /\bPulled\b|\.\.\. done\b/g;
const PULL_LINE = /\bpodman pull (?:.* )?([^\s-]\S*)$/gm;
const RUN_LINE = /\bpodman (?:run|create) (?:.* )?--name[= ](\S+)/gm;

export interface StartOptions {
  readonly signal: AbortSignal;
  /** Neither the file nor the values for it are others than before. */
  readonly isUnchanged?: boolean;
}

/** Containers of what the file has no more are removed; all that it has are there when this resolves. */
export async function startProject(project: ComposeProject, { signal, isUnchanged }: StartOptions): Promise<void> {
  const { engine, name } = project;
  if (composeOf(project).kind === 'docker-compose') {
    await compose(project, ['up', '--detach', '--remove-orphans'], { signal, code: 'CONTAINER_NOT_STARTED' });
    return;
  }
  const names = namesIn(await dryRun(project, ['up', '--detach'], signal), RUN_LINE);
  const before = await readProject(engine, name, signal);
  // docker's compose leaves alone what is as it should be; here all containers are made anew, or none.
  const isAllThere = names.every((wanted) => before.some((state) => state.name === wanted && isWell(state)));
  if (isUnchanged && isAllThere && before.length === names.length && (await imagesAreCurrent(engine, before, signal))) {
    return;
  }
  await removeContainers(engine, before, signal);
  const result = await compose(project, ['up', '--detach'], { signal, code: 'CONTAINER_NOT_STARTED' });
  const there = (await readProject(engine, name, signal)).map((state) => state.name);
  const missing = names.filter((wanted) => !there.includes(wanted));
  if (missing.length === 0 && there.length > 0) return;
  const what = missing.length === 0 ? 'no container' : missing.join(', ');
  throw new ContainersError('CONTAINER_NOT_STARTED', `${what}: ${explanationOf(result, project.environment)}`);
}

/** Volumes stay: they are what the containers know. */
export async function stopProject(project: ComposeProject, signal: AbortSignal): Promise<void> {
  const { engine, name } = project;
  // podman-compose gives containers one second; docker's compose is as patient as the file says.
  if (engine.name === 'podman') await removeContainers(engine, await readProject(engine, name, signal), signal);
  const isDone = await stopByFile(project, signal);
  if (!isDone) await stopByLabels(project, signal);
}

/** @returns false where compose is not there, or does not take the file: it may be what is wrong with the project. */
async function stopByFile(project: ComposeProject, signal: AbortSignal): Promise<boolean> {
  if (project.engine.compose === undefined) return false;
  const orphans = project.engine.compose.kind === 'docker-compose' ? ['--remove-orphans'] : [];
  try {
    await compose(project, ['down', ...orphans], { signal, code: 'CONTAINER_NOT_STOPPED' });
    return true;
  } catch (error) {
    if (error instanceof ContainersError) return false;
    throw error;
  }
}

/** Containers and networks that bear the project's name. */
async function stopByLabels({ engine, name }: ComposeProject, signal: AbortSignal): Promise<void> {
  await removeContainers(engine, await readProject(engine, name, signal), signal);
  const call = { signal, code: 'CONTAINER_NOT_STOPPED' } as const;
  const listed = await callEngine(
    engine,
    ['network', 'ls', '--quiet', '--filter', `label=${PROJECT_LABEL}=${name}`],
    call,
  );
  const networks = listed.split('\n').filter((network) => network !== '');
  if (networks.length > 0) await callEngine(engine, ['network', 'rm', ...networks], call);
}

/** Each has the time to end that it was made with, ten seconds unless the file says otherwise. */
async function removeContainers(engine: Engine, states: readonly ContainerState[], signal: AbortSignal): Promise<void> {
  const ids = states.map(({ id }) => id);
  if (ids.length === 0) return;
  const call = { signal, code: 'CONTAINER_NOT_STOPPED' } as const;
  await callEngine(engine, ['stop', ...ids], call);
  await callEngine(engine, ['rm', '--force', ...ids], call);
}

async function imagesAreCurrent(engine: Engine, states: readonly ContainerState[], signal: AbortSignal) {
  for (const { image, imageId } of states) {
    const result = await runProgram([engine.name, 'image', 'inspect', '--format', '{{.Id}}', image], { signal });
    signal.throwIfAborted();
    if (result.exitCode !== 0 || result.stdout.trim().replace(/^sha256:/, '') !== imageId) return false;
  }
  return true;
}

/** What podman-compose would start, told and not done. Shows values of the environment, so nobody is shown it. */
async function dryRun(project: ComposeProject, args: readonly string[], signal: AbortSignal): Promise<string> {
  const result = await compose(project, args, { signal, code: 'CONTAINER_NOT_STARTED', isDryRun: true });
  return `${result.stdout}\n${result.stderr}`;
}

function namesIn(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].flatMap(([, name]) => (name === undefined ? [] : [name])))];
}

/** @throws ContainersError with `code` when it fails; the signal's reason when it was stopped. */
async function compose(
  project: ComposeProject,
  args: readonly string[],
  options: Call & { readonly code: ContainersErrorCode; readonly isDryRun?: boolean },
): Promise<ProgramResult> {
  const { name, composePath, environment } = project;
  const { argv, kind } = composeOf(project);
  const place = kind === 'docker-compose' ? ['--project-directory', dirname(composePath)] : [];
  const { signal, code, onOutput, isDryRun } = options;
  const result = await runProgram(
    [
      ...argv,
      ...['--project-name', name, ...place, '--file', composePath],
      ...(isDryRun === true ? ['--dry-run'] : []),
      ...args,
    ],
    { signal, environment, ...(onOutput === undefined ? {} : { onOutput }) },
  );
  signal.throwIfAborted();
  if (result.exitCode === 0) return result;
  throw new ContainersError(code, `${argv.join(' ')} ${args[0]}: ${explanationOf(result, environment)}`);
}

/** @throws ContainersError */
function composeOf({ engine }: Pick<ComposeProject, 'engine'>): ComposeProgram {
  if (engine.compose !== undefined) return engine.compose;
  const wanted = engine.name === 'docker' ? '`docker compose` or docker-compose' : 'podman-compose';
  throw new ContainersError('CONTAINER_COMPOSE_MISSING', `${engine.name} is there, and ${wanted} is not`);
}
