/** Each effect of the core, done: exactly one performer a kind, checked by type. */
import { backoffMs } from '../core/backoff.ts';
import type { Delay, TimerName } from '../core/effect.ts';
import type { AgentEvent } from '../core/event.ts';
import { type ExecutionId, executionId, type JobExecution } from '../core/job-execution.ts';
import type { JobPlan } from '../core/job-plan.ts';
import type { AcceptedAnswer } from '../core/jobs-request.ts';
import type { RunResult } from '../core/outcome.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { JobsClient } from './jobs-client.ts';
import type { PerformedEffect } from './loop.ts';
import { reviewDocument } from './review-document.ts';
import type { RunningStep, StepRunner } from './step-runner.ts';

export interface EffectsOptions {
  readonly client: JobsClient;
  readonly stepRunner: StepRunner;
  readonly clock: Clock;
  readonly random: () => number;
  /** Between TERM and KILL. */
  readonly stopGraceMs: number;
  readonly dispatch: (event: AgentEvent) => void;
  /** Whether the core has an execution that is not over. */
  readonly isOpen: (id: ExecutionId) => boolean;
  readonly onCleanUpFailed: (error: unknown) => void;
}

/** Waits of the core, from the first to the ones of a long outage (reliability: throttling is retried for ever). */
const BACKOFF_RANGE = { firstMs: 2_000, maxMs: 300_000 } as const;

const MAX_IDLE = 16;

const WITHOUT_DOCUMENT: RunResult = {
  status: 'failed',
  reasonCode: 'HANDLER_NOT_STARTED',
  message: 'the agent lost the job document before the step could start',
  details: {},
  stdoutTail: '',
  stderrTail: '',
};

/** What is known of an execution only while this process lives: its document, already parsed. */
interface KnownExecution {
  readonly execution: JobExecution;
  readonly plan: JobPlan;
}

type Performers = { [Type in PerformedEffect['type']]: (effect: Extract<PerformedEffect, { type: Type }>) => void };

export interface EffectPerformer {
  /** Starts an effect. Never throws. */
  perform(effect: PerformedEffect): void;
  /** Cancels every timer. */
  stop(): void;
}

export function createEffectPerformer(options: EffectsOptions): EffectPerformer {
  const { client, stepRunner, clock, random, stopGraceMs, dispatch } = options;
  const known = new Map<ExecutionId, KnownExecution>();
  const runs = new Map<string, RunningStep>();
  const timers = new Map<string, Timer>();

  async function answerOf(effect: Extract<PerformedEffect, { type: 'request' }>): Promise<AgentEvent> {
    const { requestId } = effect;
    const answer = await client.request(effect.request);
    if (answer.kind === 'unanswered') return { type: 'requestUnanswered', requestId };
    if (answer.kind === 'rejected') return { type: 'requestRejected', requestId, rejection: answer.rejection };
    const execution = executionIn(answer.answer);
    if (execution === null) return { type: 'requestAccepted', requestId, answer: answer.answer };
    const { verdict, plan } = await reviewDocument(execution, stepRunner);
    if (plan !== null) remember({ execution, plan });
    return { type: 'requestAccepted', requestId, answer: answer.answer, verdict };
  }

  /** An answer the core has no use for leaves its document behind: of those only a few are kept (I8). */
  function remember(one: KnownExecution): void {
    known.set(executionId(one.execution), one);
    const idle = [...known.keys()].filter((id) => !options.isOpen(id));
    for (const id of idle.slice(0, -MAX_IDLE)) known.delete(id);
  }

  function startRun({ id, runId, stepIndex, attempt }: Extract<PerformedEffect, { type: 'startRun' }>): void {
    const found = known.get(id);
    const step = found?.plan.steps[stepIndex];
    if (found === undefined || step === undefined) {
      // The core starts only what an answer with a reviewed document told it of, so this is a fault of ours; it fails
      // the one execution and not the agent (I7).
      dispatch({ type: 'runEnded', id, runId, result: WITHOUT_DOCUMENT });
      return;
    }
    const run = stepRunner.start({
      runId,
      execution: found.execution,
      stepIndex,
      step,
      attempt,
      onProgress: (details) => dispatch({ type: 'runProgressed', id, runId, details }),
    });
    runs.set(runId, run);
    void run.ended.then((result) => {
      runs.delete(runId);
      dispatch({ type: 'runEnded', id, runId, result });
    });
  }

  function setTimer(timer: TimerName, delay: Delay): void {
    const name = JSON.stringify(timer);
    timers.get(name)?.cancel();
    const delayMs = delay.kind === 'exactly' ? delay.ms : backoffMs(delay.attempt, BACKOFF_RANGE, random);
    const due = () => {
      timers.delete(name);
      dispatch({ type: 'timerFired', timer });
    };
    timers.set(name, clock.setTimer(delayMs, due));
  }

  const performers: Performers = {
    request: (effect) => void answerOf(effect).then(dispatch),
    startRun,
    stopRun: ({ runId, reason }) => void runs.get(runId)?.stop(reason, stopGraceMs),
    setTimer: ({ timer, delay }) => setTimer(timer, delay),
    clearTimer: ({ timer }) => {
      timers.get(JSON.stringify(timer))?.cancel();
      timers.delete(JSON.stringify(timer));
    },
    cleanUp: ({ id }) => {
      known.delete(id);
      stepRunner.cleanUp(id).catch(options.onCleanUpFailed);
    },
  };

  return {
    perform<Type extends PerformedEffect['type']>(effect: Extract<PerformedEffect, { type: Type }>) {
      (performers[effect.type as Type] as (effect: Extract<PerformedEffect, { type: Type }>) => void)(effect);
    },
    stop() {
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
    },
  };
}

/** The execution an answer hands out with its document, if it does. */
function executionIn(answer: AcceptedAnswer): JobExecution | null {
  if (answer.operation === 'StartNextPendingJobExecution') return answer.execution;
  if (answer.operation !== 'DescribeJobExecution' || answer.execution?.jobDocument === undefined) return null;
  return answer.execution;
}
