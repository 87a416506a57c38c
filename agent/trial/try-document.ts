/** Runs a job document once, in folders of its own, with the handlers and limits of the settings. */
import { join } from 'node:path';
import { readBootId } from '../adapters/boot/linux.ts';
import { systemClock } from '../adapters/clock/system.ts';
import type { OfflineConfig } from '../config/offline-settings.ts';
import { executionId } from '../core/job-execution.ts';
import { coreSettings, createStepRunner } from '../gateway-parts.ts';
import type { StepRunner } from '../runs/step-runner.ts';
import { AGENT_VERSION } from '../version.ts';
import { clearDeadTrials } from './dead-trials.ts';
import { startTrial, type Trial, type TrialEnd as TrialEnding, type TrialOptions } from './trial.ts';
import { openTrialFolders, type TrialFolders } from './trial-folders.ts';

export interface TryDocumentOptions
  extends Pick<TrialOptions, 'jobDocument' | 'passRestarts' | 'skipWaits' | 'log' | 'onProgress'> {
  /** Its folders for state and runs are not used, but for the record of what jobs have made of this machine. */
  readonly config: OfflineConfig;
  readonly downloadCaPem: string;
  /** A folder to work in and to leave there; without it a new one, which is removed. */
  readonly stateDir?: string | undefined;
  /** Leaves the working folder of the job. */
  readonly keep: boolean;
  readonly hostArgv: readonly string[];
}

export interface TrialEnd extends TrialEnding {
  /** The working folder of the job, where it was to be kept. */
  readonly keptFolder?: string;
}

/** @throws JournalError when the folder cannot be used, or another agent works in it. */
export async function tryDocument(
  options: TryDocumentOptions,
): Promise<Pick<Trial, 'cancel' | 'kill'> & { readonly ended: Promise<TrialEnd> }> {
  const { config, downloadCaPem, stateDir, keep, hostArgv, log } = options;
  await clearDeadTrials(readBootId());
  const folders = await openTrialFolders({ stateDir, keep, bootId: readBootId() });
  const settings: OfflineConfig = {
    ...config,
    stateDir: folders.stateDir,
    runtimeDir: folders.runtimeDir,
    maxConcurrentJobs: 1,
    unknownOperation: 'reject', // there is no other agent to leave it to
  };
  const runner = createStepRunner({
    config: settings,
    downloadCaPem,
    agentVersion: AGENT_VERSION,
    recordsDir: config.stateDir,
    hostArgv,
    log,
  });
  await runner.endLeftovers(0); // of an earlier call that was killed
  const trial = startTrial({
    ...options,
    stepRunner: keep ? keeping(runner) : runner,
    clock: systemClock,
    core: coreSettings(settings),
    stopGraceMs: settings.stopGraceSeconds * 1_000,
  });
  const ended = trial.ended
    .finally(() => letGo(trial, folders))
    .then((end) => ({
      ...end,
      ...(keep && { keptFolder: join(folders.stateDir, 'work', executionId(trial.key)) }),
    }));
  return { cancel: () => trial.cancel(), kill: () => trial.kill(), ended };
}

/** After a fault of ours something may run still. */
async function letGo(trial: Trial, folders: TrialFolders): Promise<void> {
  await trial.kill();
  await folders.release();
}

function keeping(runner: StepRunner): StepRunner {
  return { ...runner, cleanUp: async () => undefined };
}
