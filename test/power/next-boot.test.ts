import { expect, test } from 'vitest';
import type { ExecutionRecord, LivePhase } from '../../agent/core/execution-record.ts';
import { NO_PROGRESS } from '../fixtures/core-states.ts';
import { entryOf } from './journal-workload.ts';
import { begunAgain } from './next-boot.ts';

const RUN = { phase: 'running', stepIndex: 0, attempt: 1, cleansUp: false, purpose: { kind: 'work' } } as const;

test('a run whose record a card lost is not begun again', () => {
  const before = [entryOf(record('job-1-fail-1', { ...RUN, onInterrupted: 'fail' }))];
  expect(begunAgain({ found: [], before, isNew: false })).toEqual([]);
  expect(begunAgain({ found: [], before, isNew: true })).toEqual([]);
});

test('without another boot it would be, and is told', () => {
  const running = record('job-1-fail-1', { ...RUN, onInterrupted: 'fail' });
  const before = [entryOf(running)];
  expect(begunAgain({ found: [], before, isNew: false, sameBoot: true })).toEqual([running.id]);
});

test('a run that may be repeated is none of it', () => {
  const before = [entryOf(record('job-1-rerun-1', { ...RUN, onInterrupted: 'rerun' }))];
  expect(begunAgain({ found: [], before, isNew: false, sameBoot: true })).toEqual([]);
});

test('a run that waited, by what is left, is not begun again when it had gone on', () => {
  const job = 'job-1-fail-1';
  const waiting = { phase: 'waiting', why: 'put-off', reason: '', waitMs: 0, next: { kind: 'work' } } as const;
  const found = [entryOf(record(job, { ...waiting, stepIndex: 0, attempt: 0 }))];
  expect(begunAgain({ found, before: found, isNew: false })).toEqual([]);
  // The service was told that it goes on, which added one to the version.
  const running = { ...record(job, { ...RUN, onInterrupted: 'fail' }), versionNumber: 3 } as ExecutionRecord;
  expect(begunAgain({ found, before: [entryOf(running)], isNew: false })).toEqual([]);
  const untold = record(job, { ...RUN, onInterrupted: 'fail' });
  expect(begunAgain({ found, before: [entryOf(untold)], isNew: false })).toEqual([untold.id]);
});

function record(jobId: string, phase: LivePhase): ExecutionRecord {
  const key = { jobId, executionNumber: 1, queuedAt: 1_700_000_000 };
  const progress = { versionNumber: 2, ...NO_PROGRESS };
  return { v: 1, id: `${jobId}.1.1700000000`, key, ...progress, ...phase };
}
