/**
 * One job execution without a cloud: the daemon's own core, loop and effects, with a service and a journal in memory. The
 * machine can be taken to have restarted, or to have lost its power, without either: a new life of the agent then begins
 * with what the journal holds, as a new process would.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { AgentEvent } from '../core/event.ts';
import type { ExecutionRecord } from '../core/execution-record.ts';
import { type ExecutionKey, isTerminal, type JobExecutionStatus, type StatusDetails } from '../core/job-execution.ts';
import type { JsonValue } from '../core/json.ts';
import { type AgentState, type CoreSettings, initialState } from '../core/state.ts';
import { logChanges } from '../jobs/change-log.ts';
import { createEffectPerformer, type EffectPerformer } from '../jobs/effects.ts';
import { createLoop, type Loop, type PerformedEffect } from '../jobs/loop.ts';
import type { Clock } from '../ports/clock.ts';
import type { RunningStep, StepRunner } from '../runs/step-runner.ts';
import { createTrialService, type TrialService } from './trial-service.ts';

export interface TrialOptions {
  readonly jobDocument: JsonValue;
  readonly stepRunner: StepRunner;
  readonly clock: Clock;
  readonly core: CoreSettings;
  /** Between TERM and KILL. */
  readonly stopGraceMs: number;
  /** Whether a restart that a step asks for is taken to have happened. */
  readonly passRestarts: boolean;
  /** Whether a step that asks to be tried later is tried at once. */
  readonly skipWaits: boolean;
  /** The changes of the execution, as the daemon logs them. */
  readonly log: Logger;
  /** What the handlers told, when it changed: everything told so far. */
  readonly onProgress?: (details: StatusDetails) => void;
  /** What the cloud would have been told. */
  readonly onUpdate?: (status: JobExecutionStatus, statusDetails: StatusDetails) => void;
}

export interface TrialEnd {
  readonly status: JobExecutionStatus;
  readonly statusDetails: StatusDetails;
  /** What the machine would have to do before it goes on; the execution is not over then. */
  readonly waitsFor?: 'restart' | 'power off';
}

export interface Trial {
  /** Resolves when nothing runs any more and everything is cleaned up. @throws what the agent would call a fault of its own. */
  readonly ended: Promise<TrialEnd>;
  readonly key: ExecutionKey;
  /** As an operator cancels the job: TERM, the grace, KILL, clean-up. */
  cancel(): void;
  /** KILL now, whatever was allowed before. Resolves when nothing is left. */
  kill(): Promise<void>;
  /** As if power was lost: nothing is decided or kept any more. What runs is the caller's to end. */
  cutPower(): Promise<void>;
  /** As if it came back. */
  restorePower(): Promise<void>;
}

const JOB_ID = 'exec';

export function startTrial(options: TrialOptions): Trial {
  return new RunningTrial(options);
}

/** From a start of the agent to its end. What happens in one that is over is nobody's concern any more. */
interface Life {
  readonly loop: Loop;
  readonly effects: EffectPerformer;
  isOver: boolean;
}

/** Owns the lives, one after the other. */
class RunningTrial implements Trial {
  readonly ended: Promise<TrialEnd>;
  readonly key: ExecutionKey;
  readonly #options: TrialOptions;
  readonly #service: TrialService;
  readonly #journalId = randomUUID();
  readonly #records = new Map<string, ExecutionRecord>();
  readonly #runs = new Set<RunningStep>();
  #boots = 0;
  #life: Life;
  #end: (end: TrialEnd | Promise<never>) => void = () => undefined;

  constructor(options: TrialOptions) {
    this.#options = options;
    const { clock, jobDocument, onUpdate = () => undefined } = options;
    this.key = { jobId: JOB_ID, executionNumber: 1, queuedAt: Math.floor(clock.wallMs() / 1_000) };
    this.#service = createTrialService({ key: this.key, jobDocument, onUpdate });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#life = this.#begin();
  }

  cancel(): void {
    this.#service.cancel();
    this.#life.loop.dispatch({ type: 'notified', notification: { topic: 'notify', inProgress: [], queued: [] } });
  }

