import { expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { refusal, type ServiceHarness, startService } from './service-harness.ts';

// The service begins at 2023-11-14 22:13:20 UTC.
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const TO_23_00 = 46 * MINUTE + 40;
const AT_23_FOR_AN_HOUR = { maintenanceWindows: [{ startTime: 'cron(0 23 * * ? *)', durationInMinutes: 60 }] };

test('outside its window a job is SCHEDULED and made for nobody, inside IN_PROGRESS', () => {
  const service = withWindow();
  expect(service.job('a')).toMatchObject({ status: 'SCHEDULED' });
  expect(service.notified()).toEqual([]);
  service.advance(TO_23_00);
  expect(service.job('a')).toMatchObject({ status: 'IN_PROGRESS' });
  expect(service.device('get').message).toMatchObject({ queuedJobs: [{ jobId: 'a' }] });
});

test('what is QUEUED when the window shuts goes out of sight, and comes again with the next', () => {
  const service = withWindow();
  service.advance(TO_23_00);
  service.notified();
  service.advance(HOUR);
  expect(service.job('a')).toMatchObject({ status: 'SCHEDULED' });
  expect(service.notified()).toMatchObject([{ topic: 'notify', message: { jobs: {} } }, { topic: 'notify-next' }]);
  expect(service.device('get').message).toMatchObject({ queuedJobs: [] });
  expect(service.device('start-next').message).not.toHaveProperty('execution');
  expect(service.execution('a')).toMatchObject({ status: 'QUEUED', executionNumber: 1 });
  service.advance(23 * HOUR);
  expect(service.notified()).toMatchObject([
    { topic: 'notify', message: { jobs: { QUEUED: [{ jobId: 'a', executionNumber: 1 }] } } },
    { topic: 'notify-next', message: { execution: { jobId: 'a' } } },
  ]);
});

test('what is IN_PROGRESS when the window shuts goes on', () => {
  const service = withWindow();
  service.advance(TO_23_00);
  service.device('start-next');
  service.notified();
  service.advance(HOUR);
  expect(service.notified()).toEqual([]);
  expect(service.device('$next/get').message).toMatchObject({ execution: { jobId: 'a', status: 'IN_PROGRESS' } });
  expect(service.device('a/update', { status: 'SUCCEEDED' }).accepted).toBe(true);
});

test('the rollout stands still between windows', () => {
  const things = Array.from({ length: 100 }, (_, index) => `t-${index}`);
  const service = startService(things);
  const members = { schedulingConfig: AT_23_FOR_AN_HOUR, jobExecutionsRolloutConfig: { maximumPerMinute: 1 } };
  service.createJob('a', members, things);
  const made = () => service.state.jobs.get('a')?.executions.length;
  service.advance(TO_23_00 + 59 * MINUTE);
  expect(made()).toBe(60);
  service.advance(23 * HOUR);
  expect(made()).toBe(60);
  service.advance(MINUTE);
  expect(made()).toBe(61);
});

test('a retry waits for the next window', () => {
  const service = withWindow({
    jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 1 }] },
  });
  service.advance(TO_23_00);
  service.device('start-next');
  service.advance(HOUR);
  service.device('a/update', { status: 'FAILED' });
  expect(service.device('get').message).toMatchObject({ queuedJobs: [], inProgressJobs: [] });
  service.advance(23 * HOUR);
  expect(service.device('get').message).toMatchObject({ queuedJobs: [{ jobId: 'a', executionNumber: 2 }] });
});

test('a list holds ten, and inside a window five more of such jobs', () => {
  const service = startService();
  for (let index = 0; index < 12; index++) service.createJob(`plain-${index}`);
  for (let index = 0; index < 6; index++)
    service.createJob(`windowed-${index}`, { schedulingConfig: AT_23_FOR_AN_HOUR });
  const listed = () => (service.device('get').message.queuedJobs as { jobId: string }[]).map(({ jobId }) => jobId);
  expect(listed()).toHaveLength(10);
  service.advance(TO_23_00);
  expect(listed()).toHaveLength(15);
  expect(listed().slice(10)).toEqual([0, 1, 2, 3, 4].map((index) => `windowed-${index}`));
});

test('DescribeJob tells the next seven windows', () => {
  const service = withWindow({ schedulingConfig: { ...AT_23_FOR_AN_HOUR, endTime: '2024-06-01 00:00' } });
  expect(service.job('a').scheduledJobRollouts).toEqual(
    [14, 15, 16, 17, 18, 19, 20].map((day) => ({ startTime: `2023-11-${day} 23:00` })),
  );
});

test('windows after the endTime are not told', () => {
  const service = withWindow({ schedulingConfig: { ...AT_23_FOR_AN_HOUR, endTime: '2023-11-16 23:00' } });
  expect(service.job('a').scheduledJobRollouts).toEqual([
    { startTime: '2023-11-14 23:00' },
    { startTime: '2023-11-15 23:00' },
  ]);
});

test('a job made inside a window begins at once', () => {
  const service = startService();
  service.advance(TO_23_00 + MINUTE);
  service.createJob('a', { schedulingConfig: AT_23_FOR_AN_HOUR });
  expect(service.device('get').message).toMatchObject({ queuedJobs: [{ jobId: 'a' }] });
});

test.each([
  ['no cron expression', { startTime: 'every day', durationInMinutes: 60 }],
  ['1,431 minutes', { startTime: 'cron(0 23 * * ? *)', durationInMinutes: 1431 }],
  ['no duration', { startTime: 'cron(0 23 * * ? *)' }],
])('a window of %s makes no job', (_what, window) => {
  const create = () => withWindow({ schedulingConfig: { maintenanceWindows: [window] } });
  expect(refusal(create)).toBe('InvalidRequestException');
});

function withWindow(members: JsonObject = {}): ServiceHarness {
  const service = startService();
  service.createJob('a', { schedulingConfig: AT_23_FOR_AN_HOUR, ...members });
  return service;
}
