/**
 * The processes of handlers: they run, tell how far they are, obey or do not, and outlive the agent but not the machine.
 * What is bookkeeping of steps is the scripted step runner's, and how a run ends `run-ending.ts` says.
 */

import type { JobPlan } from '../../agent/core/job-plan.ts';
import type { RunResult } from '../../agent/core/outcome.ts';
import type { AnyRun, Review, StepRunner } from '../../agent/runs/step-runner.ts';
import { createScriptedStepRunner, type ScriptedStep } from '../fakes/scripted-step-runner.ts';
import type { Draw } from './draw.ts';
import type { History } from './history.ts';
import { isRefusedStep, SECRET_URL, type StepScript, scriptOfStep } from './job-script.ts';
import type { Life } from './life.ts';
import { createRunEndings, SIGNALED } from './run-ending.ts';
import type { Scheduler } from './scheduler.ts';

export interface SimulatedHandlers {
  stepRunner(life: Life): StepRunner;
  /** Every run ends with the machine. */
  powerLost(): void;
  readonly runsAlive: readonly string[];
  /** Of executions, by id. */
  readonly folders: ReadonlySet<string>;
  /** The next clean-ups fail so often. */
  failCleanUps(count: number): void;
  /** Once, when the next run of that kind has begun. */
  onNextRun(isIt: (run: AnyRun) => boolean, what: () => void): void;
}

interface LiveRun {
  readonly id: string;
  readonly run: AnyRun;
  readonly script: StepScript;
  readonly life: Life;
  readonly step: ScriptedStep;
  isStopping: boolean;
}

type End = 'itself' | 'stopped' | 'killed' | 'leftover' | 'power';

