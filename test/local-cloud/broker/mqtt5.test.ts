import { once } from 'node:events';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import * as fc from 'fast-check';
import { connect, type IClientOptions, type IConnackPacket, type IDisconnectPacket, type MqttClient } from 'mqtt';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TestCloud } from '../../fixtures/job-cloud.ts';
import { connectThing, startTestCloud, thingIdentity } from '../../fixtures/job-cloud.ts';
import { recordMessages } from '../../fixtures/mqtt-messages.ts';
import { replacePolicy } from './cloud-policies.ts';

const JOBS = '$aws/things/gw-1/jobs';
const V5 = { protocolVersion: 5 } as const;

test('CONNACK names the limits of AWS IoT Core, and no session that is not there', async () => {
  const cloud = await startTestCloud();
  const { connack } = await attempt(cloud, { keepalive: 5, properties: { sessionExpiryInterval: 100 } });
  expect(connack).toMatchObject({
    reasonCode: 0,
    sessionPresent: false,
    properties: {
      sessionExpiryInterval: 0,
      receiveMaximum: 100,
      maximumQoS: 1,
      maximumPacketSize: 131_072,
      topicAliasMaximum: 8,
      serverKeepAlive: 30,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
    },
  });
});

test('a client id that the policy does not allow gets CONNACK 0x87', async () => {
  const cloud = await startTestCloud();
  expect((await attempt(cloud, { clientId: 'other' })).connack?.reasonCode).toBe(0x87);
});

test('a client without an id is given one, where the policy allows it', async () => {
  const cloud = await startTestCloud();
  await replacePolicy(cloud, 'gw-1', [{ Action: 'iot:*' }]);
  const { connack } = await attempt(cloud, { clientId: '', clean: true });
  expect(connack?.properties?.assignedClientIdentifier).toMatch(/^\$GEN\/[0-9a-f-]{36}$/);
});

test('clients of MQTT 3 and 5 hear each other, with payloads untouched', async () => {
  const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
  for (const name of ['gw-1', 'gw-2']) await replacePolicy(cloud, name, [{ Action: 'iot:*' }]);
  const five = await connectThing(cloud, 'gw-1', V5);
  const three = await connectThing(cloud, 'gw-2');
  const heard = [recordMessages(five), recordMessages(three)] as const;
  await five.subscribeAsync('to/five', { qos: 1 });
  await three.subscribeAsync('to/three', { qos: 1 });
  const text = `"${'é'.repeat(60_000)}"`;
  await five.publishAsync('to/three', text, { qos: 1 });
  await three.publishAsync('to/five', text, { qos: 1 });
  for (const [index, topic] of ['to/five', 'to/three'].entries()) {
    expect(await heard[index]?.next(topic)).toMatchObject({ qos: 1, message: JSON.parse(text) });
  }
});

