// What every transport does with messages, whatever lies under it: run over the fake and over each adapter and broker.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection, Transport } from '../../agent/ports/transport.ts';
import { type ConnectionLog, logConnection } from '../fixtures/mqtt-brokers/connection-log.ts';

export interface ContractBroker {
  /** A transport under test that reaches this broker. */
  transport(clientId: string): Promise<Transport>;
  /** From another client than those under test. */
  publish(topic: string, payload: Uint8Array): Promise<void>;
  /** The next message with this topic that comes from a client under test. */
  nextMessage(topic: string): Promise<Uint8Array>;
  /** Ends the connection of this client under test. */
  closeClient(clientId: string): Promise<void>;
  stop(): Promise<void>;
}

/** `refusedFilter` is one that this broker answers with SUBACK 0x80; absent where it grants everything. */
export function transportContract(
  name: string,
  makeBroker: () => Promise<ContractBroker>,
  refusedFilter?: string,
): void {
  describe(`messages over ${name}`, () => {
    let broker: ContractBroker;
    beforeAll(async () => {
      broker = await makeBroker();
    });
    afterAll(() => broker.stop());
    const context = (): ContractBroker => broker;
    receiving(context);
    if (refusedFilter !== undefined) refusing(context, refusedFilter);
    publishing(context);
    ending(context);
  });
}

type GetBroker = () => ContractBroker;

interface Opened {
  readonly connection: Connection;
  readonly log: ConnectionLog;
}

let clients = 0;

async function open(broker: ContractBroker, clientId = `client-${++clients}`): Promise<Opened & { clientId: string }> {
  const log = logConnection();
  const transport = await broker.transport(clientId);
  return { connection: await transport.connect(log.events), log, clientId };
}

const bytes = (text: string) => new TextEncoder().encode(text);

function receiving(broker: GetBroker): void {
  test('messages arrive in the order they were sent', async () => {
    const { connection, log } = await open(broker());
    await connection.subscribe([{ filter: 'order/a', qos: 1 }]);
    const sent = Array.from({ length: 50 }, (_, index) => `message ${index}`);
    for (const text of sent) await broker().publish('order/a', bytes(text));
    const messages = await log.received(sent.length);
    expect(messages.map(({ payload }) => new TextDecoder().decode(payload))).toEqual(sent);
    await connection.close();
  });

  test('a plus matches one level only', async () => {
    const { connection, log } = await open(broker());
    await connection.subscribe([{ filter: 'plus/+/get/+', qos: 0 }]);
    for (const topic of ['plus/1/get', 'plus/1/2/get/accepted', 'plus/1/get/accepted', 'plus/2/get/rejected']) {
      await broker().publish(topic, bytes(topic));
    }
    const messages = await log.received(2);
    expect(messages.map(({ topic }) => topic)).toEqual(['plus/1/get/accepted', 'plus/2/get/rejected']);
    await connection.close();
  });

  test('one subscribe call takes several filters', async () => {
    const { connection, log } = await open(broker());
    await connection.subscribe([
      { filter: 'several/+/a', qos: 0 },
      { filter: 'several/b', qos: 1 },
      { filter: 'several/c', qos: 1 },
    ]);
    for (const topic of ['several/c', 'several/1/a', 'several/b']) await broker().publish(topic, bytes('x'));
    const messages = await log.received(3);
    expect(messages.map(({ topic }) => topic).sort()).toEqual(['several/1/a', 'several/b', 'several/c']);
    await connection.close();
  });

  const payloads = {
    'of all byte values': Uint8Array.from({ length: 256 }, (_, value) => value),
    'of no bytes': new Uint8Array(),
    'of 100 KiB': Uint8Array.from({ length: 100 * 1024 }, (_, index) => (index * 31) % 251),
  };
  for (const [title, payload] of Object.entries(payloads)) {
    test(`a payload ${title} arrives unchanged`, async () => {
      const { connection, log } = await open(broker());
      await connection.subscribe([{ filter: 'payload', qos: 1 }]);
      await broker().publish('payload', payload);
      const [message] = await log.received(1);
      expect(Buffer.compare(message?.payload ?? bytes('none'), payload)).toBe(0);
      await connection.close();
    });
  }
}

