/** What has to hold when something is begun: a run of a handler, or a restart of the machine. */
import { CLAIM_DETAIL, claimMark } from '../../agent/core/claim-mark.ts';
import type { StartRun } from '../../agent/core/effect.ts';
import type { AgentEvent } from '../../agent/core/event.ts';
import { type ExecutionId, executionId } from '../../agent/core/job-execution.ts';
import type { RebootHow } from '../../agent/core/outcome.ts';
import { isExclusivePlan } from '../../agent/core/room.ts';
import type { AgentState, ReviewedPlan, ReviewedStep } from '../../agent/core/state.ts';
import { failuresOf, hasSucceeded, isStepDone, saidSuccess, withPast } from './past.ts';
import { Violation } from './violation.ts';
import { bootIdOf, type ExecutionPast, type Machine, NO_PAST, type Past, type World } from './world.ts';

/** A decision: what the agent was before, what happened, and what it is after. */
export interface Decided {
  readonly before: AgentState;
  readonly event: AgentEvent;
  readonly after: AgentState;
}

/** @param world in which the records of the decision are written. */
export function checkStart(effect: StartRun, decided: Decided, world: World): Past {
  const { id, runId, stepIndex, purpose } = effect;
  const { past, machine, cloud } = world;
  const before = past[id] ?? NO_PAST;
  const theirs = cloud.find((one) => one.id === id);
  if (theirs?.verdict.kind !== 'run') throw new Violation('I2', 'only what the service has is started', effect);
  const { plan } = theirs.verdict;
  checkWritten(effect, decided.after, world);
  if (!before.isConfirmed) throw new Violation('I5', 'a run starts only after IN_PROGRESS was accepted', effect);
  if (before.isOver) throw new Violation('I6', 'nothing starts for an execution that is over', effect);
  checkOnce(effect, before, { plan, machine });
  checkPurpose(effect, before, { plan, world });
  checkClaim(id, decided, plan);
  checkRoom(effect, decided, world);
  const run = { runId, stepIndex, purpose, boot: machine.boot, end: null };
  return withPast(past, id, { runs: [...before.runs, run] });
}

/** I1: what the restart or power-off is for is on disk, and nobody is interrupted by it. */
export function checkReboot(how: RebootHow, after: AgentState, { disk, runs, machine, past }: World): void {
  const isWritten = (id: ExecutionId) =>
    disk.records.some((one) => one.id === id && one.phase === 'awaiting-reboot' && one.bootId === bootIdOf(machine));
  const awaiting = Object.values(after.executions).filter(({ phase }) => phase.name === 'awaiting-reboot');
  if (awaiting.length === 0 || !awaiting.every(({ id }) => isWritten(id))) {
    throw new Violation('I1', 'a restart is on disk before it is asked for', awaiting);
  }
  if (runs.length > 0) throw new Violation('I1', 'nothing runs when a restart is asked for', runs);
  const isToBeOff = awaiting.some(({ id }) => past[id]?.runs.at(-1)?.end === 'power-off');
  if (isToBeOff !== (how === 'power-off')) {
    throw new Violation('I3', 'the machine powers off when a handler asked for that, and only then', past);
  }
}

function checkWritten({ id, stepIndex, attempt, purpose }: StartRun, after: AgentState, { disk }: World): void {
  const record = disk.records.find((one) => one.id === id);
  const isWritten =
    record?.phase === 'running' &&
    record.stepIndex === stepIndex &&
    record.attempt === attempt &&
    record.purpose.kind === purpose;
  if (!isWritten || !after.journalUsable) throw new Violation('I1', 'a run is on disk before it starts', record);
}

function checkOnce(
  { runId, stepIndex, purpose }: StartRun,
  { runs }: ExecutionPast,
  { plan, machine: { boot, hasLied } }: { plan: ReviewedPlan; machine: Machine },
): void {
  const { onInterrupted, retries } = plan.steps[stepIndex] ?? {};
  const own = runs.filter((run) => run.stepIndex === stepIndex && (run.purpose === 'work' || run.purpose === 'verify'));
  const last = own.at(-1)?.end;
  const isAsked = (last === 'failed' || last === 'later') && failuresOf(runs, stepIndex) <= (retries?.count ?? 0);
  if (purpose === 'work' && onInterrupted === 'fail' && own.length > 0 && !isAsked) {
    throw new Violation('I2', 'a `fail` handler works once, and again only if it or its document asked for it', own);
  }
  // After a lie the number of the last attempt may be forgotten; what ran under it was ended by the same power cut.
  if (runs.some((run) => run.runId === runId && (run.boot === boot || !hasLied))) {
    throw new Violation('I2', 'a run id is used once', { runId, runs });
  }
}

