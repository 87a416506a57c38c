/**
 * Runs the steps of jobs with the handlers there are: built in, or files in the folders that configuration allows.
 * Every step is resolved anew when it starts: between a review and a start a file may have gone or changed hands.
 */
import type { RunResult } from '../core/outcome.ts';
import type { AgentLog } from '../handler-api.ts';
import { createAgentLog } from './agent-log.ts';
import { cleanUpAfterStop, isToCleanUp } from './clean-up.ts';
import { startConditionRun } from './condition-run.ts';
import { createHandlerFinder, type HandlerFinderOptions, type HandlerFinderSettings } from './handler-finder.ts';
import { servesPurpose } from './handler-part.ts';
import { startInline } from './inline-run.ts';
import type { CommandLine, CommandOfModule } from './module-calls.ts';
import { reviewPlan } from './plan-review.ts';
import { commandLineFor, type ProcessRun, runProcess } from './process-run.ts';
import {
  createRunFolder,
  listExecutionFolders,
  listRunFolders,
  removeExecutionFolders,
  removeRunFolder,
} from './run-folder.ts';
import { failedRun } from './run-result.ts';
import type { ResolvedStep, ResolveStep } from './step-resolver.ts';
import type { Review, RunningStep, StepRun, StepRunner } from './step-runner.ts';
import { createStopControl, type StopControl } from './stop-control.ts';

export interface HandlerStepRunnerOptions extends HandlerFinderOptions {
  readonly settings: HandlerStepRunnerSettings;
  /** How long the clean-up after a stopped run may take; a minute unless given. After a shutdown it has the stop's grace. */
  readonly cleanUpLimitMs?: number;
}

/** As in the configuration; every path absolute. */
export interface HandlerStepRunnerSettings extends HandlerFinderSettings {
  readonly thingName: string;
}

/** @throws Error when a handler is not declared as the handler API says. */
export function createHandlerStepRunner(options: HandlerStepRunnerOptions): StepRunner {
  const { runner, settings, log } = options;
  const agentLog = createAgentLog(log);
  const { resolve, commandOfModule } = createHandlerFinder(options);
  return {
    async review(plan) {
      const review = await reviewPlan(plan, resolve).catch((error: Error) => unreviewed(error, log));
      if (review.verdict === 'not-now') log.warn({ reason: review.reason }, 'a job cannot be reviewed for now');
      return review;
    },
    start: (run) =>
      run.purpose === 'condition'
        ? startConditionRun(run, options.facts.agentVersion)
        : startStep(run, resolve, { ...options, agentLog, commandOfModule }),
    async endLeftovers(graceMs) {
      const runIds = await listRunFolders(settings.runtimeDir);
      const alive = await runner.endLeftovers((runId) => runIds.includes(runId), graceMs);
      for (const runId of runIds) {
        await removeRunFolder(settings.runtimeDir, runId).catch((error) =>
          log.warn({ err: error, runId }, 'folder of a run that is over could not be removed'),
        );
      }
      return alive;
    },
    cleanUp: (executionId) => removeExecutionFolders(settings.stateDir, executionId),
    async sweep(liveIds) {
      for (const id of await listExecutionFolders(settings.stateDir)) {
        if (liveIds.includes(id)) continue;
        await removeExecutionFolders(settings.stateDir, id).catch((error) =>
          log.warn({ err: error, executionId: id }, 'folders of an execution that is over could not be removed'),
        );
      }
    },
  };
}

/** What the system refused, such as one more open file, it may grant later; anything else is a fault of ours. */
function unreviewed(error: Error, log: HandlerStepRunnerOptions['log']): Review {
  const reason = `it could not be reviewed: ${error.message}`;
  if ('syscall' in error) return { verdict: 'not-now', reasonCode: 'HANDLER_NOT_ASKED', reason };
  log.error({ err: error }, 'a job document could not be reviewed');
  return { verdict: 'reject', reasonCode: 'HANDLER_ERROR', rejection: { pointer: '', reason } };
}

interface RunOptions extends HandlerStepRunnerOptions {
  readonly agentLog: AgentLog;
  readonly commandOfModule: CommandOfModule;
}

