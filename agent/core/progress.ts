/** Tells the service how far an execution is: not more often than allowed, and never what is old. */
import { type Decision, inOrder, mayUpdate, stay, update, withExecution } from './decision.ts';
import type { ExecutionId, StatusDetails } from './job-execution.ts';
import { merge, progressDetails } from './outcomes.ts';
import type { AgentState, Phase } from './state.ts';

export function progressed(state: AgentState, id: ExecutionId, details: StatusDetails): Decision {
  const merged = withExecution(state, id, (execution) => ({
    details: merge(execution.details, details),
    progressPending: true,
  }));
  return tellProgress(merged, id);
}

/** Tells the service, unless it was told a moment ago: then the timer tells it the latest. */
export function tellProgress(state: AgentState, id: ExecutionId): Decision {
  const execution = state.executions[id];
  if (execution === undefined || !isTold(execution.phase) || !execution.progressPending) return stay(state);
  if (execution.progressHeld || !mayUpdate(state, id)) return stay(state);
  const statusDetails = progressDetails(execution);
  const delay = { kind: 'exactly', ms: state.settings.progressIntervalMs } as const;
  return inOrder(
    withExecution(state, id, () => ({ progressPending: false, progressHeld: true })),
    (now) => update(now, execution, { kind: 'progress', status: 'IN_PROGRESS', statusDetails }),
    (now) => ({ state: now, effects: [{ type: 'setTimer', timer: { name: 'progress', id }, delay }] }),
  );
}

/** The service has to hear that we are alive, though there may be nothing new. */
export function tellAlive(state: AgentState, id: ExecutionId): Decision {
  return tellProgress(
    withExecution(state, id, () => ({ progressPending: true, progressHeld: false })),
    id,
  );
}

/** It is IN_PROGRESS in the cloud, and nothing is to be told yet that would say more. I6: nor of what is over. */
function isTold(phase: Phase): boolean {
  if (phase.name === 'stopping') return phase.reason !== 'canceled';
  return phase.name === 'running' || phase.name === 'waiting' || phase.name === 'awaiting-reboot';
}
