import { expect, test } from 'vitest';
import { ANSWER_RULES, type AnswerRule, answerRule } from '../../agent/core/answer-rules.ts';
import type { RejectedErrorCode } from '../../agent/core/jobs-request.ts';
import type { RejectionMeaning } from '../../agent/core/rejection.ts';
import type { RequestPurpose } from '../../agent/core/state.ts';

const PURPOSES: readonly RequestPurpose[] = [
  { kind: 'claim', open: [] },
  { kind: 'list' },
  { kind: 'check', id: 'a' },
  { kind: 'take', id: 'a', expectedVersion: 1 },
  { kind: 'goOn', id: 'a', expectedVersion: 1 },
  { kind: 'progress', id: 'a', expectedVersion: 1 },
  { kind: 'report', id: 'a', expectedVersion: 1 },
];
const CODES: Readonly<Record<RejectionMeaning, RejectedErrorCode>> = {
  retry: 'RequestThrottled',
  over: 'ResourceNotFound',
  stale: 'VersionMismatch',
  malformed: 'InvalidRequest',
};
const MEANINGS = Object.keys(CODES) as RejectionMeaning[];

const EXPECTED: Readonly<Record<RequestPurpose['kind'], readonly AnswerRule[]>> = {
  claim: ['retry', 'retry', 'retry', 'retry'],
  list: ['retry', 'retry', 'retry', 'retry'],
  check: ['retry', 'end', 'retry', 'retry'],
  take: ['retry', 'leave', 'retry', 'leave'],
  goOn: ['retry', 'end', 'retry', 'retry'],
  progress: ['forget', 'end', 'adopt', 'forget'],
  report: ['retry', 'end', 'adopt', 'plain'],
};

test.each(PURPOSES)('a rejected $kind leads to its row of the table', (purpose) => {
  const rules = MEANINGS.map((meaning) => answerRule(purpose, { code: CODES[meaning], message: '' }));
  expect(rules).toEqual(EXPECTED[purpose.kind]);
});

test('every purpose has a rule for every meaning', () => {
  expect(Object.keys(ANSWER_RULES).sort()).toEqual(PURPOSES.map(({ kind }) => kind).sort());
  for (const rules of Object.values(ANSWER_RULES)) expect(Object.keys(rules)).toEqual(MEANINGS);
});

test('nothing but the word of the service ends an execution', () => {
  for (const rules of Object.values(ANSWER_RULES)) {
    const { over, ...others } = rules;
    expect(Object.values(others)).not.toContain('end');
    expect(['end', 'leave', 'retry']).toContain(over);
  }
});
