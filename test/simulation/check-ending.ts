/** C15 to C17: rollbacks, what always runs, and what is told in the end, as docs/job-documents.md promises. */
import type { Check, Complain } from './check.ts';
import { type Chronicle, type ExecutionLife, endingOf, type Placed } from './chronicle.ts';
import type { ListedStep } from './job-script.ts';
import { isBegun, type StepState, stepStatesOf } from './step-states.ts';

/** C15. */
export const rollsBack: Check = (chronicle, complain) => {
  for (const execution of chronicle.executions) isInOrder(execution, complain);
  for (const judged of endedByAgent(chronicle)) {
    const { execution, ending, states, isFailed } = judged;
    const { id, steps } = execution;
    for (const [index, { role, undoes, name }] of steps.entries()) {
      if (role !== 'rollback' || undoes === null) continue;
      const isOwed = states[undoes] === 'succeeded' && isFailed;
      const has = isBegun(execution, index, ending.place);
      if (isOwed && !has) complain(`${name} was not done, and a later step had failed`, ending.place, id);
      if (has && !isOwed && !judged.isUnclear)
        complain(`${name} was done, and its step was ${states[undoes]}`, ending.place, id);
    }
  }
};

/** C16. */
export const runsAlways: Check = (chronicle, complain) => {
  for (const { execution, ending } of endedByAgent(chronicle)) {
    for (const [index, { role, name }] of execution.steps.entries()) {
      if (role === 'finally' && !isBegun(execution, index, ending.place))
        complain(`${name} was not done before the end was told`, ending.place, execution.id);
    }
  }
};

/** C17. */
export const tellsFirstFailure: Check = (chronicle, complain) => {
  for (const judged of endedByAgent(chronicle)) {
    const { execution, ending, states, isUnclear } = judged;
    const { id, steps } = execution;
    isRollbackTold(judged, complain);
    const first = firstFailed(steps, states);
    if (isUnclear || first === null) continue;
    const { to, details, place } = ending;
    const { script, state } = first;
    if (to === 'SUCCEEDED') complain(`success was told, and ${first.label} had ${state}`, place, id);
    else if ((to === 'REJECTED') !== (state === 'rejected'))
      complain(`${to} was told, and ${first.label} was ${state}`, place, id);
    const told = details.step;
    if (told !== undefined && told !== first.label)
      complain(`the failure of ${told} was told, and the first was that of ${first.label}`, place, id);
    // What failed by its handler's own word is told with the step.
    if (told === undefined && state === 'rejected' && script.ending === 'reject')
      complain(`it was not told which step had failed`, place, id);
  }
};

interface Judged {
  readonly execution: ExecutionLife;
  readonly ending: Placed<'changed'>;
  readonly states: readonly StepState[];
  /** Not all of the work is done. */
  readonly isFailed: boolean;
  /** Of some of the work, or of what always runs, the history does not tell what came of it. */
  readonly isUnclear: boolean;
}

/** Of those that owe something in the end, and could do it: the others are told in the table of the documentation. */
function endedByAgent(chronicle: Chronicle): readonly Judged[] {
  return chronicle.executions.flatMap((execution) => {
    const ending = endingOf(execution);
    const { steps, script } = execution;
    if (script.verdict !== 'run' || steps.every(({ role }) => role === 'work')) return [];
    if (ending?.by !== 'agent' || !hasBegun(execution, ending) || isExcused(chronicle, execution, ending)) return [];
    const states = stepStatesOf(chronicle, execution, ending.place);
    const ofWork = states.filter((_, index) => steps[index]?.role === 'work');
    return {
      execution,
      ending,
      states,
      isFailed: ofWork.some((state) => state === 'failed' || state === 'rejected' || state === 'not begun'),
      isUnclear: states.some((state, index) => state === 'unclear' && steps[index]?.role !== 'rollback'),
    };
  });
}

function hasBegun(execution: ExecutionLife, { place }: Placed<'changed'>): boolean {
  return execution.steps.some((_, index) => isBegun(execution, index, place));
}

/**
 * The journal could not be written, or was lost, while it was open; or the service refused the details. Where another
 * client has updated it, what was told last is not the agent's.
 */
function isExcused({ of }: Chronicle, { runs, changes, offered }: ExecutionLife, ending: Placed<'changed'>): boolean {
  const isMeanwhile = ({ place }: Placed) => place > offered.place && place < ending.place;
  const { reasonCode } = ending.details;
  return (
    of('record').some((record) => record.state === 'failed' && isMeanwhile(record)) ||
    of('opened').some((opened) => opened.status === 'lost' && isMeanwhile(opened)) ||
    changes.some(({ by }) => by === 'other') ||
    (ending.to !== 'SUCCEEDED' && reasonCode === undefined) ||
    (reasonCode === 'STATE_LOST' && runs.length === 0)
  );
}

/** The steps begin in their order, and what is rolled back does so in reverse, after the work and before the rest. */
function isInOrder({ id, steps, runs }: ExecutionLife, complain: Complain): void {
  let before: { readonly step: ListedStep; readonly index: number } | undefined;
  for (const { started } of runs) {
    const step = steps[started.stepIndex];
    if (step === undefined) continue;
    if (before !== undefined && started.stepIndex < before.index)
      complain(`${step.name} was begun after ${before.step.name}`, started.place, id);
    before = { step, index: started.stepIndex };
  }
}

interface FirstFailed extends ListedStep {
  readonly state: StepState;
  /** As it is told. */
  readonly label: string;
}

/** The rollbacks are none: what failed of them is told beside it. */
function firstFailed(steps: readonly ListedStep[], states: readonly StepState[]): FirstFailed | null {
  const work = steps.filter(({ role }) => role === 'work').length;
  for (const [index, step] of steps.entries()) {
    const state = states[index] ?? 'not begun';
    // It ended between two steps, which is told of none.
    if (step.role === 'work' && state === 'not begun') return null;
    if (step.role === 'rollback' || (state !== 'failed' && state !== 'rejected')) continue;
    const label = step.role === 'finally' ? `finally ${step.name}` : `${index + 1}/${work} ${step.name}`;
    return { ...step, state, label };
  }
  return null;
}

function isRollbackTold({ execution, ending, states }: Judged, complain: Complain): void {
  const { id, steps } = execution;
  const rollbacks = steps.flatMap(({ undoes }, index) => {
    return undoes === null ? [] : [{ index, undone: steps[undoes]?.name ?? '', state: states[index] }];
  });
  if (rollbacks.some(({ state }) => state === 'unclear')) return;
  const done = rollbacks.filter(({ state }) => state === 'succeeded').map(({ undone }) => undone);
  const failed = rollbacks
    .filter(({ index, state }) => state !== 'succeeded' && isBegun(execution, index, ending.place))
    .map(({ undone }) => undone);
  const { rolledBack = '', rollbackFailed = '' } = ending.details;
  if (rolledBack !== done.join(', '))
    complain(`"${rolledBack}" was told as rolled back, and it was "${done.join(', ')}"`, ending.place, id);
  const told = rollbackFailed.replace(/ \([A-Z_]+\)/g, '');
  if (told !== failed.join(', '))
    complain(`"${told}" was told as not rolled back, and it was "${failed.join(', ')}"`, ending.place, id);
}
