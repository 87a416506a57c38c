import { expect, test } from 'vitest';
import { createMqttTransport, MAX_PACKET_BYTES } from '../../../agent/adapters/transport/mqtt.ts';
import type { TransportOptions } from '../../../agent/ports/transport.ts';
import { startAedesBroker } from '../../fixtures/mqtt-brokers/aedes-broker.ts';
import { logConnection } from '../../fixtures/mqtt-brokers/connection-log.ts';
import { startTlsServer } from '../../fixtures/mqtt-brokers/raw-server.ts';
import { createTestPki, optionsFor } from '../../fixtures/mqtt-brokers/test-pki.ts';

const CONNACK_ACCEPTED = [0x20, 0x02, 0x00, 0x00];
const pki = createTestPki();

/** A broker that answers the first packet with these bytes, whatever it was. */
async function withAnswer(answer: readonly number[], use: (options: TransportOptions) => Promise<void>): Promise<void> {
  const { server, caPem } = await pki;
  const broker = await startTlsServer({ server, clientCaPem: caPem }, (socket) => {
    socket.once('data', () => socket.write(Uint8Array.from(answer)));
  });
  await use(optionsFor(await pki, broker.port));
  await broker.stop();
}

test('a packet over the ceiling ends the connection unread', () =>
  withAnswer([...CONNACK_ACCEPTED, 0x30, 0xff, 0xff, 0xff, 0x7f], async (options) => {
    const log = logConnection();
    await createMqttTransport(options).connect(log.events);
    expect(await log.closed).toMatchObject({
      code: 'PROTOCOL_ERROR',
      message: expect.stringContaining(`268435455 bytes, over ${MAX_PACKET_BYTES}`),
    });
    expect(log.messages).toEqual([]);
  }));

test('an answer that is not MQTT is PROTOCOL_ERROR', () =>
  withAnswer([0x21, 0x02, 0x00, 0x00], async (options) => {
    const attempt = createMqttTransport(options).connect(logConnection().events);
    await expect(attempt).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
  }));

test('a connection answered twice ends with PROTOCOL_ERROR', () =>
  withAnswer([...CONNACK_ACCEPTED, ...CONNACK_ACCEPTED], async (options) => {
    const log = logConnection();
    const outcome = createMqttTransport(options).connect(log.events);
    const error = await outcome.then(
      () => log.closed,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'PROTOCOL_ERROR' });
  }));

test('all filters leave in one SUBSCRIBE packet', async () => {
  const { server, caPem } = await pki;
  const broker = await startAedesBroker({ server, clientCaPem: caPem });
  const connection = await createMqttTransport(optionsFor(await pki, broker.port)).connect(logConnection().events);
  const filters = ['a/+/b', 'c', 'd/#'];
  await connection.subscribe(filters.map((filter) => ({ filter, qos: 1 })));
  expect(broker.subscribePackets).toEqual([filters]);
  await connection.close();
  await broker.stop();
});

test('a filter that MQTT does not allow is refused unsent', async () => {
  const { server, caPem } = await pki;
  const broker = await startAedesBroker({ server, clientCaPem: caPem });
  const connection = await createMqttTransport(optionsFor(await pki, broker.port)).connect(logConnection().events);
  const attempt = connection.subscribe([{ filter: 'a/#/b', qos: 1 }]);
  await expect(attempt).rejects.toMatchObject({ code: 'SUBSCRIBE_REFUSED', message: expect.stringContaining('a/#/b') });
  expect(broker.subscribePackets).toEqual([]);
  await connection.close();
  await broker.stop();
});
