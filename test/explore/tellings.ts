/** An event told to the agent, and all that can happen between the decision and the last of its effects. */
import type { AgentEvent } from '../../agent/core/event.ts';
import type { AgentState } from '../../agent/core/state.ts';
import { type Fate, FINE, recordsOf, tell } from './telling.ts';
import type { Add } from './transition.ts';
import { type Misfortune, type Scenario, spend, type World } from './world.ts';

export type Running = World & { readonly agent: AgentState };

export interface Telling {
  readonly label: string;
  /** The world in which the event has happened and the agent was not told yet. */
  readonly world: Running;
  readonly event: AgentEvent;
  readonly rank?: number;
  readonly endsByItself?: boolean;
}

export type Tell = (telling: Telling) => void;

/** Tells the agent, with everything that can happen between the decision and the last of its effects. */
export function tellingWith(scenario: Scenario, add: Add): Tell {
  return ({ label, world, event, ...options }) => {
    const decision = scenario.decide(world.agent, event);
    add(label, () => tell(scenario, world, { event, decision, fate: FINE }), options);
    const records = recordsOf(decision).length;
    const fated = (kind: Fate['kind'], misfortune: Misfortune, count: number) => {
      const left = spend(world.left, misfortune);
      if (left === null) return;
      const fate = { kind, records: count } as Fate;
      const told = { event, decision, fate };
      add(`${label}, ${FATES[kind]} after ${count} records`, () => tell(scenario, { ...world, left }, told));
    };
    // A cut before the first record is a crash before the event.
    for (let count = 1; count <= records; count += 1) {
      fated('cut', 'crashes', count);
      fated('powerCut', 'crashes', count);
    }
    for (let count = 0; count < records; count += 1) fated('journalFails', 'journalFailures', count);
  };
}

const FATES = {
  fine: '',
  cut: 'the agent is killed',
  powerCut: 'power is lost',
  journalFails: 'the journal fails',
} as const;
