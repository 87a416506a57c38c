import { expect, test } from 'vitest';
import { type ServiceHarness, START_SECONDS, startService } from './service-harness.ts';

const at = START_SECONDS;

test('the first job queued is listed and next', () => {
  const service = startService();
  service.createJob('a');
  expect(service.notified()).toEqual([
    {
      topic: 'notify',
      message: {
        timestamp: at,
        jobs: { QUEUED: [{ jobId: 'a', queuedAt: at, lastUpdatedAt: at, executionNumber: 1, versionNumber: 1 }] },
      },
    },
    {
      topic: 'notify-next',
      message: {
        timestamp: at,
        execution: {
          jobId: 'a',
          status: 'QUEUED',
          queuedAt: at,
          lastUpdatedAt: at,
          versionNumber: 1,
          executionNumber: 1,
          jobDocument: { operation: 'x' },
        },
      },
    },
  ]);
});

test('a job queued behind another is only listed', () => {
  const service = withJobs('a');
  service.createJob('b');
  expect(topics(service)).toEqual(['notify']);
});

test.each([
  ['start-next', {}],
  ['a/update', { status: 'IN_PROGRESS' }],
])('starting the first in line by %s notifies nobody', (operation, body) => {
  const service = withJobs('a', 'b');
  expect(service.device(operation, body).accepted).toBe(true);
  expect(topics(service)).toEqual([]);
});

test('another that starts first is next, and the list is the same', () => {
  const service = withJobs('a', 'b');
  service.device('b/update', { status: 'IN_PROGRESS' });
  const heard = service.notified();
  expect(heard).toMatchObject([
    { topic: 'notify-next', message: { execution: { jobId: 'b', status: 'IN_PROGRESS' } } },
  ]);
});

test('one that starts behind a running one notifies nobody', () => {
  const service = withJobs('a', 'b');
  service.device('start-next');
  service.device('b/update', { status: 'IN_PROGRESS' });
  expect(topics(service)).toEqual([]);
});

test('an earlier one that starts beside a running one is next', () => {
  const service = withJobs('a', 'b');
  service.device('b/update', { status: 'IN_PROGRESS' });
  service.notified();
  service.device('a/update', { status: 'IN_PROGRESS' });
  expect(service.notified()).toMatchObject([{ topic: 'notify-next', message: { execution: { jobId: 'a' } } }]);
});

test.each([
  [
    'progress',
    (service: ServiceHarness) => service.device('a/update', { status: 'IN_PROGRESS', statusDetails: { a: '1' } }),
  ],
  ['handing out again', (service: ServiceHarness) => service.device('start-next')],
  [
    'a rejected update',
    (service: ServiceHarness) => service.device('a/update', { status: 'FAILED', expectedVersion: 9 }),
  ],
  ['a describe', (service: ServiceHarness) => service.device('$next/get')],
  ['a list', (service: ServiceHarness) => service.device('get')],
])('%s notifies nobody', (_what, act) => {
  const service = withJobs('a', 'b');
  service.device('start-next');
  act(service);
  expect(topics(service)).toEqual([]);
});

test('the end of the first in line lists and names the next', () => {
  const service = withJobs('a', 'b');
  service.device('start-next');
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(service.notified()).toMatchObject([
    { topic: 'notify', message: { jobs: { QUEUED: [{ jobId: 'b' }] } } },
    { topic: 'notify-next', message: { execution: { jobId: 'b', status: 'QUEUED' } } },
  ]);
});

test('the end of the last is an empty list and no next', () => {
  const service = withJobs('a');
  service.device('start-next');
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(service.notified()).toEqual([
    { topic: 'notify', message: { timestamp: at, jobs: {} } },
    { topic: 'notify-next', message: { timestamp: at } },
  ]);
});

test('the end of one behind the first is only listed', () => {
  const service = withJobs('a', 'b');
  service.device('b/update', { status: 'REJECTED' });
  expect(service.notified()).toEqual([
    { topic: 'notify', message: { timestamp: at, jobs: { QUEUED: [expect.objectContaining({ jobId: 'a' })] } } },
  ]);
});

test('a cancel notifies the thing it was for, and no other', () => {
  const service = startService(['gw-1', 'gw-2']);
  service.createJob('a', {}, ['gw-1', 'gw-2']);
  service.notified();
  service.control('CancelJobExecution', { thingName: 'gw-1', jobId: 'a' });
  expect(topics(service)).toEqual(['notify', 'notify-next']);
  expect(service.device('$next/get', {}, 'gw-2').message).toHaveProperty('execution');
});

test('a job for two things notifies both', () => {
  const service = startService(['gw-1', 'gw-2']);
  service.createJob('a', {}, ['gw-1', 'gw-2']);
  expect(topics(service)).toEqual(['notify', 'notify-next', 'notify', 'notify-next']);
});

test('a target given twice gets one execution', () => {
  const service = startService();
  service.createJob('a', {}, ['gw-1', 'gw-1']);
  expect(service.device('get').message.queuedJobs).toHaveLength(1);
});

function withJobs(...jobIds: readonly string[]): ServiceHarness {
  const service = startService();
  for (const jobId of jobIds) service.createJob(jobId);
  service.notified();
  return service;
}

function topics(service: ServiceHarness): string[] {
  return service.notified().map(({ topic }) => topic);
}
