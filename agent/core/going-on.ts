/**
 * Takes up executions that waited. They come before new ones, because they were claimed before.
 *
 * A card that lied about flushing can forget that a wait was over and its step begun. So a step that may not run twice
 * goes on only after the service accepted an update that says so, which adds one to the version: a version higher than
 * the wait knew, without a word of waiting, tells a later start that the step may have begun (I2).
 */
import { CLAIM_DETAIL, claimMark } from './claim-mark.ts';
import { type Decision, describe, inOrder, mayUpdate, stay, update, withExecution } from './decision.ts';
import type { PlanVerdict } from './event.ts';
import type { ExecutionId, JobExecution } from './job-execution.ts';
import { mayBeKnownSoon, waitOn } from './looking-again.ts';
import { failure, fitDetails, interruptedTooOften, ownFirst, refusal } from './outcomes.ts';
import { afterStep, nextStep, owesEnding, type StepEnd } from './programme.ts';
import { tellProgress } from './progress.ts';
import { conclude } from './reporting.ts';
import { isExclusivePlan, mayRunBeside } from './room.ts';
import { advance, begin, firstRun } from './running.ts';
import type { AgentState, ExecutionState, Resumption, ReviewedPlan, WaitingPhase } from './state.ts';

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
  if (!runsOnce(execution, phase, plan) || found.statusDetails[CLAIM_DETAIL] === goOnMark(state, phase)) {
    return carryOn(state, execution, phase, plan);
  }
  return isStillWaiting(phase, found)
    ? tellFirst(state, execution, phase, plan)
    : conclude(state, id, failure('STATE_LOST', WENT_ON));
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

/** What begins now may not begin twice. Checks and clean-ups may, and so may what was declared so. */
function runsOnce(execution: ExecutionState, { why, next, stepIndex }: WaitingPhase, plan: ReviewedPlan): boolean {
  if (isOver(next)) {
    const following = nextStep(plan, afterStep(execution, { plan, stepIndex, end: endOf(next) }), stepIndex);
    return following !== null && plan.steps[following]?.onInterrupted === 'fail';
  }
  if (why === 'interrupted' || next.kind === 'verify' || next.kind === 'clean-up') return false;
  return plan.steps[stepIndex]?.onInterrupted === 'fail';
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

function tellFirst(state: AgentState, execution: ExecutionState, phase: WaitingPhase, plan: ReviewedPlan): Decision {
  const statusDetails = ownFirst([[CLAIM_DETAIL, goOnMark(state, phase)]], execution.details);
  return inOrder(
    withExecution(state, execution.id, () => ({ phase: { ...phase, plan }, progressPending: false })),
    (now) => update(now, execution, { kind: 'goOn', status: 'IN_PROGRESS', statusDetails }),
  );
}

/** As of a claim, and which start it is: every one of them another. */
function goOnMark(state: AgentState, phase: WaitingPhase): string {
  return `${claimMark(state)}${startOf(phase)}`;
}

function startOf({ stepIndex, attempt }: WaitingPhase): string {
  return `/${stepIndex}.${attempt}`;
}

/** Until others have ended. That it must run alone is remembered, so that it is not described in vain. */
function holdBack(state: AgentState, id: ExecutionId, phase: WaitingPhase, plan: ReviewedPlan): AgentState {
  return withExecution(state, id, () => ({ phase: { ...phase, exclusive: isExclusivePlan(plan) } }));
}

function counted(state: AgentState, id: ExecutionId): AgentState {
  return withExecution(state, id, ({ recoveries }) => ({ recoveries: recoveries + 1 }));
}
