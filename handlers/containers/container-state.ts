/** What the engine says of containers, by `inspect`. docker and podman answer alike, but for the health. */
import { callEngine, type Engine } from './engine.ts';

export interface ContainerState {
  readonly id: string;
  readonly name: string;
  /** As it was asked for, such as `registry.example.com/app:1.2`. */
  readonly image: string;
  /** What that was when the container was made. */
  readonly imageId: string;
  /** `created`, `running`, `paused`, `restarting`, `exited`, `dead` and others. */
  readonly status: string;
  readonly exitCode: number;
  /** Why it could not be started, if that is so. */
  readonly error: string;
  /** Another each time it is started, by whomever. */
  readonly startedAt: string;
  readonly restarts: number;
  /** `none` without a health check; else `starting`, `healthy` or `unhealthy`. */
  readonly health: string;
  readonly healthIntervalMs: number;
  readonly restartPolicy: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** docker's name for it; podman-compose sets it, too. */
export const PROJECT_LABEL = 'com.docker.compose.project';

/** Running or not. @throws ContainersError */
export async function readProject(
  engine: Engine,
  project: string,
  signal: AbortSignal,
): Promise<readonly ContainerState[]> {
  const args = ['ps', '--all', '--quiet', '--no-trunc', '--filter', `label=${PROJECT_LABEL}=${project}`];
  const ids = (await callEngine(engine, args, { signal })).split('\n').filter((id) => id !== '');
  return ids.length === 0 ? [] : inspect(engine, ids, signal);
}

/** @returns nothing when there is no such container. @throws ContainersError */
export async function readContainer(
  engine: Engine,
  name: string,
  signal: AbortSignal,
): Promise<ContainerState | undefined> {
  // `inspect NAME` fails for one that is not there as for anything else: whether it is there is asked first.
  const args = ['ps', '--all', '--quiet', '--no-trunc', '--filter', `name=^${name.replaceAll('.', '\\.')}$`];
  const [id] = (await callEngine(engine, args, { signal })).split('\n');
  return id === undefined || id === '' ? undefined : (await inspect(engine, [id], signal))[0];
}

async function inspect(engine: Engine, ids: readonly string[], signal: AbortSignal) {
  const text = await callEngine(engine, ['inspect', '--type', 'container', ...ids], { signal });
  return (JSON.parse(text) as readonly Inspected[]).map(stateOf).sort((a, b) => a.name.localeCompare(b.name));
}

interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly ImageName?: string;
  readonly RestartCount?: number;
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly Error?: string;
    readonly StartedAt: string;
    readonly Health?: { readonly Status?: string } | null;
    readonly Healthcheck?: { readonly Status?: string } | null;
  };
  readonly Config: {
    readonly Image?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly Healthcheck?: { readonly Test?: readonly string[]; readonly Interval?: number } | null;
  };
  readonly HostConfig?: { readonly RestartPolicy?: { readonly Name?: string } };
}

const NS_PER_MS = 1_000_000;
/** What docker takes for a check that says nothing of it (Dockerfile reference, HEALTHCHECK). */
const DEFAULT_INTERVAL_MS = 30_000;

function stateOf(inspected: Inspected): ContainerState {
  const { Id, Name, Image, ImageName, RestartCount, State, Config, HostConfig } = inspected;
  const test = Config.Healthcheck?.Test ?? [];
  const hasCheck = test.length > 0 && test[0] !== 'NONE';
  return {
    id: Id,
    name: Name.replace(/^\//, ''),
    image: Config.Image ?? ImageName ?? '',
    imageId: Image.replace(/^sha256:/, ''),
    status: State.Status,
    exitCode: State.ExitCode,
    error: State.Error ?? '',
    startedAt: State.StartedAt,
    restarts: RestartCount ?? 0,
    health: hasCheck ? (State.Health ?? State.Healthcheck)?.Status || 'starting' : 'none',
    healthIntervalMs: (Config.Healthcheck?.Interval ?? 0) / NS_PER_MS || DEFAULT_INTERVAL_MS,
    restartPolicy: HostConfig?.RestartPolicy?.Name || 'no',
    labels: Config.Labels ?? {},
  };
}

/** Runs, or has ended as what runs once and ends: with exit code 0, and not to be started again. */
export function isWell({ status, exitCode, restartPolicy }: ContainerState): boolean {
  if (status === 'running') return true;
  return status === 'exited' && exitCode === 0 && (restartPolicy === 'no' || restartPolicy === 'on-failure');
}

/** `app-web-1 running (healthy), app-init-1 exited (0)`: for status details. */
export function describeContainers(states: readonly ContainerState[]): string {
  return states.map(describeContainer).join(', ');
}

export function describeContainer({ name, status, exitCode, error, health, restarts }: ContainerState): string {
  const notes = [
    ...(error === '' ? [] : [error]),
    ...(status === 'running' ? [] : [`exit code ${exitCode}`]),
    ...(health === 'none' ? [] : [health]),
    ...(restarts === 0 ? [] : [`restarted ${restarts} times`]),
  ];
  return notes.length === 0 ? `${name} ${status}` : `${name} ${status} (${notes.join(', ')})`;
}

export function detailsOf(states: readonly ContainerState[]) {
  const images = new Map(states.map(({ image, imageId }) => [image, imageId.slice(0, SHORT_ID)]));
  return {
    containers: describeContainers(states),
    images: [...images].map(([image, id]) => `${image} ${id}`).join(', '),
  };
}

/** As the engines print it. */
const SHORT_ID = 12;
