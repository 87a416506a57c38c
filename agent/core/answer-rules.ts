/**
 * What a rejection means, by what the request was for. This table and the phases of `state.ts` are the lifecycle's
 * whole behaviour towards a service that says no; a silent one is treated as `retry`.
 */

import type { RejectedAnswer } from './jobs-request.ts';
import { meaningOf, type RejectionMeaning } from './rejection.ts';
import type { RequestPurpose } from './state.ts';

/**
 * - `retry`: the same again, later; a `take` only after another look, for it may have landed;
 * - `end`: the service says it is over: stop the run if there is one, report nothing;
 * - `adopt`: look whether it is still ours and which version it is, then go on;
 * - `plain`: the same again, with nothing in it that could be malformed;
 * - `forget`: nothing was lost, the next one will do;
 * - `leave`: it is not ours to take.
 */
export type AnswerRule = 'retry' | 'end' | 'adopt' | 'plain' | 'forget' | 'leave';

// biome-ignore format: a table
export const ANSWER_RULES: Readonly<Record<RequestPurpose['kind'], Readonly<Record<RejectionMeaning, AnswerRule>>>> = {
  //            throttled,       the service says   another version   we sent what
  //            internal error   it is over         than we expected  it cannot read
  claim:    { retry: 'retry',  over: 'retry',     stale: 'retry',   malformed: 'retry' },
  list:     { retry: 'retry',  over: 'retry',     stale: 'retry',   malformed: 'retry' },
  check:    { retry: 'retry',  over: 'end',       stale: 'retry',   malformed: 'retry' },
  take:     { retry: 'retry',  over: 'leave',     stale: 'retry',   malformed: 'leave' },
  goOn:     { retry: 'retry',  over: 'end',       stale: 'retry',   malformed: 'retry' },
  progress: { retry: 'forget', over: 'end',       stale: 'adopt',   malformed: 'forget' },
  report:   { retry: 'retry',  over: 'end',       stale: 'adopt',   malformed: 'plain' },
};

export function answerRule(purpose: RequestPurpose, rejection: RejectedAnswer): AnswerRule {
  return ANSWER_RULES[purpose.kind][meaningOf(rejection)];
}
