/** I1 to I6 of the design, held against every decision. What they need to remember is the world's `past`. */
import type { Effect } from '../../agent/core/effect.ts';
import type { AgentEvent } from '../../agent/core/event.ts';
import { type ExecutionId, executionId, isTerminal } from '../../agent/core/job-execution.ts';
import type { UpdateJobExecution } from '../../agent/core/jobs-request.ts';
import { isOver } from '../../agent/core/rejection.ts';
import type { AgentState, RequestPurpose } from '../../agent/core/state.ts';
import type { SimulatedExecution } from '../fixtures/service-rules.ts';
import { type Disk, type ExecutionPast, type LiveRun, NO_PAST, type Past, type World } from './world.ts';

export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6';

export class Violation extends Error {
  readonly invariant: Invariant;

  constructor(invariant: Invariant, what: string, facts: unknown) {
    super(`${invariant}: ${what}: ${JSON.stringify(facts)}`);
    this.invariant = invariant;
  }
}

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
    case 'runEnded': {
      const phase = agent.executions[event.id]?.phase;
      const isLast = phase?.name === 'running' && phase.stepIndex + 1 === phase.plan.steps.length;
      return isLast && event.result.status === 'succeeded' ? withPast(past, event.id, { hasSucceeded: true }) : past;
    }
    default:
      return past;
  }
}

/** What a start of the agent forgets, and what it reads instead. */
export function rememberFromDisk(past: Past, { records }: Disk): Past {
  const entries = Object.entries(past).map(([id, one]) => {
    const record = records.find((record) => record.id === id);
    const heardVersion = record === undefined || record.phase === 'closed' ? 0 : record.versionNumber;
    return [id, { ...one, heardVersion, isOver: false }] as const;
  });
  return Object.fromEntries(entries);
}

/** @param disk as it is when the effect is performed: after the journal effects of its decision. */
export function checkEffect(effect: Effect, after: AgentState, { past, disk, cloud, runs }: World): Past {
  if (effect.type === 'startRun') return checkStart(effect, after, { past, disk, cloud, runs });
  if (effect.type === 'request' && effect.request.operation === 'UpdateJobExecution') {
    const purpose = after.requests[effect.requestId];
    if (purpose === undefined || !('expectedVersion' in purpose))
      throw new Violation('I4', 'an update has no purpose', effect);
    checkUpdate(purpose, effect.request, after, { past, disk });
  }
  return past;
}

/** I6: what the agent knows to be over does not go on running. */
export function checkRuns({ runs, past }: World): void {
  for (const run of runs) {
    if (past[run.id]?.isOver === true && !run.isStopped) {
      throw new Violation('I6', 'the run of an execution that is over is stopped at once', run);
    }
  }
}

/** I3, of a world in which nothing is under way any more. */
export function checkSettled({ cloud, past }: World): void {
  for (const execution of cloud) {
    if ((past[execution.id]?.runs.length ?? 0) === 0) continue;
    if (execution.told.length !== (wasEndedByService(execution) ? 0 : 1)) {
      throw new Violation('I3', 'what was started is told once, or the service ended it', execution);
    }
  }
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

function checkStart(
  effect: Extract<Effect, { type: 'startRun' }>,
  after: AgentState,
  { past, disk, cloud, runs }: Pick<World, 'past' | 'disk' | 'cloud' | 'runs'>,
): Past {
  const { id, runId, stepIndex, attempt } = effect;
  const before = past[id] ?? NO_PAST;
  const record = disk.records.find((one) => one.id === id);
  const isWritten = record?.phase === 'running' && record.stepIndex === stepIndex && record.attempt === attempt;
  if (!isWritten || !after.journalUsable) throw new Violation('I1', 'a run is on disk before it starts', effect);
  if (before.runs.some((run) => run.runId === runId)) throw new Violation('I2', 'a run id is used once', effect);
  if (runs.some((run) => run.id === id)) throw new Violation('I2', 'an execution has one run at a time', effect);
  const theirs = cloud.find((one) => one.id === id);
  const step = theirs?.verdict.kind === 'run' ? theirs.verdict.plan.steps[stepIndex] : undefined;
  const wasStarted = before.runs.some((run) => run.stepIndex === stepIndex);
  if (step?.onInterrupted === 'fail' && wasStarted) throw new Violation('I2', 'a `fail` handler starts once', effect);
  if (!before.isConfirmed) throw new Violation('I5', 'a run starts only after IN_PROGRESS was accepted', effect);
  if (before.isOver) throw new Violation('I6', 'nothing starts for an execution that is over', effect);
  return withPast(past, id, { runs: [...before.runs, { runId, stepIndex }], hasSucceeded: false });
}

/** The phase that must be on disk before an update of that kind is sent. */
const PHASE_BEFORE = { take: 'claiming', progress: 'running', report: 'reporting' } as const;

function checkUpdate(
  { id, kind }: Extract<RequestPurpose, { kind: 'take' | 'progress' | 'report' }>,
  request: UpdateJobExecution,
  after: AgentState,
  { past, disk }: Pick<World, 'past' | 'disk'>,
): void {
  const { heardVersion, isOver, hasSucceeded } = past[id] ?? NO_PAST;
  const record = disk.records.find((one) => one.id === id);
  const isWritten =
    record?.phase === PHASE_BEFORE[kind] && (record.phase !== 'reporting' || record.outcome.status === request.status);
  // With a dead disk a failure is still told.
  if (after.journalUsable && !isWritten) throw new Violation('I1', 'a status is on disk before it is told', request);
  const { executionNumber, expectedVersion } = request as Partial<UpdateJobExecution>;
  if (executionNumber !== 1) throw new Violation('I4', 'an update says which execution it means', request);
  if (expectedVersion !== heardVersion) {
    throw new Violation('I4', `an update expects the version last heard of, ${heardVersion}`, request);
  }
  if (isOver) throw new Violation('I6', 'nothing is told of an execution that is over', request);
  if (request.status === 'SUCCEEDED' && !hasSucceeded) {
    throw new Violation('I3', 'only what has succeeded is told so', request);
  }
}

function wasEndedByService({ gone, status, told }: SimulatedExecution): boolean {
  return told.length === 0 && (gone || status === 'CANCELED' || status === 'TIMED_OUT');
}

function withPast(past: Past, id: ExecutionId, change: Partial<ExecutionPast>): Past {
  const before = past[id] ?? NO_PAST;
  const isSame = Object.entries(change).every(([member, value]) => before[member as keyof ExecutionPast] === value);
  return isSame ? past : { ...past, [id]: { ...before, ...change } };
}

/** A handler that hangs is stopped some time after the service has ended its execution. */
export function hasUnstoppedRun({ runs, cloud }: World): boolean {
  const isOverThere = ({ id }: LiveRun) => cloud.some((one) => one.id === id && (one.gone || isTerminal(one.status)));
  return runs.some((run) => !run.isStopped && isOverThere(run));
}
