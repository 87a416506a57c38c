import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import {
  CreatePackageCommand,
  CreateThingCommand,
  DescribeJobCommand,
  DescribeThingCommand,
  ListThingsCommand,
} from '@aws-sdk/client-iot';
import { StartNextPendingJobExecutionCommand } from '@aws-sdk/client-iot-jobs-data-plane';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { iotClientFor } from '../../fixtures/iot-client.ts';
import { startTestCloud, type TestCloud } from '../../fixtures/job-cloud.ts';
import { jobsDataClientFor } from '../../fixtures/jobs-data-client.ts';
import { createLogLines } from '../../fixtures/log-lines.ts';

const PUT_THING = 'POST /things/made HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n';
const GET_THINGS = 'GET /things HTTP/1.1\r\nHost: x\r\n\r\n';

async function faultyCloud(rule: JsonObject, auth = true): Promise<TestCloud> {
  const cloud = await startTestCloud({ auth });
  cloud.faults.set({ rules: [{ on: 'rest', ...rule }] });
  return cloud;
}

describe('on the control plane', () => {
  test.each([
    ['throttled', 'ThrottlingException', 400, false],
    ['internalError', 'InternalFailureException', 500, false],
    ['internalErrorAfter', 'InternalFailureException', 500, true],
  ])('%s, CreateThing fails with %s, %i', async (fault, name, httpStatusCode, isMade) => {
    const cloud = await faultyCloud({ fault, operation: 'CreateThing', count: 1 });
    const client = iotClientFor(cloud);
    const refused = client.send(new CreateThingCommand({ thingName: 'made' }));
    await expect(refused).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
    const after = client.send(new DescribeThingCommand({ thingName: 'made' }));
    if (isMade) expect((await after).thingName).toBe('made');
    else await expect(after).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('internalError has the name that the package catalog has for it', async () => {
    const cloud = await faultyCloud({ fault: 'internalError' });
    const failed = iotClientFor(cloud).send(new CreatePackageCommand({ packageName: 'p' }));
    await expect(failed).rejects.toMatchObject({ name: 'InternalServerException', $metadata: { httpStatusCode: 500 } });
  });

  test('throttled twice, the third try succeeds', async () => {
    const cloud = await faultyCloud({ fault: 'throttled', count: 2 });
    const client = iotClientFor(cloud);
    await expect(client.send(new ListThingsCommand({}))).rejects.toMatchObject({ name: 'ThrottlingException' });
    await expect(client.send(new ListThingsCommand({}))).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect((await client.send(new ListThingsCommand({}))).things).toHaveLength(1);
    expect(cloud.faults.counts()).toEqual({ 'rule-1': 2 });
  });

  test('late, the answer comes after the next one’s, and a refusal too', async () => {
    const cloud = await faultyCloud({ fault: 'late', delayMs: 1_000, count: 2 });
    const client = iotClientFor(cloud);
    const order: string[] = [];
    const late = client.send(new CreateThingCommand({ thingName: 'made' })).then(() => order.push('late'));
    const lateRefusal = client.send(new DescribeJobCommand({ jobId: 'none' })).catch((error: Error) => {
      order.push(error.name);
    });
    while (cloud.faults.counts()['rule-1'] !== 2) await new Promise((resolve) => setImmediate(resolve));
    await client.send(new ListThingsCommand({})).then(() => order.push('next'));
    await Promise.all([late, lateRefusal]);
    expect(order[0]).toBe('next');
    expect(order.slice(1).sort()).toEqual(['ResourceNotFoundException', 'late']);
  });
});

describe('the connection', () => {
  test.each([
    ['disconnectBefore', 'end', false],
    ['disconnectBefore', 'reset', false],
    ['disconnectAfter', 'end', true],
    ['disconnectAfter', 'reset', true],
  ])('%s by %s closes without a byte of answer', async (fault, how, isMade) => {
    const cloud = await faultyCloud({ fault, how, count: 1 }, false);
    const { socket, received } = await openSocket(cloud);
    const errors: string[] = [];
    socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(PUT_THING);
    await closed;
    expect([received(), errors]).toEqual(['', how === 'reset' ? ['ECONNRESET'] : []]);
    expect(cloud.jobs.state.things.has('made')).toBe(isMade);
  });

  test('silent, it stands and nothing comes, while another is served', async () => {
    const cloud = await faultyCloud({ fault: 'silent', operation: 'CreateThing' }, false);
    const silent = await openSocket(cloud);
    silent.socket.write(PUT_THING);
    while (cloud.faults.counts()['rule-1'] !== 1) await new Promise((resolve) => setImmediate(resolve));
    const other = await openSocket(cloud);
    other.socket.write(GET_THINGS);
    await once(other.socket, 'data');
    expect([silent.received(), silent.socket.closed]).toEqual(['', false]);
    expect(cloud.jobs.state.things.has('made')).toBe(false);
  });

  test('silent holds up no close', async () => {
    const cloud = await faultyCloud({ fault: 'silent' }, false);
    const { socket } = await openSocket(cloud);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(GET_THINGS);
    while (cloud.faults.counts()['rule-1'] !== 1) await new Promise((resolve) => setImmediate(resolve));
    await cloud.close();
    await closed;
  });
});

test.each([
  ['throttled', 'ThrottlingException', 429, 'QUEUED'],
  ['internalError', 'ServiceUnavailableException', 503, 'QUEUED'],
  ['internalErrorAfter', 'ServiceUnavailableException', 503, 'IN_PROGRESS'],
])('on the jobs data plane %s is %s, %i, and leaves %s', async (fault, name, httpStatusCode, status) => {
  const cloud = await faultyCloud({ fault, thingName: 'gw-1' });
  cloud.createJob({ jobId: 'a' });
  const refused = jobsDataClientFor(cloud).send(new StartNextPendingJobExecutionCommand({ thingName: 'gw-1' }));
  await expect(refused).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
  expect(cloud.jobs.state.things.get('gw-1')?.executions.get('a')?.[0]?.status).toBe(status);
});

test('who may not call is refused before anything strikes', async () => {
  const cloud = await faultyCloud({ fault: 'throttled' });
  const stranger = iotClientFor(cloud, { accessKeyId: 'LOCALX', secretAccessKey: 'x' });
  await expect(stranger.send(new ListThingsCommand({}))).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  expect(cloud.faults.counts()).toEqual({ 'rule-1': 0 });
});

test('the faults of a file strike from the start', async () => {
  const { log, lines } = createLogLines();
  const first = await startTestCloud();
  const faultsFile = `${first.dataDir}/faults.json`;
  await writeFile(faultsFile, JSON.stringify({ rules: [{ id: 'busy', on: 'rest', fault: 'throttled' }] }));
  const cloud = await startTestCloud({ faultsFile, log });
  await expect(iotClientFor(cloud).send(new ListThingsCommand({}))).rejects.toMatchObject({
    name: 'ThrottlingException',
  });
  expect(lines.filter(({ msg }) => msg === 'fault struck')).toMatchObject([
    { level: 30, rule: 'busy', on: 'rest', operation: 'ListThings', fault: 'throttled' },
  ]);
});

async function openSocket(cloud: TestCloud): Promise<{ socket: Socket; received(): string }> {
  const socket = connect(cloud.httpPort, '127.0.0.1');
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(socket, 'connect');
  return { socket, received: () => text };
}
