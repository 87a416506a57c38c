import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aedes } from 'aedes';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseBrokerAddress } from '../../../local-cloud/broker/broker-address.ts';
import { startTestCloud, type TestCloud } from '../../fixtures/job-cloud.ts';
import { hasMosquitto, startMosquittoBroker } from '../../fixtures/mqtt-brokers/mosquitto-broker.ts';
import { createTestPki } from '../../fixtures/mqtt-brokers/test-pki.ts';
import { recordMessages } from '../../fixtures/mqtt-messages.ts';

const JOBS = '$aws/things/gw-1/jobs';
const NO_FILES = { caFile: undefined, certFile: undefined, keyFile: undefined };

describe('aedes over plain TCP', () => {
  test('a device does a job from end to end', async () => {
    const broker = await startPlainBroker();
    const cloud = await startTestCloud({ broker: parseBrokerAddress(broker.url, NO_FILES) });
    expect(cloud.mqttPort).toBe(broker.port);
    await doJob(cloud, await device(broker.url));
  });

  test('user and password of the URL are used', async () => {
    const broker = await startPlainBroker({ password: 'p@ss/word' });
    const url = `mqtt://cloud:${encodeURIComponent('p@ss/word')}@127.0.0.1:${broker.port}`;
    await doJob(await startTestCloud({ broker: parseBrokerAddress(url, NO_FILES) }), await device(url));
  });

  test('a wrong password ends the start with a reason', async () => {
    const broker = await startPlainBroker({ password: 'right' });
    const address = parseBrokerAddress(`mqtt://cloud:wrong@127.0.0.1:${broker.port}`, NO_FILES);
    await expect(startTestCloud({ broker: address })).rejects.toThrow(
      /127\.0\.0\.1:\d+ cannot be used: .*Not authorized/,
    );
  });

  test('a filter that the broker refuses ends the start with a reason', async () => {
    const broker = await startPlainBroker({ refusedFilter: '$aws/things/+/jobs/start-next' });
    const address = parseBrokerAddress(broker.url, NO_FILES);
    await expect(startTestCloud({ broker: address })).rejects.toThrow('did not grant all of $aws/things/+/jobs/get');
  });

  test('a broker that is not there ends the start with a reason', async () => {
    const broker = await startPlainBroker();
    await broker.stop();
    const address = parseBrokerAddress(broker.url, NO_FILES);
    await expect(startTestCloud({ broker: address })).rejects.toThrow('ECONNREFUSED');
  });

  test('what was to be said while the broker was away is said when it is back, the latest of each topic', async () => {
    const broker = await startPlainBroker();
    const { log, waitFor } = waitingLog();
    const cloud = await startTestCloud({ broker: parseBrokerAddress(broker.url, NO_FILES), log });
    const client = await device(broker.url);
    await client.subscribeAsync(`${JOBS}/notify`, { qos: 1 });
    const heard = recordMessages(client);
    broker.closedTo('job-cloud');
    await waitFor('broker connection ended');
    for (const jobId of ['a', 'b']) cloud.createJob({ jobId });
    broker.openToAll();
    const { message } = await heard.next(`${JOBS}/notify`);
    expect(message).toMatchObject({ jobs: { QUEUED: [{ jobId: 'a' }, { jobId: 'b' }] } });
    await doRequest(client, `${JOBS}/get`);
    expect(heard.all.filter(({ topic }) => topic === `${JOBS}/notify`)).toHaveLength(1);
  });

  test('it hears no word of its own, and answers no retained request', async () => {
    const broker = await startPlainBroker();
    const early = await device(broker.url);
    await early.publishAsync(`${JOBS}/start-next`, '{"clientToken":"old"}', { qos: 1, retain: true });
    const { log, waitFor, lines } = waitingLog();
    const cloud = await startTestCloud({ broker: parseBrokerAddress(broker.url, NO_FILES), log });
    await waitFor('message is no request: ignored');
    await doRequest(early, `${JOBS}/get`);
    cloud.createJob({ jobId: 'a' });
    await doRequest(early, `${JOBS}/get`);
    expect(cloud.deviceRequests.map(({ topic }) => topic)).toEqual([`${JOBS}/get`, `${JOBS}/get`]);
    expect(lines.filter(({ msg }) => msg === 'message is no request: ignored')).toHaveLength(1);
  });
});

