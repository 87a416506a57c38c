/**
 * What a job document would do on this machine as it is now, found out by looking: read, reviewed and resolved by the same
 * code as a job, and asked of the handlers that can tell. Nothing runs.
 */
import { join } from 'node:path';
import { createPasswdUsers } from '../adapters/users/passwd.ts';
import type { OfflineConfig } from '../config/offline-settings.ts';
import type { PlanVerdict } from '../core/event.ts';
import { parseJobDocument } from '../core/job-document.ts';
import type { DocumentFormat, JobPlan } from '../core/job-plan.ts';
import type { JsonValue } from '../core/json.ts';
import { refusal } from '../core/outcomes.ts';
import { type GatewayParts, handlerFacts, handlerFinder } from '../gateway-parts.ts';
import { reviewDocument } from '../jobs/review-document.ts';
import { reviewPlan } from '../runs/plan-review.ts';
import { type FolderReport, folderReport } from './machine.ts';
import { type StepReport, stepReport } from './step-report.ts';

export interface DryRun {
  /** Null where the document is none of the formats. */
  readonly format: DocumentFormat | null;
  /** What would become of a job with this document when it is taken. */
  readonly verdict: 'run' | 'reject';
  /** Of a rejection: what the cloud would be told. */
  readonly statusDetails: Readonly<Record<string, string>>;
  /** The user who asks; an agent that runs as another may be allowed other files. */
  readonly user: string;
  /** Of all steps together; null for none. */
  readonly timeoutSeconds: number | null;
  readonly stateDir: FolderReport;
  readonly steps: readonly StepReport[];
  /** What would make it fail as things are, besides what the steps say. */
  readonly problems: readonly string[];
}

export interface DryRunOptions extends GatewayParts {
  readonly jobDocument: JsonValue;
  /** As configured: where the work would be done. */
  readonly stateDir: string;
}

/** @param options `config` has folders that may be written to: modules are asked in processes of their own. */
export async function dryRun(options: DryRunOptions): Promise<DryRun> {
  const { jobDocument, stateDir } = options;
  const state = await folderReport(stateDir);
  const config: OfflineConfig = { ...options.config, ...(state.isThere && { stateDir }) };
  const finder = handlerFinder({ ...options, config });
  const { resolve } = finder;
  const { verdict } = await reviewDocument({ jobDocument }, { review: (plan) => reviewPlan(plan, resolve) });
  const parsed = parseJobDocument(jobDocument);
  const plan: JobPlan | null = parsed.ok ? parsed.plan : null;
  const facts = handlerFacts({ ...options, config });
  const steps: StepReport[] = [];
  for (const [index, step] of (plan?.steps ?? []).entries()) {
    const reviewed = verdict.kind === 'run' ? verdict.plan.steps[index] : undefined;
    steps.push(await stepReport(step, { finder, facts, reviewed, workDir: join(stateDir, 'work', 'JOB') }));
  }
  return {
    format: plan?.format ?? null,
    ...verdictOf(verdict),
    user: createPasswdUsers().own.name,
    timeoutSeconds: plan?.timeoutSeconds ?? null,
    stateDir: state,
    steps,
    problems: state.problems,
  };
}

function verdictOf(verdict: PlanVerdict): Pick<DryRun, 'verdict' | 'statusDetails'> {
  if (verdict.kind === 'run') return { verdict: 'run', statusDetails: {} };
  return { verdict: 'reject', statusDetails: refusal(verdict).statusDetails };
}
