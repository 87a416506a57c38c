import type { StatusDetails } from './job-execution.ts';

/** What we will report, decided once and journaled before the cloud hears of it. */
export type Outcome = {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'REJECTED';
  /** Already fitted to what the service accepts. */
  readonly statusDetails: StatusDetails;
};

/**
 * Why a run was stopped. `timed-out`: over the limit of its step; `job-timed-out`: over that of the whole job. The first
 * reason is the true one, but that the service ended it outdoes the others.
 */
export type StopReason = 'canceled' | 'timed-out' | 'job-timed-out' | 'shutdown';

/** How one run of one step ended, as the shell tells it to the core. */
export type RunResult = SucceededRun | SkippedRun | FailedRun | LaterRun | RebootRun;

export interface SucceededRun extends RunOutput {
  readonly status: 'succeeded';
}

/** The condition of the step does not hold here; of runs for the purpose `condition` only. */
export interface SkippedRun extends RunOutput {
  readonly status: 'skipped';
}

export interface FailedRun extends RunOutput {
  readonly status: 'failed' | 'rejected';
  /** Stable code an operator can search for, such as HANDLER_EXIT_CODE. */
  readonly reasonCode: string;
  /** A sentence for the operator. */
  readonly message: string;
}

/** It cannot be done now: the same step again, later. */
export interface LaterRun extends RunOutput {
  readonly status: 'later';
  /** As the handler asked for; `null` where it left that to us. */
  readonly afterMs: number | null;
  /** Why, for the operator. */
  readonly message: string;
}

/** The machine has to end its boot before the step is done. */
export interface RebootRun extends RunOutput {
  readonly status: 'reboot';
  readonly how: RebootHow;
}

/** How a boot of the machine is to end. That it has is told by another boot, so after `power-off` by the next start. */
export type RebootHow = 'restart' | 'power-off';

export interface RunOutput {
  /** The handler's own details; the last value of a key wins. */
  readonly details: StatusDetails;
  /** The end of each stream. */
  readonly stdoutTail: string;
  readonly stderrTail: string;
}
