/**
 * A short key for each world, the same for two that read the same. Parts of worlds are far fewer than worlds, so each
 * part that reads differently gets a number, and a world's key is the numbers of its parts. The world that comes back
 * is made of the first parts that read so, which is what lets millions of worlds fit into memory.
 */
import type { AgentState } from '../../agent/core/state.ts';
import type { World } from './world.ts';

export interface WorldKeys {
  keyOf(world: World): { readonly key: string; readonly world: World };
}

export function createWorldKeys(): WorldKeys {
  const part = <T extends object>() => createParts<T>((value) => JSON.stringify(value));
  // An agent changes in one of its parts most of the time.
  const [executions, requests, finished] = [
    part<AgentState['executions']>(),
    part<AgentState['requests']>(),
    part<AgentState['finished']>(),
  ];
  const agents = createParts<AgentState>((agent) => {
    // All that there is, so that what the core gets to know one day is not left out; the settings are the scenario's.
    const { executions: _1, requests: _2, finished: _3, settings: _4, ...others } = agent;
    const numbers = [executions.of(agent.executions), requests.of(agent.requests), finished.of(agent.finished)];
    return `${numbers.map(({ number }) => number).join()} ${JSON.stringify(others)}`;
  });
  const machines = part<World['machine']>();
  const disks = part<World['disk']>();
  const clouds = part<World['cloud']>();
  const networks = part<World['network']>();
  const announcements = part<World['announced']>();
  const runs = part<World['runs']>();
  const timers = part<World['timers']>();
  const pasts = part<World['past']>();
  const lefts = part<World['left']>();
  return {
    keyOf(world) {
      const agent = world.agent === null ? null : agents.of(world.agent);
      const machine = machines.of(world.machine);
      const disk = disks.of(world.disk);
      const cloud = clouds.of(world.cloud);
      const network = networks.of(world.network);
      const announced = announcements.of(world.announced);
      const run = runs.of(world.runs);
      const timer = timers.of(world.timers);
      const past = pasts.of(world.past);
      const left = lefts.of(world.left);
      const numbers = [agent, machine, disk, cloud, network, announced, run, timer, past, left].map(
        (one) => one?.number ?? '',
      );
      return {
        key: numbers.join(),
        world: {
          agent: agent?.part ?? null,
          machine: machine.part,
          disk: disk.part,
          cloud: cloud.part,
          network: network.part,
          announced: announced.part,
          runs: run.part,
          timers: timer.part,
          past: past.part,
          left: left.part,
        },
      };
    },
  };
}

interface Part<T> {
  readonly number: number;
  readonly part: T;
}

function createParts<T extends object>(read: (value: T) => string) {
  const byReading = new Map<string, Part<T>>();
  const seen = new WeakMap<T, Part<T>>();
  return {
    of(value: T): Part<T> {
      const before = seen.get(value);
      if (before !== undefined) return before;
      const reading = read(value);
      let part = byReading.get(reading);
      if (part === undefined) {
        part = { number: byReading.size, part: value };
        byReading.set(reading, part);
        // Only those that last: a walk makes and drops others by the million.
        seen.set(value, part);
      }
      return part;
    },
  };
}