function refusing(broker: GetBroker, refusedFilter: string): void {
  test('a refused filter is named, and only that', async () => {
    const { connection, log } = await open(broker());
    const filters = ['granted', refusedFilter].map((filter) => ({ filter, qos: 1 }) as const);
    const error: unknown = await connection.subscribe(filters).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'SUBSCRIBE_REFUSED', message: expect.stringContaining(refusedFilter) });
    expect(String(error)).not.toContain('granted');
    await broker().publish('granted', bytes('still open'));
    expect(await log.received(1)).toHaveLength(1);
    await connection.close();
  });
}

function publishing(broker: GetBroker): void {
  for (const qos of [0, 1] as const) {
    test(`a message of QoS ${qos} reaches the broker`, async () => {
      const { connection, clientId } = await open(broker());
      const arrival = broker().nextMessage(`from/${clientId}`);
      await connection.publish(`from/${clientId}`, '{"größe":1}', qos);
      expect(new TextDecoder().decode(await arrival)).toBe('{"größe":1}');
      await connection.close();
    });
  }

  test('an empty message reaches the broker', async () => {
    const { connection, clientId } = await open(broker());
    const arrival = broker().nextMessage(`from/${clientId}`);
    await connection.publish(`from/${clientId}`, '', 1);
    expect(await arrival).toHaveLength(0);
    await connection.close();
  });
}

function ending(broker: GetBroker): void {
  test('a connection the broker closes says so', async () => {
    const { connection, log, clientId } = await open(broker());
    await connection.subscribe([{ filter: 'closing', qos: 0 }]);
    await broker().closeClient(clientId);
    expect(await log.closed).toMatchObject({ name: 'TransportError', code: 'CLOSED_BY_BROKER' });
    await expect(connection.publish('a', 'b', 1)).rejects.toMatchObject({ code: 'CLOSED_BY_BROKER' });
    await expect(connection.subscribe([{ filter: 'c', qos: 0 }])).rejects.toMatchObject({ code: 'CLOSED_BY_BROKER' });
    await connection.close();
    expect(log.closes).toHaveLength(1);
  });

  test('a closed connection can be closed again', async () => {
    const { connection, log } = await open(broker());
    await Promise.all([connection.close(), connection.close()]);
    await connection.close();
    expect(log.closes.map(({ code }) => code)).toEqual(['CLOSED_BY_US']);
    await expect(connection.publish('a', 'b', 0)).rejects.toMatchObject({ code: 'CLOSED_BY_US' });
    await expect(connection.subscribe([{ filter: 'c', qos: 0 }])).rejects.toMatchObject({ code: 'CLOSED_BY_US' });
  });

  test('a second connection starts without subscriptions', async () => {
    const log = logConnection();
    const transport = await broker().transport('returning');
    const first = await transport.connect(log.events);
    await first.subscribe([{ filter: 'session/old', qos: 1 }]);
    await first.close();
    const second = await transport.connect(log.events);
    await second.subscribe([{ filter: 'session/new', qos: 1 }]);
    await broker().publish('session/old', bytes('old'));
    await broker().publish('session/new', bytes('new'));
    const messages = await log.received(1);
    expect(messages.map(({ topic }) => topic)).toEqual(['session/new']);
    await second.close();
  });

  test('the same client id elsewhere ends a connection', async () => {
    const first = await open(broker(), 'twice');
    const second = await open(broker(), 'twice');
    expect(await first.log.closed).toMatchObject({ code: 'CLOSED_BY_BROKER' });
    await second.connection.publish('twice', 'still open', 1);
    await second.connection.close();
    expect(first.log.closes).toHaveLength(1);
  });
}
