import { expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { refusal, type ServiceHarness, startService } from './service-harness.ts';

// The service begins at 2023-11-14 22:13:20 UTC.
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const TO_23_00 = 46 * MINUTE + 40;

test('a job with a startTime is SCHEDULED, and nobody hears of it', () => {
  const service = withSchedule({ startTime: '2023-11-14 23:00' });
  expect(service.job('a')).toMatchObject({ status: 'SCHEDULED', schedulingConfig: { startTime: '2023-11-14 23:00' } });
  expect(service.notified()).toEqual([]);
  expect(service.device('get').message).toMatchObject({ queuedJobs: [] });
});

test('at its startTime it is handed out', () => {
  const service = withSchedule({ startTime: '2023-11-14 23:00' });
  service.advance(TO_23_00 - 1);
  expect(service.job('a')).toMatchObject({ status: 'SCHEDULED' });
  service.advance(1);
  expect(service.job('a')).toMatchObject({ status: 'IN_PROGRESS' });
  expect(service.notified()).toMatchObject([{ topic: 'notify' }, { topic: 'notify-next' }]);
  expect(service.execution('a')).toMatchObject({ status: 'QUEUED', queuedAt: Date.UTC(2023, 10, 14, 23) / 1000 });
});

test('a SCHEDULED job can be cancelled', () => {
  const service = withSchedule({ startTime: '2023-11-14 23:00' });
  service.control('CancelJob', { jobId: 'a' });
  service.advance(2 * HOUR);
  expect(service.job('a')).toMatchObject({ status: 'CANCELED', completedAt: expect.any(Number) });
  expect(service.device('get').message).toMatchObject({ queuedJobs: [] });
});

const ENDS_AT_23 = { endTime: '2023-11-14 23:00' };

test('STOP_ROLLOUT leaves what was handed out, and gives the job to nobody else', () => {
  const service = withSchedule({ ...ENDS_AT_23, endBehavior: 'STOP_ROLLOUT' }, { perMinute: 1, count: 100 });
  service.advance(TO_23_00);
  const executions = service.state.jobs.get('a')?.executions ?? [];
  expect(executions).toHaveLength(47);
  expect(executions.every(({ status }) => status === 'QUEUED')).toBe(true);
  service.advance(HOUR);
  expect(executions).toHaveLength(47);
  expect(service.job('a')).toMatchObject({ status: 'IN_PROGRESS', isConcurrent: false });
});

test('a CONTINUOUS job completes after its endTime, when the last execution has ended', () => {
  const service = startService();
  service.createJob('a', { targetSelection: 'CONTINUOUS', schedulingConfig: ENDS_AT_23 });
  service.device('start-next');
  service.advance(TO_23_00);
  expect(service.job('a')).toMatchObject({ status: 'IN_PROGRESS' });
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(service.job('a')).toMatchObject({ status: 'COMPLETED' });
});

test.each([
  ['CANCEL', 'IN_PROGRESS', false],
  ['FORCE_CANCEL', 'CANCELED', true],
])('%s cancels what is QUEUED, and leaves what is IN_PROGRESS %s', (endBehavior, running, forceCanceled) => {
  const service = withSchedule({ ...ENDS_AT_23, endBehavior }, { count: 2 });
  service.device('start-next', {}, 't-0');
  service.advance(TO_23_00);
  expect(service.job('a')).toMatchObject({ status: 'CANCELED', forceCanceled });
  expect(service.execution('a', 't-0')).toMatchObject({ status: running });
  expect(service.execution('a', 't-1')).toMatchObject({ status: 'CANCELED' });
});

test('nobody who joins after the endTime gets the job', () => {
  const service = startService();
  const group = service.createGroup('g', []);
  service.createJob('a', { targetSelection: 'CONTINUOUS', schedulingConfig: ENDS_AT_23, targets: [group] });
  service.advance(TO_23_00);
  service.control('AddThingToThingGroup', { thingGroupName: 'g', thingName: 'gw-1' });
  expect(service.device('get').message).toMatchObject({ queuedJobs: [] });
  expect(service.job('a')).toMatchObject({ status: 'COMPLETED' });
});

test.each([
  ['a startTime in 29 minutes', { startTime: '2023-11-14 22:42' }],
  ['a startTime in two years', { startTime: '2025-11-15 00:00' }],
  ['an endTime in 29 minutes', { endTime: '2023-11-14 22:42' }],
  ['an endTime 29 minutes after the start', { startTime: '2023-11-14 23:00', endTime: '2023-11-14 23:29' }],
  ['an endTime before the start', { startTime: '2023-11-15 23:00', endTime: '2023-11-14 23:29' }],
  ['an endTime in three years', { endTime: '2026-11-16 00:00' }],
  ['the 30th of February', { startTime: '2024-02-30 10:00' }],
  ['25 o’clock', { startTime: '2023-12-01 25:00' }],
  ['a date without a time', { startTime: '2023-12-01' }],
  ['no date', { startTime: 'tomorrow' }],
  ['an unknown endBehavior', { endTime: '2023-12-01 10:00', endBehavior: 'EXPLODE' }],
])('%s makes no job', (_what, schedulingConfig) => {
  expect(refusal(() => withSchedule(schedulingConfig))).toBe('InvalidRequestException');
});

test.each(['2023-11-14 23:00', '2023-11-14T23:00', '2023-11-14T23:00:00Z', '2023-11-15T00:00:00+01:00'])(
  '%s is 23 o’clock',
  (startTime) => {
    const service = withSchedule({ startTime });
    service.advance(TO_23_00);
    expect(service.execution('a')).toMatchObject({ queuedAt: Date.UTC(2023, 10, 14, 23) / 1000 });
  },
);

function withSchedule(
  schedulingConfig: JsonObject,
  { count = 1, perMinute = 1000 }: { count?: number; perMinute?: number } = {},
): ServiceHarness {
  const things = count === 1 ? ['gw-1'] : Array.from({ length: count }, (_, index) => `t-${index}`);
  const service = startService(things);
  const jobExecutionsRolloutConfig = { maximumPerMinute: perMinute };
  service.createJob('a', { schedulingConfig, jobExecutionsRolloutConfig }, things);
  return service;
}
