/** The way of an update: install, restart, look, and stay or go back. */
import { access, constants, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  checkWithinWorkFolder,
  type Details,
  failed,
  type HandlerContext,
  type HandlerResult,
  lastLines,
  reboot,
  retryLater,
  runProgram,
  succeeded,
} from '../../agent/handler-api.ts';
import { FirmwareError, type FirmwareErrorCode, ToolBusy } from './firmware-error.ts';
import type { FirmwareParameters } from './parameters.ts';
import { type FirmwareTool, findTool, type ToolFinders, type ToolName } from './tool.ts';

/** Kept across restarts, asked for or not. */
export type Checkpoint =
  | { readonly phase: 'installing'; readonly tool: ToolName; readonly before: string }
  /** What is new is installed, and for the next start. `slot`: which that is, where the tool can say. */
  | { readonly phase: 'installed'; readonly tool: ToolName; readonly before: string; readonly slot: string | null }
  | {
      readonly phase: 'going back';
      readonly tool: ToolName;
      readonly before: string;
      /** The tool has been told. */
      readonly isAsked: boolean;
      readonly code: FirmwareErrorCode;
      readonly message: string;
    }
  /** It has failed, and the system of before runs: where the step is run again, it begins anew. */
  | {
      readonly phase: 'over';
      readonly tool: ToolName;
      readonly before: string;
      readonly code: FirmwareErrorCode;
      readonly message: string;
    };

/** A file of the working folder or another, or what the tool fetches. */
export function sourceOf({ bundle, url }: FirmwareParameters, workDir: string): string {
  return bundle === undefined ? (url ?? '') : resolve(workDir, bundle);
}

export async function install(
  context: HandlerContext,
  parameters: FirmwareParameters,
  finders: ToolFinders,
): Promise<HandlerResult> {
  const { signal } = context;
  const restored = context.restored as Checkpoint | undefined;
  const tool = await findTool(finders, { ...parameters, ...toolOf(restored) }, signal);
  const running = await tool.bootedSlot(signal);
  if (restored?.phase === 'going back') {
    // Still not back, after a restart: the step is run again, and so the way back is gone again.
    return restored.before === running ? look(context, parameters, finders) : turnBack(context, tool, restored);
  }
  if (restored !== undefined && restored.before !== running && restored.phase !== 'over') {
    // Power went when the new system was there already, and it was the restart.
    return look(context, parameters, finders);
  }
  if (restored?.phase === 'installed') return reboot({ tool: tool.name });
  const source = await checkSource(context, parameters, tool);
  await context.checkpoint({ phase: 'installing', tool: tool.name, before: running } satisfies Checkpoint);
  const onProgress = (percent: number) => context.progress({ phase: 'installing', percent });
  context.progress({ phase: 'installing', tool: tool.name, slotBefore: running });
  const installed = await tool.install(source, { signal, isAgain: restored !== undefined, onProgress });
  if (!installed.needsRestart) return lookAtOnce(context, parameters, tool);
  const slot = installed.slot ?? null;
  if (slot === running) {
    const message = `${tool.name} has installed it, and the next start would take ${running} again`;
    throw new FirmwareError('FIRMWARE_NOT_ACTIVATED', message);
  }
  await context.checkpoint({ phase: 'installed', tool: tool.name, before: running, slot } satisfies Checkpoint);
  return reboot({ tool: tool.name, slotBefore: running, ...(slot === null ? {} : { slotAfter: slot }) });
}

function toolOf(restored: Checkpoint | undefined): Pick<FirmwareParameters, 'tool'> {
  return restored === undefined ? {} : { tool: restored.tool };
}

