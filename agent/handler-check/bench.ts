/** Where a handler is tried again and again: each time a job of its own, in folders of their own, as bad as is asked for. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readBootId } from '../adapters/boot/linux.ts';
import { systemClock } from '../adapters/clock/system.ts';
import type { OfflineConfig } from '../config/offline-settings.ts';
import type { JsonValue } from '../core/json.ts';
import { coreSettings, type GatewayParts, stepRunnerOptions } from '../gateway-parts.ts';
import type { ProcessSpec } from '../ports/process-runner.ts';
import { createHandlerStepRunner } from '../runs/handler-step-runner.ts';
import { clearDeadTrials } from '../trial/dead-trials.ts';
import { startTrial, type Trial, type TrialEnd } from '../trial/trial.ts';
import { openTrialFolders, type TrialFolders } from '../trial/trial-folders.ts';
import { createObservedRunner, type ObservedProcess } from './observed-runner.ts';

export interface BenchRun {
  /** `null`: it did not end, and was killed. */
  readonly end: TrialEnd | null;
  readonly durationMs: number;
  readonly processes: readonly ObservedProcess[];
  /** When the handler reported something, in milliseconds since its first process was started. */
  readonly reportTimes: readonly number[];
  /** What was to be done to a process of it was done before that ended. */
  readonly wasHit: boolean;
}

export interface BenchOptions {
  readonly jobDocument?: JsonValue;
  /** The circumstances in which its processes are started. */
  readonly change?: (spec: ProcessSpec) => ProcessSpec;
  /** Power is lost so many milliseconds after the start of its nth process, counted from 0, and comes back. */
  readonly powerCut?: { readonly process: number; readonly afterMs: number };
  /** The job is cancelled so many milliseconds after the start of its first process. */
  readonly cancelAfterMs?: number;
}

export interface Bench {
  readonly folders: TrialFolders;
  readonly config: OfflineConfig;
  run(options?: BenchOptions): Promise<BenchRun>;
  close(): Promise<void>;
}

export interface BenchSetup extends GatewayParts {
  readonly jobDocument: JsonValue;
  /** What a run may take before it counts as hung, in milliseconds. */
  readonly limitMs: () => number;
  /** Aborted when somebody does not want to wait for the end: what runs is killed, and `run` throws its reason. */
  readonly signal: AbortSignal;
}

/** @throws Error when the folders cannot be made. */
export async function openBench(setup: BenchSetup): Promise<Bench> {
  await clearDeadTrials(readBootId());
  const folders = await openTrialFolders({ keep: false, bootId: readBootId() });
  const { stateDir, runtimeDir } = folders;
  const config: OfflineConfig = {
    ...setup.config,
    stateDir,
    runtimeDir,
    maxConcurrentJobs: 1,
    unknownOperation: 'reject',
  };
  const runner = createObservedRunner(join(runtimeDir, 'runs'));
  const stepRunner = createHandlerStepRunner({ ...stepRunnerOptions({ ...setup, config }), runner });
  return {
    folders,
    config,
    close: folders.release,
    run: (options = {}) =>
      runOnce(options, {
        observe: runner.observe,
        limitMs: setup.limitMs(),
        signal: setup.signal,
        start: (onProgress) =>
          startTrial({
            jobDocument: options.jobDocument ?? setup.jobDocument,
            stepRunner,
            clock: systemClock,
            core: coreSettings(config),
            stopGraceMs: config.stopGraceSeconds * 1_000,
            passRestarts: true,
            skipWaits: true,
            log: setup.log,
            onProgress,
          }),
      }),
  };
}

interface Means {
  readonly observe: ReturnType<typeof createObservedRunner>['observe'];
  readonly limitMs: number;
  readonly signal: AbortSignal;
  readonly start: (onProgress: () => void) => Trial;
}

async function runOnce(options: BenchOptions, { observe, limitMs, signal, start }: Means): Promise<BenchRun> {
  const { change = (spec) => spec, powerCut, cancelAfterMs } = options;
  const processes: ObservedProcess[] = [];
  const reportTimes: number[] = [];
  const timers: NodeJS.Timeout[] = [];
  let wasHit = false;
  const hit = (process: ObservedProcess, act: () => void) => () => {
    wasHit = process.end === undefined;
    if (wasHit) act();
  };
  observe(change, (process) => {
    processes.push(process);
    if (powerCut?.process === processes.length - 1) {
      timers.push(
        setTimeout(
          hit(process, () => void cutPower(trial, processes)),
          powerCut.afterMs,
        ),
      );
    }
    if (cancelAfterMs !== undefined && processes.length === 1) {
      timers.push(
        setTimeout(
          hit(process, () => trial.cancel()),
          cancelAfterMs,
        ),
      );
    }
  });
  const startedMs = performance.now();
  const trial = start(() => {
    const [first] = processes;
    if (first !== undefined) reportTimes.push(performance.now() - first.startedMs);
  });
  const end = await endOf(trial, limitMs, signal);
  for (const timer of timers) clearTimeout(timer);
  signal.throwIfAborted();
  return { end, durationMs: performance.now() - startedMs, processes, reportTimes, wasHit };
}

/** Nothing is decided any more, all processes are gone at once, and then a new start of the agent. */
async function cutPower(trial: Trial, processes: readonly ObservedProcess[]): Promise<void> {
  await trial.cutPower();
  await Promise.all(processes.map(({ running }) => running.stop(0)));
  await trial.restorePower();
}

async function endOf(trial: Trial, limitMs: number, signal: AbortSignal): Promise<TrialEnd | null> {
  const waiting = new AbortController();
  const stop = AbortSignal.any([signal, waiting.signal]);
  const hung = delay(limitMs, null, { signal: stop }).catch(() => null);
  const end = await Promise.race([trial.ended, hung]).finally(() => waiting.abort());
  if (end !== null) return end;
  trial.cancel();
  void trial.kill();
  // A run that begins now, before the cancelling is heard, would not have been killed.
  const again = setInterval(() => void trial.kill(), KILL_AGAIN_MS);
  await trial.ended.finally(() => clearInterval(again));
  return null;
}

const KILL_AGAIN_MS = 100;
