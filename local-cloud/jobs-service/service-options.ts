/**
 * What AWS does not say about its Jobs service. Each is a choice with a default; where AWS's documentation leans one
 * way, the default follows it. A device that is right under every choice is right under AWS's.
 */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { constraint, InvalidMember } from './validation.ts';

export interface ServiceOptions {
  /** Refuse status details that break the model's pattern `[^\p{C}]+`; AWS's own captures hold a newline. */
  readonly strictStatusDetails: boolean;
  /** What `statusDetails: {}` does to the stored details. */
  readonly emptyStatusDetails: 'clear' | 'keep';
  /** Whether given details replace the stored map or are laid over it. */
  readonly statusDetailsUpdate: 'replace' | 'merge';
  /** Whether CANCELED, TIMED_OUT and REMOVED add one to `versionNumber` as a device's updates do. */
  readonly serviceChangesBumpVersion: boolean;
  /** The rejection of a device that reports CANCELED, TIMED_OUT or REMOVED. */
  readonly serviceOnlyStatusCode: 'InvalidRequest' | 'InvalidStateTransition';
  /** An update with a stale version that is also illegal: which of the two it is told. */
  readonly firstCheck: 'version' | 'state';
  /** The rejection of `$next/update`, which no AWS model allows. */
  readonly nextUpdateCode: 'InvalidRequest' | 'InvalidTopic' | 'ResourceNotFound';
  /** Whether a topic that means no operation is answered on `<topic>/rejected`, or not at all. */
  readonly invalidTopic: 'rejected' | 'silent';
  /** What a step timer in a start-next does that hands out an execution which runs already. */
  readonly stepTimerOnRehand: 'keep' | 'rearm';
  /** Whether a JobExecution on MQTT names its thing: AWS's model has it, no capture shows it. */
  readonly thingNameInExecutions: boolean;
  /** Whether a device that names an executionNumber may describe an execution that has ended. */
  readonly describeTerminalByNumber: boolean;
  /** How many pending executions a list holds (Developer Guide, job limits: 10). */
  readonly maxListed: number;
  /** How many more of them it holds of jobs that are inside a maintenance window (the same page: 5). */
  readonly maxListedInWindow: number;
  /** How late a timer acts. AWS: "up to 60 seconds later than the estimated duration". */
  readonly timeoutLateMs: number;
  /** From the end of an execution to its retry. */
  readonly retryDelayMs: number;
  /** One `notify` for the failure and one for its retry, or a single one for both. */
  readonly retryNotifies: 'each' | 'once';
  /** From CreateJob to its first executions; AWS's captures show up to a second. */
  readonly creationDelayMs: number;
  /** Executions per minute of a job that names no rate (Developer Guide, job configurations: 1000). */
  readonly defaultMaximumPerMinute: number;
  /** Whether a minute's executions are made at its beginning, or one after another all through it. */
  readonly rolloutSpread: 'burst' | 'even';
  /** How far ahead startTime and endTime must be (API reference, SchedulingConfig: thirty minutes). */
  readonly minScheduleLeadMinutes: number;
  /** Whether an execution that is IN_PROGRESS is REMOVED when its thing leaves the targets, as a QUEUED one is. */
  readonly removeInProgress: boolean;
  /** How long a job is DELETION_IN_PROGRESS; 0: it is gone at once, and ten more can follow. */
  readonly deletionTakesMs: number;
  /** Whether DeleteJobExecution takes a QUEUED execution without `force`: AWS's API reference and guide differ. */
  readonly deleteQueuedWithoutForce: boolean;
  /** Unit of createdAt, lastUpdatedAt and completedAt in job events: AWS's examples have 13 digits. */
  readonly eventTimes: 'milliseconds' | 'seconds';
}

export const DEFAULT_SERVICE_OPTIONS: ServiceOptions = {
  strictStatusDetails: true,
  emptyStatusDetails: 'clear',
  statusDetailsUpdate: 'replace',
  serviceChangesBumpVersion: true,
  serviceOnlyStatusCode: 'InvalidRequest',
  firstCheck: 'version',
  nextUpdateCode: 'InvalidRequest',
  invalidTopic: 'rejected',
  stepTimerOnRehand: 'keep',
  thingNameInExecutions: false,
  describeTerminalByNumber: false,
  maxListed: 10,
  maxListedInWindow: 5,
  timeoutLateMs: 0,
  retryDelayMs: 0,
  retryNotifies: 'each',
  creationDelayMs: 0,
  defaultMaximumPerMinute: 1000,
  rolloutSpread: 'burst',
  minScheduleLeadMinutes: 30,
  removeInProgress: true,
  deletionTakesMs: 0,
  deleteQueuedWithoutForce: false,
  eventTimes: 'milliseconds',
};

/** What a choice of words may be. */
const WORDS: Readonly<Partial<Record<keyof ServiceOptions, readonly string[]>>> = {
  emptyStatusDetails: ['clear', 'keep'],
  statusDetailsUpdate: ['replace', 'merge'],
  serviceOnlyStatusCode: ['InvalidRequest', 'InvalidStateTransition'],
  firstCheck: ['version', 'state'],
  nextUpdateCode: ['InvalidRequest', 'InvalidTopic', 'ResourceNotFound'],
  invalidTopic: ['rejected', 'silent'],
  stepTimerOnRehand: ['keep', 'rearm'],
  retryNotifies: ['each', 'once'],
  rolloutSpread: ['burst', 'even'],
  eventTimes: ['milliseconds', 'seconds'],
};

/**
 * The defaults with what is given laid over them.
 * @param settings JSON, from outside.
 * @throws InvalidMember
 */
export function readServiceOptions(settings: unknown): ServiceOptions {
  if (!isJsonObject(settings)) throw new InvalidMember('The options of the service must be a JSON object');
  const given = Object.entries(settings).map(([name, value]) => [name, readOption(name, value ?? null)] as const);
  return { ...DEFAULT_SERVICE_OPTIONS, ...(Object.fromEntries(given) satisfies JsonObject) };
}

function readOption(name: string, value: JsonValue): JsonValue {
  if (!isOptionName(name)) {
    const known = Object.keys(DEFAULT_SERVICE_OPTIONS).join(', ');
    throw new InvalidMember(`There is no option ${name}; there are: ${known}`);
  }
  const words = WORDS[name];
  if (words && !words.some((word) => word === value)) throw constraint(name, value, `be one of: ${words.join(', ')}`);
  const type = typeof DEFAULT_SERVICE_OPTIONS[name];
  if (typeof value !== type) throw constraint(name, value, `be a ${type}`);
  if (typeof value === 'number' && !(Number.isSafeInteger(value) && value >= 0)) {
    throw constraint(name, value, 'be a whole number of 0 or more');
  }
  return value;
}

function isOptionName(name: string): name is keyof ServiceOptions {
  return Object.hasOwn(DEFAULT_SERVICE_OPTIONS, name);
}