function startStep(run: StepRun, resolve: ResolveStep, options: RunOptions): RunningStep {
  const { jobId, executionNumber } = run.execution;
  const log = options.log.child({ jobId, executionNumber, step: run.stepIndex });
  const control = createStopControl();
  const ended = runStep({ run, resolve, control }, { ...options, log }).catch((error: Error) => {
    log.error({ err: error }, 'a run could not be prepared');
    return failedRun('HANDLER_NOT_STARTED', error.message);
  });
  return {
    ended,
    async stop(reason, graceMs) {
      await control.stop(reason, graceMs);
      await ended;
    },
  };
}

interface StepStart {
  readonly run: StepRun;
  readonly resolve: ResolveStep;
  readonly control: StopControl;
}

async function runStep({ run, resolve, control }: StepStart, options: RunOptions): Promise<RunResult> {
  const resolution = await resolve(run.step);
  if (!resolution.ok) return failedRun(resolution.problem.reasonCode, resolution.problem.reason);
  const { step } = resolution;
  if (!servesPurpose(step, run.purpose)) return NOTHING_TO_DO;
  const result = await runInFolder({ run, step, control }, options);
  if (isToCleanUp({ run, step, reason: control.reason(), result })) {
    await cleanUpAfterStop({ run, control }, (cleanUp) => runInFolder({ ...cleanUp, step }, options), options);
  }
  return result;
}

const NOTHING_TO_DO: RunResult = { status: 'succeeded', details: {}, stdoutTail: '', stderrTail: '' };

async function runInFolder(
  { run, step, control }: Omit<ProcessRun, 'folder' | 'commandLine'>,
  options: RunOptions,
): Promise<RunResult> {
  const { stateDir, runtimeDir } = options.settings;
  const commandLine = await commandLineOf(step, run.purpose, options);
  if (typeof commandLine === 'string') return failedRun('HANDLER_ERROR', commandLine);
  const keepCheckpoint = run.purpose !== 'work' || step.traits.onInterrupted === 'resume';
  const folder = await createRunFolder(run, { stateDir, runtimeDir, account: step.account, keepCheckpoint });
  try {
    // From here to the start nothing is awaited: a stop comes before it, or finds something to stop.
    const reason = control.reason();
    if (reason !== undefined) return failedRun('HANDLER_NOT_STARTED', `stopped before it began: ${reason}`);
    return await perform({ run, step, folder, control, ...(commandLine && { commandLine }) }, options);
  } finally {
    // How the run ended is known; that it left something behind must not change it.
    await folder
      .remove()
      .catch((error) => options.log.warn({ err: error }, 'the folder of a run could not be removed'));
  }
}

/** Of a command; undefined for what is no command. @returns or a sentence about why it has none. */
function commandLineOf(
  step: ResolvedStep,
  purpose: StepRun['purpose'],
  { facts, commandOfModule }: RunOptions,
): Promise<CommandLine | string> | CommandLine | undefined {
  if (step.kind === 'handler' && step.handler.kind === 'command') {
    return commandLineFor(step.handler, purpose)(step.parameters, facts);
  }
  if (step.kind !== 'es-module' || step.declaration.kind !== 'command') return undefined;
  return commandOfModule(step, purpose).catch((error: Error) => error.message);
}

function perform(processRun: ProcessRun, options: RunOptions): Promise<RunResult> {
  const { runner, facts, hostArgv, users, settings, agentLog } = options;
  const { step, control } = processRun;
  const log = options.log.child({ operation: step.operation });
  if (isInline(step)) {
    const { handler, parameters } = step;
    const inline = startInline({ ...processRun, handler, parameters, facts, agentLog, log });
    control.attach(inline.stop);
    return inline.ended;
  }
  return runProcess(processRun, { runner, facts, hostArgv, ownUid: users.own.uid, thingName: settings.thingName, log });
}

type InlineStep = Extract<ResolvedStep, { kind: 'handler' }> & { handler: { kind: 'inline' } };

function isInline(step: ResolvedStep): step is InlineStep {
  return step.kind === 'handler' && step.handler.kind === 'inline';
}
