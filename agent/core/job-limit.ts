/** The time limit of the whole job: the document's, or the service's, which says how much of it is left. */
import { type Decision, describe, stay, withExecution } from './decision.ts';
import type { ExecutionId, JobExecution } from './job-execution.ts';
import type { Outcome } from './outcome.ts';
import { failure, REBOOTS } from './outcomes.ts';
import { owesEnding } from './programme.ts';
import { conclude, journal } from './reporting.ts';
import { stop } from './running.ts';
import type { AgentState, ExecutionState, Run, StoppingPhase, WaitingPhase } from './state.ts';
import { failLater } from './waiting.ts';

/**
 * The service is about to end the execution at about this time (Developer Guide, `approximateSecondsBeforeTimedOut`; up
 * to 60 s late), whether it reaches us then or not: so the run is stopped by our own timer.
 */
export function limitJob(state: AgentState, id: ExecutionId, found: JobExecution): Decision {
  const seconds = found.approximateSecondsBeforeTimedOut;
  if (seconds === undefined || state.executions[id] === undefined) return stay(state);
  if (isOutOfTime(found)) return endJob(state, id);
  const delay = { kind: 'exactly', ms: seconds * 1_000 } as const;
  return { state, effects: [{ type: 'setTimer', timer: { name: 'jobTimeout', id }, delay }] };
}

/** What runs or waits is ended then, before anything more is told of it; and nothing is begun. */
export function isOutOfTime({ approximateSecondsBeforeTimedOut: seconds }: JobExecution): boolean {
  return seconds !== undefined && seconds <= 0;
}

/**
 * The service tells the earlier of two timers, and the step timer, which is ours, may have been renewed since. Offline it
 * was not, so then it is over in any case.
 */
export function jobLimitReached(state: AgentState, id: ExecutionId): Decision {
  const execution = state.executions[id];
  if (execution === undefined) return stay(state);
  const mayBeRenewed = state.connected && state.settings.stepTimeoutMinutes !== null;
  return mayBeRenewed ? describe(state, execution) : endJob(state, id);
}

/** The limit of the whole job is over, whoever set it. A restart that was asked for comes all the same, and tells. */
export function endJob(state: AgentState, id: ExecutionId): Decision {
  const execution = state.executions[id];
  const phase = execution?.phase;
  if (execution === undefined || phase === undefined) return stay(state);
  if (!isLimited(execution)) return stay(state);
  if (phase.name === 'running') return stop(state, id, 'job-timed-out');
  if (phase.name === 'stopping') return outdoStep(state, id, phase);
  if (phase.name === 'waiting') return endWaiting(state, execution, withoutStart(phase), phase.reason);
  const isToBeAsked = phase.name === 'awaiting-reboot' && !phase.requested;
  return isToBeAsked ? endWaiting(state, execution, phase, REBOOTS[phase.how].awaited) : stay(state);
}

/** Rollbacks, what always runs, and the clean-up of what has failed have limits of their own. */
export function isLimited({ ending, phase }: ExecutionState): boolean {
  const isCleanUp =
    (phase.name === 'waiting' && phase.next.kind === 'clean-up') ||
    ('purpose' in phase && phase.purpose.kind === 'clean-up');
  return ending.state !== 'begun' && !isCleanUp;
}

/** The limit comes once: a step that is being stopped for its own would be run again after it, or passed by. */
function outdoStep(state: AgentState, id: ExecutionId, phase: StoppingPhase): Decision {
  if (phase.reason !== 'timed-out') return stay(state);
  const outdone = withExecution(state, id, () => ({ phase: { ...phase, reason: 'job-timed-out' } }));
  return journal(outdone, id);
}

export const OVER_BEFORE_BEGUN: Outcome = failure(
  'JOB_TIMED_OUT',
  'the time limit of the job was over before anything of it was begun',
);

function endWaiting(
  state: AgentState,
  execution: ExecutionState,
  place: Pick<Run, 'stepIndex' | 'attempt'>,
  why: string,
): Decision {
  const outcome = overWhileWaiting(execution, why);
  if (owesEnding(execution)) return failLater(state, execution.id, outcome, place);
  return conclude(state, execution.id, outcome);
}

/** The start that the service may have been told of is not made: what is told of next has another number. */
function withoutStart({ stepIndex, attempt, begins }: WaitingPhase): Pick<Run, 'stepIndex' | 'attempt'> {
  return { stepIndex, attempt: begins === null ? attempt : attempt + 1 };
}

function overWhileWaiting({ details }: ExecutionState, why: string): Outcome {
  const reason = `the time limit of the job was over while it waited to go on${why === '' ? '' : `: ${why}`}`;
  return failure('JOB_TIMED_OUT', reason, Object.entries(details));
}
