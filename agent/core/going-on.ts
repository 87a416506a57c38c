/**
 * Takes up executions that waited. They come before new ones, because they were claimed before.
 *
 * A card that lied about flushing can forget that a wait was over and its step begun. So a step that may not run twice
 * goes on only after the service accepted an update that says so, which adds one to the version: a version higher than
 * the wait knew, without a word of waiting, tells a later start that the step may have begun (I2).
 *
 * Before that is told it is written down which step is to begin. So where power is lost between the word and the record
 * of the start, that step alone counts as interrupted, and what its job owes is done; and where nothing of it is
 * written down, the card has lied.
 */
import { CLAIM_DETAIL, claimMark } from './claim-mark.ts';
import { type Decision, describe, inOrder, mayUpdate, stay, update, withExecution } from './decision.ts';
import type { PlanVerdict } from './event.ts';
import type { ExecutionId, JobExecution } from './job-execution.ts';
import { mayBeKnownSoon, waitOn } from './looking-again.ts';
import { failure, fitDetails, INTERRUPTED_OUTCOME, interruptedTooOften, ownFirst, refusal } from './outcomes.ts';
import { afterStep, nextStep, owesEnding, type StepEnd } from './programme.ts';
import { tellProgress } from './progress.ts';
import { conclude, journal } from './reporting.ts';
import { isExclusivePlan, mayRunBeside } from './room.ts';
import { advance, begin, firstRun, owing } from './running.ts';
import type {
  AgentState,
  Ending,
  ExecutionState,
  Resumption,
  ReviewedPlan,
  ReviewedStep,
  WaitingPhase,
} from './state.ts';
import { FOR_THE_ENDING, interruptedRun } from './waiting.ts';

/** Asks about those that are due and could run: they may be over by now, and their documents have to come again. */
export function goOnWaiting(state: AgentState): Decision {
  if (state.shutdown !== null) return stay(state);
  const ready = Object.values(state.executions).filter(
    ({ id, phase }) =>
      phase.name === 'waiting' && phase.due && mayRunBeside(state, id, phase.exclusive) && mayUpdate(state, id),
  );
  return inOrder(state, ...ready.map((execution) => (now: AgentState) => describe(now, execution)));
}

export interface Described {
  readonly found: JobExecution;
  readonly verdict: PlanVerdict;
}

/** The service described it as ours, with its document. */
export function goOn(
  state: AgentState,
  execution: ExecutionState,
  phase: WaitingPhase,
  { found, verdict }: Described,
): Decision {
  const { id } = execution;
  const { next } = phase;
  if (isTooOften(state, execution, phase)) {
    const outcome = interruptedTooOften(execution.recoveries);
    return goOn(state, execution, { ...phase, next: { kind: 'conclude', outcome } }, { found, verdict });
  }
  if (next.kind === 'conclude' && !owesEnding(execution)) return conclude(state, id, next.outcome);
  if (mayBeKnownSoon(verdict, execution)) return waitOn(state, execution, phase);
  if (verdict.kind !== 'run') {
    return conclude(state, id, 'outcome' in next ? next.outcome : refusal(verdict));
  }
  const { plan } = verdict;
  // It waits for longer, and the service has to hear that it does.
  if (!mayRunBeside(state, id, isExclusivePlan(plan))) return tellProgress(holdBack(state, id, phase, plan), id);
  const begins = stepThatBegins(execution, phase, plan);
  const isToldNow = found.statusDetails[CLAIM_DETAIL] === goOnMark(state, phase);
  // Without a journal nothing begins, and so there is nothing to tell.
  if (begins === null || isToldNow || !state.journalUsable || !runsOnce(phase, plan.steps[begins])) {
    return carryOn(state, execution, phase, plan);
  }
  // What happens to it from now on we see ourselves.
  if (isStillWaiting(phase, found))
    return tellFirst(state, execution, { ...phase, plan, begins, recordedVersion: null });
  if (phase.begins === null) return conclude(state, id, failure('STATE_LOST', WENT_ON));
  const interrupted = startInterrupted(execution, phase, { plan, begins });
  return goOn(
    withExecution(state, id, () => interrupted),
    { ...execution, ...interrupted },
    interrupted.phase,
    { found, verdict },
  );
}

/** The loop breaker, whether power ended the runs before or an orderly stop did. */
function isTooOften({ settings }: AgentState, { recoveries }: ExecutionState, { why, next }: WaitingPhase): boolean {
  const isRunAgain = next.kind !== 'clean-up' && next.kind !== 'conclude';
  return why === 'interrupted' && isRunAgain && recoveries >= settings.maxRecoveries;
}

/** The service has accepted that it goes on. */
export function toldToGoOn(state: AgentState, id: ExecutionId): Decision {
  const execution = state.executions[id];
  if (execution?.phase.name !== 'waiting' || execution.phase.plan === null) return stay(state);
  const { plan } = execution.phase;
  // Otherwise it is described again when there is room, or by the next start, and recognised by its mark.
  const mayRun = state.shutdown === null && mayRunBeside(state, id, isExclusivePlan(plan));
  return mayRun ? carryOn(state, execution, execution.phase, plan) : stay(state);
}

