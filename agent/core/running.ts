/** The runs of an execution: one step after the other, each begun only when the journal says so. */
import { type Decision, heartbeatLater, inOrder, stay, withExecution } from './decision.ts';
import type { ExecutionId, StatusDetails } from './job-execution.ts';
import type { FailedRun, Outcome, RunOutput, RunResult, StopReason, SucceededRun } from './outcome.ts';
import { failure, merge, outcomeOfPlan, outcomeOfRun, withName } from './outcomes.ts';
import { afterStep, type EndedStep, hasEnding, nextStep } from './programme.ts';
import { progressed } from './progress.ts';
import { awaitReboot, rebootWhenAlone, refusedReboot } from './rebooting.ts';
import { close, conclude, journal } from './reporting.ts';
import { isExclusivePlan, mayRunBeside } from './room.ts';
import type {
  AgentState,
  Ending,
  ExecutionState,
  ReviewedPlan,
  Run,
  RunningPhase,
  RunPurpose,
  StoppingPhase,
} from './state.ts';
import { exhausted, interruptedRun, postpone, putOff, runAgain } from './waiting.ts';

export interface Start {
  readonly plan: ReviewedPlan;
  readonly stepIndex: number;
  readonly attempt: number;
  readonly purpose: RunPurpose;
}

/** The first run of a step: its work, or before it the question whether it is to be done here. */
export function firstRun(plan: ReviewedPlan, stepIndex: number): Start {
  const isAsked = plan.steps[stepIndex]?.conditional === true;
  return { plan, stepIndex, attempt: 1, purpose: { kind: isAsked ? 'condition' : 'work' } };
}

/** Begins an execution that was claimed just now; later, if this is no time to begin anything. */
export function start(state: AgentState, id: ExecutionId, plan: ReviewedPlan): Decision {
  return state.shutdown === null && mayRunBeside(state, id, isExclusivePlan(plan))
    ? begin(state, id, firstRun(plan, 0))
    : putOff(state, id, 0);
}

/**
 * Starts a step. I1: the record that says so comes first. I2: attempts count up, those of a question by themselves, so a
 * run id is never used twice.
 */
export function begin(state: AgentState, id: ExecutionId, { plan, stepIndex, attempt, purpose }: Start): Decision {
  if (!state.journalUsable) return beginNothing(state, id, { plan, stepIndex, purpose });
  const step = plan.steps[stepIndex];
  if (step === undefined) return conclude(state, id, failure('INTERRUPTED', CHANGED));
  const isAsked = purpose.kind === 'condition';
  // A job with two targets has the same id on both, and both may be agents of one machine: the journal tells them apart.
  const runId = `${id}.${stepIndex}.${isAsked ? 'c' : ''}${attempt}.${state.journalId.slice(0, 8)}`;
  const phase: RunningPhase = { name: 'running', plan, stepIndex, step, attempt, runId, purpose };
  const isFirst = plan.steps.length === 1 && attempt === 1 && step.conditional === isAsked;
  return inOrder(
    withExecution(state, id, ({ ending }) => ({ phase, ending: owing(ending, plan) })),
    (now) => journal(now, id),
    (now) => ({ state: now, effects: [{ type: 'startRun', id, runId, stepIndex, attempt, purpose: purpose.kind }] }),
    (now) => limit(now, id, phase),
    (now) => limitDocument(now, id, plan),
    (now) => heartbeatLater(now, id),
    // What was told of a wait or of another step holds no more.
    (now) => (isFirst ? stay(now) : progressed(now, id, {})),
  );
}

/** Nor what comes after it: each of those fails likewise, so that what was not rolled back is told. */
function beginNothing(state: AgentState, id: ExecutionId, begun: Omit<Start, 'attempt'>): Decision {
  const { plan, stepIndex, purpose } = begun;
  const execution = state.executions[id];
  if (execution === undefined) return stay(state);
  const outcome = purpose.kind === 'clean-up' ? purpose.outcome : failure('JOURNAL_FAILED', JOURNAL_FAILED);
  return advance(state, execution, { plan, stepIndex, end: { kind: 'failed', outcome } });
}

