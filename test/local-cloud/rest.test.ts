import {
  CancelJobCommand,
  CancelJobExecutionCommand,
  CreateJobCommand,
  DescribeJobCommand,
  DescribeJobExecutionCommand,
  GetJobDocumentCommand,
  InvalidRequestException,
  InvalidStateTransitionException,
  type IoTClient,
  type JobExecution,
  ListJobExecutionsForThingCommand,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
  VersionConflictException,
} from '@aws-sdk/client-iot';
import { describe, expect, test } from 'vitest';
import { iotClientFor } from '../fixtures/iot-client.ts';
import { connectThing, startTestCloud, type TestCloud } from '../fixtures/job-cloud.ts';
import { recordMessages } from '../fixtures/mqtt-messages.ts';

const GW_1 = 'arn:aws:iot:us-east-1:123456789012:thing/gw-1';

describe('DescribeJobExecution', () => {
  test('a queued execution has its whole shape', async () => {
    const { cloud, iot } = await cloudWithClient();
    const before = Date.now();
    cloud.createJob({ jobId: 'a' });
    const execution = await described(iot, 'a');
    expect(execution).toEqual({
      jobId: 'a',
      status: 'QUEUED',
      forceCanceled: false,
      statusDetails: { detailsMap: {} },
      thingArn: GW_1,
      queuedAt: expect.any(Date),
      lastUpdatedAt: expect.any(Date),
      executionNumber: 1,
      versionNumber: 1,
    });
    expect(execution.queuedAt?.getTime()).toBeGreaterThanOrEqual(before);
    expect(execution.queuedAt?.getTime()).toBeLessThanOrEqual(Date.now());
  });

  test('an execution in progress tells details, start and time left', async () => {
    const { cloud, iot } = await cloudWithClient();
    cloud.createJob({ jobId: 'a', timeoutInMinutes: 10 });
    await device(cloud, 'start-next', { statusDetails: { step: '1' } });
    expect(await described(iot, 'a')).toEqual({
      jobId: 'a',
      status: 'IN_PROGRESS',
      forceCanceled: false,
      statusDetails: { detailsMap: { step: '1' } },
      thingArn: GW_1,
      queuedAt: expect.any(Date),
      startedAt: expect.any(Date),
      lastUpdatedAt: expect.any(Date),
      executionNumber: 1,
      versionNumber: 2,
      approximateSecondsBeforeTimedOut: expect.any(Number),
    });
  });

  test('a succeeded execution has no time left', async () => {
    const { cloud, iot } = await cloudWithClient();
    cloud.createJob({ jobId: 'a', timeoutInMinutes: 10 });
    await device(cloud, 'start-next', {});
    await device(cloud, 'a/update', { status: 'SUCCEEDED', statusDetails: { result: 'fine' } });
    const execution = await described(iot, 'a');
    expect(execution).toMatchObject({
      status: 'SUCCEEDED',
      statusDetails: { detailsMap: { result: 'fine' } },
      startedAt: expect.any(Date),
      versionNumber: 3,
    });
    expect(execution).not.toHaveProperty('approximateSecondsBeforeTimedOut');
  });

  test('a cancelled execution says whether it was forced', async () => {
    const { cloud, iot } = await cloudWithClient();
    cloud.createJob({ jobId: 'a' });
    cloud.createJob({ jobId: 'b' });
    await device(cloud, 'start-next', {});
    await iot.send(new CancelJobExecutionCommand({ thingName: 'gw-1', jobId: 'a', force: true }));
    await iot.send(new CancelJobExecutionCommand({ thingName: 'gw-1', jobId: 'b', statusDetails: { why: 'late' } }));
    expect(await described(iot, 'a')).toMatchObject({ status: 'CANCELED', forceCanceled: true });
    expect(await described(iot, 'b')).toMatchObject({
      status: 'CANCELED',
      forceCanceled: false,
      statusDetails: { detailsMap: { why: 'late' } },
    });
  });

  test('an execution is found by its number', async () => {
    const { cloud, iot } = await cloudWithClient();
    cloud.createJob({ jobId: 'a' });
    expect(await described(iot, 'a', 1)).toMatchObject({ executionNumber: 1 });
    await expect(described(iot, 'a', 2)).rejects.toThrow(ResourceNotFoundException);
  });

  test.each([
    ['a job that was never made', 'gw-1', 'nothing'],
    ['a thing that was never made', 'gw-9', 'a'],
  ])('%s is a ResourceNotFoundException with 404', async (_what, thingName, jobId) => {
    const { cloud, iot } = await cloudWithClient();
    cloud.createJob({ jobId: 'a' });
    const refused = iot.send(new DescribeJobExecutionCommand({ thingName, jobId }));
    await expect(refused).rejects.toBeInstanceOf(ResourceNotFoundException);
    await expect(refused).rejects.toMatchObject({
      message: expect.stringContaining('does not exist'),
      $metadata: { httpStatusCode: 404, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
  });

  test.each([
    ['$next', 'gw-1'],
    ['a.b', 'gw-1'],
    ['x'.repeat(65), 'gw-1'],
    ['a', 'not a thing'],
  ])('jobId %s of %s is an InvalidRequestException with 400', async (jobId, thingName) => {
    const { iot } = await cloudWithClient();
    const refused = iot.send(new DescribeJobExecutionCommand({ thingName, jobId }));
    await expect(refused).rejects.toBeInstanceOf(InvalidRequestException);
    await expect(refused).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
  });

  test('a thing name with a colon is found', async () => {
    const { cloud, iot } = await cloudWithClient(['plant:gw_1']);
    cloud.createJob({ jobId: 'a', things: ['plant:gw_1'] });
    const { execution } = await iot.send(new DescribeJobExecutionCommand({ thingName: 'plant:gw_1', jobId: 'a' }));
    expect(execution?.thingArn).toBe('arn:aws:iot:us-east-1:123456789012:thing/plant:gw_1');
  });
});

describe('jobs', () => {
  test('a job made by an operator reaches the thing', async () => {
    const { cloud, iot } = await cloudWithClient();
    const client = await connectThing(cloud, 'gw-1');
    await client.subscribeAsync('$aws/things/gw-1/jobs/notify-next', { qos: 1 });
    const messages = recordMessages(client);
    const document = '{"operation":"x",\n "parameters":{"é":1}}';
    const made = await iot.send(
      new CreateJobCommand({ jobId: 'a', targets: [GW_1], document, description: 'a first one' }),
    );
    expect(made).toMatchObject({
      jobArn: 'arn:aws:iot:us-east-1:123456789012:job/a',
      jobId: 'a',
      description: 'a first one',
    });
    const { message } = await messages.next('$aws/things/gw-1/jobs/notify-next');
    expect(message).toMatchObject({ execution: { jobDocument: { operation: 'x', parameters: { é: 1 } } } });
    const stored = await iot.send(new GetJobDocumentCommand({ jobId: 'a' }));
    expect(stored.document).toBe(document);
  });

  test('a job counts its executions and completes', async () => {
    const { cloud, iot } = await cloudWithClient(['gw-1', 'gw-2']);
    cloud.createJob({ jobId: 'a', things: ['gw-1', 'gw-2'], timeoutInMinutes: 5 });
    await device(cloud, 'start-next', {});
    const { job } = await iot.send(new DescribeJobCommand({ jobId: 'a' }));
    expect(job).toMatchObject({
      jobId: 'a',
      status: 'IN_PROGRESS',
      targetSelection: 'SNAPSHOT',
      createdAt: expect.any(Date),
      timeoutConfig: { inProgressTimeoutInMinutes: 5 },
      jobProcessDetails: { numberOfInProgressThings: 1, numberOfQueuedThings: 1, numberOfSucceededThings: 0 },
    });
    await device(cloud, 'a/update', { status: 'FAILED' });
    await iot.send(new CancelJobExecutionCommand({ thingName: 'gw-2', jobId: 'a' }));
    const { job: over } = await iot.send(new DescribeJobCommand({ jobId: 'a' }));
    expect(over).toMatchObject({
      status: 'COMPLETED',
      completedAt: expect.any(Date),
      jobProcessDetails: { numberOfFailedThings: 1, numberOfCanceledThings: 1, numberOfQueuedThings: 0 },
    });
  });

  test('a jobId is taken once', async () => {
    const { cloud, iot } = await cloudWithClient();
    cloud.createJob({ jobId: 'a' });
    const refused = iot.send(new CreateJobCommand({ jobId: 'a', targets: [GW_1], document: '{}' }));
    await expect(refused).rejects.toBeInstanceOf(ResourceAlreadyExistsException);
    await expect(refused).rejects.toMatchObject({
      resourceId: 'a',
      resourceArn: 'arn:aws:iot:us-east-1:123456789012:job/a',
      $metadata: { httpStatusCode: 409 },
    });
  });

  test.each([
    ['text that is no JSON', { document: '{' }],
    ['a JSON array', { document: '[]' }],
    ['a document over 32,768 characters', { document: `{"a":"${'x'.repeat(32_768)}"}` }],
    ['no document', { document: undefined }],
    ['no targets', { targets: [] }],
    ['a target that is neither a thing nor a group', { targets: ['arn:aws:iot:us-east-1:123456789012:cert/g'] }],
    ['a timeout of eight days', { timeoutConfig: { inProgressTimeoutInMinutes: 11_520 } }],
    ['retries without a criterion', { jobExecutionsRetryConfig: { criteriaList: [] } }],
  ])('%s makes no job', async (_what, members) => {
    const { iot } = await cloudWithClient();
    const input = { jobId: 'a', targets: [GW_1], document: '{}', ...members };
    await expect(iot.send(new CreateJobCommand(input))).rejects.toBeInstanceOf(InvalidRequestException);
    await expect(iot.send(new DescribeJobCommand({ jobId: 'a' }))).rejects.toBeInstanceOf(ResourceNotFoundException);
  });

  test('tags are checked', async () => {
    const { iot } = await cloudWithClient();
    const create = (jobId: string, tags: { Key: string; Value?: string }[]) =>
      iot.send(new CreateJobCommand({ jobId, targets: [GW_1], document: '{}', tags }));
    expect(await create('a', [{ Key: 'team', Value: 'edge' }, { Key: 'empty' }])).toMatchObject({ jobId: 'a' });
    await expect(create('b', [{ Key: '' }])).rejects.toBeInstanceOf(InvalidRequestException);
    await expect(create('b', [{ Key: 'k', Value: 'v'.repeat(257) }])).rejects.toBeInstanceOf(InvalidRequestException);
    const many = Array.from({ length: 51 }, (_, index) => ({ Key: `${index}` }));
    await expect(create('b', many)).rejects.toThrow('at most 50 tags');
  });

  test('an unknown thing among the targets makes no job', async () => {
    const { iot } = await cloudWithClient();
    const targets = [GW_1, 'arn:aws:iot:us-east-1:123456789012:thing/gw-9'];
    const refused = iot.send(new CreateJobCommand({ jobId: 'a', targets, document: '{}' }));
    await expect(refused).rejects.toBeInstanceOf(ResourceNotFoundException);
    const { executionSummaries } = await iot.send(new ListJobExecutionsForThingCommand({ thingName: 'gw-1' }));
    expect(executionSummaries).toEqual([]);
  });
});

describe('cancelling', () => {
  test('a job cancelled without force leaves what runs', async () => {
    const { cloud, iot } = await cloudWithClient(['gw-1', 'gw-2']);
    cloud.createJob({ jobId: 'a', things: ['gw-1', 'gw-2'] });
    await device(cloud, 'start-next', {});
    await iot.send(new CancelJobCommand({ jobId: 'a', comment: 'wrong file', reasonCode: 'OPERATOR' }));
    expect(await described(iot, 'a')).toMatchObject({ status: 'IN_PROGRESS' });
    const other = await iot.send(new DescribeJobExecutionCommand({ thingName: 'gw-2', jobId: 'a' }));
    expect(other.execution).toMatchObject({ status: 'CANCELED' });
    const { job } = await iot.send(new DescribeJobCommand({ jobId: 'a' }));
    expect(job).toMatchObject({ status: 'CANCELED', comment: 'wrong file', reasonCode: 'OPERATOR' });
  });

  test('a job cancelled with force stops what runs', async () => {
    const { cloud, iot } = await cloudWithClient();
    cloud.createJob({ jobId: 'a' });
    await device(cloud, 'start-next', {});
    await iot.send(new CancelJobCommand({ jobId: 'a', force: true }));
    expect(await described(iot, 'a')).toMatchObject({ status: 'CANCELED', forceCanceled: true });
    const { answer } = await device(cloud, 'a/update', { status: 'SUCCEEDED' });
    expect(answer.message).toMatchObject({
      code: 'InvalidStateTransition',
      executionState: { status: 'CANCELED' },
    });
  });

  test('a cancelled job completes when what ran on has ended', async () => {
    const { cloud, iot } = await cloudWithClient(['gw-1', 'gw-2']);
    cloud.createJob({ jobId: 'a', things: ['gw-1', 'gw-2'] });
    await device(cloud, 'start-next', {});
    await iot.send(new CancelJobCommand({ jobId: 'a' }));
    const canceled = await iot.send(new DescribeJobCommand({ jobId: 'a' }));
    expect(canceled.job?.completedAt).toBeUndefined();
    await device(cloud, 'a/update', { status: 'SUCCEEDED' });
    const { job } = await iot.send(new DescribeJobCommand({ jobId: 'a' }));
    expect(job).toMatchObject({ status: 'CANCELED', completedAt: expect.any(Date) });
  });

  test.each([{ force: true }, {}])('a job of which nothing runs on completes with %j', async (input) => {
    const { cloud, iot } = await cloudWithClient();
    cloud.createJob({ jobId: 'a' });
    if (input.force) await device(cloud, 'start-next', {});
    await iot.send(new CancelJobCommand({ jobId: 'a', ...input }));
    const { job } = await iot.send(new DescribeJobCommand({ jobId: 'a' }));
    expect(job).toMatchObject({ status: 'CANCELED', completedAt: expect.any(Date) });
  });

  test('what runs is cancelled only by force', async () => {
    const { cloud, iot } = await cloudWithClient();
    cloud.createJob({ jobId: 'a' });
    await device(cloud, 'start-next', {});
    const refused = iot.send(new CancelJobExecutionCommand({ thingName: 'gw-1', jobId: 'a' }));
    await expect(refused).rejects.toBeInstanceOf(InvalidStateTransitionException);
    await expect(refused).rejects.toMatchObject({ $metadata: { httpStatusCode: 409 } });
  });

  test('a stale expectedVersion is a VersionConflictException', async () => {
    const { cloud, iot } = await cloudWithClient();
    cloud.createJob({ jobId: 'a' });
    const refused = iot.send(new CancelJobExecutionCommand({ thingName: 'gw-1', jobId: 'a', expectedVersion: 7 }));
    await expect(refused).rejects.toBeInstanceOf(VersionConflictException);
    await expect(refused).rejects.toMatchObject({ $metadata: { httpStatusCode: 409 } });
    expect(await described(iot, 'a')).toMatchObject({ status: 'QUEUED', versionNumber: 1 });
  });
});

describe('ListJobExecutionsForThing', () => {
  test('pages join to the whole list', async () => {
    const { cloud, iot } = await cloudWithClient();
    for (const jobId of ['a', 'b', 'c']) cloud.createJob({ jobId });
    const list = (nextToken?: string) =>
      iot.send(new ListJobExecutionsForThingCommand({ thingName: 'gw-1', maxResults: 2, nextToken }));
    const first = await list();
    const second = await list(first.nextToken);
    expect(first.executionSummaries?.map(({ jobId }) => jobId)).toEqual(['c', 'b']);
    expect(second.executionSummaries?.map(({ jobId }) => jobId)).toEqual(['a']);
    expect(second.nextToken).toBeUndefined();
  });

  test('the status filter keeps its status only', async () => {
    const { cloud, iot } = await cloudWithClient();
    for (const jobId of ['a', 'b']) cloud.createJob({ jobId });
    await device(cloud, 'start-next', {});
    const { executionSummaries } = await iot.send(
      new ListJobExecutionsForThingCommand({ thingName: 'gw-1', status: 'IN_PROGRESS' }),
    );
    expect(executionSummaries).toEqual([
      {
        jobId: 'a',
        jobExecutionSummary: {
          status: 'IN_PROGRESS',
          queuedAt: expect.any(Date),
          startedAt: expect.any(Date),
          lastUpdatedAt: expect.any(Date),
          executionNumber: 1,
        },
      },
    ]);
  });

  test('a namespace leaves out the jobs of others', async () => {
    const { cloud, iot } = await cloudWithClient();
    cloud.createJob({ jobId: 'a' });
    await iot.send(new CreateJobCommand({ jobId: 'b', targets: [GW_1], document: '{}', namespaceId: 'n' }));
    const { executionSummaries } = await iot.send(
      new ListJobExecutionsForThingCommand({ thingName: 'gw-1', namespaceId: 'n' }),
    );
    expect(executionSummaries?.map(({ jobId }) => jobId)).toEqual(['b']);
  });

  test('a page of 251 is refused', async () => {
    const { iot } = await cloudWithClient();
    const refused = iot.send(new ListJobExecutionsForThingCommand({ thingName: 'gw-1', maxResults: 251 }));
    await expect(refused).rejects.toBeInstanceOf(InvalidRequestException);
  });
});

async function cloudWithClient(things: readonly string[] = ['gw-1']): Promise<{ cloud: TestCloud; iot: IoTClient }> {
  const cloud = await startTestCloud({ things });
  return { cloud, iot: iotClientFor(cloud) };
}

async function described(iot: IoTClient, jobId: string, executionNumber?: number): Promise<JobExecution> {
  const { execution } = await iot.send(new DescribeJobExecutionCommand({ thingName: 'gw-1', jobId, executionNumber }));
  if (!execution) throw new Error('the answer has no execution');
  return execution;
}

/** One request of gw-1, answered. */
async function device(cloud: TestCloud, operation: string, body: object) {
  const client = await connectThing(cloud, 'gw-1');
  const topic = `$aws/things/gw-1/jobs/${operation}`;
  client.publish(topic, JSON.stringify(body));
  return cloud.deviceRequest((request) => request.topic === topic);
}
