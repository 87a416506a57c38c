/** The shell of an exploration: one event told to the core, its records written, its effects done, as the loop does. */
import type { Decision } from '../../agent/core/decision.ts';
import type { Effect, TimerName } from '../../agent/core/effect.ts';
import type { AgentEvent } from '../../agent/core/event.ts';
import type { ExecutionRecord } from '../../agent/core/execution-record.ts';
import type { AgentState, RequestPurpose } from '../../agent/core/state.ts';
import { checkEffect, checkWorld } from './invariants.ts';
import { remember, rememberWritten } from './past.ts';
import type { Decided } from './start-invariants.ts';
import { Violation } from './violation.ts';
import type { Disk, Machine, Message, ReplacedRecord, Scenario, World } from './world.ts';

/** What happens between the decision and its last effect; `records`: how many were written before. */
export type Fate =
  | { readonly kind: 'fine' }
  /** The next record cannot be written. */
  | { readonly kind: 'journalFails'; readonly records: number }
  /** The agent ends. */
  | { readonly kind: 'cut'; readonly records: number }
  /** Power is lost. */
  | { readonly kind: 'powerCut'; readonly records: number };

export const FINE: Fate = { kind: 'fine' };

export interface Told {
  readonly event: AgentEvent;
  /** What the core has decided about it. */
  readonly decision: Decision;
  readonly fate: Fate;
}

/** What a decision writes, in its order: as many moments to fail in. */
export function recordsOf({ effects }: Decision): readonly ExecutionRecord[] {
  return effects.flatMap((effect) => (effect.type === 'journal' ? [effect.record] : []));
}

/** @throws Violation when the core decides what it must not. */
export function tell(scenario: Scenario, world: World & { agent: AgentState }, { event, decision, fate }: Told): World {
  const { agent: before } = world;
  const heard: World = { ...world, past: remember(world.past, before, event), machine: machineAfter(world, event) };
  const records = recordsOf(decision);
  switch (fate.kind) {
    case 'fine':
      return carryOut(withRecords(heard, records), { before, event, after: decision.state }, decision.effects);
    case 'cut':
      return crashed(withRecords(heard, records.slice(0, fate.records)));
    case 'powerCut':
      return poweredOff(withRecords(heard, records.slice(0, fate.records)));
    case 'journalFails': {
      const written = withRecords(heard, records.slice(0, fate.records));
      const again = scenario.decide(before, { type: 'journalFailed', event });
      if (recordsOf(again).length > 0) throw new Violation('I1', 'nothing is written to a dead disk', again.effects);
      return carryOut(written, { before, event, after: again.state }, again.effects);
    }
  }
}

/** The agent ends: what it had in memory is gone, and so is its connection. Its runs go on. */
export function crashed(world: World): World {
  const machine = abandoned(world.machine);
  return { ...world, agent: null, machine, network: orphans(world.network), announced: [], timers: [] };
}

/** The machine ends, with all that runs on it, and begins anew. */
export function poweredOff(world: World): World {
  const { machine } = world;
  return { ...crashed(world), machine: { ...machine, boot: machine.boot + 1, reboot: 'none' }, runs: [] };
}

/** Power is lost, and the disk has not kept the last records, though it said that it had. */
export function poweredOffLying(world: World, count: number): World {
  const { machine, disk } = world;
  const records = disk.replaced.slice(0, count).reduce(undone, disk.records);
  return poweredOff({ ...world, machine: { ...machine, hasLied: true }, disk: { ...disk, records, replaced: [] } });
}

/** What nobody waits for and may still reach the service. */
export function orphans(network: readonly Message[]): readonly Message[] {
  return network.filter(({ requestId }) => requestId === null);
}

/** Whoever asked for a restart does not wait for it any more; it may come all the same. */
function abandoned(machine: Machine): Machine {
  return machine.reboot === 'asked' ? { ...machine, reboot: 'abandoned' } : machine;
}

function machineAfter({ machine }: World, event: AgentEvent): Machine {
  if (event.type === 'rebootFailed') return { ...machine, reboot: 'none' };
  return event.type === 'timerFired' && event.timer.name === 'reboot' ? abandoned(machine) : machine;
}

function carryOut(world: World, decided: Decided, effects: readonly Effect[]): World {
  let now = world;
  for (const effect of effects) {
    now = { ...now, past: checkEffect(effect, decided, now) };
    now = perform(now, effect);
  }
  const done = { ...now, agent: decided.after };
  checkWorld(done, decided);
  return renumbered(done);
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
      const { id, runId, stepIndex, purpose } = effect;
      return { ...world, runs: [...world.runs, { id, runId, stepIndex, purpose, isStopped: false }] };
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
      return { ...world, machine: { ...world.machine, reboot: 'asked' } };
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

function withRecords(world: World, records: readonly ExecutionRecord[]): World {
  if (records.length === 0) return world;
  const isLying = world.left.lies > 0 && world.left.all > 0;
  const disk = records.reduce((now, record) => written(now, record, isLying), world.disk);
  const past = records.reduce(rememberWritten, world.past);
  return { ...world, past, disk: isLying ? disk : { ...disk, replaced: [] } };
}

function written({ journalId, records, replaced }: Disk, record: ExecutionRecord, isLying: boolean): Disk {
  const before = records.find(({ id }) => id === record.id);
  const now = before === undefined ? [...records, record] : records.map((one) => (one === before ? record : one));
  const last: ReplacedRecord = { id: record.id, record: before ?? null };
  return { journalId, records: now, replaced: isLying ? [last, ...replaced].slice(0, MAX_LOST_RECORDS) : [] };
}

/** How many records a disk that lies forgets at most. */
export const MAX_LOST_RECORDS = 2;

function undone(records: readonly ExecutionRecord[], { id, record }: ReplacedRecord): readonly ExecutionRecord[] {
  if (record === null) return records.filter((one) => one.id !== id);
  return records.map((one) => (one.id === id ? record : one));
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
