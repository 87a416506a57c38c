/** C1, C4, C5, C7, C8 and C9: when handlers run, and when they do not. */
import { isJsonObject, type JsonValue } from '../../agent/core/json.ts';
import type { Check, Complain } from './check.ts';
import {
  type Chronicle,
  type ExecutionLife,
  endingOf,
  overAt,
  type Placed,
  type Run,
  statusAtEnd,
} from './chronicle.ts';
import { heardToBeOver } from './heard-over.ts';
import type { ListedStep, StepScript } from './job-script.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** Beside the grace, for the journal and for the answer. */
const STOP_SLACK_MS = 5 * SECOND_MS;

/** C1. */
export const runsOnce: Check = ({ executions, settings }, complain) => {
  const runIds = new Set<string>();
  for (const { id, steps, runs } of executions) {
    for (const [index, run] of runs.entries()) {
      const { runId, stepIndex, purpose, place } = run.started;
      if (runIds.has(runId)) complain(`the run id ${runId} was used twice`, place, id);
      runIds.add(runId);
      const before = runs.slice(0, index);
      if (before.some((other) => isAliveAt(other, place))) complain('two of its runs were alive at once', place, id);
      const same = before.filter(({ started }) => started.stepIndex === stepIndex && started.purpose === purpose);
      const { script } = steps[stepIndex] ?? {};
      const mayRepeat = purpose !== 'work' || script?.onInterrupted !== 'fail';
      const { retries = 0 } = script ?? {};
      const failed = failuresOf(before, stepIndex);
      const again = purpose === 'work' || purpose === 'condition' ? Math.min(failed, retries) : 0;
      const most = wished(before, run) + again + (mayRepeat ? settings.agent.core.maxRecoveries : 0);
      if (same.length >= most)
        complain(`${purpose} of step ${stepIndex} was started ${same.length + 1} times`, place, id);
      const isRetry = failed > 0 && failed <= retries;
      if (!mayRepeat && same.length > 0 && same.at(-1)?.ended?.status !== 'later' && !isRetry)
        complain(`step ${stepIndex} was started again, and had not asked for it`, place, id);
    }
  }
};

/** How often a step has failed by then, or was over its own time limit. */
function failuresOf(before: readonly Run[], stepIndex: number): number {
  return before.filter(({ started, stopped, ended }) => {
    if (started.stepIndex !== stepIndex || started.purpose === 'clean-up' || ended?.isHeard !== true) return false;
    return stopped === undefined ? ended.status === 'failed' : stopped.reason === 'timed-out';
  }).length;
}

/** How often handlers themselves asked for such a run, by then. */
function wished(before: readonly Run[], { started: { stepIndex, purpose } }: Run): number {
  const ends = before.filter(({ started, ended }) => started.stepIndex === stepIndex && ended?.isHeard === true);
  const count = (status: string, of: string) =>
    ends.filter(({ started, ended }) => started.purpose === of && ended?.status === status).length;
  const restarts = count('reboot', 'work') + count('reboot', 'verify');
  return count('later', purpose) + (purpose === 'verify' ? restarts : 1);
}

/** C4. */
export const startsConfirmed: Check = ({ executions }, complain) => {
  for (const { id, runs, changes, records } of executions) {
    for (const { started } of runs) {
      const { place, stepIndex, attempt, purpose } = started;
      const isTaken = changes.some(
        (change) => change.place < place && change.to === 'IN_PROGRESS' && change.by === 'agent',
      );
      if (!isTaken) complain('it ran before IN_PROGRESS was accepted', place, id);
      const isRecorded = records.some(({ state, entry: { body }, place: written }) => {
        const isOfRun = body.phase === 'running' && body.stepIndex === stepIndex && body.attempt === attempt;
        return written < place && state === 'synced' && isOfRun && isFor(body.purpose, purpose);
      });
      if (!isRecorded) complain('it ran before its record was on the disk', place, id);
    }
  }
};

function isFor(recorded: JsonValue | undefined, purpose: string): boolean {
  return isJsonObject(recorded) && recorded.kind === purpose;
}

