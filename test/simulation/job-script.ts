/** What a simulated job is: how its steps go, and the document that says so. The runner reads it back from there. */

import type { PlannedStep } from '../../agent/core/job-plan.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import type { OnInterrupted } from '../../agent/handler-api.ts';

export interface JobScript {
  /**
   * `run`: every step has a handler. `invalid`: the document has no known form. `unknown`: nobody here does it.
   * `refused`: its handler does not take its parameters.
   */
  readonly verdict: 'run' | 'invalid' | 'unknown' | 'refused';
  /** The work. */
  readonly steps: readonly StepScript[];
  /** What always runs in the end; a template has none. */
  readonly always: readonly StepScript[];
  /** The document as a managed template, where a step may fail without the job failing. */
  readonly isTemplate: boolean;
  readonly includeStdOut: boolean;
  /** The document's limit for all steps together; a template has none. */
  readonly timeoutSeconds: number | null;
  /** The service's own limit for it. */
  readonly inProgressTimeoutInMinutes: number | null;
  /** How often the service makes a new execution of it when one has failed. */
  readonly retries: number;
}

export interface StepScript {
  /** How it ends by itself, once it asks for nothing any more; `hang`: never. */
  readonly ending: 'succeed' | 'fail' | 'signal' | 'reject' | 'hang';
  readonly runsMs: number;
  /** What it does when it is told to stop. `finish`: ends as if nothing had been said. `ignore`: is killed. */
  readonly stopping: 'obey' | 'linger' | 'ignore' | 'finish';
  readonly onInterrupted: OnInterrupted;
  readonly timeoutSeconds: number | null;
  readonly mayFail: boolean;
  /** How often it tells how far it is. */
  readonly progress: number;
  /** How often it asks to be tried later before it ends otherwise, and after how long, if it says so. */
  readonly postpones: number;
  readonly laterMs: number | null;
  /** What is found when its document asks whether it is to run; `null`: it does not ask. */
  readonly condition: 'holds' | 'holds not' | 'unknown' | null;
  /** How often it fails before it ends otherwise, and how often the document says that it is run again then. */
  readonly failures: number;
  readonly retries: number;
  readonly retryDelaySeconds: number;
  /** How often it asks for a restart of the machine before it ends otherwise. */
  readonly restarts: number;
  /** What it asks for is a power-off instead. */
  readonly powersOff: boolean;
  /** Whether a run after the restart says if it worked, and what that says. */
  readonly verifies: boolean;
  readonly isVerified: boolean;
  readonly cleansUp: boolean;
  readonly exclusive: boolean;
  /** What undoes it when a later one fails; only of the work. */
  readonly rollback: StepScript | null;
}

/** A step in its place in the whole of a job: the work, then the rollbacks, that of the last step first, then the rest. */
export interface ListedStep {
  readonly script: StepScript;
  readonly role: 'work' | 'rollback' | 'finally';
  /** As its document calls it. */
  readonly name: string;
  /** Of a rollback: the place of what it undoes. */
  readonly undoes: number | null;
}

/** By the words of the documentation, not by the code that is judged. */
export function listSteps({ steps, always }: JobScript): readonly ListedStep[] {
  const work = steps.map(
    (script, at): ListedStep => ({ script, role: 'work', name: nameOf('step', at), undoes: null }),
  );
  const rollbacks: ListedStep[] = [];
  for (const [at, { rollback }] of steps.entries()) {
    if (rollback !== null) {
      rollbacks.unshift({ script: rollback, role: 'rollback', name: nameOf('undo', at), undoes: at });
    }
  }
  const last = always.map(
    (script, at): ListedStep => ({ script, role: 'finally', name: nameOf('always', at), undoes: null }),
  );
  return [...work, ...rollbacks, ...last];
}

function nameOf(what: 'step' | 'undo' | 'always', at: number): string {
  return `${what} ${at + 1}`;
}

/** In every place where a job could hold a secret. Nobody may ever read it. */
export const CANARY = 'CANARY7c1d';
export const SECRET_URL = `https://files.example.com/image.bin?X-Amz-Signature=${CANARY}&X-Amz-Expires=60`;
export const SECRET_KEY = `-----BEGIN RSA PRIVATE KEY-----\n${CANARY}\n-----END RSA PRIVATE KEY-----`;

const OPERATIONS = { run: 'simulated', invalid: 'simulated', unknown: 'not-done-here', refused: 'refused' } as const;
const HANDLER = 'simulated.sh';

export function documentOf(script: JobScript): JsonObject {
  const { verdict, steps, always, isTemplate, includeStdOut, timeoutSeconds } = script;
  if (verdict === 'invalid') return { operation: 7, url: SECRET_URL };
  if (!isTemplate) {
    const operation = OPERATIONS[verdict];
    const [first, ...more] = steps.map((step, at) => withRollback(step, at, operation));
    if (first === undefined) throw new Error('a job has steps');
    const isSingle = more.length === 0 && timeoutSeconds === null && always.length === 0 && !('rollback' in first);
    if (isSingle) return { ...first, includeStdOut };
    const last = always.map((step, at) => nativeStep(step, nameOf('always', at), operation));
    return {
      includeStdOut,
      steps: [first, ...more],
      ...(last.length > 0 && { finally: last }),
      ...limitOf(timeoutSeconds),
    };
  }
  return {
    version: '1.0',
    includeStdOut: String(includeStdOut),
    steps: steps.map((step, index) => ({
      action: {
        name: nameOf('step', index),
        type: 'runHandler',
        input: { handler: HANDLER, args: [JSON.stringify(step), SECRET_URL] },
        ignoreStepFailure: String(step.mayFail),
      },
    })),
  };
}

/** @returns null for a step that this runner has no handler for. */
export function scriptOfStep({ action }: PlannedStep): StepScript | null {
  if (action.kind === 'executable') return JSON.parse(action.args[0] ?? 'null') as StepScript;
  return action.operation === OPERATIONS.run ? (action.parameters.script as unknown as StepScript) : null;
}

export function isRefusedStep({ action }: PlannedStep): boolean {
  return action.kind === 'operation' && action.operation === OPERATIONS.refused;
}

function withRollback(script: StepScript, at: number, operation: string): JsonObject {
  const step = nativeStep(script, nameOf('step', at), operation);
  const { rollback } = script;
  return rollback === null ? step : { ...step, rollback: nativeStep(rollback, nameOf('undo', at), operation) };
}

function nativeStep(script: StepScript, name: string, operation: string): JsonObject {
  const { retries: count, retryDelaySeconds: delaySeconds, mayFail } = script;
  return {
    operation,
    name,
    parameters: { script: { ...script, rollback: null }, url: SECRET_URL },
    ...limitOf(script.timeoutSeconds),
    ...(count > 0 && { retries: { count, delaySeconds } }),
    ...(script.condition !== null && { runIf: { fileExists: '/simulated' } }),
    ...(mayFail && { onFailure: 'continue' }),
  };
}

function limitOf(timeoutSeconds: number | null): JsonObject {
  return timeoutSeconds === null ? {} : { timeoutSeconds };
}
