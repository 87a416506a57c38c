import { expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { refusal, type ServiceHarness, startService } from './service-harness.ts';

test('too many failures cancel what is QUEUED, and what is IN_PROGRESS goes on', () => {
  const service = withAbort({ failureType: 'FAILED', thresholdPercentage: 50, minNumberOfExecutedThings: 2 }, 4);
  service.device('start-next', {}, 't-3');
  end(service, 't-0', 'FAILED');
  expect(service.job('a')).toMatchObject({ status: 'IN_PROGRESS' });
  end(service, 't-1', 'SUCCEEDED');
  expect(service.job('a')).toMatchObject({
    status: 'CANCELED',
    comment: expect.any(String),
    reasonCode: expect.stringMatching(/^[A-Z_]+$/),
    forceCanceled: false,
  });
  expect(service.execution('a', 't-2')).toMatchObject({ status: 'CANCELED', forceCanceled: false });
  expect(service.execution('a', 't-3')).toMatchObject({ status: 'IN_PROGRESS' });
  expect(end(service, 't-3', 'SUCCEEDED').accepted).toBe(true);
  expect(service.job('a')).toMatchObject({ status: 'CANCELED', completedAt: expect.any(Number) });
});

test('below the percentage the job goes on', () => {
  const service = withAbort({ failureType: 'FAILED', thresholdPercentage: 50.01, minNumberOfExecutedThings: 1 }, 4);
  end(service, 't-0', 'SUCCEEDED');
  end(service, 't-1', 'FAILED');
  expect(service.job('a')).toMatchObject({ status: 'IN_PROGRESS' });
});

test.each([
  ['FAILED', 'REJECTED', 'IN_PROGRESS'],
  ['REJECTED', 'REJECTED', 'CANCELED'],
  ['REJECTED', 'FAILED', 'IN_PROGRESS'],
  ['ALL', 'FAILED', 'CANCELED'],
  ['ALL', 'REJECTED', 'CANCELED'],
  ['TIMED_OUT', 'FAILED', 'IN_PROGRESS'],
])('with %s, one %s leaves the job %s', (failureType, status, expected) => {
  const service = withAbort({ failureType, thresholdPercentage: 10, minNumberOfExecutedThings: 1 }, 3);
  end(service, 't-0', status);
  expect(service.job('a')).toMatchObject({ status: expected });
});

test('time-outs count', () => {
  const service = withAbort({ failureType: 'TIMED_OUT', thresholdPercentage: 100, minNumberOfExecutedThings: 1 }, 2);
  service.device('start-next', { stepTimeoutInMinutes: 1 }, 't-0');
  service.advance(60);
  expect(service.job('a')).toMatchObject({ status: 'CANCELED' });
});

test('an abort drops the retries that wait, and the things that wait', () => {
  const service = withAbort(
    { failureType: 'FAILED', thresholdPercentage: 100, minNumberOfExecutedThings: 2 },
    3,
    {
      jobExecutionsRolloutConfig: { maximumPerMinute: 2 },
      jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 5 }] },
    },
    { retryDelayMs: 1000 },
  );
  end(service, 't-0', 'FAILED');
  end(service, 't-1', 'FAILED');
  service.advance(3600);
  expect(service.state.jobs.get('a')?.executions.map(({ status }) => status)).toEqual(['FAILED', 'FAILED']);
  expect(service.job('a')).toMatchObject({ status: 'CANCELED' });
});

test('a deleted execution counts no more', () => {
  const service = withAbort({ failureType: 'FAILED', thresholdPercentage: 50, minNumberOfExecutedThings: 2 }, 4);
  end(service, 't-0', 'FAILED');
  service.control('DeleteJobExecution', { jobId: 'a', thingName: 't-0', executionNumber: 1 });
  end(service, 't-1', 'SUCCEEDED');
  end(service, 't-2', 'SUCCEEDED');
  expect(service.job('a')).toMatchObject({ status: 'IN_PROGRESS' });
});

test.each([
  ['101 percent', 101],
  ['three digits', 10.999],
  ['a negative percentage', -1],
])('%s make no job', (_what, thresholdPercentage) => {
  const create = () => withAbort({ failureType: 'ALL', thresholdPercentage, minNumberOfExecutedThings: 1 }, 1);
  expect(refusal(create)).toBe('InvalidRequestException');
});

function withAbort(
  criteria: JsonObject,
  count: number,
  members: JsonObject = {},
  options: Parameters<typeof startService>[1] = {},
): ServiceHarness {
  const things = Array.from({ length: count }, (_, index) => `t-${index}`);
  const service = startService(things, options);
  service.createJob('a', { abortConfig: { criteriaList: [{ action: 'CANCEL', ...criteria }] }, ...members }, things);
  return service;
}

function end(service: ServiceHarness, thing: string, status: string) {
  return service.device('a/update', { status }, thing);
}
