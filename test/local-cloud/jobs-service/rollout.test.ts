import { expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { refusal, type ServiceHarness, startService } from './service-harness.ts';

const MINUTE = 60;

test('a job without a rate is handed to a thousand things at once, and to the rest a minute later', () => {
  const service = withRollout(1001, {});
  expect(queued(service)).toBe(1000);
  service.advance(MINUTE);
  expect(queued(service)).toBe(1001);
});

test('a constant rate makes so many executions each minute', () => {
  const service = withRollout(5, { maximumPerMinute: 2 });
  const made = [queued(service)];
  for (let minute = 0; minute < 3; minute++) {
    service.advance(MINUTE - 1);
    made.push(queued(service));
    service.advance(1);
    made.push(queued(service));
  }
  expect(made).toEqual([2, 2, 4, 4, 5, 5, 5]);
});

test('a thing that waits knows nothing of the job', () => {
  const service = withRollout(2, { maximumPerMinute: 1 });
  expect(service.device('get', {}, 't-1').message).toMatchObject({ queuedJobs: [] });
  expect(refusal(() => service.execution('a', 't-1'))).toBe('ResourceNotFoundException');
  service.notified();
  service.advance(MINUTE);
  expect(service.notified()).toMatchObject([{ topic: 'notify' }, { topic: 'notify-next' }]);
  expect(service.device('get', {}, 't-1').message).toMatchObject({ queuedJobs: [{ jobId: 'a' }] });
});

test('a job that is rolling out is concurrent, and names its targets', () => {
  const service = withRollout(2, { maximumPerMinute: 1 });
  const target = 'arn:aws:iot:us-east-1:123456789012:thing/t-1';
  expect(service.job('a')).toMatchObject({ isConcurrent: true, jobProcessDetails: { processingTargets: [target] } });
  service.advance(MINUTE);
  const { isConcurrent, jobProcessDetails } = service.job('a');
  expect(isConcurrent).toBe(false);
  expect(jobProcessDetails).not.toHaveProperty('processingTargets');
});

test('a SNAPSHOT job is not complete while things wait', () => {
  const service = withRollout(2, { maximumPerMinute: 1 });
  service.device('a/update', { status: 'SUCCEEDED' }, 't-0');
  expect(service.job('a')).toMatchObject({ status: 'IN_PROGRESS' });
  service.advance(MINUTE);
  service.device('a/update', { status: 'SUCCEEDED' }, 't-1');
  expect(service.job('a')).toMatchObject({ status: 'COMPLETED' });
});

test('an exponential rate grows with the things that were notified', () => {
  // The guide's table, ten times smaller: 5, 10, 20 and 40 a minute, a step every 100 things.
  const service = withRollout(700, {
    exponentialRate: {
      baseRatePerMinute: 50,
      incrementFactor: 2,
      rateIncreaseCriteria: { numberOfNotifiedThings: 100 },
    },
  });
  const made = [queued(service)];
  for (let minute = 0; minute < 5; minute++) {
    service.advance(MINUTE);
    made.push(queued(service));
  }
  expect(made).toEqual([50, 100, 200, 400, 700, 700]);
});

test('an exponential rate grows with the things that succeeded', () => {
  const service = withRollout(20, {
    exponentialRate: {
      baseRatePerMinute: 2,
      incrementFactor: 1.5,
      rateIncreaseCriteria: { numberOfSucceededThings: 2 },
    },
  });
  service.advance(MINUTE);
  expect(queued(service)).toBe(4);
  for (const thing of ['t-0', 't-1']) service.device('a/update', { status: 'SUCCEEDED' }, thing);
  service.advance(MINUTE);
  expect(queued(service)).toBe(4 - 2 + 3);
});

test('an exponential rate stops at the maximum', () => {
  const service = withRollout(30, {
    maximumPerMinute: 6,
    exponentialRate: {
      baseRatePerMinute: 4,
      incrementFactor: 5,
      rateIncreaseCriteria: { numberOfNotifiedThings: 4 },
    },
  });
  service.advance(MINUTE);
  expect(queued(service)).toBe(10);
});

test('a cancelled job rolls out no further', () => {
  const service = withRollout(3, { maximumPerMinute: 1 });
  service.control('CancelJob', { jobId: 'a' });
  service.advance(60 * MINUTE);
  expect(service.state.jobs.get('a')?.executions).toHaveLength(1);
  expect(service.job('a')).toMatchObject({ status: 'CANCELED', completedAt: expect.any(Number) });
});

test('seven days pass in one step, each minute of them at its time', () => {
  const service = withRollout(500, { maximumPerMinute: 1 });
  service.advance(7 * 24 * 60 * MINUTE);
  const queuedAt = [...(service.state.jobs.get('a')?.executions ?? [])].map(({ queuedAtMs }) => queuedAtMs / 60_000);
  expect(queuedAt.map((minute) => minute - (queuedAt[0] ?? 0))).toEqual(Array.from({ length: 500 }, (_, i) => i));
});

test('UpdateJob changes the rate from the next minute on', () => {
  const service = withRollout(10, { maximumPerMinute: 1 });
  service.control('UpdateJob', { jobId: 'a', jobExecutionsRolloutConfig: { maximumPerMinute: 4 } });
  expect(queued(service)).toBe(1);
  service.advance(MINUTE);
  expect(queued(service)).toBe(5);
});

test.each([
  ['1,001 a minute', { maximumPerMinute: 1001 }],
  ['none a minute', { maximumPerMinute: 0 }],
  ['a factor with two digits', exponential({ incrementFactor: 1.55 })],
  ['a factor of 6', exponential({ incrementFactor: 6 })],
  ['no criterion', exponential({ rateIncreaseCriteria: {} })],
])('a rollout of %s makes no job', (_what, jobExecutionsRolloutConfig) => {
  const service = startService();
  expect(refusal(() => service.createJob('a', { jobExecutionsRolloutConfig }))).toBe('InvalidRequestException');
});

test('where the rate is spread, one execution comes after the other', () => {
  const service = withRollout(3, { maximumPerMinute: 4 }, { rolloutSpread: 'even' });
  expect(queued(service)).toBe(1);
  service.advance(15);
  expect(queued(service)).toBe(2);
  service.advance(15);
  expect(queued(service)).toBe(3);
});

function exponential(members: JsonObject): JsonObject {
  const rate = {
    baseRatePerMinute: 1,
    incrementFactor: 2,
    rateIncreaseCriteria: { numberOfNotifiedThings: 1 },
    ...members,
  };
  return { exponentialRate: rate };
}

function withRollout(
  count: number,
  jobExecutionsRolloutConfig: JsonObject,
  options: Parameters<typeof startService>[1] = {},
): ServiceHarness {
  const things = Array.from({ length: count }, (_, index) => `t-${index}`);
  const service = startService(things, options);
  if (count <= 100) service.createJob('a', { jobExecutionsRolloutConfig }, things);
  else service.createJob('a', { jobExecutionsRolloutConfig, targets: [service.createGroup('g', things)] });
  return service;
}

function queued(service: ServiceHarness): number {
  return Number((service.job('a').jobProcessDetails as JsonObject).numberOfQueuedThings);
}