/** C4, of the machine: what a restart is for is on the disk before it is asked for, and nothing else runs then. */
export const restartsConfirmed: Check = ({ of, executions, processes }, complain) => {
  for (const { place, runsAlive, life, how } of of('restart asked')) {
    if (runsAlive > 0) complain('a restart was asked for under a run', place);
    const boot = processes.find((one) => one.life === life)?.started.boot;
    const asking = executions.filter(({ records }) => {
      const last = records.findLast((record) => record.place < place && record.state === 'synced');
      return last?.entry.body.phase === 'awaiting-reboot' && last.entry.body.bootId === `boot-${boot}`;
    });
    if (asking.length === 0) complain('a restart was asked for before its record was on the disk', place);
    else if (asking.some((one) => isToPowerOff(one, place)) !== (how === 'power-off'))
      complain(`a ${how} was asked for, and no handler had asked for that`, place);
  }
};

function isToPowerOff({ runs, steps }: ExecutionLife, place: number): boolean {
  const last = runs.findLast(({ ended }) => ended !== undefined && ended.place < place);
  return last !== undefined && steps[last.started.stepIndex]?.script.powersOff === true;
}

/** C5. */
export const stopsWhatIsOver: Check = (chronicle, complain) => {
  const heard = heardToBeOver(chronicle);
  for (const execution of chronicle.executions) {
    const news = heard.get(execution.id);
    if (news !== undefined) {
      isStoppedSoon(chronicle, execution, news, complain);
      isLeftAlone(chronicle, execution, news, complain);
    }
    isNoticed(chronicle, execution, complain);
  }
};

function isStoppedSoon(
  { settings, processes }: Chronicle,
  { id, runs }: ExecutionLife,
  news: Placed<'heard'>,
  complain: Complain,
): void {
  const limitMs = settings.agent.stopGraceMs + STOP_SLACK_MS;
  for (const run of runs.filter((one) => isAliveAt(one, news.place))) {
    // What a process knew is gone with it; the next one ends what it finds before anything else.
    const ended = processes.find(({ life }) => life === news.life)?.ended;
    const next = processes.find(({ started }) => ended !== undefined && started.place > ended.place)?.started;
    const isCut = ended !== undefined && ended.atMs <= news.atMs + limitMs;
    const fromMs = isCut ? (next?.atMs ?? Infinity) : news.atMs;
    const goneMs = run.ended?.atMs ?? Infinity;
    if (goneMs > fromMs + limitMs) complain('its run went on though it was heard to be over', news.place, id);
  }
  for (const { started } of runs) {
    if (started.place > news.place) complain('a run was started though it was heard to be over', started.place, id);
  }
}

function isLeftAlone(
  { of, executions }: Chronicle,
  { id, jobId, executionNumber }: ExecutionLife,
  news: Placed<'heard'>,
  complain: Complain,
): void {
  const sameName = executions.filter((one) => one.jobId === jobId && one.executionNumber === executionNumber);
  if (sameName.length > 1) return; // an update does not say which of them it means
  for (const { topic, body, place } of of('asked')) {
    const isUpdate = topic.endsWith(`/${jobId}/update`) && body.executionNumber === executionNumber;
    if (isUpdate && place > news.place) complain('it was told of though it was heard to be over', place, id);
  }
}

/** Cancellation is noticed by a notification, and without one by the next poll. */
function isNoticed({ healed, settings }: Chronicle, execution: ExecutionLife, complain: Complain): void {
  const over = overAt(execution);
  if (over === undefined || healed === undefined) return;
  const { pollIntervalMs } = settings.agent.core;
  const limitMs = Math.max(over.atMs, healed.atMs) + 2 * pollIntervalMs + 5 * MINUTE_MS;
  for (const { started, ended } of execution.runs) {
    if ((ended?.atMs ?? Infinity) > Math.max(limitMs, started.atMs))
      complain('its run went on long after it was over', started.place, execution.id);
  }
}

