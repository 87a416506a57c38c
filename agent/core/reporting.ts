/** The end of an execution: the outcome on disk, then told, until the service accepts it or says that it is over (I3). */
import { type Decision, inOrder, stay, update, withExecution, withoutExecution } from './decision.ts';
import type { Effect } from './effect.ts';
import { closedRecordOf, recordOf } from './execution-record.ts';
import type { ExecutionId, JobExecutionStatus } from './job-execution.ts';
import type { Outcome } from './outcome.ts';
import { outcomeAtEnd, plainDetails } from './outcomes.ts';
import { type AgentState, type ExecutionState, type FinishedExecution, MAX_FINISHED } from './state.ts';

/** The outcome is known, or the failure before it is: write it down, then tell it. */
export function conclude(state: AgentState, id: ExecutionId, outcome: Outcome): Decision {
  const reporting = withExecution(state, id, (execution) => ({
    phase: { name: 'reporting', outcome: outcomeAtEnd(execution, outcome), plain: false },
    progressPending: false,
    retries: 0,
  }));
  return inOrder(
    reporting,
    (now) => journal(now, id),
    (now) => report(now, id),
  );
}

/** Sends the terminal update. */
export function report(state: AgentState, id: ExecutionId): Decision {
  const execution = state.executions[id];
  if (execution?.phase.name !== 'reporting') return stay(state);
  const { outcome, plain } = execution.phase;
  const statusDetails = plain ? plainDetails(outcome) : outcome.statusDetails;
  return update(state, execution, { kind: 'report', status: outcome.status, statusDetails });
}

/** It is over, and never looked at again but to recognise it. */
export function close(state: AgentState, { id, key, phase }: ExecutionState, how: FinishedExecution['how']): Decision {
  const outcome = phase.name === 'reporting' ? phase.outcome : null;
  const finished: FinishedExecution = { id, key, outcome, how };
  const closed = { ...withoutExecution(state, id), finished: [...state.finished, finished].slice(-MAX_FINISHED) };
  const written: Effect[] = state.journalUsable ? [{ type: 'journal', record: closedRecordOf(finished) }] : [];
  return {
    state: closed,
    effects: [...written, { type: 'cleanUp', id }],
  };
}

/** The service says that the execution is over, and in which status where it says so. */
export function told(state: AgentState, execution: ExecutionState, status: JobExecutionStatus | undefined): Decision {
  const { phase } = execution;
  // Our own update may have landed unheard.
  const isOurs = phase.name === 'reporting' && phase.outcome.status === status;
  return close(state, execution, isOurs ? 'accepted' : 'over');
}

/** Writes where an execution is now. Without a usable journal nothing is written, and `begin` starts nothing. */
export function journal(state: AgentState, id: ExecutionId): Decision {
  const execution = state.executions[id];
  if (execution === undefined || !state.journalUsable) return stay(state);
  return { state, effects: [{ type: 'journal', record: recordOf(execution) }] };
}
