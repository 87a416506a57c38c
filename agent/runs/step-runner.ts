/** What the loop asks of whoever knows the handlers. `handler-step-runner.ts` does it; tests script it. */
import type { JobExecution, StatusDetails } from '../core/job-execution.ts';
import type { DocumentRejection, JobPlan, PlannedStep } from '../core/job-plan.ts';
import type { RunResult, StopReason } from '../core/outcome.ts';
import type { RunPurpose } from '../core/state.ts';
import type { OnInterrupted } from '../handler-api.ts';

/** What the core needs to know of the handler of a step. */
export interface StepFacts {
  /** The operation, or the file name of the executable. */
  readonly operation: string;
  readonly onInterrupted: OnInterrupted;
  /** From the document, else from the handler; `null` for none. */
  readonly timeoutMs: number | null;
  /** Runs only when nothing else does. */
  readonly exclusive: boolean;
  /** A run for the purpose `verify` can be started. */
  readonly verifies: boolean;
  /** A run for the purpose `clean-up` can be started. */
  readonly cleansUp: boolean;
}

/** Whether a plan can run here, found out before anything runs. */
export type Review =
  | { readonly verdict: 'run'; readonly steps: readonly StepFacts[] }
  | { readonly verdict: 'reject'; readonly reasonCode: string; readonly rejection: DocumentRejection }
  | { readonly verdict: 'unknown-operation'; readonly rejection: DocumentRejection }
  /** The gateway could not find it out: it may be asked again. */
  | { readonly verdict: 'not-now'; readonly reasonCode: string; readonly reason: string };

export interface StepRun {
  /** Unique for this start; safe in a file name. */
  readonly runId: string;
  readonly execution: JobExecution;
  /** Counts from 0. */
  readonly stepIndex: number;
  readonly step: PlannedStep;
  /** Counts from 1. */
  readonly attempt: number;
  readonly purpose: Exclude<RunPurpose['kind'], 'condition'>;
  /** Called with what the handler told last; the last value of a key wins. */
  readonly onProgress: (details: StatusDetails) => void;
}

/** Before the first run of a step that has a condition: ends `succeeded` where it holds, `skipped` where it does not. */
export type ConditionRun = Omit<StepRun, 'purpose'> & { readonly purpose: 'condition' };

export type AnyRun = StepRun | ConditionRun;

export interface RunningStep {
  /** Never rejects: whatever goes wrong is a failed result. */
  readonly ended: Promise<RunResult>;
  /** Resolves when nothing of the run is left. The first reason wins. */
  stop(reason: StopReason, graceMs: number): Promise<void>;
}

export interface StepRunner {
  /** Never rejects. Every step has a handler, parameters that fit it, and a user and a folder that configuration allows. */
  review(plan: JobPlan): Promise<Review>;
  start(run: AnyRun): RunningStep;
  /** Ends what an earlier agent process left running. @returns run ids that were still alive. */
  endLeftovers(graceMs: number): Promise<readonly string[]>;
  /** Removes the folders of an execution that is closed. */
  cleanUp(executionId: string): Promise<void>;
  /**
   * Removes the folders of executions that are not among these: of those that were closed without their folders being
   * removed, and of those that a lost journal knew. To be called before anything starts. Never rejects.
   */
  sweep(liveIds: readonly string[]): Promise<void>;
}
