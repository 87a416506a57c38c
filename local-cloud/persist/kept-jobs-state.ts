/** The Jobs service's state as nodes of a graph, and back. */
import type { JsonValue } from '../../agent/core/json.ts';
import { DueQueue } from '../jobs-service/due-queue.ts';
import type { Execution, Job, JobsState } from '../jobs-service/state.ts';
import { decodeGraph, encodeGraph, type GivenValues, type Graph, InvalidGraph, type KeptClass } from './state-graph.ts';

/** Members of the state that are settings of this start and not kept; jobs refer to them too. */
const SETTINGS_OF_START = ['presign', 'substitutionRules', 'options'];

const KEPT_CLASSES: readonly KeptClass[] = [
  {
    name: 'DueQueue',
    is: (value) => value instanceof DueQueue,
    parts: (queue) => (queue as JobsState['due']).subjects(),
    make: () => new DueQueue<Execution | Job>(),
    fill: (queue, subjects) => {
      for (const subject of subjects) (queue as JobsState['due']).restore(subject as Execution | Job);
    },
  },
];

export function encodeJobsState(state: JobsState): Graph {
  return encodeGraph(state, { given: settingsOf(state), classes: KEPT_CLASSES });
}

/**
 * @param empty a state without anything in it, with this start's settings
 * @throws InvalidGraph
 */
export function decodeJobsState(nodes: readonly JsonValue[], empty: JobsState): JobsState {
  const state = decodeGraph(nodes, { given: settingsOf(empty), classes: KEPT_CLASSES });
  complete(state, empty, 'state');
  return state as JobsState;
}

function settingsOf(state: JobsState): GivenValues {
  return Object.fromEntries(Object.entries(state).filter(([name]) => SETTINGS_OF_START.includes(name)));
}

/** Members that a state of before did not have are as in an empty one; those it has are of the same kind. */
function complete(kept: object, empty: object, path: string): void {
  if (kindOf(kept) !== kindOf(empty)) throw new InvalidGraph(`${path} is of another kind`);
  if (kindOf(empty) !== 'Object') return;
  const members = kept as Record<string, unknown>;
  for (const [name, value] of Object.entries(empty)) {
    if (!Object.hasOwn(members, name)) members[name] = value;
    const held = members[name];
    if (typeof value !== 'object' || value === null) continue;
    if (typeof held !== 'object' || held === null) throw new InvalidGraph(`${path}.${name} is of another kind`);
    complete(held, value, `${path}.${name}`);
  }
}

function kindOf(value: object): string {
  return value.constructor.name;
}
