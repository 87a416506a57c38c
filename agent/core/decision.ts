/** A decision: the state after it and what to do about it. Decisions are chained, each from the state before. */
import type { Effect } from './effect.ts';
import type { ExecutionId } from './job-execution.ts';
import type { JobsRequest, UpdateJobExecution } from './jobs-request.ts';
import type { AgentState, ExecutionState, RequestPurpose, UpdatePurpose } from './state.ts';

export interface Decision {
  readonly state: AgentState;
  readonly effects: readonly Effect[];
}

export function stay(state: AgentState): Decision {
  return { state, effects: [] };
}

/** Runs `steps` one after the other, each on the state the one before left. */
export function inOrder(state: AgentState, ...steps: readonly ((state: AgentState) => Decision)[]): Decision {
  return steps.reduce<Decision>((decision, step) => {
    const next = step(decision.state);
    return { state: next.state, effects: [...decision.effects, ...next.effects] };
  }, stay(state));
}

/** Changes an execution that is there; one that is not stays away. */
export function withExecution(
  state: AgentState,
  id: ExecutionId,
  change: (execution: ExecutionState) => Partial<ExecutionState>,
): AgentState {
  const execution = state.executions[id];
  if (execution === undefined) return state;
  return { ...state, executions: { ...state.executions, [id]: { ...execution, ...change(execution) } } };
}

export function withoutExecution(state: AgentState, id: ExecutionId): AgentState {
  const { [id]: _gone, ...executions } = state.executions;
  return { ...state, executions };
}

/** Sends a request and remembers what it is for. */
export function ask(state: AgentState, purpose: RequestPurpose, request: JobsRequest): Decision {
  const requestId = state.nextRequestId;
  return {
    state: { ...state, nextRequestId: requestId + 1, requests: { ...state.requests, [requestId]: purpose } },
    effects: [{ type: 'request', requestId, request }],
  };
}

/**
 * Sends an update (I4). Not while another of the same execution is under way, or a description of it: this one must
 * expect the version that comes of them, and their answers bring us back here.
 */
export function update(
  state: AgentState,
  { id, key, versionNumber }: ExecutionState,
  { kind, ...wanted }: Pick<UpdatePurpose, 'kind'> & Pick<UpdateJobExecution, 'status' | 'statusDetails'>,
): Decision {
  if (!mayUpdate(state, id)) return stay(state);
  const { jobId, executionNumber } = key;
  return ask(
    state,
    { kind, id, expectedVersion: versionNumber },
    { operation: 'UpdateJobExecution', jobId, executionNumber, expectedVersion: versionNumber, ...wanted },
  );
}

export function mayUpdate(state: AgentState, id: ExecutionId): boolean {
  return state.connected && !isAsking(state, (purpose) => 'id' in purpose && purpose.id === id);
}

export function isAsking(state: AgentState, asked: (purpose: RequestPurpose) => boolean): boolean {
  return Object.values(state.requests).some(asked);
}
