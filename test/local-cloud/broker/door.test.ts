import { once } from 'node:events';
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls';
import mqttPacket from 'mqtt-packet';
import { expect, onTestFinished, test } from 'vitest';
import { protocolVersion } from '../../../local-cloud/broker/protocol-version.ts';
import { startTestCloud, type TestCloud, thingIdentity } from '../../fixtures/job-cloud.ts';

test.each([
  [['x-amzn-mqtt-ca'], 'x-amzn-mqtt-ca'],
  [['mqtt', 'x-amzn-mqtt-ca'], 'x-amzn-mqtt-ca'],
  [['mqtt'], 'mqtt'],
  [undefined, false],
])('asked for ALPN %j it speaks %j', async (ALPNProtocols, spoken) => {
  const socket = await tls(await startTestCloud(), ALPNProtocols ? { ALPNProtocols } : {});
  expect(socket.alpnProtocol).toBe(spoken);
});

test('whatever host name a client asks for (SNI), it is served', async () => {
  const servername = 'abc-ats.iot.us-east-1.amazonaws.com';
  const socket = await tls(await startTestCloud(), { servername, checkServerIdentity: () => undefined });
  socket.write(connectBytes(4));
  expect((await once(socket, 'data'))[0][0]).toBe(0x20);
});

test('TLS 1.1 is refused', async () => {
  const cloud = await startTestCloud();
  const legacy = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await expect(tls(cloud, legacy)).rejects.toThrow(/alert protocol version|unsupported protocol/i);
});

test.each([3, 4, 5])('a CONNECT of version %i is understood, byte by byte', async (version) => {
  const cloud = await startTestCloud();
  const socket = await tls(cloud);
  socket.setNoDelay(true);
  for (const byte of connectBytes(version)) await new Promise((done) => socket.write(Buffer.from([byte]), done));
  expect((await once(socket, 'data'))[0][0]).toBe(0x20);
});

test.each([
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a PUBLISH', Buffer.from([0x30, 3, 0, 1, 0x61])],
  ['a CONNECT of another protocol', Buffer.from([0x10, 8, 0, 3, 0x46, 0x4f, 0x4f, 5, 0, 0])],
])('%s before any CONNECT ends the connection', async (_what, bytes) => {
  const cloud = await startTestCloud();
  const socket = await tls(cloud);
  const closed = once(socket, 'close');
  socket.write(bytes);
  await closed;
  expect(cloud.broker.connections()).toEqual([]);
});

test.each([
  [[], 'incomplete'],
  [[0x10], 'incomplete'],
  [[0x10, 0x80], 'incomplete'],
  [[0x10, 0x80, 0x01, 0, 4, 0x4d, 0x51, 0x54, 0x54], 'incomplete'],
  [[0x10, 0x80, 0x01, 0, 4, 0x4d, 0x51, 0x54, 0x54, 5], 5],
  [[0x10, 12, 0, 6, 0x4d, 0x51, 0x49, 0x73, 0x64, 0x70, 3], 3],
  [[0x10, 0xff, 0xff, 0xff, 0xff], 'unknown'],
  [[0x20], 'unknown'],
  [[0x10, 2, 0, 9], 'unknown'],
])('%j begins a CONNECT of version %j', (bytes, version) => {
  expect(protocolVersion(Uint8Array.from(bytes))).toBe(version);
});

async function tls(cloud: TestCloud, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const identity = await thingIdentity(cloud, 'gw-1');
  const to = { host: '127.0.0.1', port: cloud.mqttPort, servername: 'localhost' };
  const socket = tlsConnect({ ...identity, ...to, ...options });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}

function connectBytes(version: number): Buffer {
  return mqttPacket.generate({
    cmd: 'connect',
    clientId: 'gw-1',
    protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion: version as 3 | 4 | 5,
    clean: true,
    keepalive: 60,
  });
}