describe('what a policy forbids', () => {
  test('a publish at QoS 1 gets PUBACK 0x87, and the connection stays', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1', V5);
    await expect(client.publishAsync('plant/a', '{}', { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
    await client.publishAsync(`${JOBS}/get`, '{}', { qos: 1 });
    expect(cloud.deviceRequests).toHaveLength(1);
  });

  test('a publish at QoS 0 gets DISCONNECT 0x87', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1', V5);
    const told = goodbye(client);
    client.publish('plant/a', '{}', { qos: 0 });
    expect((await told).reasonCode).toBe(0x87);
  });

  test('each forbidden filter is refused in SUBACK, and the others are granted', async () => {
    const socket = await rawConnection(await startTestCloud());
    socket.send({
      cmd: 'subscribe',
      messageId: 7,
      subscriptions: [
        { topic: `${JOBS}/notify`, qos: 1 },
        { topic: 'plant/#', qos: 1 },
        { topic: '$share/g/a', qos: 1 },
        { topic: `${JOBS}/notify`, qos: 2 },
        { topic: `${JOBS}/notify-next`, qos: 0 },
      ],
    });
    expect(await socket.next('suback')).toMatchObject({ messageId: 7, granted: [1, 0x87, 0x9e, 1, 0] });
  });
});

test('a second SUBSCRIBE with an identifier that is in use gets 0x91', async () => {
  const socket = await rawConnection(await startTestCloud());
  const packet = mqttPacket.generate(subscribePacket(2), V5);
  socket.write(Buffer.concat([packet, packet]));
  // The second is answered here, the first by the broker.
  expect(await socket.next('suback')).toMatchObject({ granted: [0x91, 0x91] });
  expect(await socket.next('suback')).toMatchObject({ granted: [1, 1] });
});

describe('why a connection ends', () => {
  test('another connection with the same client id: 0x8E', async () => {
    const cloud = await startTestCloud();
    const first = await connectThing(cloud, 'gw-1', V5);
    const told = goodbye(first);
    await connectThing(cloud, 'gw-1', V5);
    expect((await told).reasonCode).toBe(0x8e);
  });

  test('the cloud closes: 0x8B', async () => {
    const cloud = await startTestCloud();
    const told = goodbye(await connectThing(cloud, 'gw-1', V5));
    await cloud.close();
    expect((await told).reasonCode).toBe(0x8b);
  });

  test.each<[string, number, Packet[]]>([
    ['a second CONNECT', 0x82, [connectPacket()]],
    ['AUTH', 0x82, [{ cmd: 'auth', reasonCode: 0x18, properties: { authenticationMethod: 'x' } }]],
    ['a packet of QoS 2', 0x82, [{ cmd: 'pubrel', messageId: 1 }]],
    ['an alias that stands for nothing', 0x94, [publishPacket('', 3)]],
    ['an alias over 8', 0x94, [publishPacket(`${JOBS}/get`, 9)]],
    ['a publish at QoS 2', 0x9b, [{ ...publishPacket(`${JOBS}/get`), qos: 2, messageId: 1 }]],
    ['nine filters', 0x97, [subscribePacket(9)]],
    ['a subscription identifier', 0xa1, [{ ...subscribePacket(1), properties: { subscriptionIdentifier: 1 } }]],
  ])('%s: 0x%x', async (_what, reasonCode, packets) => {
    const socket = await rawConnection(await startTestCloud());
    for (const packet of packets) socket.send(packet);
    expect(await socket.next('disconnect')).toMatchObject({ reasonCode });
    await socket.closed;
  });

  test.each<[string, number[]]>([
    ['SUBSCRIBE of no filters', [0x82, 3, 0, 1, 0]],
    ['UNSUBSCRIBE of no filters', [0xa2, 3, 0, 1, 0]],
    ['SUBSCRIBE with the identifier 0', [0x82, 7, 0, 0, 0, 0, 1, 0x61, 0]],
    ['a PUBLISH at QoS 1 with the identifier 0', [0x32, 6, 0, 1, 0x61, 0, 0, 0]],
    ['a PUBLISH that ends in its properties', [0x30, 4, 0, 1, 0x61, 0x7f]],
    ['a property that does not exist', [0x30, 6, 0, 1, 0x61, 2, 0x7e, 0]],
  ])('%s ends the connection, and nothing else', async (_what, bytes) => {
    const cloud = await startTestCloud();
    await replacePolicy(cloud, 'gw-1', [{ Action: 'iot:*' }]);
    const socket = await rawConnection(cloud);
    socket.write(Buffer.from(bytes));
    await socket.closed;
    await rawConnection(cloud);
  });

  test('bytes that are no packet: 0x81', async () => {
    const socket = await rawConnection(await startTestCloud());
    socket.write(Buffer.from([0x00, 0x00]));
    expect(await socket.next('disconnect')).toMatchObject({ reasonCode: 0x81 });
  });

  test('a message over 128 KiB: 0x95', async () => {
    const socket = await rawConnection(await startTestCloud());
    socket.write(Buffer.from([0x30, 0xff, 0xff, 0x7f]));
    expect(await socket.next('disconnect')).toMatchObject({ reasonCode: 0x95 });
  });
});

test('whatever bytes follow a CONNECT of MQTT 5, the broker stands', async () => {
  const cloud = await startTestCloud();
  await replacePolicy(cloud, 'gw-1', [{ Action: 'iot:*' }]);
  const packets = [subscribePacket(2), publishPacket('a/b', 1), connectPacket(), { cmd: 'pingreq' } as const];
  const wire = fc.constantFrom(...packets.map((packet) => mqttPacket.generate(packet, V5)));
  const damage = fc.tuple(fc.nat(), fc.nat(255));
  const frame = fc.tuple(wire, fc.array(damage, { maxLength: 3 })).map(([bytes, damages]) => {
    const copy = Buffer.from(bytes);
    for (const [at, value] of damages) copy[at % copy.length] = value;
    return copy;
  });
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 5 }), async (frames) => {
      const socket = await rawConnection(cloud);
      socket.write(Buffer.concat(frames));
      socket.end();
      await socket.closed;
    }),
    { numRuns: 150 },
  );
  await rawConnection(cloud);
});

test('an alias stands for the topic it came with', async () => {
  const cloud = await startTestCloud();
  const socket = await rawConnection(cloud);
  socket.send(publishPacket(`${JOBS}/get`, 1));
  socket.send(publishPacket('', 1));
  await cloud.deviceRequest(() => cloud.deviceRequests.length === 2);
  expect(cloud.deviceRequests.map(({ topic }) => topic)).toEqual([`${JOBS}/get`, `${JOBS}/get`]);
});

test('no more messages are on their way to a client than its Receive Maximum', async () => {
  const cloud = await startTestCloud();
  const socket = await rawConnection(cloud, { receiveMaximum: 1 });
  socket.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `${JOBS}/notify`, qos: 1 }] });
  await socket.next('suback');
  for (const jobId of ['a', 'b']) cloud.createJob({ jobId });
  const first = await socket.next('publish');
  // PINGRESP comes behind whatever was sent before it.
  socket.send({ cmd: 'pingreq' });
  await socket.next('pingresp');
  expect(socket.waiting('publish')).toBe(0);
  socket.send({ cmd: 'puback', messageId: first.messageId ?? 0 });
  await socket.next('publish');
});

