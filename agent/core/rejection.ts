import { isTerminal } from './job-execution.ts';
import type { RejectedAnswer, RejectedErrorCode } from './jobs-request.ts';

/**
 * What a rejection means, whichever request it answers:
 * - `retry`: the same request may succeed later, so ask again with backoff;
 * - `over`: the service's word that the execution is over, as invariant I3 counts it: nothing is left to report;
 * - `stale`: the execution is not in the version or status we believed it in: compare and decide (I4);
 * - `malformed`: the service cannot read what we sent, and will not the next time either.
 */
export type RejectionMeaning = 'retry' | 'over' | 'stale' | 'malformed';

/**
 * The nine codes of the Developer Guide's ErrorResponse
 * (https://docs.aws.amazon.com/iot/latest/developerguide/jobs-api.html). It says when each is sent, not what to do;
 * which ones to retry is what AWS's own Device Client does.
 */
export const REJECTION_MEANINGS: Readonly<Record<RejectedErrorCode, RejectionMeaning>> = {
  /** ErrorResponse: the topic maps to no operation. A fault of ours. */
  InvalidTopic: 'malformed',
  /** ErrorResponse: the payload is not UTF-8 JSON. A fault of ours. */
  InvalidJson: 'malformed',
  /** ErrorResponse: a member is missing or its value is not allowed. A fault of ours, or a limit that moved. */
  InvalidRequest: 'malformed',
  /**
   * ErrorResponse: the update is not allowed from the execution's status; comes with executionState. Where that is
   * terminal it means `over`: UpdateJobExecution has no TerminalStateException in the API model, this is how it says so.
   */
  InvalidStateTransition: 'stale',
  /**
   * ErrorResponse: the execution does not exist. Deleted, or the thing is no longer a target. The Device Client retried
   * it for a while in 2022 and no longer does.
   */
  ResourceNotFound: 'over',
  /** ErrorResponse: expectedVersion is not the service's; comes with executionState. */
  VersionMismatch: 'stale',
  /** ErrorResponse: a fault of the service. The Device Client retries it. */
  InternalError: 'retry',
  /** ErrorResponse: too many requests. The Device Client retries it. */
  RequestThrottled: 'retry',
  /** ErrorResponse: the execution that was described is in a terminal status. */
  TerminalStateReached: 'over',
};

/** A VersionMismatch stays `stale` even in a terminal status: our own update may have landed unheard. */
export function meaningOf({ code, executionState }: RejectedAnswer): RejectionMeaning {
  const ended = executionState !== undefined && isTerminal(executionState.status);
  return code === 'InvalidStateTransition' && ended ? 'over' : REJECTION_MEANINGS[code];
}

/** True when `answer` is the service's word that the execution is over. */
export function isOver(answer: RejectedAnswer): boolean {
  return meaningOf(answer) === 'over';
}
