/**
 * Where a job is in its programme: the steps of its work in their order; where one has failed, the rollbacks of those that
 * had succeeded, the last first; and what always runs in the end. A plan lists all of them in the order in which they can
 * come, so that what is next is the first after this one whose turn it is.
 */
import type { Outcome } from './outcome.ts';
import { withName } from './outcomes.ts';
import type { Ending, ExecutionState, ReviewedPlan, ReviewedStep } from './state.ts';

export type StepEnd =
  | { readonly kind: 'done' }
  /** Skipped, or its failure is to be ignored. */
  | { readonly kind: 'passed-by' }
  | { readonly kind: 'failed'; readonly outcome: Outcome };

export interface EndedStep {
  readonly plan: ReviewedPlan;
  readonly stepIndex: number;
  readonly end: StepEnd;
}

/** What the end of a step means for what comes after it. */
export function afterStep({ ending }: Pick<ExecutionState, 'ending'>, { plan, stepIndex, end }: EndedStep): Ending {
  const undone = plan.steps[stepIndex]?.undoes?.name;
  switch (end.kind) {
    case 'passed-by':
      return ending;
    case 'done': {
      if (undone !== undefined) return { ...ending, rolledBack: withName(ending.rolledBack, undone) };
      const canBeUndone = plan.steps.some(({ undoes }) => undoes?.index === stepIndex);
      return canBeUndone ? { ...ending, undoable: [...ending.undoable, stepIndex] } : ending;
    }
    case 'failed': {
      const { outcome } = end;
      // The first failure is what is told.
      if (undone === undefined) return { ...ending, failure: ending.failure ?? outcome };
      const failed = `${undone} (${outcome.statusDetails.reasonCode})`;
      return { ...ending, rollbackFailed: withName(ending.rollbackFailed, failed) };
    }
  }
}

/** @returns null where the job is at its end. */
export function nextStep({ steps }: ReviewedPlan, ending: Ending, stepIndex: number): number | null {
  const next = steps.findIndex((step, index) => index > stepIndex && isItsTurn(step, ending));
  return next === -1 ? null : next;
}

function isItsTurn({ role, undoes }: ReviewedStep, { failure, undoable }: Ending): boolean {
  if (undoes !== null) return failure !== null && undoable.includes(undoes.index);
  return role === 'finally' || failure === null;
}

/** There is more to do for it than its work, whatever becomes of that. */
export function hasEnding({ steps }: ReviewedPlan): boolean {
  return steps.some(({ role }) => role !== 'work');
}

/** It owes what runs in the end, and where its plan is not known it cannot be concluded yet. */
export function owesEnding({ ending }: Pick<ExecutionState, 'ending'>): boolean {
  return ending.state !== 'none';
}
