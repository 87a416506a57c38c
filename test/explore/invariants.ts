/** I1 to I6 of the design, held against every decision. What they need to remember is the world's `past`. */
import type { Effect } from '../../agent/core/effect.ts';
import { type ExecutionId, executionId, isTerminal } from '../../agent/core/job-execution.ts';
import type { UpdateJobExecution } from '../../agent/core/jobs-request.ts';
import type { AgentState, ExecutionState, ReviewedStep, UpdatePurpose } from '../../agent/core/state.ts';
import type { SimulatedExecution } from '../fixtures/service-rules.ts';
import { isStepDone, saidSuccess } from './past.ts';
import { checkReboot, checkStart, type Decided } from './start-invariants.ts';
import { Violation } from './violation.ts';
import { type ExecutionPast, FIRST_JOURNAL, type LiveRun, NO_PAST, type Past, type World } from './world.ts';

/** @param world as it is when the effect is performed: after the journal effects of its decision. */
export function checkEffect(effect: Effect, decided: Decided, world: World): Past {
  if (effect.type === 'startRun') return checkStart(effect, decided, world);
  if (effect.type === 'reboot') checkReboot(effect.how, decided.after, world);
  if (effect.type === 'request') checkRequest(effect, decided.after, world);
  return world.past;
}

/** Of a world in which all that was decided has been done. */
export function checkWorld(world: World & { agent: AgentState }, decided: Decided): void {
  const { agent, runs, past, timers } = world;
  for (const run of runs) {
    if (past[run.id]?.isOver === true && !run.isStopped) {
      throw new Violation('I6', 'the run of an execution that is over is stopped at once', run);
    }
  }
  for (const execution of Object.values(agent.executions)) {
    const { id } = execution;
    const has = (name: string) => timers.some((timer) => timer.name === name && 'id' in timer && timer.id === id);
    if (isToBeKeptAlive(execution, agent) && !has('heartbeat') && !has('retry')) {
      throw new Violation('I3', 'the service hears in time that a handler lives', execution);
    }
    if (isToBeLimited(execution) && id === limitedBy(decided) && !has('jobTimeout')) {
      throw new Violation('I6', 'a run is stopped at the time limit of its job', execution);
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

/** A handler that hangs is stopped some time after the service has ended its execution. */
export function hasUnstoppedRun({ runs, cloud }: World): boolean {
  const isOverThere = ({ id }: LiveRun) => cloud.some((one) => one.id === id && (one.gone || isTerminal(one.status)));
  return runs.some((run) => !run.isStopped && isOverThere(run));
}

/** Not the clean-up of what has failed: it has a limit of its own. */
function isToBeLimited({ phase }: ExecutionState): boolean {
  return phase.name === 'running' && phase.step.role === 'work' && phase.purpose.kind !== 'clean-up';
}

/** The execution of which the service has just said how long it may take. */
function limitedBy({ before, event }: Decided): ExecutionId | null {
  if (event.type !== 'requestAccepted' || !('execution' in event.answer)) return null;
  if (before.requests[event.requestId] === undefined) return null;
  const { execution } = event.answer;
  return execution?.approximateSecondsBeforeTimedOut === undefined ? null : executionId(execution);
}

/** Nothing about it is under way that would bring its next heartbeat. */
function isToBeKeptAlive(
  { id, phase }: ExecutionState,
  { settings, connected, shutdown, requests }: AgentState,
): boolean {
  // An agent that was asked to end is not there long enough.
  if (settings.stepTimeoutMinutes === null || !connected || shutdown !== null) return false;
  const isAsked = Object.values(requests).some((purpose) => 'id' in purpose && purpose.id === id);
  return !isAsked && (phase.name === 'running' || phase.name === 'waiting' || phase.name === 'awaiting-reboot');
}

function checkRequest({ request, requestId }: Extract<Effect, { type: 'request' }>, after: AgentState, world: World) {
  const isUpdate = request.operation === 'UpdateJobExecution';
  if (isUpdate) {
    const purpose = after.requests[requestId];
    if (purpose === undefined || !('expectedVersion' in purpose))
      throw new Violation('I4', 'an update has no purpose', request);
    checkUpdate(purpose, request, after, world);
  }
  const isAlive = isUpdate ? request.status === 'IN_PROGRESS' : request.operation === 'StartNextPendingJobExecution';
  const minutes = 'stepTimeoutInMinutes' in request ? request.stepTimeoutInMinutes : undefined;
  if (minutes !== (isAlive ? (after.settings.stepTimeoutMinutes ?? undefined) : undefined)) {
    throw new Violation('I3', 'the step timer is started anew by what says that a handler lives', request);
  }
}

/** The phases of which one must be on disk before an update of that kind is sent. */
const PHASES_BEFORE = {
  goOn: ['waiting'],
  take: ['claiming'],
  progress: ['running', 'waiting', 'awaiting-reboot', 'stopping'],
  report: ['reporting'],
};

function checkUpdate({ id, kind }: UpdatePurpose, request: UpdateJobExecution, after: AgentState, world: World): void {
  const { heardVersion, isOver } = world.past[id] ?? NO_PAST;
  const record = world.disk.records.find((one) => one.id === id);
  const isWritten =
    record !== undefined &&
    PHASES_BEFORE[kind].includes(record.phase) &&
    (record.phase !== 'reporting' || record.outcome.status === request.status) &&
    (kind !== 'goOn' || 'begins' in record);
  // With a dead disk a failure is still told.
  if (after.journalUsable && !isWritten) throw new Violation('I1', 'a status is on disk before it is told', request);
  const { executionNumber, expectedVersion } = request as Partial<UpdateJobExecution>;
  if (executionNumber !== 1) throw new Violation('I4', 'an update says which execution it means', request);
  // Before this start of the agent has heard of it, there is what the journal says.
  const journaled = record !== undefined && 'versionNumber' in record ? record.versionNumber : 0;
  const known = heardVersion === 0 ? journaled : heardVersion;
  if (expectedVersion !== known) {
    throw new Violation('I4', `an update expects the version last heard of, ${known}`, request);
  }
  if (isOver) throw new Violation('I6', 'nothing is told of an execution that is over', request);
  if (kind === 'report') checkReport(id, request, after, world);
}

function checkReport(
  id: ExecutionId,
  request: UpdateJobExecution,
  { journalUsable }: AgentState,
  { past, cloud, machine, disk }: World,
): void {
  const theirs = cloud.find((one) => one.id === id);
  const steps = theirs?.verdict.kind === 'run' ? theirs.verdict.plan.steps : [];
  const before = past[id] ?? NO_PAST;
  const isDone = (step: ReviewedStep, index: number) =>
    step.role === 'rollback' || isStepDone(before, step, index, machine);
  if (request.status === 'SUCCEEDED' && !steps.every(isDone)) {
    throw new Violation('I3', 'only what has succeeded is told so', { request, runs: before.runs });
  }
  const isLost = request.statusDetails?.reasonCode === 'STATE_LOST';
  if (isLost && before.runs.length > 0 && !machine.hasLied && disk.journalId === FIRST_JOURNAL) {
    throw new Violation('I3', 'what the disk has is not told to be lost', { request, runs: before.runs });
  }
  // What nobody knows, or could write down, is told at once.
  if (journalUsable && !machine.hasLied && !isLost && before.runs.length > 0) checkEnding(before, steps, machine);
  const interrupted = before.runs.at(-1);
  // What was written down last is what was interrupted, whether it had been started by then or not.
  const isLast = before.written.at(-1) === interrupted?.stepIndex;
  const last = interrupted === undefined ? undefined : steps[interrupted.stepIndex];
  // In the end another failure is told than that of what ran last.
  const isEnded = last?.role !== 'work' && interrupted?.end !== null;
  const isToClean = isLast && !isEnded && interrupted?.purpose === 'work' && last?.cleansUp === true;
  if (isToClean && journalUsable && request.statusDetails?.reasonCode === 'INTERRUPTED') {
    throw new Violation('I6', 'what was interrupted is cleaned up before that is told', before.runs);
  }
}

/** Before an end is told, what it calls for has been begun. */
function checkEnding(past: ExecutionPast, steps: readonly ReviewedStep[], machine: World['machine']): void {
  const isFailed = steps.some((step, index) => step.role === 'work' && !isStepDone(past, step, index, machine));
  const isOwed = ({ role, undoes }: ReviewedStep) =>
    role === 'finally' || (isFailed && undoes !== null && saidSuccess(past, undoes.index));
  const left = steps.filter((step, index) => isOwed(step) && !past.written.includes(index));
  if (left.length > 0) throw new Violation('I3', 'rollbacks and what always runs come before the end is told', left);
}

function wasEndedByService({ gone, status, told }: SimulatedExecution): boolean {
  return told.length === 0 && (gone || status === 'CANCELED' || status === 'TIMED_OUT');
}
