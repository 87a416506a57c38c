/** What cannot be said of an execution for now is looked at again, later: the service did not say it, or we could not find it out. */
import { type Decision, stay, withExecution } from './decision.ts';
import type { PlanVerdict } from './event.ts';
import type { AgentState, ExecutionState, WaitingPhase } from './state.ts';

/** A request about it came to nothing: another look, later. */
export function retryLater(state: AgentState, { id, retries }: ExecutionState): Decision {
  if (!state.connected) return stay(state);
  return {
    state: withExecution(state, id, () => ({ retries: retries + 1 })),
    effects: [{ type: 'setTimer', timer: { name: 'retry', id }, delay: { kind: 'backoff', attempt: retries } }],
  };
}

/** What waited and was due waits on: due, it would be described again at once. */
export function waitOn(state: AgentState, { id, retries }: ExecutionState, phase: WaitingPhase): Decision {
  return {
    state: withExecution(state, id, () => ({ retries: retries + 1, phase: { ...phase, due: false } })),
    effects: [{ type: 'setTimer', timer: { name: 'due', id }, delay: { kind: 'backoff', attempt: retries } }],
  };
}

/** Of a gateway that has no room or no process left. At most two minutes, with the waits that grow: others wait behind it. */
const MAX_LOOKS = 6;

/** Whether the gateway itself was in the way, and may not be soon. In the end it is a failure, and never a refusal. */
export function mayBeKnownSoon(verdict: PlanVerdict, { retries }: ExecutionState): boolean {
  return verdict.kind === 'not-now' && retries < MAX_LOOKS;
}
