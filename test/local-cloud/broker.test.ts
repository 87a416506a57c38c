import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { describe, expect, test } from 'vitest';
import type { JobCloud } from '../../local-cloud/job-cloud.ts';
import { connectThing, startTestCloud, thingIdentity } from '../fixtures/job-cloud.ts';
import { createLogLines } from '../fixtures/log-lines.ts';
import { recordMessages } from '../fixtures/mqtt-messages.ts';

const JOBS = '$aws/things/gw-1/jobs';

test('a fault of ours is answered with InternalError, and logged with its stack', async () => {
  const { log, lines } = createLogLines();
  const cloud = await startTestCloud({ log });
  cloud.createJob({ jobId: 'a' });
  const job = cloud.jobs.state.jobs.get('a') ?? {};
  Object.defineProperty(job, 'document', {
    get() {
      throw new Error('no such shelf');
    },
  });
  const client = await connectThing(cloud, 'gw-1');
  client.publish(`${JOBS}/a/get`, '{}');
  const { answer } = await cloud.deviceRequest(({ topic }) => topic === `${JOBS}/a/get`);
  expect(answer.message).toMatchObject({ code: 'InternalError' });
  expect(lines.filter(({ level }) => level === 50)).toMatchObject([
    {
      msg: 'device request met a fault of ours',
      topic: `${JOBS}/a/get`,
      err: { stack: expect.stringMatching(/\n +at /) },
    },
  ]);
});

describe('who gets in', () => {
  test('a client without a certificate is refused', async () => {
    const cloud = await startTestCloud();
    const ca = await readFile(cloud.caPath);
    expect(await attempt(cloud, { ca, clientId: 'gw-1' })).toBe('closed');
  });

  test('a certificate of another CA is refused', async () => {
    const cloud = await startTestCloud();
    const stranger = await startTestCloud();
    const { key, cert } = await thingIdentity(stranger, 'gw-1');
    const ca = await readFile(cloud.caPath);
    expect(await attempt(cloud, { ca, key, cert, clientId: 'gw-1' })).toBe('closed');
  });

  test("a client id other than the certificate's thing is refused", async () => {
    const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
    const identity = await thingIdentity(cloud, 'gw-1');
    expect(await attempt(cloud, { ...identity, clientId: 'gw-2' })).toBe('closed');
    expect(await attempt(cloud, { ...identity, clientId: 'gw-1' })).toBe('connected');
  });

  test('a second connection of a thing ends the first', async () => {
    const cloud = await startTestCloud();
    const first = await connectThing(cloud, 'gw-1');
    const firstClosed = whenClosed(first);
    const second = await connectThing(cloud, 'gw-1');
    await firstClosed;
    await second.publishAsync(`${JOBS}/get`, '', { qos: 1 });
    expect(second.connected).toBe(true);
  });

  test('a connection that never says hello holds up no close', async () => {
    const cloud = await startTestCloud();
    const silent = tcpConnect(cloud.mqttPort, '127.0.0.1');
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    const hungUp = once(silent, 'close');
    await cloud.close();
    await hungUp;
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s is spoken and localhost is named', async (version) => {
    const cloud = await startTestCloud();
    const socket = tlsConnect({
      ...(await thingIdentity(cloud, 'gw-1')),
      port: cloud.mqttPort,
      host: '127.0.0.1',
      servername: 'localhost',
      minVersion: version,
      maxVersion: version,
    });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    expect(socket.getProtocol()).toBe(version);
    socket.destroy();
  });
});

describe('what a thing may do', () => {
  test.each([
    ["another thing's request topic", '$aws/things/gw-2/jobs/get'],
    ['a topic outside the Jobs service', 'plant/temperature'],
    ['a notify topic', `${JOBS}/notify`],
    ['an answer topic', `${JOBS}/get/accepted`],
  ])('publishing to %s closes the connection', async (_what, topic) => {
    const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
    const client = await connectThing(cloud, 'gw-1');
    const closed = whenClosed(client);
    client.publish(topic, '{}', { qos: 0 });
    await closed;
    expect(cloud.deviceRequests).toEqual([]);
  });

  test.each(['$aws/things/gw-2/jobs/notify', '$aws/things/+/jobs/notify', '$aws/things/gw-1/#', '#'])(
    'subscribing to %s closes the connection',
    async (filter) => {
      const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
      const client = await connectThing(cloud, 'gw-1');
      const closed = whenClosed(client);
      client.subscribe(filter, () => undefined);
      await closed;
    },
  );

  test('nine filters in one SUBSCRIBE close the connection', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1');
    const closed = whenClosed(client);
    client.subscribe(filters(9), () => undefined);
    await closed;
  });

  test('eight filters in one SUBSCRIBE are granted', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1');
    const granted = await client.subscribeAsync(filters(8), { qos: 1 });
    expect(granted.map(({ qos }) => qos)).toEqual(Array(8).fill(1));
  });

  test('a payload over 128 KiB closes the connection', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1');
    const closed = whenClosed(client);
    client.publish(`${JOBS}/get`, Buffer.alloc(128 * 1024 + 1, ' '), { qos: 0 });
    await closed;
    expect(cloud.deviceRequests).toEqual([]);
  });

  test('a payload of 128 KiB is answered', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1');
    const messages = recordMessages(client);
    const body = `{"clientToken":"t"}`;
    client.publish(`${JOBS}/get`, body.padEnd(128 * 1024, ' '), { qos: 0 });
    expect((await messages.next(`${JOBS}/get/accepted`)).message.clientToken).toBe('t');
  });
});

