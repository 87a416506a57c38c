/** From a job document to the core's verdict on it: parsed, then held against the handlers, before anything runs. */
import type { PlanVerdict } from '../core/event.ts';
import { parseJobDocument } from '../core/job-document.ts';
import type { JobExecution } from '../core/job-execution.ts';
import type { JobPlan } from '../core/job-plan.ts';
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
    case 'run': {
      const steps = plan.steps.map((step, index) => ({
        name: step.name,
        ignoreFailure: step.ignoreFailure,
        retries:
          step.retries === undefined ? null : { count: step.retries.count, delayMs: step.retries.delaySeconds * 1_000 },
        conditional: step.runIf !== undefined,
        onInterrupted: review.steps[index]?.onInterrupted ?? 'fail',
        timeoutMs: review.steps[index]?.timeoutMs ?? null,
        exclusive: review.steps[index]?.exclusive ?? false,
        verifies: review.steps[index]?.verifies ?? false,
        cleansUp: review.steps[index]?.cleansUp ?? false,
      }));
      const { includeStdOut, timeoutSeconds } = plan;
      const limit = timeoutSeconds === undefined ? {} : { timeoutMs: timeoutSeconds * 1_000 };
      return { verdict: { kind: 'run', plan: { includeStdOut, ...limit, steps } }, plan };
    }
  }
}

function reject(
  reasonCode: string,
  rejection: Extract<PlanVerdict, { kind: 'reject' }>['rejection'],
): ReviewedDocument {
  return { verdict: { kind: 'reject', reasonCode, rejection }, plan: null };
}
