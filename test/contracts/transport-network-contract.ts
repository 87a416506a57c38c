// What every transport over a real network does about TLS, dead ends and dead links.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { Transport, TransportError, TransportErrorCode, TransportOptions } from '../../agent/ports/transport.ts';
import { REFUSED_CLIENT_ID, startAedesBroker } from '../fixtures/mqtt-brokers/aedes-broker.ts';
import type { BrokerTls, RunningBroker, StartBroker } from '../fixtures/mqtt-brokers/broker.ts';
import { logConnection } from '../fixtures/mqtt-brokers/connection-log.ts';
import { startTcpServer, startTlsServer } from '../fixtures/mqtt-brokers/raw-server.ts';
import { startTcpProxy } from '../fixtures/mqtt-brokers/tcp-proxy.ts';
import { createTestPki, optionsFor, type TestPki } from '../fixtures/mqtt-brokers/test-pki.ts';

export type CreateTransport = (options: TransportOptions) => Transport | Promise<Transport>;

/** Short enough for a test, long enough for a handshake on a busy machine. */
const SHORT_TIMEOUT_MS = 1_500;

const DISCONNECT = Buffer.from([0xe0, 0x00]);
const CONNACK_ACCEPTED = Buffer.from([0x20, 0x02, 0x00, 0x00]);

/** Both dates, and the clock, as ISO 8601. */
const CLOCK_IN_DOUBT = /valid from \S+Z to \S+Z; .+ clock says \d{4}-\S+Z, .+ wrong: the agent waits/;

const pki = createTestPki();

/** Starts a broker for one test, and stops it whatever comes of it. */
async function withBroker(
  start: StartBroker,
  tls: Partial<BrokerTls>,
  use: (broker: RunningBroker, pki: TestPki) => Promise<void>,
): Promise<void> {
  const made = await pki;
  const broker = await start({ server: made.server, clientCaPem: made.caPem, ...tls });
  try {
    await use(broker, made);
  } finally {
    await broker.stop();
  }
}

async function connectAndClose(create: CreateTransport, options: TransportOptions): Promise<void> {
  const connection = await (await create(options)).connect(logConnection().events);
  await connection.publish('reached', '', 1);
  await connection.close();
}

/** Expects that connecting fails so, and that `onClosed` stays silent about it. */
async function expectRefusal(
  create: CreateTransport,
  options: TransportOptions,
  code: TransportErrorCode | readonly TransportErrorCode[],
): Promise<string> {
  const log = logConnection();
  const outcome: unknown = await (await create(options)).connect(log.events).catch((error: unknown) => error);
  expect(outcome).toMatchObject({ name: 'TransportError' });
  expect([code].flat(), String(outcome)).toContain((outcome as { code: unknown }).code);
  expect(log.closes).toEqual([]);
  return String(outcome);
}

export function tlsContract(name: string, create: CreateTransport, start: StartBroker): void {
  describe(`TLS over ${name}`, () => {
    for (const onlyVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      test(`connects where only ${onlyVersion} is spoken`, () =>
        withBroker(start, { onlyVersion }, (broker, made) => connectAndClose(create, optionsFor(made, broker.port))));

      test(`a client certificate of another CA is refused, ${onlyVersion}`, () =>
        withBroker(start, { onlyVersion }, async (broker, made) => {
          const { certPem, keyPem } = made.otherClient;
          const options = { ...optionsFor(made, broker.port), certPem, keyPem };
          // A TLS 1.2 server that only hangs up cannot be told from one that failed.
          await expectRefusal(create, options, [
            'TLS_CLIENT_REFUSED',
            ...(onlyVersion === 'TLSv1.2' ? ['TLS_FAILED' as const] : []),
          ]);
        }));
    }

    test('an IP address in the certificate is a name', () =>
      withBroker(start, {}, (broker, made) =>
        connectAndClose(create, { ...optionsFor(made, broker.port), host: '127.0.0.1' }),
      ));

    test('a server that another CA signed is refused', () =>
      withBroker(start, {}, async (broker, made) => {
        const options = { ...optionsFor(made, broker.port), caPem: made.otherCaPem };
        await expectRefusal(create, options, 'TLS_SERVER_UNTRUSTED');
      }));

    const wrongServers = {
      wrongNameServer: 'TLS_SERVER_NAME_MISMATCH',
      commonNameOnlyServer: 'TLS_SERVER_NAME_MISMATCH',
      expiredServer: 'TLS_SERVER_EXPIRED',
      futureServer: 'TLS_SERVER_NOT_YET_VALID',
    } as const;
    for (const [server, code] of Object.entries(wrongServers) as [keyof typeof wrongServers, TransportErrorCode][]) {
      test(`${server} is refused with ${code}`, async () =>
        withBroker(start, { server: (await pki)[server] }, async (broker, made) => {
          const message = await expectRefusal(create, optionsFor(made, broker.port), code);
          if (code !== 'TLS_SERVER_NAME_MISMATCH') expect(message).toMatch(CLOCK_IN_DOUBT);
        }));
    }
  });
}

