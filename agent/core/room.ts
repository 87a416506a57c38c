/** Who may run now: how many at once, who must run alone, and who goes first. */
import type { ExecutionId } from './job-execution.ts';
import type { AgentState, ExecutionState, ReviewedPlan } from './state.ts';

/** Executions that wait for their last answer do not count as running, but may not pile up either. */
const MAX_REPORTING = 4;
/** Nor may those that wait for a time: the service lists ten, those in progress first, and nothing behind them is seen. */
const MAX_WAITING = 9;

/** There is room for one more than there are. Whoever waits and is due goes first. */
export function hasRoom(state: AgentState): boolean {
  const all = Object.values(state.executions);
  const waiting = all.filter(({ phase }) => phase.name === 'waiting');
  const reporting = all.filter(({ phase }) => phase.name === 'reporting').length;
  return (
    !isRebootAwaited(state) &&
    waiting.length < MAX_WAITING &&
    !waiting.some(({ phase }) => phase.name === 'waiting' && phase.due) &&
    !running(state).some(isExclusive) &&
    running(state).length < state.settings.capacity &&
    running(state).length + reporting < state.settings.capacity + MAX_REPORTING
  );
}

/** Whether an execution that we hold may begin to run beside the others. `isAlone`: it has to be the only one. */
export function mayRunBeside(state: AgentState, id: ExecutionId, isAlone: boolean): boolean {
  const others = running(state).filter((execution) => execution.id !== id);
  if (isRebootAwaited(state) || others.length >= state.settings.capacity) return false;
  return others.length === 0 || !(isAlone || others.some(isExclusive));
}

/** It has a run, or is about to have one. */
export function isRunning({ phase }: ExecutionState): boolean {
  return phase.name === 'claiming' || phase.name === 'running' || phase.name === 'stopping';
}

/** I1 and I2 hold for what is begun during a restart as well, but it would be interrupted at once. */
export function isRebootAwaited({ rebootRequested, executions }: AgentState): boolean {
  return rebootRequested || Object.values(executions).some(({ phase }) => phase.name === 'awaiting-reboot');
}

export function isExclusivePlan(plan: ReviewedPlan | null): boolean {
  return plan?.steps.some(({ exclusive }) => exclusive) ?? false;
}

function running({ executions }: AgentState): readonly ExecutionState[] {
  return Object.values(executions).filter(isRunning);
}

function isExclusive({ phase }: ExecutionState): boolean {
  return 'plan' in phase && isExclusivePlan(phase.plan);
}
