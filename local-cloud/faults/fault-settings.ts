/** What shall go wrong: the JSON that a person writes, checked. docs/local-cloud-faults.md explains each fault. */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { isJsonObject, ownMember } from '../../agent/core/json.ts';
import { constraint, InvalidMember, presentMember, THING_NAME } from '../jobs-service/validation.ts';

/** Where a fault may strike, and which may strike there. */
export const FAULTS_ON = {
  /** A device's request on its way to the service. */
  request: [
    'lost',
    'late',
    'doubled',
    'reordered',
    'throttled',
    'internalError',
    'internalErrorAfter',
    'disconnectBefore',
    'disconnectAfter',
    'silent',
  ],
  /** The service's answer on its way to the device. */
  answer: ['lost', 'late', 'doubled', 'reordered', 'disconnectBefore', 'disconnectAfter', 'silent', 'emptyNext'],
  /** `notify` and `notify-next` on their way to the device. */
  notification: ['lost', 'late', 'doubled', 'reordered', 'disconnectBefore', 'disconnectAfter', 'silent'],
  /** A request over HTTP, and its answer. */
  rest: ['late', 'throttled', 'internalError', 'internalErrorAfter', 'disconnectBefore', 'disconnectAfter', 'silent'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type FaultPlace = keyof typeof FAULTS_ON;
export type Fault = (typeof FAULTS_ON)[FaultPlace][number];
/** How a connection breaks: in order, so that what was sent arrives, or by a TCP reset. */
export type BreakKind = 'end' | 'reset';

export interface FaultRule {
  /** Names the rule in the log and in the counts. */
  readonly id: string;
  readonly on: FaultPlace;
  /** AWS's name of an operation, or `notify` or `notify-next`; left out: any. */
  readonly operation?: string;
  /** Left out: any. */
  readonly thingName?: string;
  readonly fault: Fault;
  /** From 0 to 1. */
  readonly probability: number;
  /** How often the rule strikes at most; left out: without end. */
  readonly count?: number;
  /** How long what it strikes is held up, in milliseconds. */
  readonly delayMs: number;
  /** Of the disconnecting faults. */
  readonly how: BreakKind;
}

export interface FaultSettings {
  /** Brings the same chance back. */
  readonly seed: number;
  /** The first one that strikes decides. */
  readonly rules: readonly FaultRule[];
}

export const NO_FAULTS: FaultSettings = { seed: 1, rules: [] };

const MAX_RULES = 100;
const MAX_SEED = 2 ** 32 - 1;
/** Ten minutes: a message that is later was lost. */
const MAX_DELAY_MS = 600_000;
const RULE_ID = /^[a-zA-Z0-9:_-]{1,64}$/;
const OPERATION = /^[a-zA-Z-]{1,64}$/;
const RULE_MEMBERS = ['id', 'on', 'operation', 'thingName', 'fault', 'probability', 'count', 'delayMs', 'how'];

/** Longer than most clients wait for an answer's successor; a doubled message comes twice at once. */
const DEFAULT_DELAYS_MS: Partial<Record<Fault, number>> = { late: 1_000, reordered: 1_000 };

/**
 * Reads settings. Members that nobody knows are refused: a misspelt one would change nothing, and nobody would know.
 * @throws InvalidMember that names the member by its path
 */
export function readFaultSettings(settings: unknown): FaultSettings {
  if (!isJsonObject(settings)) throw new InvalidMember('Fault settings must be a JSON object with seed and rules');
  refuseUnknown(settings, ['seed', 'rules'], '');
  const seed = presentMember(settings, 'seed') ?? NO_FAULTS.seed;
  requireWhole(seed, 'seed', { from: 0, to: MAX_SEED });
  const given = presentMember(settings, 'rules') ?? [];
  if (!Array.isArray(given)) throw constraint('rules', given, 'be a list');
  if (given.length > MAX_RULES) throw constraint('rules', given, `have length less than or equal to ${MAX_RULES}`);
  const rules = given.map((rule, index) => readRule(rule, index + 1));
  const ids = new Set<string>();
  for (const [index, { id }] of rules.entries()) {
    if (ids.has(id)) throw constraint(`rules.${index + 1}.member.id`, id, 'be unique among the rules');
    ids.add(id);
  }
  return { seed: Number(seed), rules };
}

function readRule(rule: JsonValue | undefined, number: number): FaultRule {
  const at = `rules.${number}.member`;
  if (!isJsonObject(rule)) throw constraint(at, rule, 'be an object');
  refuseUnknown(rule, RULE_MEMBERS, `${at}.`);
  const on = requireOneOf(rule, 'on', { at, known: Object.keys(FAULTS_ON) as FaultPlace[] });
  const fault = requireOneOf(rule, 'fault', { at, known: FAULTS_ON[on] });
  const operation = optionalMatch(rule, 'operation', { at, pattern: OPERATION });
  const thingName = optionalMatch(rule, 'thingName', { at, pattern: THING_NAME });
  const probability = presentMember(rule, 'probability') ?? 1;
  if (typeof probability !== 'number' || !(probability >= 0 && probability <= 1)) {
    throw constraint(`${at}.probability`, probability, 'be a number between 0 and 1');
  }
  const count = presentMember(rule, 'count');
  if (count !== undefined) requireWhole(count, `${at}.count`, { from: 0, to: Number.MAX_SAFE_INTEGER });
  const delayMs = presentMember(rule, 'delayMs') ?? DEFAULT_DELAYS_MS[fault] ?? 0;
  requireWhole(delayMs, `${at}.delayMs`, { from: 0, to: MAX_DELAY_MS });
  const how =
    presentMember(rule, 'how') === undefined ? 'end' : requireOneOf(rule, 'how', { at, known: ['end', 'reset'] });
  return {
    id: optionalMatch(rule, 'id', { at, pattern: RULE_ID }) ?? `rule-${number}`,
    on,
    ...(operation !== undefined && { operation }),
    ...(thingName !== undefined && { thingName }),
    fault,
    probability,
    ...(count !== undefined && { count: Number(count) }),
    delayMs: Number(delayMs),
    how,
  };
}

function refuseUnknown(body: JsonObject, known: readonly string[], prefix: string): void {
  const unknown = Object.keys(body).find((member) => !known.includes(member));
  if (unknown === undefined) return;
  throw new InvalidMember(`Unknown member '${prefix}${unknown}'; known are ${known.join(', ')}`);
}

function requireOneOf<Known extends string>(
  body: JsonObject,
  member: string,
  { at, known }: { at: string; known: readonly Known[] },
): Known {
  const value = ownMember(body, member);
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  throw constraint(`${at}.${member}`, value, `satisfy enum value set: [${known.join(', ')}]`);
}

function optionalMatch(
  body: JsonObject,
  member: string,
  { at, pattern }: { at: string; pattern: RegExp },
): string | undefined {
  const value = presentMember(body, member);
  if (value === undefined) return undefined;
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw constraint(`${at}.${member}`, value, `satisfy regular expression pattern: ${pattern.source}`);
}

function requireWhole(value: JsonValue, member: string, { from, to }: { from: number; to: number }): void {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= from && value <= to) return;
  throw constraint(member, value, `be a whole number between ${from} and ${to}`);
}
