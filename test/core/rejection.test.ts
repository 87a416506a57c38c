import { describe, expect, test } from 'vitest';
import { JOB_EXECUTION_STATUSES, type JobExecutionStatus } from '../../agent/core/job-execution.ts';
import type { RejectedErrorCode } from '../../agent/core/jobs-request.ts';
import { isOver, meaningOf, REJECTION_MEANINGS, type RejectionMeaning } from '../../agent/core/rejection.ts';

const meanings: [RejectedErrorCode, RejectionMeaning][] = [
  ['InvalidTopic', 'malformed'],
  ['InvalidJson', 'malformed'],
  ['InvalidRequest', 'malformed'],
  ['InvalidStateTransition', 'stale'],
  ['ResourceNotFound', 'over'],
  ['VersionMismatch', 'stale'],
  ['InternalError', 'retry'],
  ['RequestThrottled', 'retry'],
  ['TerminalStateReached', 'over'],
];

test('all nine codes have a meaning', () => {
  expect(Object.entries(REJECTION_MEANINGS)).toEqual(meanings);
});

test.each(meanings)('%s alone means %s', (code, meaning) => {
  expect(meaningOf({ code, message: '' })).toBe(meaning);
  expect(isOver({ code, message: '' })).toBe(meaning === 'over');
});

describe('an invalid transition is over exactly from a terminal status', () => {
  const pending: JobExecutionStatus[] = ['QUEUED', 'IN_PROGRESS'];

  test.each(JOB_EXECUTION_STATUSES)('%s', (status) => {
    const executionState = { status, statusDetails: {}, versionNumber: 3 };
    const terminal = !pending.includes(status);
    expect(isOver({ code: 'InvalidStateTransition', message: '', executionState })).toBe(terminal);
  });
});

test('a version mismatch is never over', () => {
  const executionState = { status: 'SUCCEEDED', statusDetails: {}, versionNumber: 3 } as const;
  expect(meaningOf({ code: 'VersionMismatch', message: '', executionState })).toBe('stale');
});
