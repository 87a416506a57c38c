import { expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { refusal, type ServiceHarness, startService } from './service-harness.ts';

test('a FAILED execution is followed by a new one', () => {
  const service = withRetries([['FAILED', 1]]);
  service.notified();
  service.advance(7);
  service.device('a/update', { status: 'FAILED' });
  const { queuedAt, ...retry } = service.execution('a');
  expect(retry).toMatchObject({ executionNumber: 2, versionNumber: 1, status: 'QUEUED' });
  expect(queuedAt).toBe(Number(service.execution('a', 'gw-1', 1).queuedAt) + 7);
});

test('the failure and its retry are notified one after the other', () => {
  const service = withRetries([['FAILED', 1]]);
  service.notified();
  service.device('a/update', { status: 'FAILED' });
  expect(service.notified()).toMatchObject([
    { topic: 'notify', message: { jobs: {} } },
    { topic: 'notify-next', message: {} },
    { topic: 'notify', message: { jobs: { QUEUED: [{ jobId: 'a', executionNumber: 2 }] } } },
    { topic: 'notify-next', message: { execution: { jobId: 'a', executionNumber: 2 } } },
  ]);
});

test('summaries of retries count them', () => {
  const service = withRetries([['ALL', 2]]);
  failOften(service, 2);
  const { executionSummaries } = service.control('ListJobExecutionsForThing', { thingName: 'gw-1' });
  expect((executionSummaries as JsonObject[]).map(({ jobExecutionSummary }) => jobExecutionSummary)).toMatchObject([
    { executionNumber: 3, retryAttempt: 2, status: 'QUEUED' },
    { executionNumber: 2, retryAttempt: 1, status: 'FAILED' },
    { executionNumber: 1, status: 'FAILED' },
  ]);
});

test.each([
  ['FAILED', 3],
  ['ALL', 10],
] as const)('%s is retried %d times and no more', (failureType, times) => {
  const service = withRetries([[failureType, times]]);
  failOften(service, times + 1);
  expect(service.execution('a')).toMatchObject({ executionNumber: times + 1, status: 'FAILED' });
  expect(service.job('a')).toMatchObject({ status: 'COMPLETED' });
});

test('what TIMED_OUT is retried by its own count', () => {
  const service = withRetries([
    ['FAILED', 1],
    ['TIMED_OUT', 1],
  ]);
  service.device('a/update', { status: 'FAILED' });
  timeOut(service);
  expect(service.execution('a')).toMatchObject({ executionNumber: 3, status: 'QUEUED' });
  timeOut(service);
  expect(service.execution('a')).toMatchObject({ executionNumber: 3, status: 'TIMED_OUT' });
});

test('a failure type without criterion is not retried', () => {
  const service = withRetries([['TIMED_OUT', 5]]);
  service.device('a/update', { status: 'FAILED' });
  expect(service.execution('a')).toMatchObject({ executionNumber: 1, status: 'FAILED' });
});

test.each(['REJECTED', 'SUCCEEDED'])('%s is never retried', (status) => {
  const service = withRetries([['ALL', 5]]);
  service.device('a/update', { status });
  expect(service.execution('a')).toMatchObject({ executionNumber: 1, status });
});

test('a cancelled execution is not retried', () => {
  const service = withRetries([['ALL', 5]]);
  service.control('CancelJobExecution', { jobId: 'a', thingName: 'gw-1' });
  expect(service.execution('a')).toMatchObject({ executionNumber: 1, status: 'CANCELED' });
});

test('a SNAPSHOT job with a retry to come is not complete', () => {
  const service = withRetries([['FAILED', 1]], { retryDelayMs: 60_000 });
  service.device('a/update', { status: 'FAILED' });
  expect(service.job('a')).toMatchObject({ status: 'IN_PROGRESS' });
  service.advance(59);
  expect(service.execution('a')).toMatchObject({ executionNumber: 1 });
  service.advance(1);
  expect(service.execution('a')).toMatchObject({ executionNumber: 2, status: 'QUEUED' });
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(service.job('a')).toMatchObject({ status: 'COMPLETED' });
});

test('a cancelled job drops the retries that wait', () => {
  const service = withRetries([['FAILED', 1]], { retryDelayMs: 60_000 });
  service.device('a/update', { status: 'FAILED' });
  service.control('CancelJob', { jobId: 'a' });
  service.advance(3600);
  expect(service.execution('a')).toMatchObject({ executionNumber: 1, status: 'FAILED' });
});

test('things are counted by their latest execution', () => {
  const service = withRetries([['FAILED', 1]]);
  service.device('a/update', { status: 'FAILED' });
  expect(service.job('a')).toMatchObject({ jobProcessDetails: { numberOfFailedThings: 0, numberOfQueuedThings: 1 } });
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(service.job('a')).toMatchObject({
    jobProcessDetails: { numberOfFailedThings: 0, numberOfSucceededThings: 1 },
  });
});

test('UpdateJob sets retries to 0, and to nothing else', () => {
  const service = withRetries([['FAILED', 3]]);
  const set = (numberOfRetries: number) => () =>
    service.control('UpdateJob', {
      jobId: 'a',
      jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'FAILED', numberOfRetries }] },
    });
  expect(refusal(set(4))).toBe('InvalidRequestException');
  expect(refusal(set(0))).toBe('taken');
  service.device('a/update', { status: 'FAILED' });
  expect(service.execution('a')).toMatchObject({ executionNumber: 1, status: 'FAILED' });
});

test.each([
  [
    'eleven together',
    [
      { failureType: 'FAILED', numberOfRetries: 6 },
      { failureType: 'TIMED_OUT', numberOfRetries: 5 },
    ],
  ],
  [
    'one type twice',
    [
      { failureType: 'FAILED', numberOfRetries: 1 },
      { failureType: 'FAILED', numberOfRetries: 2 },
    ],
  ],
  [
    'ALL beside another',
    [
      { failureType: 'ALL', numberOfRetries: 1 },
      { failureType: 'FAILED', numberOfRetries: 2 },
    ],
  ],
  ['REJECTED', [{ failureType: 'REJECTED', numberOfRetries: 1 }]],
  ['eleven of one', [{ failureType: 'ALL', numberOfRetries: 11 }]],
])('retries for %s make no job', (_what, criteriaList) => {
  const service = startService();
  const create = () => service.createJob('a', { jobExecutionsRetryConfig: { criteriaList } });
  expect(refusal(create)).toBe('InvalidRequestException');
  expect(service.state.jobs.size).toBe(0);
});

function withRetries(
  criteria: readonly (readonly [string, number])[],
  options: Parameters<typeof startService>[1] = {},
): ServiceHarness {
  const service = startService(['gw-1'], options);
  const criteriaList = criteria.map(([failureType, numberOfRetries]) => ({ failureType, numberOfRetries }));
  service.createJob('a', { jobExecutionsRetryConfig: { criteriaList } });
  return service;
}

function failOften(service: ServiceHarness, times: number): void {
  for (let time = 0; time < times; time++) service.device('a/update', { status: 'FAILED' });
}

function timeOut(service: ServiceHarness): void {
  service.device('start-next', { stepTimeoutInMinutes: 1 });
  service.advance(60);
}
