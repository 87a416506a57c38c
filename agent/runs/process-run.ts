/** From a resolved step to a process: what is called, with what, as whom; and from its end to a result. */
import type { Logger } from 'pino';
import type { RunResult } from '../core/outcome.ts';
import { readSmallFile } from '../files/small-file.ts';
import type { CommandHandler, HandlerFacts } from '../handler-api.ts';
import type { ProcessEnd, ProcessRunner, ProcessSpec } from '../ports/process-runner.ts';
import type { HandlerHostRequest } from './handler-host-request.ts';
import { HANDLER_PARTS } from './handler-part.ts';
import type { CommandLine } from './module-calls.ts';
import { createOutputLog } from './output-log.ts';
import { runEnvironment } from './run-environment.ts';
import type { RunFolder } from './run-folder.ts';
import { type ExitRules, failedRun, resultOfModule, resultOfProcess } from './run-result.ts';
import { followStatusFile } from './status-file.ts';
import type { ResolvedStep } from './step-resolver.ts';
import type { StepRun } from './step-runner.ts';
import type { StopControl } from './stop-control.ts';

export interface ProcessRunOptions {
  readonly runner: ProcessRunner;
  readonly facts: HandlerFacts;
  readonly thingName: string;
  /** How to start the handler host. */
  readonly hostArgv: readonly string[];
  /** The user this process runs as: it needs no change of user. */
  readonly ownUid: number;
  readonly log: Logger;
}

export interface ProcessRun {
  readonly run: StepRun;
  readonly step: ResolvedStep;
  readonly folder: RunFolder;
  readonly control: StopControl;
  /** Of a handler of kind `command`. */
  readonly commandLine?: CommandLine;
}

/** The service takes 1,024 characters of each (iot-jobs-data API model); cleaning shortens, so a little more is kept. */
const OUTPUT_TAIL_BYTES = 4096;
/** A result is a sentence and ten pairs. */
const MAX_RESULT_BYTES = 64 * 1024;

export async function runProcess(processRun: ProcessRun, options: ProcessRunOptions): Promise<RunResult> {
  const { run, step, folder, control } = processRun;
  const call = callOf(processRun, options);
  const output = createOutputLog(options.log, { hasOwnLevels: isModule(step) });
  const status = followStatusFile({ path: folder.statusFile, file: folder.status, onDetails: run.onProgress });
  const running = options.runner.start({ ...specOf(processRun, options), ...call, onOutput: output.push });
  control.attach((graceMs) => running.stop(graceMs));
  const end = await Promise.race([running.ended, control.stopped]);
  await status.finish();
  output.finish();
  const passedOver = status.passedOver();
  if (passedOver !== null) {
    const { count, first } = passedOver;
    options.log.warn({ count, first }, 'lines in JOB_STATUS_FILE were not told: expected key=value');
  }
  const details = status.details();
  if (end === undefined) {
    return failedRun('HANDLER_NOT_STOPPED', `${call.name} could not be ended: not even KILL reached it`, details);
  }
  return resultOf({ name: call.name, end, details }, { run, step, folder });
}

interface Call {
  /** For people. */
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly stdin?: string;
}

function callOf({ run, step, folder, commandLine }: ProcessRun, { facts, hostArgv, ownUid }: ProcessRunOptions): Call {
  const { operation } = step;
  if (step.kind === 'script') return { name: operation, argv: [step.path, ...step.args] };
  if (step.kind === 'executable') {
    return { name: operation, argv: [step.path], stdin: JSON.stringify(step.parameters) };
  }
  if (commandLine !== undefined) return { name: commandLine[0], argv: commandLine };
  const [program = process.execPath, ...args] = hostArgv;
  const module = step.kind === 'es-module' ? { module: { path: step.path, ownerIds: [0, ownUid] } } : {};
  const { parameters } = step;
  const request: HandlerHostRequest = {
    ...hostRequest(operationOf(step), { run, parameters, folder, facts }),
    ...module,
  };
  return { name: operation, argv: [program, ...args], stdin: JSON.stringify(request) };
}

/** Of the handler: a script that it stands in for has another name. */
function operationOf(step: Extract<ResolvedStep, { kind: 'handler' | 'es-module' }>): string {
  return step.kind === 'handler' ? step.handler.operation : step.operation;
}

/** @throws Error where the handler has none for the purpose. */
export function commandLineFor({ command, verify, cleanup }: CommandHandler, purpose: StepRun['purpose']) {
  const line = { work: command, verify, 'clean-up': cleanup }[purpose];
  if (line === undefined) throw new Error(`the handler has no command line to ${purpose}`);
  return line;
}

function hostRequest(
  operation: string,
  {
    run,
    parameters,
    folder,
    facts,
  }: Pick<HandlerHostRequest, 'parameters' | 'facts'> & Pick<ProcessRun, 'run' | 'folder'>,
): HandlerHostRequest {
  const { jobId, executionNumber } = run.execution;
  return {
    operation,
    part: HANDLER_PARTS[run.purpose],
    parameters,
    execution: { jobId, executionNumber },
    step: run.stepIndex,
    attempt: run.attempt,
    facts,
    workDir: folder.workDir,
    statusFile: folder.statusFile,
    resultFile: folder.resultFile,
    checkpointFile: folder.checkpointFile,
  };
}

function specOf(
  { run, step, folder }: ProcessRun,
  { thingName, ownUid }: ProcessRunOptions,
): Omit<ProcessSpec, 'argv' | 'stdin' | 'onOutput'> {
  const { operation, account } = step;
  return {
    runId: run.runId,
    cwd: folder.workDir,
    env: runEnvironment(run, { thingName, operation, account, folder }),
    ...(account.uid === ownUid ? {} : { runAs: account }),
    outputTailBytes: OUTPUT_TAIL_BYTES,
  };
}

async function resultOf(
  ended: { name: string; end: ProcessEnd; details: RunResult['details'] },
  { run, step, folder }: Omit<ProcessRun, 'control'>,
): Promise<RunResult> {
  if (isModule(step)) return resultOfModule(ended, await readResult(folder.resultFile));
  return resultOfProcess(ended, exitRules(step, run));
}

/** What verifies or cleans up for a command is another program; an executable is the same one again. */
function exitRules({ kind, traits }: ResolvedStep, { purpose, step: { allowStdErr } }: StepRun): ExitRules {
  const isOther = kind !== 'executable' && kind !== 'script' && purpose !== 'work';
  return {
    ...(allowStdErr === undefined ? {} : { allowStdErr }),
    ...(isOther ? {} : { exitCodes: traits.exitCodes }),
  };
}

function isModule(step: ResolvedStep): boolean {
  if (step.kind === 'es-module') return step.declaration.kind === 'module';
  return step.kind === 'handler' && step.handler.kind === 'module';
}

/** Another user may have put anything there. */
function readResult(path: string): Promise<string | undefined> {
  return readSmallFile(path, MAX_RESULT_BYTES).catch(() => undefined);
}
