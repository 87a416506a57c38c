/** Looks at containers until they have been up, and healthy, for as long as was asked. */
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { HandlerContext } from '../../agent/handler-api.ts';
import { type ContainerState, describeContainer, describeContainers, detailsOf, isWell } from './container-state.ts';
import { ContainersError } from './containers-error.ts';
import { asksEngine, type Engine } from './engine.ts';

export interface Watch {
  readonly engine: Engine;
  readonly look: () => Promise<readonly ContainerState[]>;
  readonly stayUpSeconds?: number | undefined;
  readonly healthTimeoutSeconds?: number | undefined;
}

const DEFAULT_STAY_UP_SECONDS = 10;
const DEFAULT_HEALTH_TIMEOUT_SECONDS = 120;
/** A container that restarts in between has started at another time, so nothing is missed. */
const LOOK_INTERVAL_MS = 1000;
/** Where a container stays that the engine could not start; `up` has waited for what each depends on. */
const NOT_STARTED = ['created', 'configured', 'initialized'];

/**
 * Health first, then the time that all must stay up, in the run in which they are then.
 * @returns how they were at last. @throws ContainersError as soon as one does not.
 */
export async function watchContainers(context: HandlerContext, watch: Watch): Promise<readonly ContainerState[]> {
  const { stayUpSeconds = DEFAULT_STAY_UP_SECONDS } = watch;
  const healthy = await untilHealthy(context, watch);
  const end = performance.now() + stayUpSeconds * 1000;
  let states = healthy;
  for (;;) {
    const fallen = fallenOf(states, healthy);
    if (fallen !== undefined) throw new ContainersError('CONTAINER_DID_NOT_STAY_UP', `did not stay up: ${fallen}`);
    const leftMs = end - performance.now();
    if (leftMs <= 0) return states;
    const watchedSeconds = Math.round(stayUpSeconds - leftMs / 1000);
    context.progress({ phase: 'watching', ...detailsOf(states), watchedSeconds });
    await wait(Math.min(LOOK_INTERVAL_MS, leftMs), undefined, { signal: context.signal });
    states = await watch.look();
  }
}

function fallenOf(states: readonly ContainerState[], first: readonly ContainerState[]): string | undefined {
  const fallen = first.flatMap((before) => {
    const now = states.find(({ id }) => id === before.id);
    if (now === undefined) return [`${before.name} is gone`];
    const isSame = now.startedAt === before.startedAt && now.restarts === before.restarts;
    return isWell(now) && isSame && now.health !== 'unhealthy' ? [] : [describeContainer(now)];
  });
  return fallen.length === 0 ? undefined : fallen.join(', ');
}

async function untilHealthy(context: HandlerContext, watch: Watch): Promise<readonly ContainerState[]> {
  const { engine, look, healthTimeoutSeconds = DEFAULT_HEALTH_TIMEOUT_SECONDS } = watch;
  const end = performance.now() + healthTimeoutSeconds * 1000;
  const checks = createOwnChecks(engine, context.signal);
  for (;;) {
    const states = await checks.checked(await look());
    const ill = states.filter((state) => !isWell(state) || state.health === 'unhealthy');
    // One that restarts is on its way down or up: the health time-out decides.
    const still = ill.filter(({ status }) => NOT_STARTED.includes(status));
    if (still.length > 0) throw new ContainersError('CONTAINER_NOT_STARTED', describeContainers(still));
    const lost = ill.filter(({ status }) => status === 'exited' || status === 'dead');
    if (lost.length > 0) throw new ContainersError('CONTAINER_DID_NOT_STAY_UP', `ended: ${describeContainers(lost)}`);
    if (ill.length === 0 && states.every(({ status, health }) => status !== 'running' || health !== 'starting')) {
      return states;
    }
    const unhealthy = ill.filter(({ health }) => health === 'unhealthy');
    if (unhealthy.length > 0) throw new ContainersError('CONTAINER_UNHEALTHY', describeContainers(unhealthy));
    const leftMs = end - performance.now();
    if (leftMs <= 0) {
      const late = `not well after ${healthTimeoutSeconds} s: ${describeContainers(states)}`;
      throw new ContainersError('CONTAINER_UNHEALTHY', late);
    }
    context.progress({ phase: 'waiting for health', ...detailsOf(states) });
    await wait(Math.min(LOOK_INTERVAL_MS, leftMs), undefined, { signal: context.signal });
  }
}

/**
 * podman has timers of systemd run the health checks (podman-healthcheck-run(1)); where no systemd runs (sd_booted(3)),
 * nobody does. Then they are run from here, each at its own interval.
 */
function createOwnChecks(engine: Engine, signal: AbortSignal) {
  const isNeeded = engine.name === 'podman' && !existsSync('/run/systemd/system');
  const nextCheck = new Map<string, number>();
  const isHealthy = async ({ id, healthIntervalMs }: ContainerState): Promise<boolean> => {
    if (performance.now() < (nextCheck.get(id) ?? 0)) return false;
    nextCheck.set(id, performance.now() + healthIntervalMs);
    return asksEngine(engine, ['healthcheck', 'run', id], signal);
  };
  return {
    async checked(states: readonly ContainerState[]): Promise<readonly ContainerState[]> {
      if (!isNeeded) return states;
      const results: ContainerState[] = [];
      for (const state of states) {
        const isAsked = state.status === 'running' && state.health === 'starting';
        results.push(isAsked && (await isHealthy(state)) ? { ...state, health: 'healthy' } : state);
      }
      return results;
    },
  };
}
