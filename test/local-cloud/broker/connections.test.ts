import { connectAsync, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { type Broker, startBroker } from '../../../local-cloud/broker/broker.ts';
import type { ConnectionChange } from '../../../local-cloud/broker/connections.ts';
import {
  certificateFingerprint,
  createAuthority,
  type Identity,
  issueClientCertificate,
  issueServerCertificate,
} from '../../../local-cloud/identity/certificates.ts';
import { principalsOf } from '../../fixtures/thing-principals.ts';

test('who is connected is listed and followed', async () => {
  const { broker, connect } = await startOne();
  const changes = recordChanges(broker);
  expect(broker.connections()).toEqual([]);
  const client = await connect(4);
  const connection = { thingName: 'gw-1', clientId: 'gw-1', connectedAtMs: 1_000, address: '127.0.0.1' };
  await changes.count(1);
  expect(broker.connections()).toEqual([connection]);
  await client.endAsync();
  await changes.count(2);
  expect(broker.connections()).toEqual([]);
  expect(changes.all).toEqual([
    { connection, connected: true },
    { connection, connected: false },
  ]);
});

test('a takeover is an end and a beginning', async () => {
  const { broker, connect } = await startOne();
  const changes = recordChanges(broker);
  await connect(4);
  await changes.count(1);
  await connect(5);
  await changes.count(3);
  expect(changes.all.map(({ connected }) => connected)).toEqual([true, false, true]);
  expect(broker.connections()).toHaveLength(1);
});

test.each([4, 5] as const)(
  'a client of MQTT %i is disconnected on demand, and one that is not there is not',
  async (version) => {
    const { broker, connect } = await startOne();
    const changes = recordChanges(broker);
    const client = await connect(version);
    const closed = new Promise((resolve) => client.once('close', () => resolve(undefined)));
    const told = new Promise((resolve) => client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));
    await changes.count(1);
    expect(broker.disconnect('gw-2')).toBe(false);
    expect(broker.disconnect('gw-1')).toBe(true);
    await closed;
    if (version === 5) expect(await told).toBe(0x98);
    await changes.count(2);
  },
);

test('a certificate that is ACTIVE no more loses its connection', async () => {
  const { broker, connect, known } = await startOne();
  const changes = recordChanges(broker);
  await connect(4);
  await changes.count(1);
  broker.disconnectInactive();
  expect(broker.connections()).toHaveLength(1);
  known.clear();
  broker.disconnectInactive();
  await changes.count(2);
});

test('a listener that was stopped hears nothing', async () => {
  const { broker, connect } = await startOne();
  const [heard, others] = [recordChanges(broker), recordChanges(broker)];
  heard.stop();
  await connect(4);
  await others.count(1);
  expect(heard.all).toEqual([]);
});

async function startOne() {
  const authority = await createAuthority('Test CA');
  const identity = await issueClientCertificate(authority, 'gw-1');
  const known = new Map([[certificateFingerprint(identity.certPem), 'gw-1']]);
  const broker = await startBroker({
    host: '127.0.0.1',
    port: 0,
    caPem: authority.certPem,
    server: await issueServerCertificate(authority, ['127.0.0.1']),
    log: pino({ level: 'silent' }),
    now: () => 1_000,
    ...principalsOf((fingerprint) => known.get(fingerprint)),
    onRequest: () => undefined,
  });
  onTestFinished(() => broker.close());
  return { broker, known, connect: (version: 4 | 5) => connectTo(broker, authority, identity, version) };
}

async function connectTo(
  broker: Broker,
  ca: Identity,
  { certPem, keyPem }: Identity,
  protocolVersion: 4 | 5,
): Promise<MqttClient> {
  const options = { ca: ca.certPem, cert: certPem, key: keyPem, clientId: 'gw-1', reconnectPeriod: 0, protocolVersion };
  const client = await connectAsync(`mqtts://127.0.0.1:${broker.port}`, options);
  client.on('error', () => undefined);
  onTestFinished(() => client.endAsync(true));
  return client;
}

function recordChanges(broker: Broker) {
  const all: ConnectionChange[] = [];
  const waiting = new Set<() => void>();
  const stop = broker.onConnectionChange((change) => {
    all.push(change);
    for (const look of [...waiting]) look();
  });
  const count = (wanted: number): Promise<void> =>
    new Promise((resolve) => {
      const look = () => {
        if (all.length < wanted) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { all, stop, count };
}
