/** Whether a plan can run here, step by step, before anything runs. The first problem decides. */
import type { DocumentFormat, JobPlan, PlannedStep } from '../core/job-plan.ts';
import { sdkV1Pointer } from '../core/sdk-v1-document.ts';
import type { ResolvedStep, ResolveStep, StepPlace, StepProblem } from './step-resolver.ts';
import type { Review, StepFacts } from './step-runner.ts';

export async function reviewPlan(plan: JobPlan, resolve: ResolveStep): Promise<Review> {
  const steps: StepFacts[] = [];
  for (const step of plan.steps) {
    const resolution = await resolve(step);
    if (!resolution.ok) return refusal(resolution.problem, step, plan.format);
    steps.push(factsOf(resolution.step, step));
  }
  return { verdict: 'run', steps };
}

function factsOf({ operation, traits }: ResolvedStep, { timeoutSeconds }: PlannedStep): StepFacts {
  const seconds = timeoutSeconds ?? traits.timeoutSeconds;
  const { onInterrupted, exclusive, verifies, cleansUp } = traits;
  const timeoutMs = seconds === null ? null : seconds * 1000;
  return { operation, onInterrupted, timeoutMs, exclusive, verifies, cleansUp };
}

/** Where each part of a step stands, from the step's own pointer on. */
const PLACES: Readonly<Record<DocumentFormat, Readonly<Record<StepPlace, string>>>> = {
  native: { operation: '/operation', parameters: '/parameters', folder: '', args: '', user: '/runAs' },
  'managed-template': {
    operation: '/input/handler',
    parameters: '/input', // the only operation there is run-command, and its parameter is called `command` here too
    folder: '/input/path',
    args: '/input/args',
    user: '/runAsUser',
  },
  'device-client': { operation: '/operation', parameters: '', folder: '/path', args: '/args', user: '' },
  'sdk-v1': { operation: '/operation', parameters: '', folder: '', args: '', user: '' },
};

function refusal(problem: StepProblem, { pointer }: PlannedStep, format: DocumentFormat): Review {
  const { verdict, reasonCode, place, inPlace, reason } = problem;
  if (verdict === 'not-now') return { verdict, reasonCode, reason };
  const further = format === 'sdk-v1' ? sdkV1Pointer(inPlace) : inPlace;
  const rejection = { pointer: pointer + PLACES[format][place] + further, reason };
  return verdict === 'reject' ? { verdict, reasonCode, rejection } : { verdict, rejection };
}
