import { expect, test } from 'vitest';
import { nextDueMs } from '../../../local-cloud/jobs-service/settle.ts';
import { type ServiceHarness, START_SECONDS, startService } from './service-harness.ts';

const MINUTE = 60;

test('a QUEUED execution never times out', () => {
  const service = withTimeout(1);
  service.advance(10 * MINUTE);
  expect(status(service)).toMatchObject({ status: 'QUEUED' });
  expect(nextDueMs(service.state)).toBeUndefined();
});

test('an execution times out when its minutes are over', () => {
  const service = withTimeout(10);
  service.device('start-next');
  service.advance(10 * MINUTE - 1);
  expect(status(service)).toMatchObject({ status: 'IN_PROGRESS', approximateSecondsBeforeTimedOut: 1 });
  service.notified();
  service.advance(1);
  expect(status(service)).toMatchObject({ status: 'TIMED_OUT' });
  expect(status(service)).not.toHaveProperty('approximateSecondsBeforeTimedOut');
  expect(service.notified().map(({ topic }) => topic)).toEqual(['notify', 'notify-next']);
});

test('the longest time-out, seven days, is over after its last millisecond and not before', () => {
  const service = startService();
  service.createJob('a', { timeoutConfig: { inProgressTimeoutInMinutes: 10_080 } });
  service.device('start-next');
  service.advance(7 * 24 * 3600 - 0.001);
  expect(service.execution('a')).toMatchObject({ status: 'IN_PROGRESS' });
  service.advance(0.001);
  expect(service.execution('a')).toMatchObject({ status: 'TIMED_OUT' });
});

test('an update after the time-out is InvalidStateTransition', () => {
  const service = withTimeout(1);
  service.device('start-next');
  service.advance(MINUTE);
  expect(service.device('a/update', { status: 'SUCCEEDED' }).message).toMatchObject({
    code: 'InvalidStateTransition',
    executionState: { status: 'TIMED_OUT' },
  });
});

test('progress does not move the bound of the job', () => {
  const service = withTimeout(10);
  service.device('start-next');
  service.advance(9 * MINUTE);
  service.device('a/update', { status: 'IN_PROGRESS' });
  service.advance(MINUTE);
  expect(status(service)).toMatchObject({ status: 'TIMED_OUT' });
});

test('a step timer never extends the bound of the job', () => {
  // The guide's own example: bound of 20 minutes at 12:00, step of 9 at 12:13, timed out at 12:20.
  const service = withTimeout(20);
  service.device('start-next');
  service.advance(13 * MINUTE);
  service.device('a/update', { status: 'IN_PROGRESS', stepTimeoutInMinutes: 9 });
  service.advance(7 * MINUTE - 1);
  expect(status(service)).toMatchObject({ status: 'IN_PROGRESS', approximateSecondsBeforeTimedOut: 1 });
  service.advance(1);
  expect(status(service)).toMatchObject({ status: 'TIMED_OUT' });
});

test('a new step timer replaces the old one', () => {
  const service = withTimeout();
  service.device('start-next', { stepTimeoutInMinutes: 5 });
  service.advance(4 * MINUTE);
  service.device('a/update', { status: 'IN_PROGRESS', stepTimeoutInMinutes: 5 });
  service.advance(4 * MINUTE);
  expect(status(service)).toMatchObject({ status: 'IN_PROGRESS', approximateSecondsBeforeTimedOut: MINUTE });
  service.advance(MINUTE);
  expect(status(service)).toMatchObject({ status: 'TIMED_OUT' });
});

test('an update without a step timer keeps the old one', () => {
  const service = withTimeout();
  service.device('start-next', { stepTimeoutInMinutes: 5 });
  service.advance(4 * MINUTE);
  service.device('a/update', { status: 'IN_PROGRESS' });
  service.advance(MINUTE);
  expect(status(service)).toMatchObject({ status: 'TIMED_OUT' });
});

test('-1 discards the step timer', () => {
  const service = withTimeout();
  service.device('start-next', { stepTimeoutInMinutes: 5 });
  service.device('a/update', { status: 'IN_PROGRESS', stepTimeoutInMinutes: -1 });
  service.advance(60 * MINUTE);
  expect(status(service)).toMatchObject({ status: 'IN_PROGRESS' });
  expect(nextDueMs(service.state)).toBeUndefined();
});

test('the next deadline is the earliest of all things', () => {
  const service = startService(['gw-1', 'gw-2']);
  service.createJob('a', {}, ['gw-1', 'gw-2']);
  service.device('start-next', { stepTimeoutInMinutes: 5 }, 'gw-1');
  service.device('start-next', { stepTimeoutInMinutes: 2 }, 'gw-2');
  expect(nextDueMs(service.state)).toBe((START_SECONDS + 2 * MINUTE) * 1000);
});

function withTimeout(inProgressTimeoutInMinutes?: number): ServiceHarness {
  const service = startService();
  service.createJob('a', inProgressTimeoutInMinutes ? { timeoutConfig: { inProgressTimeoutInMinutes } } : {});
  return service;
}

function status(service: ServiceHarness) {
  return service.control('DescribeJobExecution', { thingName: 'gw-1', jobId: 'a' }).execution;
}
