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

export function servesPurpose({ traits }: Pick<ResolvedStep, 'traits'>, purpose: StepRun['purpose']): boolean {
  return purpose === 'work' || (purpose === 'verify' ? traits.verifies : traits.cleansUp);
}