test('a message that is larger than the client takes is left out, and those behind it come', async () => {
  const cloud = await startTestCloud();
  const socket = await rawConnection(cloud, { maximumPacketSize: 400 });
  socket.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `${JOBS}/notify-next`, qos: 1 }] });
  await socket.next('suback');
  cloud.createJob({ jobId: 'large', document: { text: 'x'.repeat(500) } });
  cloud.jobs.control('CancelJob', { jobId: 'large' });
  expect(await socket.next('publish')).toMatchObject({ topic: `${JOBS}/notify-next` });
});

test('a will is published on DISCONNECT 0x04, and on no other', async () => {
  const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
  for (const name of ['gw-1', 'gw-2']) await replacePolicy(cloud, name, [{ Action: 'iot:*' }]);
  const listener = await connectThing(cloud, 'gw-2');
  await listener.subscribeAsync('gone/+', { qos: 1 });
  const heard = recordMessages(listener);
  for (const [topic, reasonCode] of [
    ['gone/quietly', 0],
    ['gone/loudly', 4],
  ] as const) {
    const will = { topic, payload: Buffer.from('{}'), qos: 1 as const, retain: false };
    const socket = await rawConnection(cloud, {}, will);
    socket.send({ cmd: 'disconnect', reasonCode });
    await socket.closed;
  }
  await heard.next('gone/loudly');
  expect(heard.all.map(({ topic }) => topic)).toEqual(['gone/loudly']);
});

async function attempt(cloud: TestCloud, options: IClientOptions): Promise<{ connack: IConnackPacket | undefined }> {
  const client = connect(`mqtts://127.0.0.1:${cloud.mqttPort}`, {
    ...(await thingIdentity(cloud, 'gw-1')),
    clientId: 'gw-1',
    ...V5,
    ...options,
    reconnectPeriod: 0,
  });
  client.on('error', () => undefined);
  onTestFinished(() => client.endAsync(true));
  return new Promise((resolve) => {
    client.on('packetreceive', (packet) => packet.cmd === 'connack' && resolve({ connack: packet }));
    client.once('close', () => resolve({ connack: undefined }));
  });
}

function goodbye(client: MqttClient): Promise<IDisconnectPacket> {
  return new Promise((resolve) => client.once('disconnect', resolve));
}

interface RawConnection {
  send(packet: Packet): void;
  write(bytes: Buffer): void;
  end(): void;
  /** The first packet of that kind that was not taken yet. */
  next(cmd: Packet['cmd']): Promise<Packet>;
  waiting(cmd: Packet['cmd']): number;
  readonly closed: Promise<unknown>;
}

/** A connection whose packets are made by hand, after its CONNACK. */
async function rawConnection(
  cloud: TestCloud,
  properties: { receiveMaximum?: number; maximumPacketSize?: number } = {},
  will?: { topic: string; payload: Buffer; qos: 0 | 1; retain: boolean },
): Promise<RawConnection> {
  const identity = await thingIdentity(cloud, 'gw-1');
  const socket: TLSSocket = tlsConnect({
    ...identity,
    host: '127.0.0.1',
    port: cloud.mqttPort,
    servername: 'localhost',
  });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const packets: Packet[] = [];
  const wanted = new Set<() => void>();
  const parser = mqttPacket.parser(V5);
  parser.on('packet', (packet) => {
    packets.push(packet);
    for (const look of [...wanted]) look();
  });
  socket.on('data', (chunk: Buffer) => parser.parse(chunk));
  const next: RawConnection['next'] = (cmd) =>
    new Promise((resolve) => {
      const look = () => {
        const at = packets.findIndex((packet) => packet.cmd === cmd);
        const [packet] = at < 0 ? [] : packets.splice(at, 1);
        if (!packet) return;
        wanted.delete(look);
        resolve(packet);
      };
      wanted.add(look);
      look();
    });
  const send = (packet: Packet) => void socket.write(mqttPacket.generate(packet, V5));
  send({ ...connectPacket(), properties, ...(will && { will }) });
  await next('connack');
  return {
    send,
    write: (bytes) => void socket.write(bytes),
    end: () => void socket.end(),
    next,
    waiting: (cmd) => packets.filter((packet) => packet.cmd === cmd).length,
    closed,
  };
}

function connectPacket() {
  return {
    cmd: 'connect',
    clientId: 'gw-1',
    protocolId: 'MQTT',
    protocolVersion: 5,
    clean: true,
    keepalive: 60,
  } as const;
}

function publishPacket(topic: string, topicAlias?: number) {
  const properties = topicAlias === undefined ? {} : { topicAlias };
  return { cmd: 'publish', topic, payload: '{}', qos: 0, retain: false, dup: false, properties } as const;
}

function subscribePacket(count: number) {
  const subscriptions = Array.from({ length: count }, (_, n) => ({ topic: `${JOBS}/job-${n}/get/+`, qos: 1 as const }));
  return { cmd: 'subscribe', messageId: 1, subscriptions } as const;
}
