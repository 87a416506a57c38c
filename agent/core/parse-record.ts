/**
 * A journal record as it was read back. Strict in what decides whether something runs again, and lenient in what only
 * came later: an earlier version's record has no `purpose`, `next`, `details`, `how`,
 * `failures`, `skippedSteps` or `ending`.
 */
import {
  type ExecutionRecord,
  type LivePhase,
  RECORD_VERSION,
  type RecordedPlace,
  type RecordedProgress,
  type RecordedRun,
  type RecordedWait,
} from './execution-record.ts';
import { type ExecutionKey, executionId, type StatusDetails } from './job-execution.ts';
import { isJsonObject, type JsonObject, type JsonValue, ownMember } from './json.ts';
import type { Outcome } from './outcome.ts';
import { INTERRUPTED_OUTCOME } from './outcomes.ts';
import { type Ending, NO_ENDING, type Resumption, type RunPurpose, type WaitingReason } from './state.ts';

/** @returns `null` for anything that is not a record this version can act on. */
export function parseRecord(value: unknown): ExecutionRecord | null {
  if (!isJsonObject(value) || ownMember(value, 'v') !== RECORD_VERSION) return null;
  const key = parseKey(ownMember(value, 'key'));
  if (key === null) return null;
  const base = { v: RECORD_VERSION, id: executionId(key), key } as const;
  if (value.phase === 'closed') {
    const outcome = parseOutcome(value.outcome);
    return { ...base, phase: 'closed', outcome, how: value.how === 'accepted' ? 'accepted' : 'over' };
  }
  const live = parseLivePhase(value);
  const progress = parseProgress(value);
  return live === null || progress === null ? null : { ...base, ...progress, ...live };
}

function parseProgress(value: JsonObject): RecordedProgress | null {
  const versionNumber = count(value.versionNumber);
  const recoveries = count(value.recoveries);
  const postponements = count(value.postponements ?? 0);
  const reboots = count(value.reboots ?? 0);
  const failures = count(value.failures ?? 0);
  if (versionNumber === null || recoveries === null || postponements === null) return null;
  if (reboots === null || failures === null) return null;
  const ending = value.ending === undefined ? NO_ENDING : parseEnding(value.ending);
  if (ending === null) return null;
  const details = parseDetails(value.details) ?? {};
  const told = { ignoredFailures: parseTexts(value.ignoredFailures), skippedSteps: parseTexts(value.skippedSteps) };
  const isUpdating = value.isUpdating === true && { isUpdating: true };
  return { versionNumber, ...isUpdating, recoveries, postponements, reboots, failures, details, ...told, ending };
}

/** Strict: what it says decides what is run. */
function parseEnding(value: JsonValue): Ending | null {
  if (!isJsonObject(value) || !Array.isArray(value.undoable)) return null;
  const { state } = value;
  const undoable = value.undoable.map(count);
  const failure = value.failure === null ? null : parseOutcome(value.failure);
  if ((state !== 'none' && state !== 'owed' && state !== 'begun') || undoable.includes(null)) return null;
  if (failure === null && value.failure !== null) return null;
  const told = { rolledBack: parseTexts(value.rolledBack), rollbackFailed: parseTexts(value.rollbackFailed) };
  return { state, undoable: undoable.filter((index) => index !== null), failure, ...told };
}

function parseLivePhase(value: JsonObject): LivePhase | null {
  const { phase } = value;
  if (phase === 'claiming') return { phase };
  if (phase === 'reporting') {
    const outcome = parseOutcome(value.outcome);
    return outcome === null ? null : { phase, outcome };
  }
  const stepIndex = count(value.stepIndex);
  const attempt = count(value.attempt);
  return stepIndex === null || attempt === null ? null : parsePlaced(value, { stepIndex, attempt });
}