export function owing(ending: Ending, plan: ReviewedPlan): Ending {
  return ending.state === 'none' && hasEnding(plan) ? { ...ending, state: 'owed' } : ending;
}

const JOURNAL_FAILED =
  'the state directory cannot be written, so nothing is started: after a power cut nobody could tell what had run. ' +
  'See the log of the gateway for the file and the error.';

const CHANGED = 'it was interrupted, and its job document has no longer the step at which it was';

export function runProgressed(state: AgentState, id: ExecutionId, runId: string, details: StatusDetails): Decision {
  const phase = state.executions[id]?.phase;
  return phase?.name === 'running' && phase.runId === runId ? progressed(state, id, details) : stay(state);
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
    rebootWhenAlone,
  );
}

/** A step has ended, this one or another of its plan: what is next, or the end. */
export function advance(
  state: AgentState,
  execution: ExecutionState,
  ended: EndedStep & { readonly result?: SucceededRun },
): Decision {
  const { id } = execution;
  const { plan, stepIndex, result = NOTHING_TOLD } = ended;
  const ending = afterStep(execution, ended);
  const next = nextStep(plan, ending, stepIndex);
  const isEnding = next !== null && plan.steps[next]?.role !== 'work';
  const now = withExecution(state, id, () => ({
    ...execution,
    ...{ postponements: 0, reboots: 0, failures: 0 },
    ending: isEnding ? { ...ending, state: 'begun' } : ending,
  }));
  if (next === null) return conclude(now, id, outcomeOfPlan(execution, plan, result));
  return state.shutdown === 'stop' ? putOff(now, id, next) : begin(now, id, firstRun(plan, next));
}

const NOTHING_TOLD: SucceededRun = { status: 'succeeded', details: {}, stdoutTail: '', stderrTail: '' };

function stepEnded(state: AgentState, execution: ExecutionState, run: Run, result: RunResult): Decision {
  const { id } = execution;
  const { plan, step, stepIndex, purpose } = run;
  const heard = { ...execution, details: merge(execution.details, result.details) };
  if (purpose.kind === 'clean-up') return fail(state, heard, run, purpose.outcome);
  if (result.status === 'later') {
    const failed = exhausted(state, execution, result);
    return failed === null
      ? postpone(heardOf(state, heard), heard, run, result)
      : stepFailed(state, heard, run, failed);
  }
  if (result.status === 'reboot') {
    const failed = refusedReboot(state, execution, result);
    return failed === null
      ? awaitReboot(heardOf(state, heard), heard, run, result.how)
      : stepFailed(state, heard, run, failed);
  }
  if (result.status === 'skipped') {
    const skippedSteps = withName(execution.skippedSteps, step.name);
    return advance(state, { ...heard, skippedSteps }, { plan, stepIndex, end: PASSED_BY, result: succeededAs(result) });
  }
  if (result.status === 'succeeded') {
    if (purpose.kind !== 'condition') return advance(state, heard, { plan, stepIndex, end: DONE, result });
    return begin(heardOf(state, heard), id, { plan, stepIndex, attempt: 1, purpose: { kind: 'work' } });
  }
  return runAgain(heardOf(state, heard), heard, run, result) ?? stepFailed(state, heard, run, result);
}

/** For good: the loop breakers come here at once, for what asks for ever is not asked again. */
function stepFailed(state: AgentState, execution: ExecutionState, run: Run, result: FailedRun): Decision {
  const { step, plan, stepIndex } = run;
  if (result.status === 'rejected' || !step.ignoreFailure) {
    return fail(state, execution, run, outcomeOfRun(execution, run, result));
  }
  const ignoredFailures = withName(execution.ignoredFailures, step.name);
  return advance(
    state,
    { ...execution, ignoredFailures },
    { plan, stepIndex, end: PASSED_BY, result: succeededAs(result) },
  );
}

const DONE = { kind: 'done' } as const;
const PASSED_BY = { kind: 'passed-by' } as const;

