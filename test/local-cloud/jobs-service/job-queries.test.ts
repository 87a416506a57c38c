import { expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { refusal, type ServiceHarness, START_SECONDS, startService } from './service-harness.ts';

test('ListJobs gives the newest first', () => {
  const service = startService();
  for (const jobId of ['a', 'b']) service.createJob(jobId);
  expect(service.control('ListJobs', {})).toEqual({
    jobs: ['b', 'a'].map((jobId) => ({
      jobArn: `arn:aws:iot:us-east-1:123456789012:job/${jobId}`,
      jobId,
      targetSelection: 'SNAPSHOT',
      status: 'IN_PROGRESS',
      createdAt: START_SECONDS,
      lastUpdatedAt: START_SECONDS,
      isConcurrent: false,
    })),
  });
});

test.each([
  [{ status: 'COMPLETED' }, ['done']],
  [{ status: 'CANCELED' }, ['canceled']],
  [{ status: 'SCHEDULED' }, ['later']],
  [{ status: 'IN_PROGRESS' }, ['spaced', 'grouped']],
  [{ targetSelection: 'CONTINUOUS' }, ['grouped']],
  [{ thingGroupName: 'g' }, ['grouped']],
  [{ namespaceId: 'n' }, ['spaced']],
  [{ namespaceId: 'n', status: 'COMPLETED' }, []],
])('ListJobs with %j', (filter, expected) => {
  expect(idsOf(manyJobs().control('ListJobs', filter).jobs)).toEqual(expected);
});

test('a group’s jobs are found by its id, and name it', () => {
  const service = manyJobs();
  const { thingGroupId } = service.control('DescribeThingGroup', { thingGroupName: 'g' });
  expect(service.control('ListJobs', { thingGroupId }).jobs).toMatchObject([{ jobId: 'grouped', thingGroupId }]);
});

test('a group that is not there has no jobs to list', () => {
  const list = () => startService().control('ListJobs', { thingGroupName: 'none' });
  expect(refusal(list)).toBe('ResourceNotFoundException');
});

test('pages hold every job once', () => {
  const service = startService();
  for (let index = 0; index < 7; index++) service.createJob(`job-${index}`);
  const listed: string[] = [];
  let nextToken: unknown;
  do {
    const page = service.control('ListJobs', {
      maxResults: 3,
      ...(nextToken !== undefined && { nextToken: `${nextToken}` }),
    });
    listed.push(...idsOf(page.jobs));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  expect(listed).toEqual([6, 5, 4, 3, 2, 1, 0].map((index) => `job-${index}`));
});

test.each([{ maxResults: 251 }, { maxResults: 0 }, { nextToken: 'x' }, { status: 'SUCCEEDED' }])(
  'ListJobs refuses %j',
  (input) => {
    expect(refusal(() => startService().control('ListJobs', input))).toBe('InvalidRequestException');
  },
);

test('ListJobExecutionsForJob gives the executions of every thing', () => {
  const service = startService(['gw-1', 'gw-2']);
  service.createJob('a', {}, ['gw-1', 'gw-2']);
  service.device('a/update', { status: 'FAILED' });
  const list = (filter: JsonObject) => service.control('ListJobExecutionsForJob', { jobId: 'a', ...filter });
  const summary = { queuedAt: START_SECONDS, lastUpdatedAt: START_SECONDS, executionNumber: 1 };
  expect(list({})).toEqual({
    executionSummaries: [
      { thingArn: thing('gw-2'), jobExecutionSummary: { status: 'QUEUED', ...summary } },
      { thingArn: thing('gw-1'), jobExecutionSummary: { status: 'FAILED', startedAt: START_SECONDS, ...summary } },
    ],
  });
  expect(list({ status: 'FAILED' }).executionSummaries).toMatchObject([{ thingArn: thing('gw-1') }]);
  expect(list({ maxResults: 1 })).toMatchObject({ nextToken: expect.any(String) });
});

test.each([
  [{}, ['spaced', 'grouped', 'canceled', 'done']],
  [{ status: 'SUCCEEDED' }, ['done']],
  [{ jobId: 'canceled' }, ['canceled']],
  [{ namespaceId: 'n' }, ['spaced']],
])('ListJobExecutionsForThing with %j', (filter, expected) => {
  const { executionSummaries } = manyJobs().control('ListJobExecutionsForThing', { thingName: 'gw-1', ...filter });
  expect(idsOf(executionSummaries)).toEqual(expected);
});

test('DescribeJob shows what the job was made with', () => {
  const service = startService();
  const members = {
    description: 'new build',
    presignedUrlConfig: { roleArn: 'arn:aws:iam::123456789012:role/jobs', expiresInSec: 60 },
    jobExecutionsRolloutConfig: { maximumPerMinute: 10 },
    abortConfig: {
      criteriaList: [{ failureType: 'ALL', action: 'CANCEL', thresholdPercentage: 20.5, minNumberOfExecutedThings: 1 }],
    },
    timeoutConfig: { inProgressTimeoutInMinutes: 5 },
    jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'ALL', numberOfRetries: 2 }] },
    namespaceId: 'n',
  };
  service.createJob('a', members);
  expect(service.job('a')).toMatchObject({ jobId: 'a', status: 'IN_PROGRESS', ...members });
});

