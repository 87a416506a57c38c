import { expect, test } from 'vitest';
import { refusal, type ServiceHarness, START_SECONDS, startService } from './service-harness.ts';

const RETRY_ONCE = { jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 1 }] } };

/** How an execution of job `a` comes into each of the eight statuses, and its version there. */
const STATUSES: readonly [string, number, (service: ServiceHarness) => unknown][] = [
  ['QUEUED', 1, () => undefined],
  ['IN_PROGRESS', 2, (service) => service.device('start-next')],
  ['SUCCEEDED', 2, (service) => service.device('a/update', { status: 'SUCCEEDED' })],
  ['FAILED', 2, (service) => service.device('a/update', { status: 'FAILED' })],
  ['REJECTED', 2, (service) => service.device('a/update', { status: 'REJECTED' })],
  [
    'TIMED_OUT',
    3,
    (service) => {
      service.device('start-next', { stepTimeoutInMinutes: 1 });
      service.advance(60);
    },
  ],
  ['CANCELED', 2, (service) => service.control('CancelJobExecution', { jobId: 'a', thingName: 'gw-1' })],
  ['REMOVED', 2, (service) => service.control('RemoveThingFromThingGroup', { thingGroupName: 'g', thingName: 'gw-1' })],
];

test.each(STATUSES)('%s is described', (status, versionNumber, reach) => {
  const service = withGroupJob();
  reach(service);
  expect(service.execution('a')).toMatchObject({
    jobId: 'a',
    status,
    thingArn: 'arn:aws:iot:us-east-1:123456789012:thing/gw-1',
    statusDetails: { detailsMap: {} },
    queuedAt: START_SECONDS,
    executionNumber: 1,
    versionNumber,
  });
});

test.each(STATUSES)('%s is described by its number too, and the same', (_status, _version, reach) => {
  const service = withGroupJob();
  reach(service);
  expect(service.execution('a', 'gw-1', 1)).toEqual(service.execution('a'));
});

test('after a retry the latest is described, and the first by its number', () => {
  const service = startService();
  service.createJob('a', RETRY_ONCE);
  service.device('a/update', { status: 'FAILED', statusDetails: { reason: 'no network' } });
  expect(service.execution('a')).toMatchObject({ executionNumber: 2, status: 'QUEUED', versionNumber: 1 });
  expect(service.execution('a', 'gw-1', 1)).toMatchObject({
    executionNumber: 1,
    status: 'FAILED',
    statusDetails: { detailsMap: { reason: 'no network' } },
  });
});

test('after a cancellation by force it says so', () => {
  const service = startService();
  service.createJob('a');
  service.device('start-next');
  service.advance(5);
  service.control('CancelJobExecution', { jobId: 'a', thingName: 'gw-1', force: true, statusDetails: { by: 'me' } });
  expect(service.execution('a')).toEqual({
    jobId: 'a',
    status: 'CANCELED',
    forceCanceled: true,
    statusDetails: { detailsMap: { by: 'me' } },
    thingArn: 'arn:aws:iot:us-east-1:123456789012:thing/gw-1',
    queuedAt: START_SECONDS,
    startedAt: START_SECONDS,
    lastUpdatedAt: START_SECONDS + 5,
    executionNumber: 1,
    versionNumber: 3,
  });
});

test.each([
  ['an unknown thing', { thingName: 'gw-9', jobId: 'a' }],
  ['an unknown job', { thingName: 'gw-1', jobId: 'z' }],
  ['an unknown executionNumber', { thingName: 'gw-1', jobId: 'a', executionNumber: 2 }],
])('%s is ResourceNotFoundException', (_what, input) => {
  const service = startService();
  service.createJob('a');
  expect(refusal(() => service.control('DescribeJobExecution', input))).toBe('ResourceNotFoundException');
});

test.each([
  ['$next', { thingName: 'gw-1', jobId: '$next' }],
  ['a jobId with a dot', { thingName: 'gw-1', jobId: 'a.b' }],
  ['a thingName with a space', { thingName: 'gw 1', jobId: 'a' }],
  ['an executionNumber that is none', { thingName: 'gw-1', jobId: 'a', executionNumber: 'first' }],
])('%s is InvalidRequestException', (_what, input) => {
  const service = startService();
  service.createJob('a');
  expect(refusal(() => service.control('DescribeJobExecution', input))).toBe('InvalidRequestException');
});

test('a device is refused an execution that has ended, with and without its number', () => {
  const service = startService();
  service.createJob('a');
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(service.device('a/get').code).toBe('TerminalStateReached');
  expect(service.device('a/get', { executionNumber: 1 }).code).toBe('TerminalStateReached');
});

/** Job `a` on the thing through a group, so that it can be REMOVED. */
function withGroupJob(): ServiceHarness {
  const service = startService();
  const group = service.createGroup('g', ['gw-1']);
  service.createJob('a', { targets: [group], targetSelection: 'CONTINUOUS' });
  return service;
}
