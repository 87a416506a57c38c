/**
 * Breadth first through every world that can be reached, each once. Exact: worlds are compared by all they contain, not
 * by a hash. The first violation found is the one with the shortest way to it.
 */
import { checkSettled, hasUnstoppedRun } from './invariants.ts';
import type { Transition } from './transition.ts';
import { transitionsOf } from './transitions.ts';
import { Violation } from './violation.ts';
import { firstWorld, type Scenario, type World } from './world.ts';
import { createWorldKeys } from './world-keys.ts';

export interface ExploreOptions {
  /** No more worlds than this are entered; without it, all there are. */
  readonly maxStates?: number;
  /** Now and then. */
  readonly onProgress?: (states: number, transitions: number) => void;
}

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** Every world that can be reached was. */
  readonly isWhole: boolean;
  /** Steps from the beginning to the world farthest away. */
  readonly depth: number;
  /** Worlds at rest. */
  readonly settled: number;
  readonly found: FoundViolation | null;
}

export interface FoundViolation {
  readonly violation: Violation;
  /** The labels of the transitions that lead to it. */
  readonly path: readonly string[];
}

export function explore(scenario: Scenario, options: ExploreOptions = {}): Exploration {
  const walk = createWalk(scenario);
  const { maxStates = Number.POSITIVE_INFINITY } = options;
  let transitions = 0;
  let found: FoundViolation | null = null;
  let index = 0;
  for (; index < walk.worlds.length && walk.worlds.length < maxStates && found === null; index += 1) {
    const next = transitionsOf(scenario, walk.take(index));
    transitions += next.length;
    found = walk.enter(index, next);
    if (index % 50_000 === 0) options.onProgress?.(walk.worlds.length, transitions);
  }
  const isWhole = index === walk.worlds.length;
  found ??= walk.neverAtRest();
  return {
    states: walk.worlds.length,
    transitions,
    isWhole,
    depth: walk.pathTo(walk.worlds.length - 1).length,
    settled: walk.settled(),
    found,
  };
}

/** Not looked at yet; the world is its own end. */
const UNKNOWN = -1;
const AT_REST = -2;

function createWalk(scenario: Scenario) {
  const first = firstWorld(scenario);
  const keys = createWorldKeys();
  const known = new Map<string, number>([[keys.keyOf(first).key, 0]]);
  /** Emptied once looked at. */
  const worlds: (World | null)[] = [keys.keyOf(first).world];
  const parents: number[] = [UNKNOWN];
  /** Where each world goes when nothing goes wrong; and where, when handlers hang besides. */
  const onwards: number[] = [UNKNOWN];
  const hanging: number[] = [UNKNOWN];

  function take(index: number): World {
    const world = worlds[index];
    if (world === null || world === undefined) throw new Error(`world ${index} was looked at already`);
    worlds[index] = null;
    if (isSettled(world)) onwards[index] = AT_REST;
    if (!hasUnstoppedRun(world)) hanging[index] = AT_REST;
    return world;
  }

  function indexOf(found: World, parent: number): number {
    const { key, world } = keys.keyOf(found);
    const index = known.get(key);
    if (index !== undefined) return index;
    known.set(key, worlds.length);
    parents.push(parent);
    onwards.push(UNKNOWN);
    hanging.push(UNKNOWN);
    return worlds.push(world) - 1;
  }

  /** @returns the first of its transitions that breaks an invariant. */
  function enter(index: number, next: readonly Transition[]): FoundViolation | null {
    let rank = Number.POSITIVE_INFINITY;
    let hangingRank = Number.POSITIVE_INFINITY;
    for (const transition of next) {
      const { to } = transition;
      if (to instanceof Violation) return { violation: to, path: [...pathTo(index), transition.label] };
      const reached = indexOf(to, index);
      if (transition.rank === null) continue;
      if (transition.rank < rank && onwards[index] !== AT_REST) {
        rank = transition.rank;
        onwards[index] = reached;
      }
      if (transition.rank < hangingRank && !transition.endsByItself && hanging[index] !== AT_REST) {
        hangingRank = transition.rank;
        hanging[index] = reached;
      }
    }
    return null;
  }

  /** Found again by going there: labels are not kept. */
  function pathTo(index: number): string[] {
    const way: number[] = [];
    for (let at = index; at > 0; at = parents[at] ?? 0) way.unshift(at);
    const labels: string[] = [];
    let world = first;
    for (const at of way) {
      const step = transitionsOf(scenario, world).find(
        ({ to }) => !(to instanceof Violation) && known.get(keys.keyOf(to).key) === at,
      );
      if (step === undefined || step.to instanceof Violation) throw new Error(`no way to world ${at}`);
      labels.push(step.label);
      world = step.to;
    }
    return labels;
  }

  function neverAtRest(): FoundViolation | null {
    for (const [links, violation] of [
      [onwards, new Violation('I3', 'what was started is told or over some day', 'never comes to rest')],
      [hanging, new Violation('I6', 'the run of an execution that is over is stopped some day', 'never stopped')],
    ] as const) {
      const index = firstOnCircle(links);
      if (index !== null) return { violation, path: pathTo(index) };
    }
    return null;
  }

  const settled = () => onwards.filter((onward) => onward === AT_REST).length;
  return { worlds, take, enter, pathTo, neverAtRest, settled };
}

/** Nothing is under way and nothing is left to do. What the agent did not take, or left, may stay queued. */
function isSettled(world: World): boolean {
  const { agent, network, runs, cloud, machine } = world;
  if (agent === null || !agent.connected || !agent.journalUsable || agent.shutdown !== null) return false;
  if (network.some(({ requestId }) => requestId !== null) || runs.length > 0) return false;
  if (machine.reboot !== 'none') return false;
  if (Object.keys(agent.executions).length > 0) return false;
  const isFinished = (id: string) => agent.finished.some((one) => one.id === id);
  const isDone = cloud.every(
    ({ id, gone, status }) => gone || (status === 'QUEUED' ? isFinished(id) : status !== 'IN_PROGRESS'),
  );
  if (isDone) checkSettled(world);
  return isDone;
}

/** Follows each link to its end. @returns the first that never comes to one, `null` when all do. */
function firstOnCircle(links: readonly number[]): number | null {
  /** 0: not seen, 1: on the way, 2: ends. */
  const marks = new Uint8Array(links.length);
  for (let start = 0; start < links.length; start += 1) {
    const way: number[] = [];
    let at = start;
    while (at >= 0 && marks[at] === 0) {
      marks[at] = 1;
      way.push(at);
      at = links[at] ?? UNKNOWN;
    }
    if (at >= 0 && marks[at] === 1) return start;
    for (const one of way) marks[one] = 2;
  }
  return null;
}