  async kill(): Promise<void> {
    await Promise.all([...this.#runs].map((run) => run.stop('canceled', 0)));
  }

  async cutPower(): Promise<void> {
    this.#life.isOver = true;
    this.#life.effects.stop();
    await this.#life.loop.settled();
  }

  async restorePower(): Promise<void> {
    await Promise.all([...this.#runs].map(({ ended }) => ended));
    this.#life = this.#begin();
  }

  #begin(): Life {
    const { clock, core, log } = this.#options;
    this.#boots += 1;
    const dispatch = (event: AgentEvent) => {
      if (!life.isOver) life.loop.dispatch(event);
    };
    const effects = this.#effects(dispatch, (id) => life.loop.state().executions[id] !== undefined);
    const loop = createLoop({
      initial: initialState({ journalId: this.#journalId, bootId: `boot-${this.#boots}` }, core),
      append: async (record) => void (life.isOver || this.#records.set(record.id, record)),
      perform: (effect) => {
        if (!life.isOver) effects.perform(this.#adjusted(effect));
      },
      onFault: (error) => this.#end(Promise.reject(error)),
      onChange: (before, after) => this.#changed(before, after),
      monotonicMs: clock.monotonicMs,
      log,
    });
    const life: Life = { loop, effects, isOver: false };
    loop.dispatch({ type: 'journalRecovered', records: [...this.#records.values()] });
    loop.dispatch({ type: 'connected' });
    return life;
  }

  #effects(dispatch: (event: AgentEvent) => void, isOpen: (id: string) => boolean): EffectPerformer {
    const { stepRunner, clock, stopGraceMs, log } = this.#options;
    return createEffectPerformer({
      client: { request: async (request) => this.#service.answer(request), abandonUpdates: () => undefined },
      stepRunner: { ...stepRunner, start: (run) => this.#remembered(stepRunner.start(run)) },
      clock,
      random: Math.random,
      stopGraceMs,
      boot: { reboot: async () => this.#bootEnds('restart'), powerOff: async () => this.#bootEnds('power off') },
      dispatch,
      isOpen,
      onCleanUpFailed: (err) => log.warn({ err }, 'folders of the job could not be removed'),
    });
  }

  #remembered(run: RunningStep): RunningStep {
    this.#runs.add(run);
    void run.ended.then(() => this.#runs.delete(run));
    return run;
  }

  #adjusted(effect: PerformedEffect): PerformedEffect {
    const isWait = this.#options.skipWaits && effect.type === 'setTimer' && effect.timer.name === 'due';
    return isWait ? { ...effect, delay: { kind: 'exactly', ms: 0 } } : effect;
  }

  #bootEnds(waitsFor: NonNullable<TrialEnd['waitsFor']>): void {
    if (this.#options.passRestarts) {
      this.#options.log.info({}, 'taken to have restarted: nothing was restarted or powered off');
      void this.cutPower().then(() => this.restorePower());
    } else this.#finish({ waitsFor });
  }

  #changed(before: AgentState, after: AgentState): void {
    const { log, onProgress } = this.#options;
    for (const { id, skippedSteps } of Object.values(after.executions)) {
      const known = before.executions[id]?.skippedSteps.length ?? 0;
      for (const stepName of skippedSteps.slice(known)) log.info({ stepName }, 'step is passed by');
    }
    logChanges(before, after, () => log);
    for (const { id, details } of Object.values(after.executions)) {
      if (details !== before.executions[id]?.details && Object.keys(details).length > 0) onProgress?.(details);
    }
    const isOver = Object.keys(after.executions).length === 0 && after.finished.length > before.finished.length;
    if (isOver) setImmediate(() => this.#finish({})); // its effects are started first
  }

  #finish(more: Pick<TrialEnd, 'waitsFor'>): void {
    const { effects } = this.#life;
    const { status, statusDetails } = this.#service.execution();
    const isTold = isTerminal(status) || more.waitsFor !== undefined;
    const ended = this.cutPower().then(() => effects.cleanedUp());
    void ended.then(() =>
      this.#end(
        isTold
          ? { status, statusDetails, ...more }
          : Promise.reject(new Error(`the execution was closed as ${status}`)),
      ),
    );
  }
}
