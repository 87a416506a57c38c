/** From a job document to the core's verdict on it: parsed, then held against the handlers, before anything runs. */
import type { PlanVerdict } from '../core/event.ts';
import { parseJobDocument } from '../core/job-document.ts';
import type { JobExecution } from '../core/job-execution.ts';
import type { JobPlan, PlannedStep } from '../core/job-plan.ts';
import type { ReviewedStep } from '../core/state.ts';
import type { StepRunner } from '../runs/step-runner.ts';

export interface ReviewedDocument {
  readonly verdict: PlanVerdict;
  /** With the verdict `run` only. */
  readonly plan: JobPlan | null;
}

export async function reviewDocument(
  { jobDocument }: Pick<JobExecution, 'jobDocument'>,
  stepRunner: Pick<StepRunner, 'review'>,
): Promise<ReviewedDocument> {
  const parsed = parseJobDocument(jobDocument);
  if (!parsed.ok) return reject('JOB_DOCUMENT_INVALID', parsed.rejection);
  const { plan } = parsed;
  const review = await stepRunner.review(plan);
  switch (review.verdict) {
    case 'reject':
      return reject(review.reasonCode, review.rejection);
    case 'unknown-operation':
      return { verdict: { kind: 'unknown-operation', rejection: review.rejection }, plan: null };
    case 'not-now': {
      const { reasonCode, reason } = review;
      return { verdict: { kind: 'not-now', reasonCode, reason }, plan: null };
    }
    case 'run': {
      const steps = plan.steps.map(
        (step, index): ReviewedStep => ({
          name: step.name,
          role: step.role ?? 'work',
          undoes: undoneBy(step, plan),
          ignoreFailure: step.ignoreFailure,
          retries:
            step.retries === undefined
              ? null
              : { count: step.retries.count, delayMs: step.retries.delaySeconds * 1_000 },
          conditional: step.runIf !== undefined,
          onInterrupted: review.steps[index]?.onInterrupted ?? 'fail',
          timeoutMs: review.steps[index]?.timeoutMs ?? (step.role === undefined ? null : ENDING_LIMIT_MS),
          exclusive: review.steps[index]?.exclusive ?? false,
          verifies: review.steps[index]?.verifies ?? false,
          cleansUp: review.steps[index]?.cleansUp ?? false,
        }),
      );
      const { includeStdOut, timeoutSeconds } = plan;
      const limit = timeoutSeconds === undefined ? {} : { timeoutMs: timeoutSeconds * 1_000 };
      return { verdict: { kind: 'run', plan: { includeStdOut, ...limit, steps } }, plan };
    }
  }
}

function undoneBy({ undoes }: PlannedStep, { steps }: JobPlan): ReviewedStep['undoes'] {
  return undoes === undefined ? null : { index: undoes, name: steps[undoes]?.name ?? '' };
}

/** Of a rollback, or a step that always runs, that has no limit of its own: the job's does not count there any more. */
const ENDING_LIMIT_MS = 600_000;

function reject(
  reasonCode: string,
  rejection: Extract<PlanVerdict, { kind: 'reject' }>['rejection'],
): ReviewedDocument {
  return { verdict: { kind: 'reject', reasonCode, rejection }, plan: null };
}
