/**
 * What the daemon and the commands that work without a cloud are made of alike: which handlers there are, what they may
 * know, and by which limits jobs run. So a job that is tried at a desk runs as it would on a gateway.
 */
import { join } from 'node:path';
import { builtInHandlers } from '../handlers/built-in.ts';
import { createDirectChildRunner } from './adapters/process/direct-child.ts';
import { createAjvCompiler } from './adapters/schema/ajv-check.ts';
import { createPasswdUsers } from './adapters/users/passwd.ts';
import type { OfflineConfig } from './config/offline-settings.ts';
import type { CoreSettings } from './core/state.ts';
import type { HandlerFacts } from './handler-api.ts';
import type { Logger } from './log.ts';
import { createHandlerFinder, type HandlerFinder } from './runs/handler-finder.ts';
import { createHandlerStepRunner, type HandlerStepRunnerOptions } from './runs/handler-step-runner.ts';
import type { StepRunner } from './runs/step-runner.ts';

export interface GatewayParts {
  /** Of the connection nothing is needed. */
  readonly config: OfflineConfig;
  /** Certificates of authorities that downloads trust besides the public ones, PEM; empty for none. */
  readonly downloadCaPem: string;
  readonly agentVersion: string;
  /**
   * Where it is on record what jobs have made of this machine, such as installed applications: `stateDir` of the settings,
   * also where `config` has another to work in.
   */
  readonly recordsDir?: string;
  /** How to start a handler host: the program, then its arguments. */
  readonly hostArgv: readonly string[];
  readonly log: Logger;
}

/** How often an interrupted run may be started again before its execution is failed: the loop breaker. */
const MAX_RECOVERIES = 3;
/** A step that asks to be tried later has about 20 hours this way, if it leaves the waits to the agent. */
const MAX_POSTPONEMENTS = 24;
const MAX_REBOOTS = 3;
/** Shutting everything down takes systemd 90 s a unit at most (systemd-system.conf(5), DefaultTimeoutStopSec). */
const REBOOT_LIMIT_MS = 600_000;
const CLEAN_UP_LIMIT_MS = 60_000;

/** @throws Error when a handler is not declared as the handler API says. */
export function createStepRunner(parts: GatewayParts): StepRunner {
  return createHandlerStepRunner(stepRunnerOptions(parts));
}

export function stepRunnerOptions(parts: GatewayParts): HandlerStepRunnerOptions {
  const { config, hostArgv, log } = parts;
  return {
    runner: createDirectChildRunner({
      runsDir: join(config.runtimeDir, 'runs'),
      onSurvivors: (runId, pids) => log.error({ runId, pids }, 'processes of a run could not be ended'),
    }),
    handlers: builtInHandlers,
    compileSchema: createAjvCompiler(),
    users: createPasswdUsers(),
    facts: handlerFacts(parts),
    settings: config,
    hostArgv,
    log,
  };
}

/** Finds handlers without running any. @throws Error when a handler is not declared as the handler API says. */
export function handlerFinder(parts: GatewayParts): HandlerFinder {
  return createHandlerFinder(stepRunnerOptions(parts));
}

export function handlerFacts(parts: GatewayParts): HandlerFacts {
  const { config, downloadCaPem, agentVersion, recordsDir = config.stateDir } = parts;
  const { thingName, insecureDownloadHosts, localDownloadHosts, httpsProxy, noProxy } = config;
  const { maxDownloadBytes, artifactKeys, unsignedDownloads, uploadFolders, allowedCommands } = config;
  const { applicationsDir, runAsUsers, redactPatterns } = config;
  return {
    thingName,
    agentVersion,
    insecureDownloadHosts,
    localDownloadHosts,
    downloadCaPem,
    httpsProxy,
    noProxy,
    maxDownloadBytes,
    artifactKeys,
    requireSignature: unsignedDownloads === 'refused',
    uploadFolders,
    applicationsDir,
    applicationRecordsDir: join(recordsDir, 'applications'),
    runAsUsers,
    allowedCommands,
    redactPatterns,
    containersDir: join(recordsDir, 'containers'),
  };
}

export function coreSettings(config: OfflineConfig): CoreSettings {
  return {
    capacity: config.maxConcurrentJobs,
    unknownOperation: config.unknownOperation,
    progressIntervalMs: config.progressIntervalSeconds * 1_000,
    pollIntervalMs: config.pollIntervalSeconds * 1_000,
    maxRecoveries: MAX_RECOVERIES,
    maxPostponements: MAX_POSTPONEMENTS,
    maxReboots: MAX_REBOOTS,
    rebootLimitMs: REBOOT_LIMIT_MS,
    cleanUpLimitMs: CLEAN_UP_LIMIT_MS,
    stepTimeoutMinutes: config.stepTimeoutMinutes === 0 ? null : config.stepTimeoutMinutes,
  };
}