/** All that can be known before a byte is written. @throws FirmwareError */
async function checkSource(
  { workDir, signal }: Pick<HandlerContext, 'workDir' | 'signal'>,
  parameters: FirmwareParameters,
  tool: FirmwareTool,
): Promise<string> {
  const source = sourceOf(parameters, workDir);
  if (parameters.bundle === undefined && !tool.canFetch) {
    throw new FirmwareError('FIRMWARE_URL_NOT_SUPPORTED', `${tool.name} is given a file: bring it by download-file`);
  }
  if (parameters.bundle !== undefined) {
    try {
      await checkWithinWorkFolder(parameters.bundle, workDir);
      await access(source, constants.R_OK);
      await checkLeadsNowhere(parameters.bundle, workDir);
    } catch (error) {
      throw new FirmwareError('FIRMWARE_BUNDLE_UNREADABLE', (error as Error).message);
    }
  }
  const problem = await tool.problem?.(signal);
  if (problem !== undefined) throw new FirmwareError('FIRMWARE_TOOL_MISSING', problem);
  return source;
}

/** The file itself may be a link, left by a step before that ran as another user. @throws Error when it leads out. */
async function checkLeadsNowhere(bundle: string, workDir: string): Promise<void> {
  if (isAbsolute(bundle)) return;
  const [top, real] = await Promise.all([realpath(workDir), realpath(resolve(workDir, bundle))]);
  await checkWithinWorkFolder(relative(top, real), workDir);
}

/** After the restart. May run more than once: each end leads to where it came from. */
export async function look(
  context: HandlerContext,
  parameters: FirmwareParameters,
  finders: ToolFinders,
): Promise<HandlerResult> {
  const { signal } = context;
  const state = context.restored as Checkpoint;
  const tool = await findTool(finders, { ...parameters, tool: state.tool }, signal);
  const running = await firstAnswer(() => tool.bootedSlot(signal), signal);
  const details = { tool: tool.name, slotBefore: state.before, slotNow: running };
  if (state.phase === 'over') return failed(state.code, state.message, details); // power went before it was told
  if (state.phase === 'going back') {
    if (running === state.before) {
      return tellOver(context, { ...state, message: `${state.message}; ${running} runs again` }, details);
    }
    if (!state.isAsked) return turnBack(context, tool, state); // power went in between
    const message = `${state.message}; and after the restart ${running} runs, not ${state.before}`;
    return failed('FIRMWARE_ROLLBACK_FAILED', message, details);
  }
  if (running === state.before) {
    await tool.goBack(state.before, signal).catch(noteIn(context)); // or it would begin with the new one again, or take no other
    const message = `after the restart ${running} runs as before: the bootloader did not take the new system, or left it`;
    return tellOver(context, { ...state, code: 'FIRMWARE_FELL_BACK', message }, details);
  }
  const illness = await illnessOf(context, parameters);
  if (illness !== undefined) return turnBack(context, tool, { ...state, code: 'FIRMWARE_UNHEALTHY', message: illness });
  try {
    await tool.commit(signal);
  } catch (error) {
    if (!(error instanceof FirmwareError)) throw error;
    return turnBack(context, tool, { ...state, code: error.code, message: error.message });
  }
  return succeeded(details);
}

async function tellOver(
  context: HandlerContext,
  { tool, before, code, message }: Omit<Extract<Checkpoint, { phase: 'over' }>, 'phase'>,
  details: Details,
): Promise<HandlerResult> {
  await context.checkpoint({ phase: 'over', tool, before, code, message } satisfies Checkpoint);
  return failed(code, message, details);
}

/** Nothing that needs a restart was installed: looked at where it is. */
async function lookAtOnce(
  context: HandlerContext,
  parameters: FirmwareParameters,
  tool: FirmwareTool,
): Promise<HandlerResult> {
  const { signal } = context;
  const illness = await illnessOf(context, parameters);
  if (illness === undefined) {
    await tool.commit(signal);
    return succeeded({ tool: tool.name });
  }
  await tool.goBack('', signal);
  return failed('FIRMWARE_UNHEALTHY', `${illness}; taken back without a restart`, { tool: tool.name });
}

