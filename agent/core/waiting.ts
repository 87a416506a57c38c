/** Executions of which nothing runs for now: tried later, put off, interrupted. `going-on.ts` takes them up again. */
import { type Decision, inOrder, stay, withExecution } from './decision.ts';
import type { ExecutionId } from './job-execution.ts';
import type { FailedRun, LaterRun, Outcome } from './outcome.ts';
import { tellProgress } from './progress.ts';
import { redactSecrets } from './redact.ts';
import { journal } from './reporting.ts';
import type { AgentState, ExecutionState, Run, WaitingPhase } from './state.ts';
import { fitValueStart } from './status-details.ts';

/** A handler that leaves it to us is tried after a minute, then two, and so on up to an hour. */
const FIRST_WAIT_MS = 60_000;
const MAX_GROWN_WAIT_MS = 3_600_000;
/** What a handler may ask for: a second to a day. */
const MIN_WAIT_MS = 1_000;
const MAX_WAIT_MS = 86_400_000;

/** It may not ask for ever (I7): then the step has failed. */
export function exhausted(
  { settings }: AgentState,
  { postponements }: ExecutionState,
  result: LaterRun,
): FailedRun | null {
  if (postponements < settings.maxPostponements) return null;
  const message = `the handler asked ${postponements + 1} times to be tried later, the last time because: ${result.message}`;
  return { ...result, status: 'failed', reasonCode: 'RETRIES_EXHAUSTED', message };
}

/** The handler asked to be tried later. It blocks nobody. */
export function postpone(state: AgentState, execution: ExecutionState, run: Run, result: LaterRun): Decision {
  const { id, postponements } = execution;
  const grownMs = Math.min(MAX_GROWN_WAIT_MS, FIRST_WAIT_MS * 2 ** postponements);
  const waitMs = Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, result.afterMs ?? grownMs));
  const phase = triedAgain(run, waitMs, result.message);
  return waitFor(
    withExecution(state, id, () => ({ phase: { ...phase, why: 'postponed' }, postponements: postponements + 1 })),
    id,
  );
}

/**
 * A step that has failed is done once more from its beginning, as a run of its own, where its document says so: never what
 * was refused, interrupted or stopped for good. It blocks nobody meanwhile. @returns null where it is not.
 */
export function runAgain(state: AgentState, execution: ExecutionState, run: Run, result: FailedRun): Decision | null {
  const { id, failures } = execution;
  const { retries } = run.step;
  if (!state.journalUsable || result.status !== 'failed' || retries === null || failures >= retries.count) return null;
  const failed = `it has failed ${failures + 1} of ${retries.count + 1} times: ${result.reasonCode}: ${result.message}`;
  // Not what only checks it, but for the condition, which was not found to hold.
  const next = run.purpose.kind === 'condition' ? run.purpose : ({ kind: 'work' } as const);
  const phase: WaitingPhase = { ...triedAgain(run, retries.delayMs, failed), why: 'failed', next };
  return waitFor(
    withExecution(state, id, () => ({ phase, failures: failures + 1 })),
    id,
  );
}

function triedAgain(run: Run, waitMs: number, why: string) {
  // I8, I9: it goes into the journal, the log and the status as well.
  const reason = fitValueStart(redactSecrets(`to be tried again ${Math.round(waitMs / 1_000)} s later: ${why}`));
  return { ...waitingAt(run), reason, next: run.purpose, waitMs, due: waitMs === 0 };
}

function waitFor(state: AgentState, id: ExecutionId): Decision {
  return inOrder(
    withExecution(state, id, () => ({ progressPending: true })),
    (now) => journal(now, id),
    (now) => waitUntilDue(now, id),
    (now) => tellProgress(now, id),
  );
}

/** Why the handler asked, without the time: for those who know how much of it is left. */
export function reasonWithoutTime({ reason }: WaitingPhase): string {
  return reason.replace(/^(?:to be )?tried again \d+ s later: /, ''); // as journals of earlier versions have it, too
}

/** I2: what has not begun may begin later, whatever its handler's author said of interruptions. */
export function putOff(state: AgentState, id: ExecutionId, stepIndex: number): Decision {
  const phase: WaitingPhase = {
    ...waitingAt({ stepIndex, attempt: 0 }),
    why: 'put-off',
    reason: 'until there is room, or the agent has started again',
    next: { kind: 'work' },
  };
  return journal(
    withExecution(state, id, () => ({ phase, progressPending: false })),
    id,
  );
}

/** It has failed, but it owes rollbacks or other steps, and its plan comes with its document. */
export function failLater(state: AgentState, id: ExecutionId, outcome: Outcome, place: RunPlace): Decision {
  const next = { kind: 'conclude', outcome } as const;
  const phase: WaitingPhase = { ...waitingAt(place), why: 'interrupted', reason: FOR_THE_ENDING, next };
  return journal(
    withExecution(state, id, ({ ending }) => ({ phase, ending: { ...ending, state: 'begun' } })),
    id,
  );
}

/** Told while it waits so, or a later start took what it was told for a word that it has gone on. */
export const FOR_THE_ENDING = 'to be rolled back, and for what always runs, before its failure is told';

type RunPlace = Pick<Run, 'stepIndex' | 'attempt'>;

/** After an interruption of a run that may be started again. */
export function interruptedRun(run: Pick<Run, 'stepIndex' | 'attempt' | 'purpose'>): WaitingPhase {
  return { ...waitingAt(run), why: 'interrupted', next: run.purpose };
}

/** Due at once, unless that is changed. */
export function waitingAt({ stepIndex, attempt }: Pick<Run, 'stepIndex' | 'attempt'>) {
  const fresh = { waitMs: 0, due: true, exclusive: false, recordedVersion: null, begins: null, plan: null } as const;
  return { name: 'waiting', reason: '', stepIndex, attempt, ...fresh } as const;
}

export function waitUntilDue(state: AgentState, id: ExecutionId): Decision {
  const phase = state.executions[id]?.phase;
  if (phase?.name !== 'waiting' || phase.due) return stay(state);
  const delay = { kind: 'exactly', ms: phase.waitMs } as const;
  return { state, effects: [{ type: 'setTimer', timer: { name: 'due', id }, delay }] };
}
