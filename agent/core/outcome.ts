import type { StatusDetails } from './job-execution.ts';

/** What we will report, decided once and journaled before the cloud hears of it. */
export type Outcome = {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'REJECTED';
  /** Already fitted to what the service accepts. */
  readonly statusDetails: StatusDetails;
};

/** Why a run was stopped. The first reason is the true one, but that the service ended it outdoes the others. */
export type StopReason = 'canceled' | 'timed-out' | 'shutdown';

/** How one run of one step ended, as the shell tells it to the core. */
export type RunResult = SucceededRun | FailedRun;

export interface SucceededRun extends RunOutput {
  readonly status: 'succeeded';
}

export interface FailedRun extends RunOutput {
  readonly status: 'failed' | 'rejected';
  /** Stable code an operator can search for, such as HANDLER_EXIT_CODE. */
  readonly reasonCode: string;
  /** A sentence for the operator. */
  readonly message: string;
}

export interface RunOutput {
  /** The handler's own details; the last value of a key wins. */
  readonly details: StatusDetails;
  /** The end of each stream. */
  readonly stdoutTail: string;
  readonly stderrTail: string;
}