test('UpdateJob changes what it may, and a time-out for executions that start later', () => {
  const service = startService(['gw-1', 'gw-2']);
  service.createJob('a', { timeoutConfig: { inProgressTimeoutInMinutes: 5 } }, ['gw-1', 'gw-2']);
  service.device('start-next');
  const changes = { description: 'newer', timeoutConfig: { inProgressTimeoutInMinutes: 1 } };
  expect(service.control('UpdateJob', { jobId: 'a', ...changes })).toEqual({});
  expect(service.job('a')).toMatchObject(changes);
  service.device('start-next', {}, 'gw-2');
  service.advance(60);
  expect(service.execution('a', 'gw-1')).toMatchObject({ status: 'IN_PROGRESS' });
  expect(service.execution('a', 'gw-2')).toMatchObject({ status: 'TIMED_OUT' });
});

test('GetJobDocument gives a managed template with its parameters, or before them', () => {
  const service = startService();
  service.createJob('a', {
    document: null,
    jobTemplateArn: 'arn:aws:iot:us-east-1::jobtemplate/AWS-Run-Command:1.0',
    documentParameters: { command: 'echo,hello' },
  });
  const text = (beforeSubstitution: boolean) =>
    service.control('GetJobDocument', { jobId: 'a', beforeSubstitution }).document;
  expect(text(false)).toContain('"echo,hello"');
  expect(text(true)).toContain('${aws:iot:parameter:command}');
  expect(service.device('$next/get').message).toMatchObject({ execution: { jobDocument: { version: '1.0' } } });
});

test('the tags of CreateJob are the job’s', () => {
  const service = startService();
  service.createJob('a', { tags: [{ Key: 'team', Value: 'edge' }] });
  const resourceArn = 'arn:aws:iot:us-east-1:123456789012:job/a';
  expect(service.control('ListTagsForResource', { resourceArn }).tags).toEqual([{ Key: 'team', Value: 'edge' }]);
});

function manyJobs(): ServiceHarness {
  const service = startService();
  service.createJob('done');
  service.device('done/update', { status: 'SUCCEEDED' });
  service.createJob('canceled');
  service.control('CancelJob', { jobId: 'canceled' });
  service.createJob('grouped', { targets: [service.createGroup('g', ['gw-1'])], targetSelection: 'CONTINUOUS' });
  service.createJob('later', { schedulingConfig: { startTime: '2023-11-15 10:00' } });
  service.createJob('spaced', { namespaceId: 'n' });
  return service;
}

function idsOf(list: unknown): string[] {
  return (list as { jobId: string }[]).map(({ jobId }) => jobId);
}

function thing(thingName: string): string {
  return `arn:aws:iot:us-east-1:123456789012:thing/${thingName}`;
}
