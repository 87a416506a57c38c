import type { LookupAddress } from 'node:dns';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createHostLookup, type Resolve } from '../../../agent/adapters/transport/host-lookup.ts';
import { createMqttTransport } from '../../../agent/adapters/transport/mqtt.ts';
import type { TransportOptions } from '../../../agent/ports/transport.ts';
import { startAedesBroker } from '../../fixtures/mqtt-brokers/aedes-broker.ts';
import { logConnection } from '../../fixtures/mqtt-brokers/connection-log.ts';
import { startTcpServer } from '../../fixtures/mqtt-brokers/raw-server.ts';
import { createTestPki, optionsFor } from '../../fixtures/mqtt-brokers/test-pki.ts';

const HOST = 'localhost';
const v4 = (address: string): LookupAddress => ({ address, family: 4 });
const v6 = (address: string): LookupAddress => ({ address, family: 6 });
/** Nothing listens there: 127.0.0.0/8 is all this machine. */
const DEAD = [v6('::1'), v4('127.77.0.1'), v4('127.77.0.2')];

function allOf(resolve: Resolve): () => Promise<unknown> {
  const lookup = createHostLookup(resolve);
  return promisify((done: (error: Error | null, addresses: unknown) => void) => lookup(HOST, { all: true }, done));
}

const resolving = async (...addresses: LookupAddress[]) => createHostLookup(async () => addresses);

async function refusalOf(options: TransportOptions, resolve: Resolve): Promise<unknown> {
  const transport = createMqttTransport(options, createHostLookup(resolve));
  return transport.connect(logConnection().events).catch((error: unknown) => error);
}

describe('a lookup', () => {
  test('begins with another address each time', async () => {
    const lookup = allOf(async () => [v4('10.0.0.1'), v4('10.0.0.2'), v6('fd00::3')]);
    const firsts: unknown[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      const addresses = (await lookup()) as LookupAddress[];
      expect(addresses).toHaveLength(3);
      firsts.push(addresses[0]?.address);
    }
    expect(firsts).toEqual(['10.0.0.1', '10.0.0.2', 'fd00::3', '10.0.0.1']);
  });

  test('that is under way is not begun again', async () => {
    const answers: ((addresses: LookupAddress[]) => void)[] = [];
    const lookup = allOf(() => new Promise((resolve) => answers.push(resolve)));
    const both = [lookup(), lookup()];
    expect(answers).toHaveLength(1);
    answers[0]?.([v4('10.0.0.1')]);
    expect(await Promise.all(both)).toEqual([[v4('10.0.0.1')], [v4('10.0.0.1')]]);
    void lookup();
    expect(answers).toHaveLength(2);
  });

  test('that failed is made anew', async () => {
    let asked = 0;
    const lookup = allOf(async () => {
      asked += 1;
      if (asked === 1) throw Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' });
      return [v4('10.0.0.1')];
    });
    await expect(lookup()).rejects.toMatchObject({ code: 'EAI_AGAIN' });
    expect(await lookup()).toEqual([v4('10.0.0.1')]);
  });

  test('for one address gives the first', async () => {
    const lookup = createHostLookup(async () => [v6('fd00::1'), v4('10.0.0.1')]);
    const given = await new Promise((resolve) => {
      lookup(HOST, {}, (_error, address, family) => resolve([address, family]));
    });
    expect(given).toEqual(['fd00::1', 6]);
  });

  test('asks the system unless told otherwise', async () => {
    const lookup = createHostLookup();
    const found = await promisify((done: (error: Error | null, addresses: unknown) => void) =>
      lookup(HOST, { all: true }, done),
    )();
    expect(found).toContainEqual(v4('127.0.0.1'));
  });
});

describe('a connection', () => {
  test('is made to the one address of four that answers', async () => {
    const pki = await createTestPki();
    const broker = await startAedesBroker({ server: pki.server, clientCaPem: pki.caPem });
    const lookup = await resolving(...DEAD, v4('127.0.0.1'));
    const transport = createMqttTransport(optionsFor(pki, broker.port), lookup);
    for (let attempt = 0; attempt < 4; attempt += 1) await (await transport.connect(logConnection().events)).close();
    expect(broker.connected).toHaveLength(4);
    await broker.stop();
  });

  test('that no address answers names them all', async () => {
    const server = await startTcpServer();
    await server.stop();
    const error = await refusalOf(optionsFor(await createTestPki(), server.port), async () => DEAD);
    expect(error).toMatchObject({ code: 'CONNECT_REFUSED' });
    for (const { address } of DEAD) expect(String(error)).toContain(`${address} E`);
  });

  test('waits no longer for a name server than its time limit', async () => {
    const options = { ...optionsFor(await createTestPki(), 1), connectTimeoutMs: 50 };
    const error = await refusalOf(options, () => new Promise(() => {}));
    expect(error).toMatchObject({ code: 'NAME_NOT_RESOLVED', message: expect.stringMatching(/DNS/) });
  });

  test('without a name server is told so', async () => {
    const error = await refusalOf(optionsFor(await createTestPki(), 1), async () => {
      throw Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' });
    });
    expect(error).toMatchObject({
      code: 'NAME_NOT_RESOLVED',
      message: expect.stringMatching(/no name server gave an answer.*\(EAI_AGAIN\)/),
    });
  });

  test('is told when a name has no address at all', async () => {
    const error = await refusalOf(optionsFor(await createTestPki(), 1), async () => []);
    expect(error).toMatchObject({ code: 'NAME_NOT_RESOLVED' });
  });
});
