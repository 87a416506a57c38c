/** What will be done to a world, and when: drawn before it begins, so that a seed brings it back. */
import type { TransportErrorCode } from '../../agent/ports/transport.ts';
import type { Draw } from './draw.ts';
import type { SubscribeVerdict } from './simulated-link.ts';

export type PlannedFault = { readonly atMs: number } & (
  | { readonly name: 'disconnect' | 'half-open link' | 'agent killed' | 'journal error' | 'clean-ups fail' }
  | { readonly name: 'outage'; readonly code: TransportErrorCode; readonly forMs: number }
  | { readonly name: 'client id kicked'; readonly forMs: number }
  | { readonly name: 'subscription forbidden'; readonly verdict: SubscribeVerdict; readonly forMs: number }
  | { readonly name: 'power cut'; readonly offMs: number; readonly losesJournal: boolean }
  | { readonly name: 'killed at a call'; readonly calls: number; readonly isDone: boolean }
  | {
      readonly name: 'power cut at a call';
      readonly calls: number;
      readonly isDone: boolean;
      readonly offMs: number;
    }
  /** In the next step that is not the first, or in what comes after the work; and again when the service is told that the next goes on. */
  | {
      readonly name: 'power cuts in a later step';
      readonly first: PlannedCut;
      readonly second: PlannedCut | null;
      readonly isAfterWork: boolean;
    }
  | { readonly name: 'disk broken' | 'disk slow'; readonly forMs: number }
  | { readonly name: 'shutdown'; readonly mode: 'wait' | 'stop' }
  | { readonly name: 'wall clock jumps'; readonly toMs: number }
  | { readonly name: 'junk messages' | 'messages of another thing'; readonly seed: number }
  | { readonly name: OperatorFault; readonly pick: number }
);

/** At the n-th call of a port from then, before or after it is done. */
export interface PlannedCut {
  readonly calls: number;
  readonly isDone: boolean;
  readonly offMs: number;
}

/** Done to an execution that is not over; `pick` says to which. */
export type OperatorFault =
  | 'canceled by force'
  | 'canceled'
  | 'removed'
  | 'deleted'
  | 'deleted and made anew'
  | 'updated by another client'
  | 'details taken by another client'
  | 'ended by another client'
  | 'taken by another client';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

const OUTAGE_CODES = [
  'CONNECT_REFUSED',
  'CONNECT_TIMEOUT',
  'NAME_NOT_RESOLVED',
  'TLS_SERVER_NOT_YET_VALID',
  'MQTT_NOT_AUTHORIZED',
] as const;

const WEIGHTS = {
  disconnect: 12,
  'half-open link': 6,
  outage: 10,
  'client id kicked': 3,
  'subscription forbidden': 5,
  'agent killed': 6,
  'killed at a call': 14,
  'power cut': 5,
  'power cut at a call': 10,
  'power cuts in a later step': 30,
  'journal error': 4,
  'disk broken': 2,
  'disk slow': 2,
  shutdown: 6,
  'clean-ups fail': 2,
  'wall clock jumps': 3,
  'junk messages': 4,
  'messages of another thing': 3,
  'canceled by force': 10,
  canceled: 4,
  removed: 3,
  deleted: 4,
  'deleted and made anew': 5,
  'updated by another client': 5,
  'details taken by another client': 1,
  'ended by another client': 2,
  'taken by another client': 2,
} as const;

export function drawFaults(draw: Draw, horizonMs: number): readonly PlannedFault[] {
  const count = draw.weighted({ 0: 10, 2: 25, 5: 35, 12: 20, 25: 10 });
  return Array.from({ length: Number(count) }, () => drawFault(draw, draw.below(horizonMs))).sort(
    (one, other) => one.atMs - other.atMs,
  );
}

function drawFault(draw: Draw, atMs: number): PlannedFault {
  const name = draw.weighted(WEIGHTS);
  switch (name) {
    case 'disconnect':
    case 'half-open link':
    case 'agent killed':
    case 'journal error':
    case 'clean-ups fail':
      return { atMs, name };
    case 'outage': {
      const forMs = draw.chance(0.1) ? draw.spread(DAY_MS / 4, 4 * DAY_MS) : draw.spread(SECOND_MS, 60 * MINUTE_MS);
      return { atMs, name, code: draw.pick(OUTAGE_CODES), forMs };
    }
    case 'subscription forbidden': {
      const how = draw.pick(['refused', 'closed', 'never']);
      const filter = draw.pick(['', 'notify', 'notify-next', 'start-next/+', '+/get/+', '+/update/+', 'jobs/get/+']);
      return { atMs, name, verdict: { how, filter }, forMs: draw.spread(SECOND_MS, 60 * MINUTE_MS) };
    }
    case 'client id kicked':
    case 'disk broken':
    case 'disk slow':
      return { atMs, name, forMs: draw.spread(SECOND_MS, 20 * MINUTE_MS) };
    case 'killed at a call':
      return { atMs, name, ...drawCall(draw) };
    case 'power cut at a call':
      return { atMs, name, ...drawCall(draw), offMs: drawOff(draw) };
    case 'power cuts in a later step': {
      const first = { calls: draw.pick([1, 1, 2, 3, 5, 8]), isDone: draw.chance(0.5), offMs: drawOff(draw) };
      // That it is told, its record, and its start.
      const second = { calls: draw.between(1, 3), isDone: draw.chance(0.5), offMs: drawOff(draw) };
      return { atMs, name, first, second: draw.chance(0.7) ? second : null, isAfterWork: draw.chance(0.6) };
    }
    case 'power cut':
      return { atMs, name, offMs: drawOff(draw), losesJournal: draw.chance(0.2) };
    case 'shutdown':
      return { atMs, name, mode: draw.pick(['wait', 'stop']) };
    case 'wall clock jumps':
      return { atMs, name, toMs: draw.pick([0, Date.UTC(2010, 0, 1), Date.UTC(2045, 0, 1)]) };
    case 'junk messages':
    case 'messages of another thing':
      return { atMs, name, seed: draw.below(2 ** 31) };
    default:
      return { atMs, name, pick: draw.below(1_000) };
  }
}

/** The calls of one execution are a few dozen. */
function drawCall(draw: Draw) {
  return { calls: draw.spread(1, 60), isDone: draw.chance(0.5) };
}

function drawOff(draw: Draw): number {
  return draw.chance(0.1) ? draw.spread(60 * MINUTE_MS, DAY_MS) : draw.spread(5 * SECOND_MS, 5 * MINUTE_MS);
}