/** `connackCodes`: how this adapter reports CONNACK 5. */
export function networkContract(
  name: string,
  create: CreateTransport,
  connackCodes: readonly TransportErrorCode[],
): void {
  describe(`dead ends over ${name}`, () => {
    withoutBroker(create);
    withoutConnack(create, connackCodes);
  });
  describe(`links over ${name}`, () => links(create));
}

function withoutBroker(create: CreateTransport): void {
  test('a key of another certificate is refused before connecting', async () => {
    const made = await pki;
    const options = { ...optionsFor(made, 1), keyPem: made.otherClient.keyPem };
    await expectRefusal(create, options, 'TLS_FAILED');
  });

  test('a name without an address is NAME_NOT_RESOLVED', async () => {
    const host = `${'a'.repeat(64)}.invalid`; // a label of 64 characters: no name server needs to be asked
    await expectRefusal(create, { ...optionsFor(await pki, 1), host }, 'NAME_NOT_RESOLVED');
  });

  test('a port where nothing listens is CONNECT_REFUSED', async () => {
    const server = await startTcpServer();
    await server.stop();
    await expectRefusal(create, optionsFor(await pki, server.port), 'CONNECT_REFUSED');
  });

  test('a server that says nothing is CONNECT_TIMEOUT', async () => {
    const server = await startTcpServer();
    const options = { ...optionsFor(await pki, server.port), connectTimeoutMs: SHORT_TIMEOUT_MS / 5 };
    await expectRefusal(create, options, 'CONNECT_TIMEOUT');
    await server.stop();
  });

  test('a server that speaks no TLS is TLS_FAILED', async () => {
    const server = await startTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await expectRefusal(create, optionsFor(await pki, server.port), 'TLS_FAILED');
    await server.stop();
  });
}

function withoutConnack(create: CreateTransport, connackCodes: readonly TransportErrorCode[]): void {
  test('a CONNACK that comes too late finds nobody', async () => {
    const { server, caPem } = await pki;
    const sockets: Socket[] = [];
    const broker = await startTlsServer({ server, clientCaPem: caPem }, (socket) => {
      sockets.push(socket.resume());
    });
    const options = { ...optionsFor(await pki, broker.port), connectTimeoutMs: SHORT_TIMEOUT_MS };
    await expectRefusal(create, options, 'CONNECT_TIMEOUT');
    for (const socket of sockets.filter(({ closed }) => !closed)) {
      socket.write(CONNACK_ACCEPTED);
      await once(socket, 'close');
    }
    await broker.stop();
  });

  test('a server that speaks TLS 1.1 at most is TLS_FAILED', async () => {
    const { server, caPem } = await pki;
    const broker = await startTlsServer({ server, clientCaPem: caPem, onlyVersion: 'TLSv1.1' }, () => {});
    await expectRefusal(create, optionsFor(await pki, broker.port), 'TLS_FAILED');
    await broker.stop();
  });

  test('a broker that hangs up instead of CONNACK is TLS_CLIENT_REFUSED', async () => {
    const { server, caPem } = await pki;
    const broker = await startTlsServer({ server, clientCaPem: caPem }, (socket) => socket.end());
    await expectRefusal(create, optionsFor(await pki, broker.port), 'TLS_CLIENT_REFUSED');
    await broker.stop();
  });

  test('a refusing CONNACK says so', () =>
    withBroker(startAedesBroker, {}, async (broker, made) => {
      await expectRefusal(create, optionsFor(made, broker.port, REFUSED_CLIENT_ID), connackCodes);
    }));
}

