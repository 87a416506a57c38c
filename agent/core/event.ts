/** What happened: facts, in the past tense. Nothing else makes the core decide. */

import type { TimerName } from './effect.ts';
import type { ExecutionRecord } from './execution-record.ts';
import type { ExecutionId, StatusDetails } from './job-execution.ts';
import type { DocumentRejection } from './job-plan.ts';
import type { AcceptedAnswer, JobsNotification, RejectedAnswer } from './jobs-request.ts';
import type { RunResult } from './outcome.ts';
import type { ReviewedPlan, ShutdownMode } from './state.ts';

export type AgentEvent =
  /** At the start, before anything else. `fault`: the error of its own that ended the agent before. */
  | { readonly type: 'journalRecovered'; readonly records: readonly ExecutionRecord[]; readonly fault?: string }
  /** Connected, and subscribed to all that the agent listens to. */
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected' }
  /** `verdict` is there when the answer carries an execution with a job document. */
  | {
      readonly type: 'requestAccepted';
      readonly requestId: number;
      readonly answer: AcceptedAnswer;
      readonly verdict?: PlanVerdict;
    }
  | { readonly type: 'requestRejected'; readonly requestId: number; readonly rejection: RejectedAnswer }
  /** No answer in time, or the connection ended first: the request may have taken effect all the same. */
  | { readonly type: 'requestUnanswered'; readonly requestId: number }
  | { readonly type: 'notified'; readonly notification: JobsNotification }
  | {
      readonly type: 'runProgressed';
      readonly id: ExecutionId;
      readonly runId: string;
      readonly details: StatusDetails;
    }
  | { readonly type: 'runEnded'; readonly id: ExecutionId; readonly runId: string; readonly result: RunResult }
  /** The machine cannot be restarted or powered off, and why. */
  | { readonly type: 'rebootFailed'; readonly message: string }
  | { readonly type: 'timerFired'; readonly timer: TimerName }
  | { readonly type: 'shutdownRequested'; readonly mode: ShutdownMode }
  /** The entry of `event` could not be written, so `event` is decided again without a journal. */
  | { readonly type: 'journalFailed'; readonly event: AgentEvent };

/** What the shell found when it held a job document against the handlers. */
export type PlanVerdict =
  | { readonly kind: 'run'; readonly plan: ReviewedPlan }
  | { readonly kind: 'reject'; readonly reasonCode: string; readonly rejection: DocumentRejection }
  | { readonly kind: 'unknown-operation'; readonly rejection: DocumentRejection }
  /** The gateway could not find it out, such as for want of space: not the document's fault. */
  | { readonly kind: 'not-now'; readonly reasonCode: string; readonly reason: string };
