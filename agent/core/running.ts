/** The runs of an execution: one step after the other, each begun only when the journal says so. */
import { type Decision, inOrder, mayUpdate, stay, update, withExecution } from './decision.ts';
import type { ExecutionId, StatusDetails } from './job-execution.ts';
import type { RunResult, StopReason } from './outcome.ts';
import { failure, fitDetails, newestFirst, outcomeOfRun, progressDetails } from './outcomes.ts';
import { close, conclude, journal } from './reporting.ts';
import type { AgentState, ExecutionState, ReviewedPlan, Run, RunningPhase, StoppingPhase } from './state.ts';

export interface Start {
  readonly plan: ReviewedPlan;
  readonly stepIndex: number;
  readonly attempt: number;
}

export const FIRST = { stepIndex: 0, attempt: 1 } as const;

/** Starts a step. I1: the record that says so comes first. I2: attempts count up, so a run id is never used twice. */
export function begin(state: AgentState, id: ExecutionId, { plan, stepIndex, attempt }: Start): Decision {
  if (!state.journalUsable) return conclude(state, id, failure('JOURNAL_FAILED', JOURNAL_FAILED));
  const step = plan.steps[stepIndex];
  if (step === undefined) return conclude(state, id, failure('INTERRUPTED', CHANGED));
  // A job with two targets has the same id on both, and both may be agents of one machine: the journal tells them apart.
  const runId = `${id}.${stepIndex}.${attempt}.${state.journalId.slice(0, 8)}`;
  const phase: RunningPhase = { name: 'running', plan, stepIndex, step, attempt, runId };
  return inOrder(
    withExecution(state, id, () => ({ phase })),
    (now) => journal(now, id),
    (now) => ({ state: now, effects: [{ type: 'startRun', id, runId, stepIndex, attempt }] }),
    (now) => limit(now, id, phase),
    (now) => (plan.steps.length === 1 ? stay(now) : progressed(now, id, {})),
  );
}

const JOURNAL_FAILED =
  'the state directory cannot be written, so nothing is started: after a power cut nobody could tell what had run. ' +
  'See the log of the gateway for the file and the error.';

const CHANGED = 'it was interrupted, and its job document has no longer the step at which it was';

export function runProgressed(state: AgentState, id: ExecutionId, runId: string, details: StatusDetails): Decision {
  const phase = state.executions[id]?.phase;
  return phase?.name === 'running' && phase.runId === runId ? progressed(state, id, details) : stay(state);
}

/** Tells the service how far we are, unless it was told a moment ago: then the timer tells it the latest. */
export function tellProgress(state: AgentState, id: ExecutionId): Decision {
  const execution = state.executions[id];
  if (execution?.phase.name !== 'running' || !execution.progressPending) return stay(state);
  if (execution.progressHeld || !mayUpdate(state, id)) return stay(state);
  const statusDetails = progressDetails(execution, execution.phase);
  const delay = { kind: 'exactly', ms: state.settings.progressIntervalMs } as const;
  return inOrder(
    withExecution(state, id, () => ({ progressPending: false, progressHeld: true })),
    (now) => update(now, execution, { kind: 'progress', status: 'IN_PROGRESS', statusDetails }),
    (now) => ({ state: now, effects: [{ type: 'setTimer', timer: { name: 'progress', id }, delay }] }),
  );
}

/** I6: stops the run of an execution, if it has one. */
export function stop(state: AgentState, id: ExecutionId, reason: StopReason): Decision {
  const phase = state.executions[id]?.phase;
  if (phase?.name !== 'running') return stay(state);
  const { runId } = phase;
  return inOrder(
    withExecution(state, id, () => ({ phase: { ...phase, name: 'stopping', reason } })),
    (now) => journal(now, id),
    (now) => ({ state: now, effects: [{ type: 'stopRun', id, runId, reason }] }),
  );
}

export function runEnded(state: AgentState, id: ExecutionId, runId: string, result: RunResult): Decision {
  const execution = state.executions[id];
  const phase = execution?.phase;
  if (execution === undefined || (phase?.name !== 'running' && phase?.name !== 'stopping')) return stay(state);
  if (phase.runId !== runId) return stay(state);
  return inOrder(
    state,
    (now) => ({ state: now, effects: [{ type: 'clearTimer', timer: { name: 'stepTimeout', id, runId } }] }),
    (now) =>
      phase.name === 'running' ? stepEnded(now, execution, phase, result) : stopped(now, execution, phase, result),
  );
}

function stepEnded(state: AgentState, execution: ExecutionState, run: Run, result: RunResult): Decision {
  const { id } = execution;
  const { plan, step, stepIndex } = run;
  const isIgnored = result.status === 'failed' && step.ignoreFailure;
  if (result.status !== 'succeeded' && !isIgnored) return conclude(state, id, outcomeOfRun(execution, run, result));
  const heard: ExecutionState = {
    ...execution,
    details: merge(execution.details, result.details),
    ignoredFailures: isIgnored ? [...execution.ignoredFailures, step.name] : execution.ignoredFailures,
  };
  if (stepIndex + 1 === plan.steps.length) {
    return conclude(state, id, outcomeOfRun(heard, run, { ...result, status: 'succeeded' }));
  }
  const ended = withExecution(state, id, () => heard);
  return state.shutdown === 'stop'
    ? waitForNextStart(ended, id, stepIndex + 1)
    : begin(ended, id, { plan, stepIndex: stepIndex + 1, attempt: 1 });
}

/** I2: a step that has not begun may begin later, whatever its handler's author said of interruptions. */
function waitForNextStart(state: AgentState, id: ExecutionId, stepIndex: number): Decision {
  return journal(
    withExecution(state, id, () => ({ phase: { name: 'waiting', stepIndex, attempt: 0, onInterrupted: 'rerun' } })),
    id,
  );
}

function stopped(state: AgentState, execution: ExecutionState, phase: StoppingPhase, result: RunResult): Decision {
  const { id } = execution;
  const { step, stepIndex, attempt } = phase;
  switch (phase.reason) {
    case 'canceled':
      return close(state, execution, 'over');
    case 'timed-out':
      return stepEnded(state, execution, phase, {
        ...result,
        status: 'failed',
        reasonCode: 'STEP_TIMED_OUT',
        message: `step ${step.name} was still running at its time limit of ${Number(step.timeoutMs) / 1_000} s and was stopped`,
      });
    case 'shutdown': {
      const { onInterrupted } = step;
      if (onInterrupted === 'fail') return conclude(state, id, failure('AGENT_STOPPED', AGENT_STOPPED));
      return journal(
        withExecution(state, id, () => ({ phase: { name: 'waiting', stepIndex, attempt, onInterrupted } })),
        id,
      );
    }
  }
}

const AGENT_STOPPED = 'the agent was asked to stop while the handler ran, and the handler may not be run again';

function progressed(state: AgentState, id: ExecutionId, details: StatusDetails): Decision {
  const merged = withExecution(state, id, (execution) => ({
    details: merge(execution.details, details),
    progressPending: true,
  }));
  return tellProgress(merged, id);
}

function limit(state: AgentState, id: ExecutionId, { runId, step: { timeoutMs } }: Run): Decision {
  if (timeoutMs === null) return stay(state);
  const delay = { kind: 'exactly', ms: timeoutMs } as const;
  return { state, effects: [{ type: 'setTimer', timer: { name: 'stepTimeout', id, runId }, delay }] };
}

/** The newest comes first: of more than ten pairs the service keeps none, and the oldest matter least (I8). */
function merge(before: StatusDetails, after: StatusDetails): StatusDetails {
  return fitDetails(newestFirst(before, after));
}