describe('answers and notifications', () => {
  test('an answer comes without a subscription, at QoS 1', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1');
    const messages = recordMessages(client);
    client.publish(`${JOBS}/get`, '{"clientToken":"t"}');
    const answer = await messages.next(`${JOBS}/get/accepted`);
    expect(answer).toMatchObject({ qos: 1, retain: false });
    expect(answer.message).toEqual({
      clientToken: 't',
      timestamp: expect.any(Number),
      inProgressJobs: [],
      queuedJobs: [],
    });
  });

  test('a subscriber gets each answer exactly once', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1');
    await client.subscribeAsync([`${JOBS}/get/+`, `${JOBS}/#`], { qos: 1 });
    const messages = recordMessages(client);
    await ask(client, `${JOBS}/get`);
    await ask(client, `${JOBS}/start-next`);
    await messages.next(`${JOBS}/start-next/accepted`);
    expect(messages.all.filter(({ topic }) => topic === `${JOBS}/get/accepted`)).toHaveLength(1);
  });

  test('a subscription at QoS 0 gets its answers at QoS 0', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1');
    await client.subscribeAsync(`${JOBS}/+/get/+`, { qos: 0 });
    const messages = recordMessages(client);
    client.publish(`${JOBS}/$next/get`, '');
    expect((await messages.next(`${JOBS}/$next/get/accepted`)).qos).toBe(0);
  });

  test('nobody but the asker hears an answer', async () => {
    const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
    const asker = await connectThing(cloud, 'gw-1');
    const other = await connectThing(cloud, 'gw-2');
    await other.subscribeAsync('$aws/things/gw-2/jobs/#', { qos: 1 });
    const heard = recordMessages(other);
    await ask(asker, `${JOBS}/get`);
    // Something the other does hear, sent later: had the answer come its way, it would be there before it.
    cloud.createJob({ jobId: 'a', things: ['gw-2'] });
    await heard.next('$aws/things/gw-2/jobs/notify-next');
    expect(heard.all.map(({ topic }) => topic)).toEqual([
      '$aws/things/gw-2/jobs/notify',
      '$aws/things/gw-2/jobs/notify-next',
    ]);
  });

  test('a job is notified at QoS 1 and not retained', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1');
    await client.subscribeAsync([`${JOBS}/notify`, `${JOBS}/notify-next`], { qos: 1 });
    const messages = recordMessages(client);
    cloud.createJob({ jobId: 'a', document: { operation: 'x' } });
    const listed = await messages.next(`${JOBS}/notify`);
    const next = await messages.next(`${JOBS}/notify-next`);
    expect([listed.qos, listed.retain, next.qos, next.retain]).toEqual([1, false, 1, false]);
    expect(next.message).toMatchObject({ execution: { jobId: 'a', jobDocument: { operation: 'x' } } });
    const late = await connectThing(cloud, 'gw-1');
    const heardLate = recordMessages(late);
    await late.subscribeAsync([`${JOBS}/notify`, `${JOBS}/notify-next`], { qos: 1 });
    await ask(late, `${JOBS}/get`);
    await heardLate.next(`${JOBS}/get/accepted`);
    expect(heardLate.all).toHaveLength(1);
  });

  test('a request sent with retain is not kept', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1');
    const messages = recordMessages(client);
    await client.publishAsync(`${JOBS}/get`, '{}', { qos: 1, retain: true });
    await messages.next(`${JOBS}/get/accepted`);
    await client.subscribeAsync(`${JOBS}/get`, { qos: 1 });
    await ask(client, `${JOBS}/start-next`);
    await messages.next(`${JOBS}/start-next/accepted`);
    expect(messages.all.map(({ topic }) => topic)).toEqual([`${JOBS}/get/accepted`, `${JOBS}/start-next/accepted`]);
  });

  test('requests sent back to back are answered in order', async () => {
    const cloud = await startTestCloud();
    for (const jobId of ['a', 'b']) cloud.createJob({ jobId });
    const client = await connectThing(cloud, 'gw-1');
    await client.subscribeAsync(`${JOBS}/#`, { qos: 1 });
    const messages = recordMessages(client);
    client.publish(`${JOBS}/start-next`, '{}', { qos: 1 });
    client.publish(`${JOBS}/a/update`, '{"status":"SUCCEEDED","expectedVersion":2}', { qos: 0 });
    client.publish(`${JOBS}/start-next`, '{"clientToken":"second"}', { qos: 1 });
    await messages.next(`${JOBS}/start-next/accepted`);
    const { message } = await messages.next(`${JOBS}/start-next/accepted`);
    expect(message).toMatchObject({ clientToken: 'second', execution: { jobId: 'b', status: 'IN_PROGRESS' } });
    expect(cloud.deviceRequests.map(({ operation, accepted }) => [operation, accepted])).toEqual([
      ['StartNextPendingJobExecution', true],
      ['UpdateJobExecution', true],
      ['StartNextPendingJobExecution', true],
    ]);
  });

  test.each([
    { qos: 0, clean: true, filters: [`${JOBS}/notify-next`, `${JOBS}/+/update/+`, `${JOBS}/start-next/+`] },
    { qos: 1, clean: true, filters: [`${JOBS}/notify-next`] },
    { qos: 1, clean: false, filters: [`${JOBS}/notify-next`, `${JOBS}/notify`] },
    { qos: 0, clean: true, filters: [`${JOBS}/#`] },
    { qos: 1, clean: false, filters: [`${JOBS}/#`] },
  ] as const)('an answer silences no notification: %j', async ({ qos, clean, filters }) => {
    const cloud = await startTestCloud();
    const jobIds = Array.from({ length: 10 }, (_, index) => `job-${index}`);
    for (const jobId of jobIds) cloud.createJob({ jobId });
    const client = await connectThing(cloud, 'gw-1', { clean });
    await client.subscribeAsync([...filters], { qos: 1 });
    const messages = recordMessages(client);
    client.stream.cork();
    for (const jobId of jobIds) {
      client.publish(`${JOBS}/${jobId}/update`, '{"status":"SUCCEEDED"}', { qos });
      client.publish(`${JOBS}/start-next`, '{}', { qos });
    }
    client.stream.uncork();
    for (const jobId of [...jobIds.slice(1), undefined]) {
      const { message } = await messages.next(`${JOBS}/notify-next`);
      expect(message).toMatchObject(jobId ? { execution: { jobId } } : { timestamp: expect.any(Number) });
    }
    await messages.next(`${JOBS}/start-next/accepted`);
    await ask(client, `${JOBS}/get`);
    await messages.next(`${JOBS}/get/accepted`);
    expect(messages.all.filter(({ topic }) => topic.endsWith('/accepted'))).toHaveLength(21);
  });

  test('a persistent session is notified after it was away', async () => {
    const cloud = await startTestCloud();
    const away = await connectThing(cloud, 'gw-1', { clean: false });
    await away.subscribeAsync(`${JOBS}/notify-next`, { qos: 1 });
    await away.endAsync();
    cloud.createJob({ jobId: 'a' });
    const identity = await thingIdentity(cloud, 'gw-1');
    const back = connect(brokerUrl(cloud), { ...identity, clientId: 'gw-1', clean: false, reconnectPeriod: 0 });
    const messages = recordMessages(back);
    expect((await messages.next(`${JOBS}/notify-next`)).message).toMatchObject({ execution: { jobId: 'a' } });
    await back.endAsync(true);
  });

  test('a time-out is notified when its time has come', async () => {
    let aheadMs = 0;
    const cloud = await startTestCloud({ now: () => Date.now() + aheadMs });
    cloud.createJob({ jobId: 'a', timeoutInMinutes: 1 });
    const client = await connectThing(cloud, 'gw-1');
    await client.subscribeAsync(`${JOBS}/notify`, { qos: 1 });
    const messages = recordMessages(client);
    await ask(client, `${JOBS}/start-next`);
    await messages.next(`${JOBS}/start-next/accepted`);
    aheadMs = 60_000;
    cloud.jobs.tick();
    expect((await messages.next(`${JOBS}/notify`)).message).toMatchObject({ jobs: {} });
  });

  test('the bytes of a request can be seen', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1');
    client.publish(`${JOBS}/nowhere`, 'not json', { qos: 0 });
    const seen = await cloud.deviceRequest(({ thingName }) => thingName === 'gw-1');
    expect(Buffer.from(seen.payload).toString()).toBe('not json');
    expect(seen).toMatchObject({ operation: 'InvalidTopic', topic: `${JOBS}/nowhere`, accepted: false });
  });
});

/** Whether the broker let a client in, or closed on it. */
async function attempt(cloud: JobCloud, options: IClientOptions): Promise<'connected' | 'closed'> {
  const client = connect(brokerUrl(cloud), { ...options, reconnectPeriod: 0 });
  client.on('error', () => undefined);
  const outcome = await new Promise<'connected' | 'closed'>((resolve) => {
    client.once('connect', () => resolve('connected'));
    client.once('close', () => resolve('closed'));
  });
  await client.endAsync(true);
  return outcome;
}

function brokerUrl(cloud: JobCloud): string {
  return `mqtts://127.0.0.1:${cloud.mqttPort}`;
}

function whenClosed(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    client.once('close', () => resolve());
  });
}

function filters(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${JOBS}/job-${index}/get/+`);
}

async function ask(client: MqttClient, topic: string): Promise<void> {
  await client.publishAsync(topic, '{}', { qos: 1 });
}
