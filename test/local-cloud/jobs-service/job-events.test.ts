import { expect, test } from 'vitest';
import { type ServiceHarness, START_SECONDS, startService } from './service-harness.ts';

const THING_ARN = 'arn:aws:iot:us-east-1:123456789012:thing/gw-1';

test('events are off unless they are switched on', () => {
  const service = startService();
  service.createJob('a');
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(eventsOf(service)).toEqual([]);
});

test.each(['SUCCEEDED', 'FAILED', 'REJECTED'])('an execution that %s has its event', (status) => {
  const service = withEvents(['JOB_EXECUTION']);
  service.createJob('a');
  service.device('a/update', { status, statusDetails: { step: '3' } });
  expect(eventsOf(service)).toEqual([
    {
      eventType: 'JOB_EXECUTION',
      eventId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      timestamp: START_SECONDS,
      operation: status.toLowerCase(),
      jobId: 'a',
      thingArn: THING_ARN,
      status,
      statusDetails: { step: '3' },
    },
  ]);
});

test('what the service ends has its event too', () => {
  const service = withEvents(['JOB_EXECUTION']);
  const group = service.createGroup('g', ['gw-1']);
  for (const jobId of ['a', 'b', 'c', 'd']) {
    service.createJob(jobId, { targets: [group], targetSelection: 'CONTINUOUS' });
  }
  service.device('a/update', { status: 'IN_PROGRESS', stepTimeoutInMinutes: 1 });
  service.advance(60);
  service.control('CancelJobExecution', { jobId: 'b', thingName: 'gw-1' });
  service.control('DeleteJobExecution', { jobId: 'c', thingName: 'gw-1', executionNumber: 1, force: true });
  service.control('RemoveThingFromThingGroup', { thingGroupName: 'g', thingName: 'gw-1' });
  expect(eventsOf(service).map(({ operation, jobId }) => [operation, jobId])).toEqual([
    ['timed_out', 'a'],
    ['canceled', 'b'],
    ['deleted', 'c'],
    ['removed', 'd'],
  ]);
});

test('a job that completes says how it went, in milliseconds', () => {
  const service = withEvents(['JOB']);
  service.createJob('a', { description: 'new build' });
  service.advance(2);
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(eventsOf(service)).toMatchObject([
    {
      eventType: 'JOB',
      operation: 'completed',
      jobId: 'a',
      status: 'COMPLETED',
      targetSelection: 'SNAPSHOT',
      targets: [THING_ARN],
      description: 'new build',
      createdAt: START_SECONDS * 1000,
      completedAt: (START_SECONDS + 2) * 1000,
      lastUpdatedAt: (START_SECONDS + 2) * 1000,
      jobProcessDetails: { numberOfSucceededThings: 1, numberOfFailedThings: 0 },
    },
  ]);
});

test('a cancellation and a deletion have two events each', () => {
  const service = withEvents(['JOB']);
  service.createJob('a');
  service.control('CancelJob', { jobId: 'a', comment: 'wrong build' });
  service.control('DeleteJob', { jobId: 'a' });
  expect(eventsOf(service)).toMatchObject([
    { operation: 'cancellation_in_progress', status: 'CANCELLATION_IN_PROGRESS' },
    { operation: 'canceled', status: 'CANCELED', comment: 'wrong build' },
    { operation: 'deletion_in_progress', status: 'DELETION_IN_PROGRESS' },
    { operation: 'deleted', status: 'DELETED' },
  ]);
});

test('every event has an id of its own', () => {
  const service = withEvents(['JOB', 'JOB_EXECUTION']);
  for (const jobId of ['a', 'b']) service.createJob(jobId);
  for (const jobId of ['a', 'b']) service.device(`${jobId}/update`, { status: 'SUCCEEDED' });
  const ids = eventsOf(service).map(({ eventId }) => eventId);
  expect(new Set(ids).size).toBe(4);
});

test('the times of a job are in seconds where they shall be', () => {
  const service = withEvents(['JOB'], { eventTimes: 'seconds' });
  service.createJob('a');
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(eventsOf(service)).toMatchObject([{ createdAt: START_SECONDS, completedAt: START_SECONDS }]);
});

function withEvents(eventTypes: readonly string[], options: Parameters<typeof startService>[1] = {}): ServiceHarness {
  const service = startService(['gw-1'], options);
  const eventConfigurations = Object.fromEntries(eventTypes.map((eventType) => [eventType, { Enabled: true }]));
  service.control('UpdateEventConfigurations', { eventConfigurations });
  return service;
}

function eventsOf(service: ServiceHarness) {
  return service
    .notified()
    .map(({ message }) => message)
    .filter(({ eventType }) => eventType !== undefined);
}
