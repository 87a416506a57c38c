/**
 * Our own format: `{"operation", "parameters"}`, or `{"steps": [{"operation", "parameters"}, …]}`. It is typed strictly:
 * a member we do not know is refused, for it was meant to do something that would not happen.
 */
import { type Condition, readCondition } from './condition.ts';
import { readName, readSteps, readText, readUser, refuseUnknownMembers } from './document-fields.ts';
import type { JobPlan, PlannedRetries, PlannedStep } from './job-plan.ts';
import {
  type JsonPlace,
  memberPlace,
  noteExpected,
  readBoolean,
  readInteger,
  readObject,
  readOptional,
} from './json-place.ts';

const STEP_MEMBERS: readonly string[] = [
  'operation',
  'parameters',
  'name',
  'timeoutSeconds',
  'runAs',
  'onFailure',
  'retries',
  'runIf',
];
/** Only where others may follow. */
const LISTED_STEP_MEMBERS: readonly string[] = [...STEP_MEMBERS, 'rollback'];
const ROLLBACK_MEMBERS: readonly string[] = ['operation', 'parameters', 'name', 'timeoutSeconds', 'runAs', 'retries'];
/** `steps` is here as a suggestion only: a document that has it is read as the other form. */
const SINGLE_MEMBERS: readonly string[] = [...STEP_MEMBERS, 'includeStdOut', 'steps'];
const STEPS_MEMBERS: readonly string[] = ['steps', 'finally', 'includeStdOut', 'timeoutSeconds'];
const IN_STEPS = { names: STEP_MEMBERS, hint: 'beside "steps" it belongs into one of them' } as const;
const WITH_STEPS = { names: ['finally', 'rollback'], hint: 'only a document with "steps" has it' } as const;

/** useradd(8): no user name is longer. */
const MAX_USER_LENGTH = 32;
/** Seven days, the longest that AWS's own job timers go (10,080 minutes). */
const MAX_TIMEOUT_SECONDS = 604_800;
const MAX_OPERATION_LENGTH = 128;
/** Ours: what fails eleven times is not going to succeed, and each time can cost updates. */
const MAX_RETRIES = 10;
/** A day, as a handler may ask for at most. */
const MAX_RETRY_DELAY_SECONDS = 86_400;
const RETRY_DELAY_SECONDS = 60;

/** @returns a plan that counts only if `document` has noted no problems. */
export function readNativeDocument(document: JsonPlace): JobPlan {
  const steps = memberPlace(document, 'steps');
  if (steps.value === undefined) refuseUnknownMembers(document, SINGLE_MEMBERS, WITH_STEPS);
  else refuseUnknownMembers(document, STEPS_MEMBERS, IN_STEPS);
  const plan = {
    format: 'native',
    includeStdOut: readOptional(memberPlace(document, 'includeStdOut'), readBoolean) ?? false,
  } as const;
  if (steps.value === undefined) return { ...plan, steps: [readStep(document)] };
  const work = readSteps(steps);
  const always = readOptional(memberPlace(document, 'finally'), readSteps) ?? [];
  return {
    ...plan,
    ...readTimeout(document),
    steps: [
      ...work.map((step) => readListed(step, LISTED_STEP_MEMBERS)),
      ...work.flatMap(readRollback).reverse(),
      ...always.map((step) => ({ ...readListed(step, STEP_MEMBERS), role: 'finally' }) as const),
    ],
  };
}

function readListed(step: JsonPlace, members: readonly string[]): PlannedStep {
  refuseUnknownMembers(step, members);
  return readStep(step);
}

/** Of the step at that index, if it has one. */
function readRollback(step: JsonPlace, undoes: number): readonly PlannedStep[] {
  const rollback = memberPlace(step, 'rollback');
  if (rollback.value === undefined) return [];
  return [{ ...readListed(rollback, ROLLBACK_MEMBERS), role: 'rollback', undoes }];
}

function readStep(step: JsonPlace): PlannedStep {
  const operation = readOperation(memberPlace(step, 'operation'));
  const runAs = readOptional(memberPlace(step, 'runAs'), (place) => readUser(place, MAX_USER_LENGTH));
  return {
    name: readOptional(memberPlace(step, 'name'), readName) ?? operation,
    pointer: step.pointer,
    action: {
      kind: 'operation',
      operation,
      parameters: readOptional(memberPlace(step, 'parameters'), readObject) ?? {},
    },
    ...(runAs !== undefined && { runAs }),
    ...readTimeout(step),
    ignoreFailure: readOptional(memberPlace(step, 'onFailure'), readOnFailure) === 'continue',
    ...readRetries(memberPlace(step, 'retries')),
    ...readRunIf(memberPlace(step, 'runIf')),
  };
}

function readOnFailure(place: JsonPlace): 'stop' | 'continue' {
  if (place.value === 'stop' || place.value === 'continue') return place.value;
  noteExpected(place, '"stop" or "continue"');
  return 'stop';
}

function readRetries(place: JsonPlace): { readonly retries?: PlannedRetries } {
  if (place.value === undefined) return {};
  refuseUnknownMembers(place, ['count', 'delaySeconds']);
  const delay = readOptional(memberPlace(place, 'delaySeconds'), (seconds) =>
    readInteger(seconds, 0, MAX_RETRY_DELAY_SECONDS),
  );
  const count = readInteger(memberPlace(place, 'count'), 1, MAX_RETRIES);
  return { retries: { count, delaySeconds: delay ?? RETRY_DELAY_SECONDS } };
}

/** Of a step, or of all of them together. */
function readTimeout(place: JsonPlace): { readonly timeoutSeconds?: number } {
  const timeoutSeconds = readOptional(memberPlace(place, 'timeoutSeconds'), (limit) =>
    readInteger(limit, 1, MAX_TIMEOUT_SECONDS),
  );
  return timeoutSeconds === undefined ? {} : { timeoutSeconds };
}

function readOperation(place: JsonPlace): string {
  const operation = readText(place);
  if (operation.length > MAX_OPERATION_LENGTH || !/^[a-z0-9][a-z0-9._-]*$/i.test(operation)) {
    noteExpected(place, `the name of an operation (a-z A-Z 0-9 . _ -, at most ${MAX_OPERATION_LENGTH} characters)`);
  }
  return operation;
}

function readRunIf(place: JsonPlace): { readonly runIf?: Condition } {
  const runIf = readOptional(place, readCondition);
  return runIf === undefined ? {} : { runIf };
}