function carryOn(state: AgentState, execution: ExecutionState, phase: WaitingPhase, plan: ReviewedPlan): Decision {
  const { id } = execution;
  const { next, stepIndex, attempt } = phase;
  if (isOver(next)) return advance(state, execution, { plan, stepIndex, end: endOf(next) });
  const again = phase.why === 'interrupted' ? counted(state, id) : state;
  // What never began has its condition asked first.
  if (attempt === 0) return begin(again, id, firstRun(plan, stepIndex));
  return begin(again, id, { plan, stepIndex, attempt: attempt + 1, purpose: next });
}

type Over = Extract<Resumption, { kind: 'pass' | 'conclude' }>;

/** The step has ended: what goes on is what comes after it. */
function isOver(next: Resumption): next is Over {
  return next.kind === 'pass' || next.kind === 'conclude';
}

function endOf(next: Over): StepEnd {
  return next.kind === 'pass' ? { kind: 'done' } : { kind: 'failed', outcome: next.outcome };
}

/** @returns null where nothing begins any more. */
function stepThatBegins(
  { ending }: ExecutionState,
  { next, stepIndex }: WaitingPhase,
  plan: ReviewedPlan,
): number | null {
  if (!isOver(next)) return stepIndex;
  return nextStep(plan, afterStep({ ending }, { plan, stepIndex, end: endOf(next) }), stepIndex);
}

/** What begins now may not begin twice. Checks and clean-ups may, and so may what was declared so. */
function runsOnce({ why, next }: WaitingPhase, step: ReviewedStep | undefined): boolean {
  const mayRepeat = why === 'interrupted' || next.kind === 'verify' || next.kind === 'clean-up';
  return step?.onInterrupted === 'fail' && (isOver(next) || !mayRepeat);
}

/** Power was lost before its start was on the disk, or a card has lost that: it may have begun, and is not begun again. */
function startInterrupted(
  execution: ExecutionState,
  { next, stepIndex, attempt }: WaitingPhase,
  { plan, begins }: { readonly plan: ReviewedPlan; readonly begins: number },
): { readonly ending: Ending; readonly phase: WaitingPhase } {
  const isFirst = isOver(next) || attempt === 0;
  const place = { stepIndex: begins, attempt: isFirst ? 1 : attempt + 1 };
  const isCleaned = plan.steps[begins]?.cleansUp === true;
  const before = isOver(next) ? afterStep(execution, { plan, stepIndex, end: endOf(next) }) : execution.ending;
  const ending = owing(before, plan);
  return {
    ending: ending.state === 'none' || isCleaned ? ending : { ...ending, state: 'begun' },
    phase: {
      ...interruptedRun({ ...place, purpose: { kind: 'work' } }),
      reason: isCleaned || ending.state === 'none' ? '' : FOR_THE_ENDING,
      next: { kind: isCleaned ? 'clean-up' : 'conclude', outcome: INTERRUPTED_OUTCOME },
    },
  };
}

/** Nothing was accepted since the wait was written down, but that it waits. */
function isStillWaiting(phase: WaitingPhase, { versionNumber, statusDetails }: JobExecution): boolean {
  // The version alone does not tell where an update that was under way never arrived: the word took its place.
  if (statusDetails[CLAIM_DETAIL]?.endsWith(startOf(phase)) === true) return false;
  if (phase.recordedVersion === null || versionNumber <= phase.recordedVersion) return true;
  return (
    statusDetails.waiting !== undefined && statusDetails.waiting === fitDetails([['waiting', phase.reason]]).waiting
  );
}

const WENT_ON =
  'it waited when the journal was last written, but has gone on since: the card of this gateway lost what was written ' +
  'last. It is not run again, because it may have been run already; create a new job execution to run it.';

/** I1: that it may have been told is on the disk before it is. */
function tellFirst(state: AgentState, execution: ExecutionState, phase: WaitingPhase): Decision {
  const { id } = execution;
  if (!mayUpdate(state, id)) return stay(state);
  const statusDetails = ownFirst([[CLAIM_DETAIL, goOnMark(state, phase)]], execution.details);
  const isWritten = execution.phase.name === 'waiting' && execution.phase.begins !== null;
  return inOrder(
    withExecution(state, id, () => ({ phase, progressPending: false })),
    (now) => (isWritten ? stay(now) : journal(now, id)),
    (now) => update(now, execution, { kind: 'goOn', status: 'IN_PROGRESS', statusDetails }),
  );
}

/** As of a claim, and which start it is: every one of them another. */
function goOnMark(state: AgentState, phase: WaitingPhase): string {
  return `${claimMark(state)}${startOf(phase)}`;
}

function startOf({ stepIndex, attempt, next }: WaitingPhase): string {
  return `/${stepIndex}.${next.kind === 'condition' ? 'c' : ''}${attempt}`;
}

/** Until others have ended. That it must run alone is remembered, so that it is not described in vain. */
function holdBack(state: AgentState, id: ExecutionId, phase: WaitingPhase, plan: ReviewedPlan): AgentState {
  return withExecution(state, id, () => ({ phase: { ...phase, exclusive: isExclusivePlan(plan) } }));
}

function counted(state: AgentState, id: ExecutionId): AgentState {
  return withExecution(state, id, ({ recoveries }) => ({ recoveries: recoveries + 1 }));
}