describe.skipIf(!hasMosquitto('job-cloud --broker with it'))('mosquitto over mutual TLS', () => {
  test('a device does a job from end to end', async () => {
    const pki = await createTestPki();
    const broker = await startMosquittoBroker({ server: pki.server, clientCaPem: pki.caPem });
    onTestFinished(broker.stop);
    const folder = await mkdtemp(join(tmpdir(), 'join-broker-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const files = { caFile: join(folder, 'ca'), certFile: join(folder, 'cert'), keyFile: join(folder, 'key') };
    await writeFile(files.caFile, pki.caPem);
    await writeFile(files.certFile, pki.client.certPem);
    await writeFile(files.keyFile, pki.client.keyPem);
    const url = `mqtts://localhost:${broker.port}`;
    const cloud = await startTestCloud({ broker: parseBrokerAddress(url, files) });
    const config = JSON.parse(await readFile(cloud.things['gw-1']?.configPath ?? '', 'utf8'));
    expect(config).toMatchObject({ endpoint: 'localhost', port: broker.port });
    const tls = { ca: pki.caPem, cert: pki.client.certPem, key: pki.client.keyPem };
    await doJob(cloud, await device(url, tls));
  });
});

async function doJob(cloud: TestCloud, client: MqttClient): Promise<void> {
  await client.subscribeAsync(`${JOBS}/#`, { qos: 1 });
  const heard = recordMessages(client);
  cloud.createJob({ jobId: 'a', document: { operation: 'x' } });
  expect((await heard.next(`${JOBS}/notify-next`)).message).toMatchObject({ execution: { jobId: 'a' } });
  client.publish(`${JOBS}/start-next`, '{"clientToken":"t"}', { qos: 1 });
  const started = await heard.next(`${JOBS}/start-next/accepted`);
  expect(started.message).toMatchObject({
    clientToken: 't',
    execution: { versionNumber: 2, jobDocument: { operation: 'x' } },
  });
  client.publish(`${JOBS}/a/update`, '{"status":"SUCCEEDED","expectedVersion":1}', { qos: 1 });
  expect((await heard.next(`${JOBS}/a/update/rejected`)).message).toMatchObject({ code: 'VersionMismatch' });
  client.publish(`${JOBS}/a/update`, '{"status":"SUCCEEDED","expectedVersion":2}', { qos: 1 });
  await heard.next(`${JOBS}/a/update/accepted`);
  client.publish(`${JOBS}/$next/get`, '{}', { qos: 1 });
  expect((await heard.next(`${JOBS}/$next/get/accepted`)).message).not.toHaveProperty('execution');
  expect(cloud.deviceRequests.map(({ accepted }) => accepted)).toEqual([true, false, true, true]);
}

async function doRequest(client: MqttClient, topic: string): Promise<void> {
  await client.subscribeAsync(`${topic}/accepted`, { qos: 1 });
  const heard = recordMessages(client);
  client.publish(topic, '{}', { qos: 1 });
  await heard.next(`${topic}/accepted`);
}

async function device(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await connectAsync(url, { clientId: 'gw-1', reconnectPeriod: 0, ...options });
  client.on('error', () => undefined);
  onTestFinished(() => client.endAsync(true));
  return client;
}

/** A broker that asks for nothing, or for a password. */
async function startPlainBroker({ password, refusedFilter }: { password?: string; refusedFilter?: string } = {}) {
  let shutOut: string | undefined;
  const aedes = await Aedes.createBroker({
    preConnect: (_client, packet, done) =>
      done(null, shutOut === undefined || !(packet.clientId ?? '').startsWith(shutOut)),
    authenticate: (_client, _username, given, done) =>
      done(null, password === undefined || given?.toString() === password),
    authorizeSubscribe: (_client, subscription, done) =>
      done(null, subscription.topic === refusedFilter ? null : subscription),
  });
  const clients = new Map<string, Socket>();
  aedes.on('clientReady', (client) => clients.set(client.id, client.conn as Socket));
  const server = createServer({ noDelay: true }, (socket) => void aedes.handle(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let stopping: Promise<unknown> | undefined;
  const stop = () => {
    stopping ??= Promise.all([once(server.close(), 'close'), new Promise<void>((done) => aedes.close(() => done()))]);
    return stopping;
  };
  onTestFinished(async () => void (await stop()));
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    stop,
    /** Ends the connections of client ids that begin so, and takes none of theirs. */
    closedTo(prefix: string) {
      shutOut = prefix;
      for (const [clientId, socket] of clients) if (clientId.startsWith(prefix)) socket.destroy();
    },
    openToAll() {
      shutOut = undefined;
    },
  };
}

/** A log whose lines can be waited for. */
function waitingLog() {
  const lines: { readonly msg: string }[] = [];
  const looking = new Set<() => void>();
  const write = (text: string) => {
    lines.push(JSON.parse(text));
    for (const look of [...looking]) look();
  };
  const waitFor = (message: string): Promise<void> =>
    new Promise((resolve) => {
      const look = () => {
        if (!lines.some(({ msg }) => msg === message)) return;
        looking.delete(look);
        resolve();
      };
      looking.add(look);
      look();
    });
  return { log: pino({}, { write }), lines, waitFor };
}
