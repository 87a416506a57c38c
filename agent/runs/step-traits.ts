/** What is declared of the handler of a step, whoever declared it: its code, or the manifest beside it. */
import type { CommandHandler, JobHandler, OnInterrupted } from '../handler-api.ts';
import { type ExitCodes, exitCodesOf, type HandlerManifest } from './handler-manifest.ts';

export interface StepTraits {
  readonly onInterrupted: OnInterrupted;
  /** Runs only when nothing else does. */
  readonly exclusive: boolean;
  /** Time limit for a step that sets none; `null` for none. */
  readonly timeoutSeconds: number | null;
  /** A run for the purpose `verify` can be started. */
  readonly verifies: boolean;
  /** A run for the purpose `clean-up` can be started. */
  readonly cleansUp: boolean;
  /** Of its program, when it does its work; the part that verifies or cleans up may know others. */
  readonly exitCodes: ExitCodes;
}

export function traitsOfHandler(handler: JobHandler): StepTraits {
  return {
    onInterrupted: handler.onInterrupted ?? 'fail',
    exclusive: handler.exclusive ?? false,
    timeoutSeconds: handler.defaultTimeoutSeconds ?? null,
    verifies: handler.verify !== undefined,
    cleansUp: handler.cleanup !== undefined,
    exitCodes: handler.kind === 'command' ? exitCodesOfCommand(handler) : ONLY_ZERO,
  };
}

/**
 * An executable is called once more to verify, with the purpose in its environment. It is never called to clean up: one
 * that does not look at the purpose would do its work again.
 */
export function traitsOfExecutable(manifest: HandlerManifest): StepTraits {
  return {
    onInterrupted: manifest.onInterrupted ?? 'fail',
    exclusive: manifest.exclusive ?? false,
    timeoutSeconds: manifest.timeoutSeconds ?? null,
    verifies: true,
    cleansUp: false,
    exitCodes: exitCodesOf(manifest),
  };
}

const ONLY_ZERO: ExitCodes = { succeeded: [0], retry: [], reboot: [], rejected: [] };

/** Only what is declared: the programs of others have their own ideas of 75 and 194. */
export function exitCodesOfCommand({
  retryExitCode,
  rebootExitCode,
}: Pick<CommandHandler, 'retryExitCode' | 'rebootExitCode'>): ExitCodes {
  return { ...ONLY_ZERO, retry: listOf(retryExitCode), reboot: listOf(rebootExitCode) };
}

function listOf(code: number | undefined): readonly number[] {
  return code === undefined ? [] : [code];
}