export function createSimulatedHandlers(options: {
  readonly scheduler: Scheduler;
  readonly draw: Draw;
  readonly history: History;
}): SimulatedHandlers {
  const { scheduler, draw, history } = options;
  const alive = new Map<string, LiveRun>();
  const folders = new Set<string>();
  const endings = createRunEndings();
  let cleanUpFailures = 0;
  let awaited: { readonly isIt: (run: AnyRun) => boolean; readonly what: () => void } | null = null;

  function end(live: LiveRun, result: RunResult, how: End): void {
    const { run, life, id, step } = live;
    if (alive.get(run.runId) !== live) return;
    alive.delete(run.runId);
    const isHeard = life.isAlive;
    const { runId, stepIndex } = run;
    history.note({ what: 'ended', id, runId, stepIndex, status: result.status, isHeard, how });
    if (isHeard) step.end(result);
  }

  function begin(live: LiveRun): void {
    const { run, script, life } = live;
    const { runsMs, ending, progress } = script;
    for (let count = 1; count <= progress; count += 1) {
      scheduler.after(Math.floor((runsMs * count) / (progress + 1)), () => {
        if (!alive.has(run.runId) || !life.isAlive) return;
        run.onProgress({ percent: String(count), at: `step ${count} of ${SECRET_URL}` });
      });
    }
    if (ending === 'hang') return;
    scheduler.after(runsMs, () => {
      if (alive.get(run.runId) === live) end(live, endings.next(run, script), 'itself');
    });
  }

  /** TERM now, KILL after the grace: what `stopping` makes of it. */
  function stop(live: LiveRun, graceMs: number, how: 'stopped' | 'leftover'): void {
    if (live.isStopping) return;
    live.isStopping = true;
    const { stopping } = live.script;
    const afterMs = {
      obey: draw.between(1, 500),
      linger: Math.min(graceMs, draw.between(500, 9_000)),
      ignore: graceMs,
      finish: draw.between(1, 2_000),
    }[stopping];
    const isFinished = stopping === 'finish' && live.script.ending !== 'hang';
    scheduler.after(afterMs, () => {
      if (alive.get(live.run.runId) !== live) return;
      const result = isFinished ? endings.next(live.run, live.script) : SIGNALED;
      end(live, result, stopping === 'ignore' ? 'killed' : how);
    });
  }

  function stepRunner(life: Life): StepRunner {
    const scripted = createScriptedStepRunner({
      onStop(step) {
        const live = alive.get(step.run.runId);
        const { reason = 'shutdown', graceMs = 0 } = step.stops.at(-1) ?? {};
        if (live === undefined) return;
        history.note({ what: 'stopped', id: live.id, runId: step.run.runId, reason });
        stop(live, graceMs, 'stopped');
      },
    });
    return {
      review: (plan) => life.wait(() => soon(life, draw.spread(1, 20), () => review(plan))),
      start: (run) => life.call(() => start(life, scripted, run), notStarted),
      endLeftovers: (graceMs) => life.wait(() => endLeftovers(life, graceMs)),
      cleanUp: (id) =>
        life.wait(async () => {
          const isDone = cleanUpFailures === 0;
          history.note({ what: 'cleaned', id, isDone });
          if (isDone) {
            folders.delete(id);
            return;
          }
          cleanUpFailures -= 1;
          throw new Error('the simulated folder cannot be removed');
        }),
      sweep: (liveIds) =>
        life.wait(async () => {
          for (const id of folders) if (!liveIds.includes(id)) folders.delete(id);
        }),
    };
  }

  function start(life: Life, scripted: ReturnType<typeof createScriptedStepRunner>, run: AnyRun) {
    const running = scripted.start(run);
    const step = scripted.runs.at(-1);
    const script = scriptOfStep(run.step);
    if (step === undefined || script === null) throw new Error(`no handler was reviewed for ${run.runId}`);
    const { runId, stepIndex, attempt, purpose } = run;
    const id = executionIdOf(run);
    const live: LiveRun = { id, run, script, life, step, isStopping: false };
    history.note({ what: 'started', life: life.number, id, runId, stepIndex, attempt, purpose });
    folders.add(id);
    alive.set(runId, live);
    begin(live);
    if (awaited?.isIt(run) === true) {
      awaited.what();
      awaited = null;
    }
    return running;
  }

  async function endLeftovers(life: Life, graceMs: number): Promise<readonly string[]> {
    const leftovers = [...alive.values()].filter((live) => live.life !== life);
    for (const live of leftovers) stop(live, graceMs, 'leftover');
    const ids = leftovers.map(({ run }) => run.runId);
    while (ids.some((runId) => alive.has(runId))) await soon(life, 100, () => undefined);
    return ids;
  }

  return {
    stepRunner,
    powerLost() {
      for (const live of [...alive.values()]) end(live, SIGNALED, 'power');
    },
    get runsAlive() {
      return [...alive.keys()];
    },
    folders,
    failCleanUps(count) {
      cleanUpFailures = count;
    },
    onNextRun(isIt, what) {
      awaited = { isIt, what };
    },
  };
}

function review(plan: JobPlan): Review {
  const rejection = { pointer: '/operation', reason: 'as the script says' };
  if (plan.steps.some(isRefusedStep)) return { verdict: 'reject', reasonCode: 'PARAMETERS_INVALID', rejection };
  const steps = plan.steps.map((step) => ({ step, script: scriptOfStep(step) }));
  if (steps.some(({ script }) => script === null)) return { verdict: 'unknown-operation', rejection };
  return {
    verdict: 'run',
    steps: steps.map(({ step, script }) => ({
      operation: 'simulated',
      onInterrupted: script?.onInterrupted ?? 'fail',
      timeoutMs: step.timeoutSeconds === undefined ? null : step.timeoutSeconds * 1_000,
      exclusive: script?.exclusive ?? false,
      verifies: script?.verifies ?? false,
      cleansUp: script?.cleansUp ?? false,
    })),
  };
}

function executionIdOf({ execution }: AnyRun): string {
  const { jobId, executionNumber, queuedAt } = execution;
  return `${jobId}.${executionNumber}.${queuedAt}`;
}

/** What a process that is dead already starts. */
function notStarted() {
  return { ended: new Promise<never>(() => undefined), stop: () => new Promise<never>(() => undefined) };
}

function soon<T>(life: Life, afterMs: number, what: () => T): Promise<T> {
  return new Promise((resolve) => life.after(afterMs, () => resolve(what())));
}
