import { request } from 'node:http';
import { DescribeJobExecutionCommand as DescribeForOperatorsCommand } from '@aws-sdk/client-iot';
import {
  DescribeJobExecutionCommand,
  GetPendingJobExecutionsCommand,
  InvalidRequestException,
  InvalidStateTransitionException,
  type IoTJobsDataPlaneClient,
  ResourceNotFoundException,
  StartNextPendingJobExecutionCommand,
  TerminalStateException,
  UpdateJobExecutionCommand,
  type UpdateJobExecutionCommandInput,
} from '@aws-sdk/client-iot-jobs-data-plane';
import { describe, expect, test } from 'vitest';
import { iotClientFor } from '../../fixtures/iot-client.ts';
import { connectThing, startTestCloud, type TestCloud, type TestCloudOptions } from '../../fixtures/job-cloud.ts';
import { jobsDataClientFor } from '../../fixtures/jobs-data-client.ts';
import { recordMessages } from '../../fixtures/mqtt-messages.ts';

/** A document whose text says more than its parsed form: a number that JavaScript rounds. */
const DOCUMENT = '{"operation":"x",  "serial":12345678901234567890}';

describe('the four operations', () => {
  test('GetPendingJobExecutions lists what runs and what waits, in whole seconds', async () => {
    const { cloud, data } = await start();
    cloud.createJob({ jobId: 'a' });
    cloud.createJob({ jobId: 'b' });
    await data.send(new StartNextPendingJobExecutionCommand({ thingName: 'gw-1' }));
    const { inProgressJobs, queuedJobs } = await data.send(new GetPendingJobExecutionsCommand({ thingName: 'gw-1' }));
    expect(inProgressJobs).toEqual([
      {
        jobId: 'a',
        queuedAt: expect.any(Number),
        lastUpdatedAt: expect.any(Number),
        startedAt: expect.any(Number),
        executionNumber: 1,
        versionNumber: 2,
      },
    ]);
    expect(queuedJobs).toMatchObject([{ jobId: 'b', versionNumber: 1 }]);
    expect(Number.isInteger(queuedJobs?.[0]?.queuedAt)).toBe(true);
  });

  test('StartNextPendingJobExecution starts the first in line, with details and a step timer', async () => {
    const { cloud, data } = await start();
    createJob(cloud, 'a');
    const { execution } = await data.send(
      new StartNextPendingJobExecutionCommand({
        thingName: 'gw-1',
        statusDetails: { step: '1' },
        stepTimeoutInMinutes: 5,
      }),
    );
    expect(execution).toMatchObject({
      jobId: 'a',
      status: 'IN_PROGRESS',
      statusDetails: { step: '1' },
      versionNumber: 2,
      approximateSecondsBeforeTimedOut: expect.any(Number),
      jobDocument: DOCUMENT,
    });
  });

  test('StartNextPendingJobExecution has no execution when nothing waits', async () => {
    const { data } = await start();
    const { execution } = await data.send(new StartNextPendingJobExecutionCommand({ thingName: 'gw-1' }));
    expect(execution).toBeUndefined();
  });

  test.each(['a', '$next'])(
    'DescribeJobExecution of %s has the document as the text it was made with',
    async (jobId) => {
      const { cloud, data } = await start();
      createJob(cloud, 'a');
      const describeIt = (members: { includeJobDocument?: boolean; executionNumber?: number }) =>
        data.send(new DescribeJobExecutionCommand({ thingName: 'gw-1', jobId, ...members }));
      expect((await describeIt({})).execution).toMatchObject({ jobId: 'a', status: 'QUEUED', jobDocument: DOCUMENT });
      expect((await describeIt({ includeJobDocument: false, executionNumber: 1 })).execution).not.toHaveProperty(
        'jobDocument',
      );
    },
  );

  test('UpdateJobExecution answers with state and document where it is asked to', async () => {
    const { cloud, data } = await start();
    createJob(cloud, 'a');
    expect(await update(data, { status: 'IN_PROGRESS' })).toEqual({ $metadata: expect.anything() });
    const answer = await update(data, {
      status: 'IN_PROGRESS',
      expectedVersion: 2,
      statusDetails: { progress: '50' },
      includeJobExecutionState: true,
      includeJobDocument: true,
    });
    expect(answer).toMatchObject({
      executionState: { status: 'IN_PROGRESS', versionNumber: 3, statusDetails: { progress: '50' } },
      jobDocument: DOCUMENT,
    });
  });
});

