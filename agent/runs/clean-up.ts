/**
 * The clean-up after a run that was stopped (I6): a run of its own, after nothing of the first is left. What comes of it is
 * only logged.
 */
import type { Logger } from 'pino';
import type { RunResult, StopReason } from '../core/outcome.ts';
import { redactSecrets } from '../core/redact.ts';
import { servesPurpose } from './handler-part.ts';
import type { ResolvedStep } from './step-resolver.ts';
import type { StepRun } from './step-runner.ts';
import { createStopControl, type StopControl } from './stop-control.ts';

export interface EndedRun {
  readonly run: StepRun;
  readonly step: ResolvedStep;
  /** Why it was stopped, if it was. */
  readonly reason: StopReason | undefined;
  readonly result: RunResult;
}

/** Whether a run was stopped for good. What goes on after the next start needs what it has. */
export function isToCleanUp({ run, step, reason, result }: EndedRun): boolean {
  if (reason === undefined || run.purpose === 'clean-up' || !servesPurpose(step, 'clean-up')) return false;
  const { status } = result;
  const reasonCode = status === 'failed' ? result.reasonCode : '';
  if (reasonCode === 'HANDLER_NOT_STOPPED') return false; // it would meet what is left
  const isFirst = run.purpose === 'work' && run.attempt === 1;
  if (reasonCode === 'HANDLER_NOT_STARTED' && isFirst) return false;
  if (reason !== 'shutdown') return true;
  const goesOn = status === 'later' || status === 'reboot' || run.purpose === 'verify';
  return !goesOn && step.traits.onInterrupted === 'fail';
}

export interface CleanUpOptions {
  readonly cleanUpLimitMs?: number;
  readonly log: Logger;
}

export interface CleanUp {
  readonly run: StepRun;
  readonly control: StopControl;
}

/** The core allows the same to a clean-up after an interruption. */
const LIMIT_MS = 60_000;
/** Over its limit it is asked to stop, and killed after this. */
const GRACE_MS = 2_000;

/** Never rejects. @param control of the run that was stopped: another stop of it stops the clean-up. */
export async function cleanUpAfterStop(
  { run, control }: CleanUp,
  start: (cleanUp: CleanUp) => Promise<RunResult>,
  { cleanUpLimitMs = LIMIT_MS, log }: CleanUpOptions,
): Promise<void> {
  const own = createStopControl();
  control.attach((graceMs) => own.stop('canceled', graceMs));
  // A process that is to end has as long for it as the run had; the next start cleans up after what did not make it.
  const limitMs = control.reason() === 'shutdown' ? Math.min(cleanUpLimitMs, control.graceMs()) : cleanUpLimitMs;
  const timer = setTimeout(() => void own.stop('timed-out', GRACE_MS), limitMs);
  const cleanUp = { ...run, runId: `${run.runId}.c`, purpose: 'clean-up', onProgress: () => undefined } as const;
  try {
    logResult(await start({ run: cleanUp, control: own }), log);
  } catch (error) {
    log.warn({ err: error }, 'the clean-up after a stopped run could not be started');
  } finally {
    clearTimeout(timer);
  }
}

function logResult(result: RunResult, log: Logger): void {
  if (result.status === 'succeeded') {
    log.info({}, 'cleaned up after a stopped run');
    return;
  }
  const reason = 'message' in result ? redactSecrets(result.message) : 'it asked for a restart of the gateway';
  const reasonCode = 'reasonCode' in result ? result.reasonCode : undefined;
  log.warn({ reasonCode, reason }, 'the clean-up after a stopped run did not succeed');
}