/** C7. */
export const tellsSuccess: Check = ({ executions, processes }, complain) => {
  for (const { id, steps, runs, endings } of executions) {
    const [ending] = endings;
    if (ending?.by !== 'agent' || ending.to !== 'SUCCEEDED') continue;
    const boots = processes.map(({ started }) => started).filter(({ place }) => place < ending.place);
    for (const [index, { script: step, role }] of steps.entries()) {
      if (role === 'rollback') continue;
      const ofStep = runs.filter(({ started }) => started.stepIndex === index && started.purpose !== 'clean-up');
      const last = ofStep.findLast(({ started }) => started.place < ending.place);
      const isDone = last !== undefined && (isGood(last, step) || isRestarted(last, step, boots));
      if (!isDone) complain(`success was told, and step ${index} had none`, ending.place, id);
      else if ((last.ended?.place ?? Infinity) > ending.place)
        complain(`success was told before step ${index} had ended`, ending.place, id);
    }
  }
};

function isGood({ started, stopped, ended }: Run, { mayFail }: StepScript): boolean {
  if (ended?.isHeard !== true) return false;
  if (ended.status === 'skipped') return true;
  const isInTime = stopped?.reason !== 'timed-out' && stopped?.reason !== 'job-timed-out';
  // That a condition holds is no success of the step.
  if (ended.status === 'succeeded' && isInTime) return started.purpose !== 'condition';
  // To be tried later, or restarted for, too often is a failure as well.
  const hasFailed = ended.status === 'failed' || ended.status === 'later' || ended.status === 'reboot' || !isInTime;
  return mayFail && hasFailed;
}

/** It asked for a restart, has nothing to verify, and the machine runs in another boot. */
function isRestarted(
  { started, ended }: Run,
  { verifies }: StepScript,
  boots: readonly Placed<'process started'>[],
): boolean {
  if (ended?.isHeard !== true || ended.status !== 'reboot' || verifies) return false;
  const before = boots.find(({ life }) => life === started.life);
  return boots.some(({ boot, place }) => place > ended.place && boot !== before?.boot);
}

/** C8. */
export const leavesNothing: Check = ({ executions, settled, processes, of }, complain) => {
  for (const { id, runs, cleanings } of executions) {
    for (const { place } of cleanings) {
      if (runs.some((run) => isAliveAt(run, place))) complain('it was cleaned up under its run', place, id);
    }
  }
  for (const runId of settled?.runsAlive ?? []) complain(`the run ${runId} is alive`, settled?.place ?? 0);
  const failed = new Set(of('cleaned').flatMap(({ id, isDone }) => (isDone ? [] : [id])));
  for (const id of settled?.folders ?? []) {
    // Removed at the next start of the agent.
    if (!failed.has(id)) complain('its folder is left', settled?.place ?? 0, id);
  }
  const all = executions.flatMap(({ runs }) => runs);
  for (const { ended, life } of processes) {
    if (ended?.how !== 'stopped') continue;
    if (ended.timersLeft > 0) complain(`${ended.timersLeft} timers were left by a process that ended`, ended.place);
    const left = all.filter((run) => run.started.life === life && isAliveAt(run, ended.place));
    if (left.length > 0) complain('a process ended in good order and left a run', ended.place);
  }
};

/** C9. */
export const runsAsDeclared: Check = ({ executions, settings }, complain) => {
  const all = executions.flatMap(({ steps, runs }) => runs.map((run) => ({ steps, run })));
  for (const { steps, run } of all) {
    const { place, id } = run.started;
    const others = all.filter((other) => other.run.started.id !== id && isAliveAt(other.run, place));
    if (others.length >= settings.agent.core.capacity) complain('it ran beside more than there is room for', place, id);
    const isAlone = [steps, ...others.map((other) => other.steps)].some(isExclusive);
    if (isAlone && others.length > 0) complain('it ran beside another, and one of them must run alone', place, id);
  }
  for (const execution of executions) {
    const { id, script, runs } = execution;
    if (script.verdict === 'run') continue;
    for (const { started } of runs) complain(`it ran, though it is ${script.verdict}`, started.place, id);
    const ending = endingOf(execution);
    if (ending?.by === 'agent' && ending.to !== 'REJECTED' && ending.details.reasonCode !== 'STATE_LOST')
      complain(`it is ${script.verdict}, and was told ${statusAtEnd(execution)}`, ending.place, id);
  }
};

function isExclusive(steps: readonly ListedStep[]): boolean {
  return steps.some(({ script }) => script.exclusive);
}

function isAliveAt({ started, ended }: Run, place: number): boolean {
  return started.place < place && (ended?.place ?? Infinity) > place;
}
