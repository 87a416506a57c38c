/** What to do: imperatives. `jobs/effects.ts` has exactly one performer for each. */
import type { ExecutionRecord } from './execution-record.ts';
import type { ExecutionId } from './job-execution.ts';
import type { JobsRequest } from './jobs-request.ts';
import type { RebootHow, StopReason } from './outcome.ts';
import type { RunPurpose } from './state.ts';

export type Effect =
  /** On disk before any other effect of the same decision is performed. */
  | { readonly type: 'journal'; readonly record: ExecutionRecord }
  | { readonly type: 'request'; readonly requestId: number; readonly request: JobsRequest }
  | StartRun
  | { readonly type: 'stopRun'; readonly id: ExecutionId; readonly runId: string; readonly reason: StopReason }
  /** Replaces a timer of the same name. */
  | { readonly type: 'setTimer'; readonly timer: TimerName; readonly delay: Delay }
  | { readonly type: 'clearTimer'; readonly timer: TimerName }
  /** Restart the machine, or power it off. That it could not be asked for comes back as `rebootFailed`. */
  | { readonly type: 'reboot'; readonly how: RebootHow }
  /** The execution is over: its timers, its folders and its plan are not needed any more. */
  | { readonly type: 'cleanUp'; readonly id: ExecutionId };

export interface StartRun {
  readonly type: 'startRun';
  readonly id: ExecutionId;
  readonly runId: string;
  readonly stepIndex: number;
  readonly attempt: number;
  readonly purpose: RunPurpose['kind'];
}

export type TimerName =
  | { readonly name: 'claim' }
  | { readonly name: 'poll' }
  | { readonly name: 'retry'; readonly id: ExecutionId }
  | { readonly name: 'progress'; readonly id: ExecutionId }
  /** A waiting execution is due. */
  | { readonly name: 'due'; readonly id: ExecutionId }
  /** The service has to hear that the handler still lives. */
  | { readonly name: 'heartbeat'; readonly id: ExecutionId }
  /** The service ends the execution about now. */
  | { readonly name: 'jobTimeout'; readonly id: ExecutionId }
  /** The document's limit for all steps together. */
  | { readonly name: 'documentTimeout'; readonly id: ExecutionId }
  /** This boot should have ended by now. */
  | { readonly name: 'reboot' }
  | { readonly name: 'stepTimeout'; readonly id: ExecutionId; readonly runId: string };

/** The shell adds the chance: a backoff is a random time up to a bound that grows with `attempt` (counts from 0). */
export type Delay =
  | { readonly kind: 'exactly'; readonly ms: number }
  | { readonly kind: 'backoff'; readonly attempt: number };
