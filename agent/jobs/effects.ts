/** Each effect of the core, done: exactly one performer a kind, checked by type. */
import type { AgentEvent } from '../core/event.ts';
import { type ExecutionId, type JobExecution, parseExecutionId } from '../core/job-execution.ts';
import type { AcceptedAnswer } from '../core/jobs-request.ts';
import type { RunResult } from '../core/outcome.ts';
import type { Boot } from '../ports/boot.ts';
import type { Clock } from '../ports/clock.ts';
import type { RunningStep, StepRunner } from '../runs/step-runner.ts';
import { createCoreTimers } from './core-timers.ts';
import type { JobsClient } from './jobs-client.ts';
import { createKnownExecutions, type KnownExecutions } from './known-executions.ts';
import type { PerformedEffect } from './loop.ts';
import { reviewDocument } from './review-document.ts';

export interface EffectsOptions {
  readonly client: Pick<JobsClient, 'request' | 'abandonUpdates'>;
  readonly stepRunner: StepRunner;
  readonly clock: Clock;
  readonly random: () => number;
  /** Between TERM and KILL. */
  readonly stopGraceMs: number;
  readonly boot: Pick<Boot, 'reboot' | 'powerOff'>;
  readonly dispatch: (event: AgentEvent) => void;
  /** Whether the core has an execution that is not over. */
  readonly isOpen: (id: ExecutionId) => boolean;
  readonly onCleanUpFailed: (error: unknown) => void;
}

export interface EffectPerformer {
  /** Starts an effect. Never throws. */
  perform(effect: PerformedEffect): void;
  /** Cancels every timer. */
  stop(): void;
  /** Resolves when every clean-up that was begun has ended. */
  cleanedUp(): Promise<void>;
}

type EffectOf<Type extends PerformedEffect['type']> = Extract<PerformedEffect, { type: Type }>;
type Performers = { [Type in PerformedEffect['type']]: (effect: EffectOf<Type>) => void };

export function createEffectPerformer(options: EffectsOptions): EffectPerformer {
  const { stepRunner, stopGraceMs, dispatch } = options;
  const known = createKnownExecutions(options.isOpen);
  const runs = new Map<string, RunningStep>();
  const cleanUps = new Set<Promise<void>>();
  const timers = createCoreTimers({ ...options, onDue: (timer) => dispatch({ type: 'timerFired', timer }) });

  function startRun(effect: EffectOf<'startRun'>): void {
    const { id, runId } = effect;
    const run = startStep(effect, known, options);
    if (run !== null) runs.set(runId, run);
    void (run?.ended ?? Promise.resolve(WITHOUT_DOCUMENT)).then((result) => {
      runs.delete(runId);
      dispatch({ type: 'runEnded', id, runId, result });
    });
  }

  function cleanUp({ id }: EffectOf<'cleanUp'>): void {
    timers.clearAll(id);
    abandonUpdates(id);
    known.forget(id);
    const cleaned = stepRunner
      .cleanUp(id)
      .catch(options.onCleanUpFailed)
      .finally(() => cleanUps.delete(cleaned));
    cleanUps.add(cleaned);
  }

  /** I6: what was not answered yet must not be sent again of an execution that is over. */
  function abandonUpdates(id: ExecutionId): void {
    const { jobId, executionNumber } = parseExecutionId(id);
    options.client.abandonUpdates(jobId, executionNumber);
  }

  const performers: Performers = {
    startRun,
    request: (effect) => void answerOf(effect, known, options).then(dispatch),
    stopRun({ id, runId, reason }) {
      if (reason === 'canceled') abandonUpdates(id);
      void runs.get(runId)?.stop(reason, stopGraceMs);
    },
    setTimer: ({ timer, delay }) => timers.set(timer, delay),
    clearTimer: ({ timer }) => timers.clear(timer),
    reboot({ how }) {
      const isRestart = how === 'restart';
      const asked = isRestart ? options.boot.reboot() : options.boot.powerOff();
      const cannot = `the gateway cannot be ${isRestart ? 'restarted' : 'powered off'}`;
      void asked.catch((error: Error) => dispatch({ type: 'rebootFailed', message: `${cannot}: ${error.message}` }));
    },
    cleanUp,
  };
  return {
    perform: <Type extends PerformedEffect['type']>(effect: EffectOf<Type>) =>
      (performers[effect.type as Type] as (effect: EffectOf<Type>) => void)(effect),
    stop: timers.close,
    async cleanedUp() {
      await Promise.all(cleanUps);
    },
  };
}

/** The core starts only what an answer with a reviewed document told it of, so this is a fault of ours (I7). */
const WITHOUT_DOCUMENT: RunResult = {
  status: 'failed',
  reasonCode: 'HANDLER_NOT_STARTED',
  message: 'the agent lost the job document before the step could start',
  details: {},
  stdoutTail: '',
  stderrTail: '',
};

/** @returns null when the document is not known. */
function startStep(
  { id, runId, stepIndex, attempt, purpose }: EffectOf<'startRun'>,
  known: KnownExecutions,
  { stepRunner, dispatch }: EffectsOptions,
): RunningStep | null {
  const found = known.get(id);
  const step = found?.plan.steps[stepIndex];
  if (found === undefined || step === undefined) return null;
  const { execution } = found;
  const onProgress = (details: RunResult['details']) => dispatch({ type: 'runProgressed', id, runId, details });
  return stepRunner.start({ runId, execution, stepIndex, step, attempt, purpose, onProgress });
}

/** What comes of a request, as an event; a job document that comes with it is reviewed first. */
async function answerOf(
  { requestId, request }: EffectOf<'request'>,
  known: KnownExecutions,
  { client, stepRunner }: EffectsOptions,
): Promise<AgentEvent> {
  const answer = await client.request(request);
  if (answer.kind === 'unanswered') return { type: 'requestUnanswered', requestId };
  if (answer.kind === 'rejected') return { type: 'requestRejected', requestId, rejection: answer.rejection };
  const execution = executionIn(answer.answer);
  if (execution === null) return { type: 'requestAccepted', requestId, answer: answer.answer };
  const { verdict, plan } = await reviewDocument(execution, stepRunner);
  if (plan !== null) known.remember({ execution, plan });
  return { type: 'requestAccepted', requestId, answer: answer.answer, verdict };
}

/** The execution an answer hands out with its document, if it does. */
function executionIn(answer: AcceptedAnswer): JobExecution | null {
  if (answer.operation === 'StartNextPendingJobExecution') return answer.execution;
  if (answer.operation !== 'DescribeJobExecution' || answer.execution?.jobDocument === undefined) return null;
  return answer.execution;
}
