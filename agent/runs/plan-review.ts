/** Whether a plan can run here, step by step, before anything runs. The first problem decides. */
import type { DocumentFormat, JobPlan, PlannedStep } from '../core/job-plan.ts';
import { servesPurpose } from './handler-part.ts';
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

function factsOf(resolved: ResolvedStep, { timeoutSeconds }: PlannedStep): StepFacts {
  const handler = resolved.kind === 'handler' ? resolved.handler : undefined;
  const seconds = timeoutSeconds ?? handler?.defaultTimeoutSeconds;
  return {
    operation: resolved.operation,
    onInterrupted: handler?.onInterrupted ?? 'fail',
    timeoutMs: seconds === undefined ? null : seconds * 1000,
    exclusive: handler?.exclusive ?? false,
    verifies: servesPurpose(resolved, 'verify'),
    cleansUp: servesPurpose(resolved, 'clean-up'),
  };
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
};

function refusal(problem: StepProblem, { pointer }: PlannedStep, format: DocumentFormat): Review {
  const { verdict, reasonCode, place, inPlace, reason } = problem;
  const rejection = { pointer: pointer + PLACES[format][place] + inPlace, reason };
  return verdict === 'reject' ? { verdict, reasonCode, rejection } : { verdict, rejection };
}
