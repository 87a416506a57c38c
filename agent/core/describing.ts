/** What the service has of an execution that we hold: still ours, or over; and what follows from that. */
import { choose, claimMore } from './claiming.ts';
import { type Decision, inOrder, stay, withExecution } from './decision.ts';
import type { PlanVerdict } from './event.ts';
import { goOn } from './going-on.ts';
import {
  type ExecutionId,
  type ExecutionKey,
  executionId,
  isTerminal,
  type JobExecution,
  type JobExecutionState,
} from './job-execution.ts';
import { isLimited, isOutOfTime, limitJob } from './job-limit.ts';
import { retryLater } from './looking-again.ts';
import { tellProgress } from './progress.ts';
import { journal, report, told } from './reporting.ts';
import { stop } from './running.ts';
import type { AgentState, ClaimingPhase, ExecutionState, Phase, StoppingPhase, WaitingPhase } from './state.ts';

/** DescribeJobExecution answered: is it still ours, and what follows from that? */
export function described(
  state: AgentState,
  id: ExecutionId,
  found: JobExecution | null,
  verdict: PlanVerdict | undefined,
): Decision {
  const execution = state.executions[id];
  if (execution === undefined) return stay(state);
  // Not the service's word that it is over: that is a rejection.
  if (found === null) return retryLater(state, execution);
  // Another queuedAt is another execution: ours was deleted and its number used again.
  if (executionId(found) !== id) return over(state, execution, undefined);
  if (isTerminal(found.status)) return over(state, execution, found);
  const { phase } = execution;
  // Of what comes to nothing again and again a description is a part: the waits go on growing.
  const retries = phase.name === 'running' ? 0 : execution.retries;
  // The step timer may have run on while we were offline: the service has to hear that we live.
  const progressPending = execution.progressPending || state.settings.stepTimeoutMinutes !== null;
  const current = { ...execution, versionNumber: found.versionNumber, retries, progressPending };
  const known = withExecution(state, id, () => current);
  const isEnded = isOutOfTime(found) && isLimited(current);
  if (isEnded && (phase.name === 'running' || phase.name === 'waiting')) return limitJob(known, id, found);
  return inOrder(
    known,
    (now) => stillOurs(now, current, found, verdict),
    (now) => limitJob(now, id, found),
  );
}

function stillOurs(
  state: AgentState,
  execution: ExecutionState,
  found: JobExecution,
  verdict: PlanVerdict | undefined,
): Decision {
  const { id, phase } = execution;
  if (!isUndecided(phase)) return phase.name === 'stopping' ? stay(state) : tellOn(state, id);
  if (state.shutdown !== null) return stay(state);
  // It was asked for without a document, or the service left it out.
  if (verdict === undefined) return retryLater(state, execution);
  return phase.name === 'claiming'
    ? choose(state, execution, found, verdict)
    : goOn(state, execution, phase, { found, verdict });
}

/** What follows depends on its document. */
function isUndecided(phase: Phase): phase is ClaimingPhase | WaitingPhase {
  return phase.name === 'claiming' || (phase.name === 'waiting' && phase.due);
}

/** The service says that an execution is over: its run is stopped (I6), or there is nothing left to do. */
export function over(state: AgentState, execution: ExecutionState, found: JobExecutionState | undefined): Decision {
  const { id, phase } = execution;
  if (phase.name === 'running') return stop(state, id, 'canceled');
  if (phase.name === 'stopping') return nothingToTell(state, id, phase);
  return inOrder(state, (now) => told(now, execution, found?.status), claimMore);
}

/** I6: whatever it is being stopped for, nothing is reported after that and no further step begins. */
function nothingToTell(state: AgentState, id: ExecutionId, phase: StoppingPhase): Decision {
  if (phase.reason === 'canceled') return stay(state);
  const canceled = withExecution(state, id, () => ({ phase: { ...phase, reason: 'canceled' } }));
  return journal(canceled, id);
}

/**
 * The job id and number of a deleted execution may be used again. One that was queued later proves that ours is gone;
 * and an update cannot say which of the two it means, so ours must not be told of any more.
 */
export function dropReplaced(state: AgentState, named: readonly (ExecutionKey | null)[]): Decision {
  const isReplaced = ({ key }: ExecutionState) =>
    named.some(
      (other) =>
        other?.jobId === key.jobId && other.executionNumber === key.executionNumber && other.queuedAt > key.queuedAt,
    );
  const replaced = Object.values(state.executions).filter(isReplaced);
  return inOrder(state, ...replaced.map((execution) => (now: AgentState) => over(now, execution, undefined)));
}

/** No update is under way any more: tells the service what waits to be told. */
export function tellOn(state: AgentState, id: ExecutionId): Decision {
  return inOrder(
    state,
    (now) => report(now, id),
    (now) => tellProgress(now, id),
    claimMore,
  );
}