function parsePlaced(value: JsonObject, place: RecordedPlace): LivePhase | null {
  const { phase } = value;
  if (phase === 'awaiting-reboot') {
    const { bootId, verifies } = value;
    const how = value.how === 'power-off' ? 'power-off' : 'restart';
    const isWhole = typeof bootId === 'string' && typeof verifies === 'boolean';
    return isWhole ? { phase, ...place, bootId, verifies, how } : null;
  }
  if (phase === 'waiting') {
    const wait = parseWait(value, place);
    return wait === null ? null : { phase, ...wait };
  }
  const run = parseRun(value, place);
  if (run === null) return null;
  if (phase === 'running') return { phase, ...run };
  const { reason } = value;
  if (phase !== 'stopping') return null;
  const isKnown =
    reason === 'canceled' || reason === 'timed-out' || reason === 'job-timed-out' || reason === 'shutdown';
  return isKnown ? { phase, reason, ...run } : null;
}

function parseRun(value: JsonObject, place: RecordedPlace): RecordedRun | null {
  const purpose = value.purpose === undefined ? ({ kind: 'work' } as const) : parsePurpose(value.purpose);
  if (purpose === null) return null;
  return { ...place, onInterrupted: parseDeclared(value.onInterrupted), cleansUp: value.cleansUp === true, purpose };
}

function parseWait(value: JsonObject, place: RecordedPlace): RecordedWait | null {
  const next = value.next === undefined ? earlierNext(value) : parseResumption(value.next);
  const waitMs = count(value.waitMs ?? 0);
  const begins = value.begins === undefined ? undefined : count(value.begins);
  if (next === null || waitMs === null || begins === null) return null;
  const why = WAITING_REASONS.find((reason) => reason === value.why) ?? 'interrupted';
  const reason = typeof value.reason === 'string' ? value.reason : '';
  return { ...place, why, reason, waitMs, next, ...(begins !== undefined && { begins }) };
}

const WAITING_REASONS: readonly WaitingReason[] = ['interrupted', 'postponed', 'failed', 'rebooted', 'put-off'];

/** The first form of a wait said only what the handler's author had declared. */
function earlierNext(value: JsonObject): Resumption {
  const isRunAgain = parseDeclared(value.onInterrupted) !== 'fail';
  return isRunAgain ? { kind: 'work' } : { kind: 'conclude', outcome: INTERRUPTED_OUTCOME };
}

function parseDeclared(value: JsonValue | undefined): RecordedRun['onInterrupted'] {
  return value === 'rerun' || value === 'resume' ? value : 'fail';
}

function parseResumption(value: JsonValue | undefined): Resumption | null {
  if (!isJsonObject(value)) return null;
  if (value.kind === 'pass') return { kind: 'pass' };
  if (value.kind !== 'conclude') return parsePurpose(value);
  const outcome = parseOutcome(value.outcome);
  return outcome === null ? null : { kind: 'conclude', outcome };
}

function parsePurpose(value: JsonValue | undefined): RunPurpose | null {
  if (!isJsonObject(value)) return null;
  const { kind } = value;
  if (kind === 'work' || kind === 'condition' || kind === 'verify') return { kind };
  const outcome = value.kind === 'clean-up' ? parseOutcome(value.outcome) : null;
  return outcome === null ? null : { kind: 'clean-up', outcome };
}

function parseKey(value: JsonValue | undefined): ExecutionKey | null {
  if (!isJsonObject(value)) return null;
  const { jobId } = value;
  const executionNumber = count(value.executionNumber);
  const queuedAt = count(value.queuedAt);
  if (typeof jobId !== 'string' || executionNumber === null || queuedAt === null) return null;
  return { jobId, executionNumber, queuedAt };
}

function parseOutcome(value: JsonValue | undefined): Outcome | null {
  if (!isJsonObject(value)) return null;
  const { status } = value;
  const statusDetails = parseDetails(value.statusDetails);
  if (statusDetails === null || (status !== 'SUCCEEDED' && status !== 'FAILED' && status !== 'REJECTED')) return null;
  return { status, statusDetails };
}

function parseDetails(value: JsonValue | undefined): StatusDetails | null {
  if (!isJsonObject(value)) return null;
  const pairs = Object.entries(value);
  return pairs.every(([, detail]) => typeof detail === 'string') ? (Object.fromEntries(pairs) as StatusDetails) : null;
}

function parseTexts(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}

function count(value: JsonValue | undefined): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
