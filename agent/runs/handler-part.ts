/** Which part of a handler does what a run is for. */
import type { ResolvedStep } from './step-resolver.ts';
import type { StepRun } from './step-runner.ts';

export type HandlerPart = 'run' | 'verify' | 'cleanup';

/** Of handlers of kind `module` and `inline`; the other kinds have a program in the place of `run`. */
export const HANDLER_PARTS: Readonly<Record<StepRun['purpose'], HandlerPart>> = {
  work: 'run',
  verify: 'verify',
  'clean-up': 'cleanup',
};

/**
 * An executable is called once more to verify, with the purpose in its environment. It is never called to clean up: one
 * that does not look at the purpose would do its work again.
 */
export function servesPurpose(step: ResolvedStep, purpose: StepRun['purpose']): boolean {
  if (purpose === 'work') return true;
  if (step.kind !== 'handler') return purpose === 'verify';
  return purpose === 'verify' ? step.handler.verify !== undefined : step.handler.cleanup !== undefined;
}
