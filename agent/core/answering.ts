/** What an answer means, by what the request was for; a refusal by the table of `answer-rules.ts`. */
import type { AnswerRule } from './answer-rules.ts';
import { claimAnswered, claimLater, claimMore, listAnswered } from './claiming.ts';
import { type Decision, describe, inOrder, stay, withExecution } from './decision.ts';
import { described, dropReplaced, over, tellOn } from './describing.ts';
import type { AgentEvent } from './event.ts';
import { toldToGoOn } from './going-on.ts';
import { type ExecutionId, isTerminal, type JobExecutionState } from './job-execution.ts';
import { retryLater } from './looking-again.ts';
import { close } from './reporting.ts';
import { start } from './running.ts';
import type { AgentState, ClaimingPhase, ExecutionState, Phase, RequestPurpose, UpdatePurpose } from './state.ts';

/** A service that keeps naming other versions is asked again only after a while. */
const MAX_ADOPTIONS = 5;

export interface Refusal {
  readonly rule: AnswerRule;
  /** What the service says of the execution, where it says so. */
  readonly found: JobExecutionState | undefined;
}

export function accepted(
  state: AgentState,
  purpose: RequestPurpose,
  { answer, verdict }: Extract<AgentEvent, { type: 'requestAccepted' }>,
): Decision {
  switch (answer.operation) {
    case 'StartNextPendingJobExecution':
      return purpose.kind === 'claim'
        ? inOrder(
            state,
            (now) => claimAnswered(now, purpose.open, answer.execution, verdict),
            (now) => dropReplaced(now, [answer.execution]),
            claimMoreIfNew(state),
          )
        : stay(state);
    case 'GetPendingJobExecutions':
      return purpose.kind === 'list'
        ? inOrder(
            state,
            (now) => listAnswered(now, answer),
            (now) => dropReplaced(now, [...answer.inProgressJobs, ...answer.queuedJobs]),
          )
        : stay(state);
    case 'DescribeJobExecution':
      return purpose.kind === 'check'
        ? inOrder(state, (now) => described(now, purpose.id, answer.execution, verdict), claimMoreIfNew(state))
        : stay(state);
    case 'UpdateJobExecution':
      return 'expectedVersion' in purpose ? updated(state, purpose) : stay(state);
  }
}

export function refused(state: AgentState, purpose: RequestPurpose, { rule, found }: Refusal): Decision {
  if (!('id' in purpose)) return claimLater(state);
  const execution = state.executions[purpose.id];
  if (execution === undefined) return stay(state);
  const { id } = execution;
  switch (rule) {
    case 'retry':
      return isEnded(found) ? over(state, execution, found) : retryLater(state, execution);
    case 'end':
      return over(state, execution, found);
    case 'leave':
      // Described meanwhile as ours, it may have begun.
      if (execution.phase.name !== 'claiming') return tellOn(state, id);
      return inOrder(state, (now) => close(now, execution, 'over'), claimMore);
    case 'plain':
      return retryLater(
        withExecution(state, id, ({ phase }) => ({ phase: withoutDetails(phase) })),
        execution,
      );
    case 'adopt':
      return adopt(state, execution, found);
    case 'forget':
      return tellOn(state, id);
  }
}

/** Claims further only when the answer changed what we have: a service that answers the same must not make us spin. */
function claimMoreIfNew(before: AgentState): (state: AgentState) => Decision {
  return (now) => (now.executions === before.executions ? stay(now) : claimMore(now));
}

function updated(state: AgentState, { kind, id, expectedVersion }: UpdatePurpose): Decision {
  const execution = state.executions[id];
  if (execution === undefined) return stay(state);
  if (kind === 'report') return inOrder(state, (now) => close(now, execution, 'accepted'), claimMore);
  // Each accepted update adds exactly one (Developer Guide, versionNumber); a description may have told us before.
  const versionNumber = Math.max(execution.versionNumber, expectedVersion + 1);
  const now = withExecution(state, id, () => ({ versionNumber, retries: 0 }));
  const { phase } = execution;
  if (phase.name === 'claiming') return taken(now, id, phase);
  return inOrder(
    now,
    (after) => (kind === 'goOn' ? toldToGoOn(after, id) : stay(after)),
    (after) => tellOn(after, id),
  );
}

/** Claimed by our own choice, and so it has a plan: only what was reviewed is taken. */
function taken(state: AgentState, id: ExecutionId, { plan }: ClaimingPhase): Decision {
  return plan === null ? stay(state) : inOrder(state, (now) => start(now, id, plan), claimMore);
}

function withoutDetails(phase: Phase): Phase {
  return phase.name === 'reporting' ? { ...phase, plain: true } : phase;
}

/**
 * VersionMismatch: look at the execution, then go on with the version it has (I4). The version that comes with the
 * rejection does not do: it may be that of another execution, made under the same job id and number after ours was
 * deleted, and only a description says when it was queued.
 */
function adopt(state: AgentState, execution: ExecutionState, found: JobExecutionState | undefined): Decision {
  if (isEnded(found)) return over(state, execution, found);
  const { id, retries } = execution;
  if (retries >= MAX_ADOPTIONS) return retryLater(state, execution);
  return describe(
    withExecution(state, id, () => ({ retries: retries + 1 })),
    execution,
  );
}

/** Whatever was refused, it says that the execution is over. */
function isEnded(found: JobExecutionState | undefined): boolean {
  return found !== undefined && isTerminal(found.status);
}
