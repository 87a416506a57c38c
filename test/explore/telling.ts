/** The shell of an exploration: one event told to the core, its records written, its effects done, as the loop does. */
import type { Decision } from '../../agent/core/decision.ts';
import type { Effect, TimerName } from '../../agent/core/effect.ts';
import type { AgentEvent } from '../../agent/core/event.ts';
import type { ExecutionRecord } from '../../agent/core/execution-record.ts';
import type { AgentState, RequestPurpose } from '../../agent/core/state.ts';
import { checkEffect, checkRuns, remember, Violation } from './invariants.ts';
import type { Disk, Message, Scenario, World } from './world.ts';

/** What happens between the decision and its last effect; `records`: how many were written before. */
export type Fate =
  | { readonly kind: 'fine' }
  /** The next record cannot be written. */
  | { readonly kind: 'journalFails'; readonly records: number }
  /** The agent ends. */
  | { readonly kind: 'cut'; readonly records: number };

export const FINE: Fate = { kind: 'fine' };

/** How many records the event makes the core write, which is how many moments there are to fail in. */
export function recordsOf(scenario: Scenario, agent: AgentState, event: AgentEvent): number {
  return scenario.decide(agent, event).effects.filter(({ type }) => type === 'journal').length;
}

/** @throws Violation when the core decides what it must not. */
export function tell(scenario: Scenario, world: World & { agent: AgentState }, event: AgentEvent, fate: Fate): World {
  const decision = scenario.decide(world.agent, event);
  const heard: World = { ...world, past: remember(world.past, world.agent, event) };
  const records = journaled(decision);
  switch (fate.kind) {
    case 'fine':
      return carryOut({ ...heard, disk: written(heard.disk, records) }, decision);
    case 'cut':
      return crashed({ ...heard, disk: written(heard.disk, records.slice(0, fate.records)) });
    case 'journalFails': {
      const disk = written(heard.disk, records.slice(0, fate.records));
      const again = scenario.decide(world.agent, { type: 'journalFailed', event });
      if (journaled(again).length > 0) throw new Violation('I1', 'nothing is written to a dead disk', again.effects);
      return carryOut({ ...heard, disk }, again);
    }
  }
}

/** The agent ends: what it had in memory is gone, and so is its connection. Its runs go on. */
export function crashed(world: World): World {
  return { ...world, agent: null, network: orphans(world.network), announced: [], timers: [] };
}

/** What nobody waits for and may still reach the service. */
export function orphans(network: readonly Message[]): readonly Message[] {
  return network.filter(({ requestId }) => requestId === null);
}

function carryOut(world: World, { state, effects }: Decision): World {
  let now = world;
  for (const effect of effects) {
    now = { ...now, past: checkEffect(effect, state, now) };
    now = perform(now, effect);
  }
  checkRuns(now);
  return renumbered({ ...now, agent: state });
}

function perform(world: World, effect: Effect): World {
  switch (effect.type) {
    case 'journal':
      return world;
    case 'request': {
      const { requestId, request } = effect;
      return { ...world, network: [...world.network, { requestId, request, answer: null }] };
    }
    case 'startRun': {
      const { id, runId, stepIndex } = effect;
      return { ...world, runs: [...world.runs, { id, runId, stepIndex, isStopped: false }] };
    }
    case 'stopRun':
      return {
        ...world,
        runs: world.runs.map((run) => (run.runId === effect.runId ? { ...run, isStopped: true } : run)),
      };
    case 'setTimer':
      return { ...world, timers: [...withoutTimer(world.timers, effect.timer), effect.timer].sort(byName) };
    case 'clearTimer':
      return { ...world, timers: withoutTimer(world.timers, effect.timer) };
    case 'reboot':
      return world;
    case 'cleanUp':
      if (world.runs.some(({ id }) => id === effect.id)) {
        throw new Violation('I6', 'nothing is cleaned up under a run', effect);
      }
      return { ...world, timers: world.timers.filter((timer) => !('id' in timer && timer.id === effect.id)) };
  }
}

/**
 * Requests get the lowest numbers there are, in the same order: the core uses the numbers only to tell requests apart,
 * and worlds that differ in nothing else are one.
 */
function renumbered(world: World & { agent: AgentState }): World {
  const { agent, network } = world;
  const used = new Set(Object.keys(agent.requests).map(Number));
  for (const { requestId } of network) if (requestId !== null) used.add(requestId);
  if (used.size + 1 === agent.nextRequestId) return world;
  const numbers = new Map([...used].sort((a, b) => a - b).map((old, index) => [old, index + 1]));
  const nextRequestId = numbers.size + 1;
  const requests: Record<number, RequestPurpose> = {};
  for (const [old, purpose] of Object.entries(agent.requests)) requests[numbers.get(Number(old)) ?? 0] = purpose;
  return {
    ...world,
    agent: { ...agent, requests, nextRequestId },
    network: network.map((message) =>
      message.requestId === null ? message : { ...message, requestId: numbers.get(message.requestId) ?? 0 },
    ),
  };
}

function journaled({ effects }: Decision): readonly ExecutionRecord[] {
  return effects.flatMap((effect) => (effect.type === 'journal' ? [effect.record] : []));
}

function written(disk: Disk, records: readonly ExecutionRecord[]): Disk {
  if (records.length === 0) return disk;
  const last = new Map(disk.records.map((record) => [record.id, record]));
  for (const record of records) last.set(record.id, record);
  return { ...disk, records: [...last.values()] };
}

export function withoutTimer(timers: readonly TimerName[], timer: TimerName): readonly TimerName[] {
  const name = nameOf(timer);
  return timers.filter((one) => nameOf(one) !== name);
}

export function nameOf(timer: TimerName): string {
  return 'runId' in timer ? `${timer.name} ${timer.runId}` : 'id' in timer ? `${timer.name} ${timer.id}` : timer.name;
}

function byName(a: TimerName, b: TimerName): number {
  return nameOf(a) < nameOf(b) ? -1 : 1;
}
