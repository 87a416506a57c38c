/** What came of each step of an execution that the agent has told the end of, from its runs and nothing the agent says. */
import { isJsonObject, type JsonObject } from '../../agent/core/json.ts';
import { type Chronicle, type ExecutionLife, isDurable, type Placed, type Run } from './chronicle.ts';

/**
 * `passed`: skipped, or its failure is to be ignored. `unclear`: the history does not tell whether the agent could know.
 */
export type StepState = 'not begun' | 'succeeded' | 'passed' | 'rejected' | 'failed' | 'unclear';

/** Of each step in its place. @param until place in the history where the end was told. */
export function stepStatesOf({ settings }: Chronicle, execution: ExecutionLife, until: number): readonly StepState[] {
  const { maxPostponements } = settings.agent.core;
  return execution.steps.map((_, index) => stateOf(execution, index, { until, maxPostponements }));
}

/** On the disk as about to begin, whether it was started by then or not: an interruption counts from there. */
export function isBegun(execution: ExecutionLife, index: number, until: number): boolean {
  const isOfStep = ({ body }: Placed<'record'>['entry']) =>
    (body.phase === 'running' && body.stepIndex === index) || (body.phase === 'waiting' && body.begins === index);
  return execution.records.some((record) => record.place < until && isDurable(record) && isOfStep(record.entry));
}

interface Bounds {
  readonly until: number;
  readonly maxPostponements: number;
}

function stateOf(execution: ExecutionLife, index: number, { until, maxPostponements }: Bounds): StepState {
  const runs = execution.runs.filter(({ started }) => {
    return started.stepIndex === index && started.purpose !== 'clean-up' && started.place < until;
  });
  const last = runs.at(-1);
  if (last === undefined) return isBegun(execution, index, until) ? 'failed' : 'not begun';
  const { ended } = last;
  // What nobody heard was interrupted; had it been begun again, another run would be the last.
  if (ended === undefined || !ended.isHeard || ended.place > until) return 'failed';
  if (!isTakenDown(execution, last)) return 'unclear';
  const { mayFail, retries } = execution.steps[index]?.script ?? { mayFail: false, retries: 0 };
  const failures = runs.filter((run) => endOf(execution, run) === 'failed').length;
  const whenFailed = mayFail && failures > retries ? 'passed' : 'failed';
  switch (endOf(execution, last)) {
    case 'skipped':
      return 'passed';
    case 'succeeded':
      // That a condition holds is no success of the step: the work was to begin, and never did.
      return last.started.purpose === 'condition' ? 'failed' : 'succeeded';
    case 'rejected':
      return 'rejected';
    case 'failed':
      return whenFailed;
    case 'later':
      return mayFail && runs.length > maxPostponements ? 'unclear' : 'failed';
    case 'reboot':
      return stateOfRestart(execution, index);
    default:
      return 'failed';
  }
}

/** Whether it came in time only the agent can say; but that more work has begun says that it counts as done. */
function stateOfRestart({ steps, records }: ExecutionLife, index: number): StepState {
  const { script } = steps[index] ?? {};
  if (script === undefined || script.mayFail) return 'unclear';
  const isWentOn = records.some(({ entry: { body } }) => {
    const at = body.phase === 'running' ? Number(body.stepIndex) : -1;
    return at > index && steps[at]?.role === 'work';
  });
  return !script.verifies && isWentOn ? 'succeeded' : 'unclear';
}

type End = NonNullable<Run['ended']>['status'] | 'cut off';

/** As the agent has to take it: of a run that it was stopping only some ends count. */
function endOf(execution: ExecutionLife, run: Run): End | null {
  const { ended } = run;
  if (ended?.isHeard !== true) return null;
  switch (stopReasonOf(execution, run)) {
    case null:
      return ended.status;
    case 'timed-out':
      return 'failed';
    case 'shutdown':
      return ended.status === 'later' || ended.status === 'reboot' ? ended.status : 'cut off';
    default:
      return 'cut off';
  }
}

/** The record says it even where the run had ended before it could be told to stop. */
function stopReasonOf({ records }: ExecutionLife, run: Run): string | null {
  const record = records.findLast(({ state, entry: { body } }) => {
    return state === 'asked' && body.phase === 'stopping' && isOf(body, run);
  });
  return record === undefined ? (run.stopped?.reason ?? null) : String(record.entry.body.reason);
}

/** After its end something else was on the disk, by the process that had heard of it. */
function isTakenDown({ records }: ExecutionLife, run: Run): boolean {
  const from = run.ended?.place ?? Infinity;
  const asked = records.filter(({ state, place, life, entry: { body } }) => {
    const isNews = !((body.phase === 'running' || body.phase === 'stopping') && isOf(body, run));
    return state === 'asked' && place > from && life === run.started.life && isNews;
  });
  return asked.some(({ entry }) => records.some((record) => isDurable(record) && record.entry === entry));
}

function isOf(body: JsonObject, { started: { stepIndex, attempt, purpose } }: Run): boolean {
  const kind = isJsonObject(body.purpose) ? body.purpose.kind : undefined;
  return body.stepIndex === stepIndex && body.attempt === attempt && kind === purpose;
}