function succeededAs({ details, stdoutTail, stderrTail }: RunOutput): SucceededRun {
  return { status: 'succeeded', details, stdoutTail, stderrTail };
}

/** The step has failed for good: what is next, or the end. */
function fail(state: AgentState, execution: ExecutionState, run: Run, outcome: Outcome): Decision {
  const { plan, stepIndex } = run;
  return advance(state, execution, { plan, stepIndex, end: { kind: 'failed', outcome } });
}

function heardOf(state: AgentState, execution: ExecutionState): AgentState {
  return withExecution(state, execution.id, () => execution);
}

function stopped(state: AgentState, execution: ExecutionState, phase: StoppingPhase, result: RunResult): Decision {
  if (phase.reason === 'canceled') return close(state, execution, 'over');
  if (phase.reason === 'shutdown') return shutDownRun(state, execution, phase, result);
  if (phase.purpose.kind === 'clean-up') return fail(state, execution, phase, phase.purpose.outcome);
  const { step } = phase;
  if (phase.reason === 'job-timed-out') {
    const message = `step ${step.name} was still running when the time limit of the job was over, and was stopped`;
    return fail(state, execution, phase, outcomeOfRun(execution, phase, failed(result, 'JOB_TIMED_OUT', message)));
  }
  return stepEnded(state, execution, phase, overLimit(state, phase, result));
}

/** The limit of a condition is ours, and not the one that the document gives its step. */
function overLimit(state: AgentState, phase: StoppingPhase, result: RunResult): FailedRun {
  const { name } = phase.step;
  const seconds = Number(limitOf(state, phase)) / 1_000;
  return phase.purpose.kind === 'condition'
    ? failed(result, 'CONDITION_UNKNOWN', `whether step ${name} is to run here could not be told within ${seconds} s`)
    : failed(
        result,
        'STEP_TIMED_OUT',
        `step ${name} was still running at its time limit of ${seconds} s and was stopped`,
      );
}

function shutDownRun(state: AgentState, execution: ExecutionState, phase: StoppingPhase, result: RunResult): Decision {
  const { id } = execution;
  const { step, purpose } = phase;
  // What the handler asks for can be done after the next start.
  if (result.status === 'later' || result.status === 'reboot') return stepEnded(state, execution, phase, result);
  if (purpose.kind === 'work' && step.onInterrupted === 'fail') {
    return fail(state, execution, phase, failure('AGENT_STOPPED', AGENT_STOPPED));
  }
  return journal(
    withExecution(state, id, () => ({ phase: interruptedRun(phase), progressPending: false })),
    id,
  );
}

const AGENT_STOPPED = 'the agent was asked to stop while the handler ran, and the handler may not be run again';

function failed({ details, stdoutTail, stderrTail }: RunOutput, reasonCode: string, message: string): FailedRun {
  return { status: 'failed', reasonCode, message, details, stdoutTail, stderrTail };
}

function limit(state: AgentState, id: ExecutionId, { runId, step, purpose }: Run): Decision {
  const timeoutMs = limitOf(state, { step, purpose });
  if (timeoutMs === null) return stay(state);
  const delay = { kind: 'exactly', ms: timeoutMs } as const;
  return { state, effects: [{ type: 'setTimer', timer: { name: 'stepTimeout', id, runId }, delay }] };
}

/** Clean-ups and conditions have one of their own. */
function limitOf({ settings }: AgentState, { step, purpose }: Pick<Run, 'step' | 'purpose'>): number | null {
  return purpose.kind === 'clean-up' || purpose.kind === 'condition' ? settings.cleanUpLimitMs : step.timeoutMs;
}

/** How much of it was over before a restart nobody knows: then it is measured anew. */
function limitDocument(state: AgentState, id: ExecutionId, { timeoutMs }: ReviewedPlan): Decision {
  if (timeoutMs === undefined || state.executions[id]?.isLimited === true) return stay(state);
  const delay = { kind: 'exactly', ms: timeoutMs } as const;
  return {
    state: withExecution(state, id, () => ({ isLimited: true })),
    effects: [{ type: 'setTimer', timer: { name: 'documentTimeout', id }, delay }],
  };
}
