/**
 * Which fault strikes a message. Pure but for the state it is given: the same settings and the same messages of a thing
 * give the same fates, whatever other things do meanwhile.
 *
 * Each rule has a stream of numbers of its own for each thing, and takes one number from it for each message that fits it,
 * also where it has struck often enough or an earlier rule decides. So a rule that is added, taken away or used up
 * changes nothing about what the others draw. Only `count` is common to all things.
 */
import type { FaultPlace, FaultRule, FaultSettings } from './fault-settings.ts';
import type { SeededStream } from './seeded-stream.ts';
import { seededStream } from './seeded-stream.ts';

/** What is on its way. */
export interface FaultEvent {
  readonly on: FaultPlace;
  /** AWS's name of the operation; `notify` or `notify-next` of a notification. */
  readonly operation: string;
  /** Undefined where an operator's request names no thing. */
  readonly thingName: string | undefined;
  /** The answer to a thing's first `$next/get` after it was notified, which `emptyNext` is about. */
  readonly isNextAfterNotification?: boolean;
}

export interface FateState {
  readonly settings: FaultSettings;
  /** By rule and thing. */
  readonly streams: Map<string, SeededStream>;
  /** How often each rule struck, by its id. */
  readonly counts: Map<string, number>;
}

export function newFateState(settings: FaultSettings): FateState {
  return { settings, streams: new Map(), counts: new Map(settings.rules.map(({ id }) => [id, 0])) };
}

/** The rule that strikes, counted; undefined when nothing goes wrong. */
export function decideFate(state: FateState, event: FaultEvent): FaultRule | undefined {
  const drawn = state.settings.rules.filter((rule) => fits(rule, event) && draws(state, rule, event.thingName));
  const struck = drawn.find(({ id, count = Number.POSITIVE_INFINITY }) => (state.counts.get(id) ?? 0) < count);
  if (struck) state.counts.set(struck.id, (state.counts.get(struck.id) ?? 0) + 1);
  return struck;
}

function fits(rule: FaultRule, event: FaultEvent): boolean {
  if (rule.on !== event.on) return false;
  if (rule.operation !== undefined && rule.operation !== event.operation) return false;
  if (rule.thingName !== undefined && rule.thingName !== event.thingName) return false;
  return rule.fault !== 'emptyNext' || event.isNextAfterNotification === true;
}

function draws({ settings, streams }: FateState, { id, probability }: FaultRule, thingName = ''): boolean {
  const name = `${id}\n${thingName}`;
  const stream = streams.get(name) ?? seededStream(settings.seed, name);
  streams.set(name, stream);
  return stream() < probability;
}
