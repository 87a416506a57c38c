/** The TLS cases of AWS IoT Device Advisor, by their ids. docs/device-advisor.md says what each checks. */
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { createMqttTransport } from '../../agent/adapters/transport/mqtt.ts';
import { createCertificateAuthority } from '../fixtures/certificates.ts';
import { logConnection } from '../fixtures/mqtt-brokers/connection-log.ts';
import { createTestPki, optionsFor } from '../fixtures/mqtt-brokers/test-pki.ts';
import { PACKET, publish } from './mqtt-packets.ts';
import { type ScriptedBroker, startScriptedBroker } from './scripted-broker.ts';

const pki = createTestPki();
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
/** AWS IoT Core quotas, "Message size". */
const MAX_PAYLOAD_BYTES = 128 * 1024;
/** Of every security policy that ends in 2022_10 ("Transport security in AWS IoT Core"), as IANA numbers them. */
const RECOMMENDED_SUITES = {
  TLS_AES_128_GCM_SHA256: 0x1301,
  TLS_AES_256_GCM_SHA384: 0x1302,
  TLS_CHACHA20_POLY1305_SHA256: 0x1303,
  'ECDHE-RSA-AES128-GCM-SHA256': 0xc02f,
  'ECDHE-RSA-AES256-GCM-SHA384': 0xc030,
  'ECDHE-ECDSA-AES128-GCM-SHA256': 0xc02b,
  'ECDHE-ECDSA-AES256-GCM-SHA384': 0xc02c,
};

async function startBroker(tls: TlsOptions = {}): Promise<ScriptedBroker> {
  const { server, caPem } = await pki;
  const broker = await startScriptedBroker({ key: server.keyPem, cert: server.certPem, ca: caPem, ...tls });
  onTestFinished(() => broker.stop());
  return broker;
}

async function connectTo(port: number) {
  const log = logConnection();
  const connection = await createMqttTransport(optionsFor(await pki, port)).connect(log.events);
  onTestFinished(() => connection.close());
  return { connection, log };
}

test.each(VERSIONS)('TLS_Connect: the handshake over %s ends, and CONNECT follows', async (version) => {
  const broker = await startBroker({ minVersion: version, maxVersion: version });
  await connectTo(broker.port);
  const { socket, packets } = await broker.connection(0);
  expect(socket.getProtocol()).toBe(version);
  expect(packets.map(({ type }) => type)).toEqual(['connect']);
});

test('TLS_Receive_Maximum_Size_Fragments: a message of 128 KiB in the largest records arrives whole', async () => {
  const broker = await startBroker();
  const { log } = await connectTo(broker.port);
  const connection = await broker.connection(0);
  expect(connection.socket.setMaxSendFragment(16_384)).toBe(true);
  const payload = Buffer.alloc(MAX_PAYLOAD_BYTES, 'x');
  connection.send(publish('large', payload, { qos: 1, packetId: 7 }));
  const [message] = await log.received(1);
  expect(Buffer.from(message?.payload ?? []).equals(payload)).toBe(true);
  const [acknowledged] = await connection.received('acknowledgement');
  expect(acknowledged).toMatchObject({ packetType: PACKET.PUBACK, packetId: 7 });
});

test('TLS_Support_AWS_IoT_Cipher_Suites: every recommended suite is offered', async () => {
  let hello = Buffer.alloc(0);
  const server = createTcpServer((socket) => {
    socket.once('data', (chunk) => {
      hello = chunk;
      socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  await connectTo((server.address() as AddressInfo).port).catch(() => undefined);
  expect(suitesOf(hello)).toEqual(expect.arrayContaining(Object.values(RECOMMENDED_SUITES)));
});

test('TLS_Large_Size_Server_Cert: a certificate far larger than usual is taken', async () => {
  const authority = await createCertificateAuthority('Test CA');
  const dnsNames = Array.from({ length: 400 }, (_, index) => `host-${index}.iot.us-east-1.example.com`);
  const large = await authority.issue({
    commonName: 'localhost',
    usage: 'server',
    dnsNames: ['localhost', ...dnsNames],
  });
  const cert = `${large.certPem}\n${authority.caPem}`;
  expect(cert.length).toBeGreaterThan(5 * (await pki).server.certPem.length);
  const broker = await startBroker({ key: large.keyPem, cert });
  const options = { ...optionsFor(await pki, broker.port), caPem: authority.caPem };
  const connection = await createMqttTransport(options).connect(logConnection().events);
  await connection.close();
});

const REFUSALS = [
  ['TLS_Unsecure_Server_Cert: a certificate of another CA', 'unsecure', 'TLS_SERVER_UNTRUSTED'],
  [
    'TLS_Incorrect_Subject_Name_Server_Cert: a certificate for another name',
    'wrongNameServer',
    'TLS_SERVER_NAME_MISMATCH',
  ],
  ['TLS_Expired_Server_Cert: an expired certificate', 'expiredServer', 'TLS_SERVER_EXPIRED'],
] as const;

test.each(REFUSALS)('%s ends the handshake of TLS 1.3, and no CONNECT is sent', async (_, which, code) => {
  const observed = await presentTo(which, 'TLSv1.3');
  expect(observed).toEqual({ code, isHandshakeComplete: false, bytes: 0 });
});

test.each(REFUSALS)('%s over TLS 1.2 is refused after the handshake, unasked by CONNECT', async (_, which, code) => {
  const observed = await presentTo(which, 'TLSv1.2');
  expect(observed).toEqual({ code, isHandshakeComplete: true, bytes: 0 });
});

/** What a server sees of a client to which it shows this certificate, until the client is gone. */
async function presentTo(which: 'unsecure' | 'wrongNameServer' | 'expiredServer', version: (typeof VERSIONS)[number]) {
  const made = await pki;
  const shown = which === 'unsecure' ? await foreignServer() : made[which];
  const tls = { key: shown.keyPem, cert: shown.certPem, ca: made.caPem, requestCert: true };
  const server = createServer({ ...tls, minVersion: version, maxVersion: version });
  let isHandshakeComplete = false;
  let bytes = 0;
  server.on('secureConnection', (socket: TLSSocket) => {
    isHandshakeComplete = true;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const options = optionsFor(made, (server.address() as AddressInfo).port);
  const gone = once(server, 'connection').then(([socket]) => once(socket, 'close'));
  const code = await createMqttTransport(options)
    .connect(logConnection().events)
    .then(
      () => 'connected',
      (error: { code: string }) => error.code,
    );
  await gone;
  server.close();
  await once(server, 'close');
  return { code, isHandshakeComplete, bytes };
}

async function foreignServer() {
  const other = await createCertificateAuthority('Other CA');
  return other.issue({ commonName: 'localhost', usage: 'server', dnsNames: ['localhost'] });
}

/** The numbers in a ClientHello (RFC 8446, 4.1.2), alone in its record. */
function suitesOf(record: Buffer): readonly number[] {
  const sessionIdAt = 5 + 4 + 2 + 32; // record header, handshake header, version, random
  const listAt = sessionIdAt + 1 + (record[sessionIdAt] ?? 0);
  const count = record.readUInt16BE(listAt) / 2;
  return Array.from({ length: count }, (_, index) => record.readUInt16BE(listAt + 2 + 2 * index));
}
