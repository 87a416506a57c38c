/** The service's refusals in words, each code and each request with its tests. */
import type { AnswerRule } from '../../agent/core/answer-rules.ts';
import type { RejectedErrorCode } from '../../agent/core/jobs-request.ts';
import type { RejectionMeaning } from '../../agent/core/rejection.ts';
import type { RequestPurpose } from '../../agent/core/state.ts';
import { type TestLink, testsOf } from './test-link.ts';

const answers = testsOf('core/decide-answers');
const cancelling = testsOf('core/decide-cancelling');
const choosing = testsOf('core/decide-choosing');
const claiming = testsOf('core/decide-claiming');
const meaning = testsOf('core/rejection');
const progress = testsOf('core/decide-progress');
const reporting = testsOf('core/decide-reporting');
const waiting = testsOf('core/decide-waiting');
const table = testsOf('core/answer-rules');

export const MEANINGS: Readonly<Record<RejectionMeaning, string>> = {
  retry: 'not now',
  over: 'it is over',
  stale: 'another version or status',
  malformed: 'cannot be read',
};

const EVERY_CODE = [meaning('%s alone means %s')];
const MALFORMED = [...EVERY_CODE, reporting('without details when they are refused: %s', 'a report is told again')];
const OVER = [
  ...EVERY_CODE,
  answers('%s: it is over'),
  reporting('%s %j: closed as %s', 'the service says that it is over'),
];
const LATER = [...EVERY_CODE, reporting('after a growing while: %s', 'a report is told again')];

export interface RejectionRule {
  /** When the service sends it (Developer Guide, ErrorResponse). */
  readonly comes: string;
  readonly tests: readonly TestLink[];
}

export const REJECTION_RULES: Readonly<Record<RejectedErrorCode, RejectionRule>> = {
  InvalidTopic: { comes: 'the topic means no operation', tests: MALFORMED },
  InvalidJson: { comes: 'the payload is not JSON', tests: MALFORMED },
  InvalidRequest: { comes: 'a member is missing, or its value not allowed', tests: MALFORMED },
  InvalidStateTransition: {
    comes: 'the update is not allowed from the status it has',
    tests: [
      ...EVERY_CODE,
      meaning('%s', 'an invalid transition is over exactly from a terminal status'),
      reporting('%s %j: closed as %s', 'the service says that it is over'),
    ],
  },
  ResourceNotFound: {
    comes: 'there is no such execution: deleted, or of a thing that is no target any more',
    tests: OVER,
  },
  VersionMismatch: {
    comes: '`expectedVersion` is not the one it has',
    tests: [
      ...EVERY_CODE,
      meaning('a version mismatch is never over'),
      reporting('may belong to another execution, which is not reported upon', 'another version than expected'),
    ],
  },
  InternalError: { comes: 'a fault of the service', tests: LATER },
  RequestThrottled: { comes: 'too many requests', tests: LATER },
  TerminalStateReached: { comes: 'what was described is in a terminal status', tests: OVER },
};

export const ANSWERS: Readonly<Record<AnswerRule, string>> = {
  retry: 'again later',
  end: 'it is over: stop the run if there is one, report nothing',
  adopt: 'describe it, take its version, go on',
  plain: 'again later, with a plain reason instead of the details',
  forget: 'nothing: the next one will do',
  leave: 'leave it: it is not ours',
};

export interface RequestRule {
  readonly asked: string;
  readonly tests: readonly TestLink[];
}

/** Each row of the table is held by this one, too. */
export const TABLE_TESTS: readonly TestLink[] = [
  table('a rejected $kind leads to its row of the table'),
  table('every purpose has a rule for every meaning'),
];

export const REQUEST_RULES: Readonly<Record<RequestPurpose['kind'], RequestRule>> = {
  claim: {
    asked: 'StartNextPendingJobExecution: is there work?',
    tests: [claiming('is made again after a growing while: %s', 'a claim that comes to nothing')],
  },
  list: {
    asked: 'GetPendingJobExecutions: what is there to choose from?',
    tests: [table('a rejected $kind leads to its row of the table')],
  },
  check: {
    asked: 'DescribeJobExecution: is it still ours, and which version is it?',
    tests: [answers('%s: asked again later, the phase stays'), answers('%s: it is over')],
  },
  take: {
    asked: 'UpdateJobExecution to IN_PROGRESS, of an execution we chose',
    tests: [
      choosing('that is refused is let go: %s', 'an update to IN_PROGRESS'),
      choosing('that may have been early is followed by another look: %s', 'an update to IN_PROGRESS'),
    ],
  },
  goOn: {
    asked: 'UpdateJobExecution to IN_PROGRESS, of one that waited and is about to run',
    tests: [waiting('that is refused is followed by another look: %s', 'the word that it goes on')],
  },
  progress: {
    asked: 'UpdateJobExecution while it is in progress',
    tests: [
      progress('progress that is refused is forgotten, what came since is told: %s'),
      progress('another version is adopted after a look at the execution'),
      cancelling('is stopped: %s to progress', 'a running job that the service says is over'),
    ],
  },
  report: {
    asked: 'UpdateJobExecution to SUCCEEDED, FAILED or REJECTED',
    tests: [
      reporting('%s %j: closed as %s', 'the service says that it is over'),
      reporting('may be lower than ours', 'another version than expected'),
    ],
  },
};
