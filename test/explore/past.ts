/** What the invariants remember of a walk: what ran, and what the agent was told. */
import type { AgentEvent } from '../../agent/core/event.ts';
import type { ExecutionRecord, LiveRecord } from '../../agent/core/execution-record.ts';
import { type ExecutionId, executionId, isTerminal } from '../../agent/core/job-execution.ts';
import type { RunResult } from '../../agent/core/outcome.ts';
import { isOver } from '../../agent/core/rejection.ts';
import type { AgentState, RequestPurpose, ReviewedStep } from '../../agent/core/state.ts';
import { type ExecutionPast, type Machine, NO_PAST, type Past, type RunEnd } from './world.ts';

/** What the agent is told, remembered before it decides. */
export function remember(past: Past, agent: AgentState, event: AgentEvent): Past {
  switch (event.type) {
    case 'requestAccepted': {
      const purpose = agent.requests[event.requestId];
      return purpose === undefined ? past : accepted(past, agent, purpose, event);
    }
    case 'requestRejected': {
      const purpose = agent.requests[event.requestId];
      if (purpose === undefined || !('id' in purpose)) return past;
      const found = event.rejection.executionState;
      const saysOver = isOver(event.rejection) || (found !== undefined && isTerminal(found.status));
      return saysOver ? withPast(past, purpose.id, { isOver: true }) : past;
    }
    case 'runEnded':
      return ended(past, agent, event);
    default:
      return past;
  }
}

/** A step that begins, as the disk has it. */
export function rememberWritten(past: Past, record: ExecutionRecord): Past {
  const known = record.phase === 'waiting' && record.next.kind === 'conclude' ? withFailedRestart(past, record) : past;
  const begins = beginsIn(record);
  const { written } = known[record.id] ?? NO_PAST;
  if (begins === undefined || written.includes(begins)) return known;
  return withPast(known, record.id, { written: [...written, begins] });
}

function beginsIn(record: ExecutionRecord): number | undefined {
  if (record.phase === 'running') return record.stepIndex;
  return record.phase === 'waiting' ? record.begins : undefined;
}

/** The restart came too late, or never, and the disk knows that it is a failure: another boot changes that no more. */
function withFailedRestart(past: Past, { id, stepIndex }: LiveRecord & { readonly stepIndex: number }): Past {
  const { runs } = past[id] ?? NO_PAST;
  const last = runs.at(-1);
  if (last?.stepIndex !== stepIndex || (last.end !== 'reboot' && last.end !== 'power-off')) return past;
  return withPast(past, id, { runs: runs.map((run) => (run === last ? { ...run, end: 'stopped' } : run)) });
}

/** What a start of the agent forgets. What its journal says of a version is a guess until the service has said it. */
export function forgotten(past: Past): Past {
  return Object.fromEntries(Object.entries(past).map(([id, one]) => [id, { ...one, heardVersion: 0, isOver: false }]));
}

/** A restart that was asked for counts only in another boot, and only if there is nothing that could tell better. */
export function isStepDone({ runs }: ExecutionPast, step: ReviewedStep, index: number, { boot }: Machine): boolean {
  const last = runs.filter(({ stepIndex, purpose }) => stepIndex === index && purpose !== 'clean-up').at(-1);
  switch (last?.end) {
    case 'succeeded':
      return last.purpose !== 'condition';
    case 'skipped':
      return true;
    case 'failed':
      return step.ignoreFailure && failuresOf(runs, index) > (step.retries?.count ?? 0);
    case 'reboot':
    case 'power-off':
      return !step.verifies && last.boot !== boot;
    default:
      return false;
  }
}

/** As its handler said, or another boot: not skipped, and not a failure that is ignored. */
export function hasSucceeded(past: ExecutionPast, step: ReviewedStep, index: number, machine: Machine): boolean {
  const end = past.runs.filter(({ stepIndex, purpose }) => stepIndex === index && purpose !== 'clean-up').at(-1)?.end;
  return isStepDone(past, step, index, machine) && end !== 'skipped' && end !== 'failed';
}

/** By its own word. Of a restart, whether it had come too late, and was a failure by then, only the core can say. */
export function saidSuccess({ runs }: ExecutionPast, index: number): boolean {
  const last = runs.filter(({ stepIndex, purpose }) => stepIndex === index && purpose !== 'clean-up').at(-1);
  return last?.end === 'succeeded' && last.purpose !== 'condition';
}

/** How often it has failed: each time but the last it may be run again, if its document says so. */
export function failuresOf(runs: ExecutionPast['runs'], index: number): number {
  return runs.filter(({ stepIndex, end }) => stepIndex === index && end === 'failed').length;
}

export function endOf(result: RunResult): RunEnd {
  return result.status === 'reboot' && result.how === 'power-off' ? 'power-off' : result.status;
}

export function withPast(past: Past, id: ExecutionId, change: Partial<ExecutionPast>): Past {
  const before = past[id] ?? NO_PAST;
  const isSame = Object.entries(change).every(([member, value]) => before[member as keyof ExecutionPast] === value);
  return isSame ? past : { ...past, [id]: { ...before, ...change } };
}

function ended(past: Past, agent: AgentState, { id, runId, result }: Extract<AgentEvent, { type: 'runEnded' }>): Past {
  const phase = agent.executions[id]?.phase;
  const before = past[id];
  if (before === undefined || (phase?.name !== 'running' && phase?.name !== 'stopping')) return past;
  const isAsking = result.status === 'later' || result.status === 'reboot';
  const isHeard = phase.name === 'running' || (phase.reason === 'shutdown' && isAsking);
  const isTimedOut = phase.name === 'stopping' && phase.reason === 'timed-out';
  const end: RunEnd = isHeard ? endOf(result) : isTimedOut ? 'failed' : 'stopped';
  return withPast(past, id, { runs: before.runs.map((run) => (run.runId === runId ? { ...run, end } : run)) });
}

function accepted(
  past: Past,
  agent: AgentState,
  purpose: RequestPurpose,
  { answer }: Extract<AgentEvent, { type: 'requestAccepted' }>,
): Past {
  if (answer.operation === 'UpdateJobExecution') {
    if (!('expectedVersion' in purpose)) return past;
    const heardVersion = Math.max((past[purpose.id] ?? NO_PAST).heardVersion, purpose.expectedVersion + 1);
    return withPast(past, purpose.id, { heardVersion, isConfirmed: true });
  }
  if (answer.operation === 'GetPendingJobExecutions') {
    // Of an execution that it holds only a description counts: a list may be older than the last update.
    const named = [...answer.inProgressJobs, ...answer.queuedJobs];
    return named
      .filter((one) => agent.executions[executionId(one)] === undefined)
      .reduce((now, one) => heard(now, executionId(one), one.versionNumber), past);
  }
  if (answer.execution === null) return past;
  const id = executionId(answer.execution);
  const now = heard(past, id, answer.execution.versionNumber);
  return answer.execution.status === 'IN_PROGRESS' ? withPast(now, id, { isConfirmed: true }) : now;
}

function heard(past: Past, id: ExecutionId, versionNumber: number): Past {
  return withPast(past, id, { heardVersion: Math.max((past[id] ?? NO_PAST).heardVersion, versionNumber) });
}
