/** A step runner whose steps tell and end as the test says. Nothing is started. */
import type { RunResult, StopReason } from '../../agent/core/outcome.ts';
import type { AnyRun, Review, StepFacts, StepRunner } from '../../agent/runs/step-runner.ts';

export interface ScriptedStepRunner extends StepRunner {
  /** In the order they were started. */
  readonly runs: readonly ScriptedStep[];
  /** Executions whose folders were removed. */
  readonly cleanedUp: readonly string[];
  /** The executions that lived at each sweep. */
  readonly sweeps: readonly (readonly string[])[];
  /** Run ids that an earlier agent process is to have left alive. */
  readonly leftovers: string[];
  /** The next cleanup fails. */
  failNextCleanUp(reason: string): void;
}

export interface ScriptedStep {
  readonly run: AnyRun;
  readonly stops: readonly { readonly reason: StopReason; readonly graceMs: number }[];
  readonly isOver: boolean;
  /** Only the first end counts. */
  end(result?: RunResult): void;
}

export interface ScriptedStepRunnerOptions {
  /** Of every step; a document whose operation is `unknown` or `refused` gets that verdict. */
  readonly facts?: Partial<StepFacts>;
  /** What a stop does; the run fails unless given. */
  readonly onStop?: (step: ScriptedStep) => void;
}

const OUTPUT = { details: {}, stdoutTail: '', stderrTail: '' };
export const STEP_SUCCEEDED: RunResult = { status: 'succeeded', ...OUTPUT };
export const STEP_FAILED: RunResult = {
  status: 'failed',
  reasonCode: 'HANDLER_EXIT_CODE',
  message: 'exit 3',
  ...OUTPUT,
};

export function createScriptedStepRunner(options: ScriptedStepRunnerOptions = {}): ScriptedStepRunner {
  const onStop = options.onStop ?? ((step) => step.end(STEP_FAILED));
  const runs: ScriptedStep[] = [];
  const cleanedUp: string[] = [];
  const sweeps: (readonly string[])[] = [];
  const leftovers: string[] = [];
  let cleanUpFailure: string | undefined;
  return {
    runs,
    cleanedUp,
    sweeps,
    leftovers,
    failNextCleanUp(reason) {
      cleanUpFailure = reason;
    },
    async review(plan): Promise<Review> {
      const operations = plan.steps.map(({ action }) =>
        action.kind === 'operation' ? action.operation : action.handler,
      );
      const rejection = { pointer: '/operation', reason: 'as the test says' };
      if (operations.includes('unknown')) return { verdict: 'unknown-operation', rejection };
      if (operations.includes('refused')) return { verdict: 'reject', reasonCode: 'PARAMETERS_INVALID', rejection };
      return {
        verdict: 'run',
        steps: plan.steps.map(({ timeoutSeconds }, index) => ({
          operation: operations[index] ?? '',
          onInterrupted: 'fail',
          timeoutMs: timeoutSeconds === undefined ? null : timeoutSeconds * 1_000,
          exclusive: false,
          verifies: false,
          cleansUp: false,
          ...options.facts,
        })),
      };
    },
    start(run) {
      const { step, running } = createStep(run, onStop);
      runs.push(step);
      return running;
    },
    async endLeftovers() {
      return leftovers.splice(0);
    },
    async cleanUp(executionId) {
      const failure = cleanUpFailure;
      cleanUpFailure = undefined;
      if (failure !== undefined) throw new Error(failure);
      cleanedUp.push(executionId);
    },
    async sweep(liveIds) {
      sweeps.push(liveIds);
    },
  };
}

function createStep(run: AnyRun, onStop: (step: ScriptedStep) => void) {
  const stops: { reason: StopReason; graceMs: number }[] = [];
  let isOver = false;
  let resolveEnded: (result: RunResult) => void = () => {};
  const ended = new Promise<RunResult>((resolve) => {
    resolveEnded = resolve;
  });
  const step: ScriptedStep = {
    run,
    stops,
    get isOver() {
      return isOver;
    },
    end(result = STEP_SUCCEEDED) {
      isOver = true;
      resolveEnded(result);
    },
  };
  const stop = async (reason: StopReason, graceMs: number) => {
    stops.push({ reason, graceMs });
    if (!isOver) onStop(step);
    await ended;
  };
  return { step, running: { ended, stop } };
}