async function turnBack(
  context: HandlerContext,
  tool: FirmwareTool,
  { before, code, message }: { before: string; code: FirmwareErrorCode; message: string },
): Promise<HandlerResult> {
  context.progress({ phase: 'going back' });
  const checkpoint = { phase: 'going back', tool: tool.name, before, code, message } as const;
  await context.checkpoint({ ...checkpoint, isAsked: false } satisfies Checkpoint);
  try {
    await tool.goBack(before, context.signal);
  } catch (error) {
    if (!(error instanceof FirmwareError)) throw error;
    const both = `${message}; and to go back failed: ${error.message}`;
    return failed('FIRMWARE_ROLLBACK_FAILED', both, { tool: tool.name });
  }
  await context.checkpoint({ ...checkpoint, isAsked: true } satisfies Checkpoint);
  return reboot({ tool: tool.name });
}

const HEALTH_INTERVAL_MS = 5000;
const DEFAULT_HEALTH_TIMEOUT_SECONDS = 300;
/** The last try begins when the time is over. */
const SHORTEST_TRY_MS = 1000;

/** @returns why the new system is not well; nothing when it is, or when nothing says what well is. */
async function illnessOf(
  { signal, progress }: HandlerContext,
  { healthCheck, healthTimeoutSeconds = DEFAULT_HEALTH_TIMEOUT_SECONDS }: FirmwareParameters,
): Promise<string | undefined> {
  const [program, ...args] = healthCheck ?? [];
  if (program === undefined) return undefined;
  const end = performance.now() + healthTimeoutSeconds * 1000;
  for (;;) {
    progress({ phase: 'checking' });
    const within = AbortSignal.any([
      signal,
      AbortSignal.timeout(Math.max(SHORTEST_TRY_MS, Math.ceil(end - performance.now()))),
    ]);
    const { exitCode, stdout, stderr } = await runProgram([program, ...args], { signal: within });
    signal.throwIfAborted();
    if (exitCode === 0) return undefined;
    const leftMs = end - performance.now();
    if (leftMs <= 0) {
      const said = lastLines(stderr, 1) || lastLines(stdout, 1);
      return `${program} says no after ${healthTimeoutSeconds} s: exit code ${exitCode}${said === '' ? '' : `, ${said}`}`;
    }
    await wait(Math.min(HEALTH_INTERVAL_MS, leftMs), undefined, { signal });
  }
}

const ANSWER_INTERVAL_MS = 2000;
const ANSWER_TRIES = 30;

/** A service may not be up yet this early after the start. */
async function firstAnswer<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === ANSWER_TRIES || !(error instanceof FirmwareError)) throw error;
    }
    await wait(ANSWER_INTERVAL_MS, undefined, { signal });
  }
}

/** After a stop, when nothing will run it again: the next start takes the system that ran before. */
export async function giveUp(
  context: HandlerContext,
  parameters: FirmwareParameters,
  finders: ToolFinders,
): Promise<HandlerResult> {
  const { signal } = context;
  const state = context.restored as Checkpoint | undefined;
  if (state === undefined || state.phase === 'over') return succeeded(); // nothing was begun, or all is over
  const tool = await findTool(finders, { ...parameters, tool: state.tool }, signal);
  await firstAnswer(() => tool.goBack(state.before, signal), signal);
  return succeeded({ tool: tool.name, slotNext: state.before });
}

function noteIn({ log }: HandlerContext): (error: Error) => void {
  return (error) => log.warn({ reason: error.message }, 'the tool could not be told that the update is over');
}

/** @returns the end that an error stands for. @throws what is nobody's expectation. */
export function resultOf(error: unknown, signal: AbortSignal): HandlerResult {
  if (signal.aborted) return failed('FIRMWARE_STOPPED', 'stopped; the next start takes the system that ran before');
  if (error instanceof ToolBusy) return retryLater(error.message, BUSY_RETRY_SECONDS);
  if (error instanceof FirmwareError) return failed(error.code, error.message);
  throw error;
}

const BUSY_RETRY_SECONDS = 60;