describe('refusals', () => {
  test('a version that does not match is an InvalidStateTransitionException with the state', async () => {
    const { cloud, data } = await start();
    cloud.createJob({ jobId: 'a' });
    const refused = update(data, { status: 'IN_PROGRESS', expectedVersion: 7 });
    await expect(refused).rejects.toBeInstanceOf(InvalidStateTransitionException);
    await expect(refused).rejects.toMatchObject({
      executionState: { status: 'QUEUED', versionNumber: 1 },
      $metadata: { httpStatusCode: 409 },
    });
  });

  test('an execution that has ended is a TerminalStateException, and takes no change', async () => {
    const { cloud, data } = await start();
    cloud.createJob({ jobId: 'a' });
    await update(data, { status: 'SUCCEEDED' });
    const described = data.send(new DescribeJobExecutionCommand({ thingName: 'gw-1', jobId: 'a' }));
    await expect(described).rejects.toBeInstanceOf(TerminalStateException);
    await expect(described).rejects.toMatchObject({ $metadata: { httpStatusCode: 410 } });
    await expect(update(data, { status: 'FAILED' })).rejects.toBeInstanceOf(InvalidStateTransitionException);
  });

  test('a thing or a job that does not exist is a ResourceNotFoundException', async () => {
    const { cloud, data } = await start();
    cloud.createJob({ jobId: 'a' });
    const ofThing = data.send(new GetPendingJobExecutionsCommand({ thingName: 'gw-9' }));
    await expect(ofThing).rejects.toBeInstanceOf(ResourceNotFoundException);
    await expect(ofThing).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
    const ofJob = data.send(new DescribeJobExecutionCommand({ thingName: 'gw-1', jobId: 'b' }));
    await expect(ofJob).rejects.toBeInstanceOf(ResourceNotFoundException);
    expect(cloud.jobs.state.things.has('gw-9')).toBe(false);
  });

  test.each<Partial<UpdateJobExecutionCommandInput>>([
    { status: 'DONE' as 'FAILED' },
    { status: 'CANCELED' },
    { jobId: '$next' },
    { jobId: 'x'.repeat(65) },
    { statusDetails: { 'a b': 'x' } },
    { stepTimeoutInMinutes: 0 },
    { thingName: 'not a thing' },
  ])('an update with %j is an InvalidRequestException', async (members) => {
    const { cloud, data } = await start();
    cloud.createJob({ jobId: 'a' });
    const refused = update(data, { status: 'IN_PROGRESS', ...members });
    await expect(refused).rejects.toBeInstanceOf(InvalidRequestException);
    await expect(refused).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
  });

  test('a path of the control plane is no operation of the data plane', async () => {
    const { cloud } = await start({ auth: false });
    const scope = 'AWS4-HMAC-SHA256 Credential=X/20260101/us-east-1/iot-jobs-data/aws4_request';
    const response = await fetch(`http://127.0.0.1:${cloud.httpPort}/jobs/a`, { headers: { authorization: scope } });
    expect(response.status).toBe(404);
    expect(response.headers.get('x-amzn-errortype')).toBe('UnknownOperationException');
  });
});

test('what changes over HTTP is told over MQTT', async () => {
  const { cloud, data } = await start();
  const client = await connectThing(cloud, 'gw-1');
  await client.subscribeAsync(['$aws/things/gw-1/jobs/notify', '$aws/things/gw-1/jobs/notify-next'], { qos: 1 });
  const messages = recordMessages(client);
  cloud.createJob({ jobId: 'a' });
  cloud.createJob({ jobId: 'b' });
  for (const _ of 'ab') await messages.next('$aws/things/gw-1/jobs/notify');
  await messages.next('$aws/things/gw-1/jobs/notify-next');
  await update(data, { status: 'SUCCEEDED' });
  expect((await messages.next('$aws/things/gw-1/jobs/notify')).message).toMatchObject({
    jobs: { QUEUED: [{ jobId: 'b' }] },
  });
  expect((await messages.next('$aws/things/gw-1/jobs/notify-next')).message).toMatchObject({
    execution: { jobId: 'b' },
  });
});

test('one path means the device’s operation or the operator’s by the signature’s scope', async () => {
  const { cloud, data } = await start();
  cloud.createJob({ jobId: 'a' });
  const input = { thingName: 'gw-1', jobId: 'a' };
  const forDevice = await data.send(new DescribeJobExecutionCommand(input));
  const forOperators = await iotClientFor(cloud).send(new DescribeForOperatorsCommand(input));
  expect(forDevice.execution).toHaveProperty('jobDocument');
  expect(forOperators.execution).toMatchObject({ thingArn: expect.stringContaining('gw-1') });
});

test('the host name of AWS’s data endpoint means the data plane where nothing is signed', async () => {
  const { cloud } = await start({ auth: false });
  cloud.createJob({ jobId: 'a' });
  const answer = await new Promise<string>((resolve, reject) => {
    const sent = request(
      {
        port: cloud.httpPort,
        path: '/things/gw-1/jobs/%24next',
        headers: { host: 'data.jobs.iot.us-east-1.amazonaws.com' },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
      },
    );
    sent.on('error', reject).end();
  });
  expect(JSON.parse(answer)).toMatchObject({ execution: { jobId: 'a', jobDocument: '{"operation":"noop"}' } });
});

async function start(options: TestCloudOptions = {}): Promise<{ cloud: TestCloud; data: IoTJobsDataPlaneClient }> {
  const cloud = await startTestCloud(options);
  return { cloud, data: jobsDataClientFor(cloud) };
}

function createJob(cloud: TestCloud, jobId: string): void {
  cloud.jobs.control('CreateJob', {
    jobId,
    targets: ['arn:aws:iot:us-east-1:123456789012:thing/gw-1'],
    document: DOCUMENT,
  });
}

function update(data: IoTJobsDataPlaneClient, members: Partial<UpdateJobExecutionCommandInput>) {
  return data.send(new UpdateJobExecutionCommand({ thingName: 'gw-1', jobId: 'a', status: 'IN_PROGRESS', ...members }));
}
