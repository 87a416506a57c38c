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
  const isAlive = kind !== 'report';
  return inOrder(
    withExecution(state, id, () => ({ toldVersion: versionNumber + 1 })),
    (now) =>
      ask(
        now,
        { kind, id, expectedVersion: versionNumber },
        {
          operation: 'UpdateJobExecution',
          jobId,
          executionNumber,
          expectedVersion: versionNumber,
          ...wanted,
          ...(isAlive && stepTimer(now)),
        },
      ),
    (now) => (isAlive ? heartbeatLater(now, id) : stay(now)),
  );
}

/** What a request to run, or to go on running, says of the step timer. */
export function stepTimer({ settings }: AgentState): { readonly stepTimeoutInMinutes?: number } {
  const minutes = settings.stepTimeoutMinutes;
  return minutes === null ? {} : { stepTimeoutInMinutes: minutes };
}

/** The service was told that the handler lives; it has to be told again before half of the time is over. */
export function heartbeatLater(state: AgentState, id: ExecutionId): Decision {
  const minutes = state.settings.stepTimeoutMinutes;
  if (minutes === null) return stay(state);
  const delay = { kind: 'exactly', ms: minutes * HEARTBEAT_PER_MINUTE_MS } as const;
  return { state, effects: [{ type: 'setTimer', timer: { name: 'heartbeat', id }, delay }] };
}

/** A third of the step timer, so that one lost update does not end an execution. */
const HEARTBEAT_PER_MINUTE_MS = 20_000;

export function mayUpdate(state: AgentState, id: ExecutionId): boolean {
  return state.connected && !isAsking(state, (purpose) => 'id' in purpose && purpose.id === id);
}

/** Asks what the service has of an execution; the document comes along where we do not have its plan. */
export function describe(state: AgentState, { id, key, phase }: ExecutionState): Decision {
  if (!state.connected || isAsking(state, (purpose) => purpose.kind === 'check' && purpose.id === id)) {
    return stay(state);
  }
  return ask(
    state,
    { kind: 'check', id },
    {
      operation: 'DescribeJobExecution',
      jobId: key.jobId,
      executionNumber: key.executionNumber,
      includeJobDocument: phase.name === 'claiming' || (phase.name === 'waiting' && phase.due),
    },
  );
}

export function isAsking(state: AgentState, asked: (purpose: RequestPurpose) => boolean): boolean {
  return Object.values(state.requests).some(asked);
}
