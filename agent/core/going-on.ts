/** Takes up executions that waited. They come before new ones, because they were claimed before. */
import { type Decision, describe, inOrder, stay, withExecution } from './decision.ts';
import type { PlanVerdict } from './event.ts';
import type { ExecutionId } from './job-execution.ts';
import { refusal } from './outcomes.ts';
import { tellProgress } from './progress.ts';
import { conclude } from './reporting.ts';
import { isExclusivePlan, mayRunBeside } from './room.ts';
import { begin, pass } from './running.ts';
import type { AgentState, ExecutionState, ReviewedPlan, WaitingPhase } from './state.ts';

/** Asks about those that are due and could run: they may be over by now, and their documents have to come again. */
export function goOnWaiting(state: AgentState): Decision {
  if (state.shutdown !== null) return stay(state);
  const ready = Object.values(state.executions).filter(
    ({ id, phase }) => phase.name === 'waiting' && phase.due && mayRunBeside(state, id, phase.exclusive),
  );
  return inOrder(state, ...ready.map((execution) => (now: AgentState) => describe(now, execution)));
}

/** The service described it as ours, with its document. */
export function goOn(
  state: AgentState,
  execution: ExecutionState,
  phase: WaitingPhase,
  verdict: PlanVerdict,
): Decision {
  const { id } = execution;
  const { next, stepIndex, attempt } = phase;
  if (next.kind === 'conclude') return conclude(state, id, next.outcome);
  if (verdict.kind !== 'run') return conclude(state, id, next.kind === 'clean-up' ? next.outcome : refusal(verdict));
  const { plan } = verdict;
  // It waits for longer, and the service has to hear that it does.
  if (!mayRunBeside(state, id, isExclusivePlan(plan))) return tellProgress(holdBack(state, id, phase, plan), id);
  if (next.kind === 'pass') return pass(state, execution, { plan, stepIndex });
  const again = phase.why === 'interrupted' ? counted(state, id) : state;
  return begin(again, id, { plan, stepIndex, attempt: attempt + 1, purpose: next });
}

/** Until others have ended. That it must run alone is remembered, so that it is not described in vain. */
function holdBack(state: AgentState, id: ExecutionId, phase: WaitingPhase, plan: ReviewedPlan): AgentState {
  return withExecution(state, id, () => ({ phase: { ...phase, exclusive: isExclusivePlan(plan) } }));
}

function counted(state: AgentState, id: ExecutionId): AgentState {
  return withExecution(state, id, ({ recoveries }) => ({ recoveries: recoveries + 1 }));
}