/** The steps are done in their order; what is not work has its reason. */
function checkPurpose(
  { stepIndex, purpose }: StartRun,
  past: ExecutionPast,
  { plan, world }: { plan: ReviewedPlan; world: World },
): void {
  const { machine } = world;
  const isDone = (index: number) => {
    const step = plan.steps[index];
    return step !== undefined && isStepDone(past, step, index, machine);
  };
  const succeeded = (index: number) => {
    const step = plan.steps[index];
    return step !== undefined && hasSucceeded(past, step, index, machine);
  };
  checkTurn(stepIndex, past, { plan, isDone, succeeded });
  const own = past.runs.filter((run) => run.stepIndex === stepIndex);
  const holds = own.some((run) => run.purpose === 'condition' && run.end === 'succeeded');
  if (purpose === 'work' && plan.steps[stepIndex]?.conditional === true && !holds) {
    throw new Violation('I3', 'a step with a condition begins when that holds', past.runs);
  }
  if (purpose === 'condition' && own.some((run) => run.purpose !== 'condition')) {
    throw new Violation('I3', 'what has begun is not asked whether it is to begin', past.runs);
  }
  if (
    purpose === 'verify' &&
    !own.some(({ end, boot }) => (end === 'reboot' || end === 'power-off') && boot !== machine.boot)
  ) {
    throw new Violation('I3', 'a restart is verified after it has happened', past.runs);
  }
}

interface Turn {
  readonly plan: ReviewedPlan;
  readonly isDone: (index: number) => boolean;
  readonly succeeded: (index: number) => boolean;
}

/** Work in its order; where not all of it is done, the rollbacks of what had succeeded, the last first; then the rest. */
function checkTurn(stepIndex: number, past: ExecutionPast, { plan: { steps }, isDone, succeeded }: Turn): void {
  const begun = (index: number) => past.written.includes(index);
  const before = (role: ReviewedStep['role']) =>
    [...steps.keys()].filter((at) => at < stepIndex && steps[at]?.role === role);
  const { role, undoes } = steps[stepIndex] ?? {};
  if (role === 'work') {
    if (!before('work').every(isDone))
      throw new Violation('I3', 'a step begins when the one before is done', past.runs);
    return;
  }
  const isFailed = !before('work').every(isDone);
  if (undoes && !(isFailed && succeeded(undoes.index))) {
    throw new Violation('I3', 'what had succeeded is rolled back when a later step fails, and nothing else', past.runs);
  }
  const isOwed = (at: number) => isFailed && saidSuccess(past, steps[at]?.undoes?.index ?? -1) && !begun(at);
  if (before('rollback').some(isOwed))
    throw new Violation('I3', 'rollbacks come in reverse, and all of them', past.runs);
  if (!before('finally').every(begun)) throw new Violation('I3', 'what always runs does so in its order', past.runs);
}

/** I2: what was claimed before a restart of the machine may have begun, and the disk may have lost that. */
function checkClaim(id: ExecutionId, { before, event }: Decided, { steps }: ReviewedPlan): void {
  const phase = before.executions[id]?.phase;
  if (phase !== undefined && phase.name !== 'claiming') return;
  if (event.type !== 'requestAccepted' || !('execution' in event.answer) || event.answer.execution === null) return;
  const { statusDetails } = event.answer.execution;
  if (executionId(event.answer.execution) !== id || statusDetails[CLAIM_DETAIL] === claimMark(before)) return;
  if (steps.some(({ onInterrupted }) => onInterrupted === 'fail')) {
    throw new Violation('I2', 'what was not claimed in this boot does not begin', statusDetails);
  }
}

/** How many at once, who alone, and nobody new while the machine is to restart. */
function checkRoom(effect: StartRun, { before, after }: Decided, { runs, cloud, machine }: World): void {
  const { id } = effect;
  if (runs.some((run) => run.id === id)) throw new Violation('I2', 'an execution has one run at a time', effect);
  if (runs.length >= after.settings.capacity) throw new Violation('I2', 'no more run than there is room for', runs);
  const isAlone = (one: ExecutionId) => {
    const verdict = cloud.find((execution) => execution.id === one)?.verdict;
    return verdict?.kind === 'run' && isExclusivePlan(verdict.plan);
  };
  if (runs.length > 0 && [id, ...runs.map((run) => run.id)].some(isAlone)) {
    throw new Violation('I2', 'an exclusive handler runs alone', [effect, ...runs]);
  }
  if (machine.reboot === 'asked') throw new Violation('I2', 'nothing starts once a restart is asked for', effect);
  const wasRunning =
    before.executions[id]?.phase.name === 'running' || before.executions[id]?.phase.name === 'stopping';
  const isAwaited = Object.values(before.executions).some(({ phase }) => phase.name === 'awaiting-reboot');
  const isStillAwaited = Object.values(after.executions).some(({ phase }) => phase.name === 'awaiting-reboot');
  if (!wasRunning && isAwaited && isStillAwaited) {
    throw new Violation('I2', 'nothing new begins while a restart is to come', effect);
  }
}