function links(create: CreateTransport): void {
  test('closing says DISCONNECT to the broker', async () => {
    const { server, caPem } = await pki;
    const heard: Promise<Buffer>[] = [];
    const broker = await startTlsServer({ server, clientCaPem: caPem }, (socket) => {
      socket.once('data', () => socket.write(CONNACK_ACCEPTED));
      heard.push(buffer(socket));
    });
    const transport = await create(optionsFor(await pki, broker.port));
    await (await transport.connect(logConnection().events)).close();
    expect((await heard.at(-1))?.subarray(-2)).toEqual(DISCONNECT);
    await broker.stop();
  });

  test('a link that stops carrying is KEEP_ALIVE_TIMEOUT', () =>
    withBroker(startAedesBroker, {}, async (broker, made) => {
      const proxy = await startTcpProxy(broker.port);
      const log = logConnection();
      const transport = await create({ ...optionsFor(made, proxy.port), keepAliveSeconds: 1 });
      const connection = await transport.connect(log.events);
      proxy.freeze();
      // So many that some are cancelled before the library says that the connection is lost.
      const codeOf = ({ code }: TransportError) => code;
      const unanswered = Array.from({ length: 3_000 }, () => connection.publish('lost', 'x', 1).catch(codeOf));
      expect(await log.closed).toMatchObject({ code: 'KEEP_ALIVE_TIMEOUT' });
      expect(new Set(await Promise.all(unanswered))).toEqual(new Set(['KEEP_ALIVE_TIMEOUT']));
      await proxy.stop();
    }));

  test('a broker that closes on SUBSCRIBE ends the call too', () =>
    withBroker(
      (tls) => startAedesBroker(tls, (filter) => filter === 'forbidden'),
      {},
      async (broker, made) => {
        const log = logConnection();
        const connection = await (await create(optionsFor(made, broker.port))).connect(log.events);
        await connection.subscribe([{ filter: 'allowed', qos: 1 }]);
        const both = ['allowed', 'forbidden'].map((filter) => ({ filter, qos: 1 }) as const);
        await expect(connection.subscribe(both)).rejects.toMatchObject({ code: 'CLOSED_BY_BROKER' });
        expect(await log.closed).toMatchObject({ code: 'CLOSED_BY_BROKER' });
      },
    ));

  test('an answer that nobody subscribed to arrives', async () => {
    const { server, caPem } = await pki;
    const broker = await startAedesBroker({ server, clientCaPem: caPem });
    const log = logConnection();
    const transport = await create(optionsFor(await pki, broker.port, 'asker'));
    const connection = await transport.connect(log.events);
    await broker.sendTo('asker', 'jobs/get/accepted', '{}');
    expect(await log.received(1)).toMatchObject([{ topic: 'jobs/get/accepted' }]);
    await connection.close();
    await broker.stop();
  });

  test('a dead link does not keep close waiting', () =>
    withBroker(startAedesBroker, {}, async (broker, made) => {
      const proxy = await startTcpProxy(broker.port);
      const log = logConnection();
      const connection = await (await create(optionsFor(made, proxy.port))).connect(log.events);
      proxy.freeze();
      await connection.close();
      expect(log.closes.map(({ code }) => code)).toEqual(['CLOSED_BY_US']);
      await proxy.stop();
    }));
}
