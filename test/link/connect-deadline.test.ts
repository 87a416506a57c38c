import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type LookupFunction, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { createMqttTransport } from '../../agent/adapters/transport/mqtt.ts';
import { logConnection } from '../fixtures/mqtt-brokers/connection-log.ts';
import { createTestPki, optionsFor } from '../fixtures/mqtt-brokers/test-pki.ts';
import { startScriptedBroker } from './scripted-broker.ts';

const pki = createTestPki();
const DEADLINE_MS = 30_000;

/** The deadline moves by `vi` alone; sockets and TLS are real. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('name, TCP, TLS and CONNACK have one deadline together', async () => {
  const { server, caPem } = await pki;
  const tls = { key: server.keyPem, cert: server.certPem, ca: caPem };
  const broker = await startScriptedBroker(tls, () => {}); // takes CONNECT and says nothing
  onTestFinished(() => broker.stop());
  const gate = await startGate(broker.port);
  const lookup = createHeldLookup();
  const attempt = startAttempt(await transportTo(gate.port, lookup.function));

  await lookup.asked;
  vi.advanceTimersByTime(10_000);
  lookup.release();
  await gate.entered;
  vi.advanceTimersByTime(10_000);
  gate.open();
  await (await broker.connection(0)).received('connect');
  vi.advanceTimersByTime(9_999);
  expect(attempt.isOver()).toBe(false);
  vi.advanceTimersByTime(1);
  await expect(attempt.outcome).rejects.toMatchObject({
    code: 'CONNECT_TIMEOUT',
    message: expect.stringContaining('did not answer CONNECT'),
  });
});

test('a name server that never answers is NAME_NOT_RESOLVED at the deadline', async () => {
  const lookup = createHeldLookup();
  const attempt = startAttempt(await transportTo(1, lookup.function));
  await lookup.asked;
  vi.advanceTimersByTime(DEADLINE_MS);
  const message = expect.stringContaining('does DNS work here?');
  await expect(attempt.outcome).rejects.toMatchObject({ code: 'NAME_NOT_RESOLVED', message });
});

async function transportTo(port: number, lookup: LookupFunction) {
  return createMqttTransport({ ...optionsFor(await pki, port), connectTimeoutMs: DEADLINE_MS }, lookup);
}

function startAttempt(transport: ReturnType<typeof createMqttTransport>) {
  let isOver = false;
  const outcome = transport.connect(logConnection().events).finally(() => {
    isOver = true;
  });
  outcome.catch(() => {}); // looked at later
  return { outcome, isOver: () => isOver };
}

/** A name server that answers when it is told to. */
function createHeldLookup() {
  let release = () => {};
  let tellAsked = () => {};
  const asked = new Promise<void>((resolve) => {
    tellAsked = resolve;
  });
  const held: LookupFunction = (_host, _options, answer) => {
    tellAsked();
    release = () => answer(null, [{ address: '127.0.0.1', family: 4 }]);
  };
  return { function: held, asked, release: () => release() };
}

/** Takes a TCP connection, and leads it on when it is opened. */
async function startGate(targetPort: number) {
  const sockets: Socket[] = [];
  const server = createServer({ pauseOnConnect: true }, (near) => sockets.push(near));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    entered: once(server, 'connection'),
    open() {
      const [near] = sockets;
      if (near === undefined) throw new Error('nobody has come to the gate');
      const far = connect(targetPort, '127.0.0.1');
      sockets.push(far);
      for (const socket of sockets) socket.on('error', () => {});
      near.pipe(far).pipe(near);
    },
  };
}
