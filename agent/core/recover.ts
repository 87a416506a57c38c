/**
 * After a start: from the last record of each execution to where it goes on. The boot before this one may have ended by
 * a power cut; whatever still ran of an earlier agent process was ended before this is asked.
 */
import { type Decision, inOrder, stay } from './decision.ts';
import type { ExecutionRecord, LiveRecord, RecordedRun } from './execution-record.ts';
import { failure } from './outcomes.ts';
import { journal } from './reporting.ts';
import { type AgentState, type ExecutionState, MAX_FINISHED, type Phase } from './state.ts';

export function recover(state: AgentState, records: readonly ExecutionRecord[]): Decision {
  return inOrder(state, ...records.map((record) => (now: AgentState) => recoverOne(now, record)));
}

function recoverOne(state: AgentState, record: ExecutionRecord): Decision {
  if (record.phase === 'closed') {
    const { id, key, outcome, how } = record;
    return stay({ ...state, finished: [...state.finished, { id, key, outcome, how }].slice(-MAX_FINISHED) });
  }
  const { id, key, versionNumber, recoveries } = record;
  const execution: ExecutionState = {
    id,
    key,
    versionNumber,
    phase: phaseAfter(record, state.settings.maxRecoveries),
    details: {},
    ignoredFailures: [],
    progressPending: false,
    progressHeld: false,
    retries: 0,
    recoveries,
  };
  const recovered = { ...state, executions: { ...state.executions, [id]: execution } };
  return execution.phase.name === record.phase ? stay(recovered) : journal(recovered, id);
}

/** I2: an interrupted run is run again only if its handler's author declared that it may be. */
function phaseAfter(record: LiveRecord, maxRecoveries: number): Phase {
  switch (record.phase) {
    case 'claiming':
      return { name: 'claiming', plan: null };
    case 'reporting':
      return { name: 'reporting', outcome: record.outcome, plain: false };
    case 'stopping':
      if (record.reason === 'timed-out') return failed('STEP_TIMED_OUT', TIMED_OUT);
      // It was over in the cloud, or so it was said: describing it tells.
      return record.reason === 'canceled' ? waiting(record) : interrupted(record, maxRecoveries);
    default:
      return interrupted(record, maxRecoveries);
  }
}

function interrupted(record: RecordedRun & { readonly recoveries: number }, maxRecoveries: number): Phase {
  if (record.onInterrupted === 'fail') return failed('INTERRUPTED', INTERRUPTED);
  if (record.recoveries < maxRecoveries) return waiting(record);
  return failed('INTERRUPTED', `${INTERRUPTED}, once more after ${record.recoveries} times; it is not run again`);
}

function waiting({ stepIndex, attempt, onInterrupted }: RecordedRun): Phase {
  return { name: 'waiting', stepIndex, attempt, onInterrupted };
}

export const INTERRUPTED = 'power or the agent was lost while the handler ran';
const TIMED_OUT = 'the step was over its time limit and was being stopped when power or the agent was lost';

function failed(reasonCode: string, reason: string): Phase {
  return { name: 'reporting', outcome: failure(reasonCode, reason), plain: false };
}
