import { beforeEach, describe, expect, test } from 'vitest';
import type { Transport } from '../../agent/ports/transport.ts';
import { jobsSubscriptions } from '../../agent/protocol/topics.ts';
import { createFakeBroker, type FakeBroker } from '../fakes/fake-transport.ts';
import { jobsFilter, type KeptConnection, keepConnection, THING } from '../fixtures/kept-connection.ts';
import { promisesSettled } from '../fixtures/log-lines.ts';

const ALL = jobsSubscriptions(THING).map(({ filter }) => filter);
const FORBIDDEN_LINE = 'the policy forbids subscriptions: working without them';
const GRANTED_LINE = 'subscriptions that were forbidden are granted';

let broker: FakeBroker;
let forbidden: Set<string>;
/** How many filters each SUBSCRIBE had. */
let packets: number[];

beforeEach(() => {
  broker = createFakeBroker();
  packets = [];
  forbidden = new Set();
});

/** Ends the connection on a SUBSCRIBE that has a forbidden filter in it, as AWS IoT does. */
function closingTransport(): Transport {
  const inner = broker.transport(THING);
  return {
    name: 'closing',
    async connect(events) {
      const connection = await inner.connect(events);
      return {
        ...connection,
        subscribe(subscriptions) {
          packets.push(subscriptions.length);
          if (subscriptions.length === 0) throw new Error('MQTT has no SUBSCRIBE of nothing');
          if (subscriptions.some(({ filter }) => forbidden.has(filter))) broker.kick('CLOSED_BY_BROKER', THING);
          return connection.subscribe(subscriptions);
        },
      };
    },
  };
}

const right = (name: string) => `iot:Subscribe on topicfilter/${jobsFilter(name)}`;

const subscribed = () => [...new Set(broker.subscriptions.map(({ filter }) => filter))].sort();
const without = (...names: string[]) => ALL.filter((filter) => !names.map(jobsFilter).includes(filter)).sort();

/** Lets attempts follow each other until one is announced. @returns the waits between them. */
async function untilConnected(kept: KeptConnection): Promise<number[]> {
  const waits: number[] = [];
  while (!kept.keeper.status().connected) {
    if (waits.length > 30) throw new Error('30 attempts, and none connected');
    waits.push(await kept.nextTimer());
  }
  return waits;
}

function linesOf({ logLines }: KeptConnection, msg: string) {
  return logLines.lines.filter((line) => line.msg === msg);
}

describe('a filter for which the broker closes the connection', () => {
  test('is found and named, and the others are subscribed', async () => {
    forbidden.add(jobsFilter('notify-next'));
    const kept = await keepConnection(closingTransport());
    await untilConnected(kept);
    expect(kept.keeper.status()).toMatchObject({ connected: true, missingRights: [right('notify-next')] });
    expect(subscribed()).toEqual(without('notify-next'));
    expect(linesOf(kept, FORBIDDEN_LINE)).toMatchObject([
      { level: 50, code: 'SUBSCRIBE_REFUSED', missingRights: [right('notify-next')] },
    ]);
  });

  test('costs three connections, with growing waits between', async () => {
    forbidden.add(jobsFilter('notify'));
    const kept = await keepConnection(closingTransport());
    expect(await untilConnected(kept)).toEqual([1_500, 2_000, 3_000]);
    expect(broker.connects).toBe(4);
  });

  test('is announced to nobody while it is looked for', async () => {
    forbidden.add(jobsFilter('get/+'));
    const kept = await keepConnection(closingTransport());
    expect(kept.told).toEqual([]);
    expect(kept.keeper.status().lastError).toMatchObject({
      code: 'SUBSCRIBE_REFUSED',
      message: expect.stringContaining('one by one'),
    });
    await untilConnected(kept);
    expect(kept.told).toEqual(['connected']);
  });

  test('is not asked for at the next connect', async () => {
    forbidden.add(jobsFilter('notify-next'));
    const kept = await keepConnection(closingTransport());
    await untilConnected(kept);
    const before = broker.connects;
    broker.kick();
    await promisesSettled();
    await untilConnected(kept);
    expect(broker.connects).toBe(before + 1);
    expect(packets.at(-1)).toBe(5);
    expect(linesOf(kept, FORBIDDEN_LINE)).toHaveLength(1);
  });

  test('is blamed only when it happens twice', async () => {
    forbidden.add(jobsFilter('notify'));
    const kept = await keepConnection(closingTransport());
    await kept.nextTimer();
    forbidden.clear();
    await untilConnected(kept);
    expect(kept.keeper.status().missingRights).toEqual([]);
    expect(subscribed()).toEqual([...ALL].sort());
  });

  test('has to happen twice in one search', async () => {
    const kept = await keepConnection(closingTransport());
    for (let search = 0; search < 3; search += 1) {
      forbidden.add(jobsFilter('notify'));
      broker.kick();
      await promisesSettled();
      await kept.nextTimer(); // all at once
      await kept.nextTimer(); // one by one
      forbidden.clear();
      await untilConnected(kept);
    }
    expect(kept.keeper.status().missingRights).toEqual([]);
  });

  test('may be any two of the six', async () => {
    for (const [index, first] of ALL.entries()) {
      for (const second of ALL.slice(index + 1)) {
        broker = createFakeBroker();
        forbidden = new Set([first, second]);
        const kept = await keepConnection(closingTransport());
        await untilConnected(kept);
        expect(subscribed()).toEqual(ALL.filter((filter) => !forbidden.has(filter)).sort());
        expect(kept.keeper.status().missingRights).toHaveLength(2);
      }
    }
  });

  test('may be all six, and messages arrive all the same', async () => {
    forbidden = new Set(ALL);
    const kept = await keepConnection(closingTransport());
    const waits = await untilConnected(kept);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1_000);
    expect(kept.keeper.status().missingRights).toHaveLength(6);
    broker.kick();
    await promisesSettled();
    await untilConnected(kept);
    expect(kept.told).toEqual(['connected', 'disconnected', 'connected']);
    await kept.connection.publish(jobsFilter('get'), '{}', 0);
    expect(broker.published).toHaveLength(1);
  });

  test('does not look like another client with our id', async () => {
    forbidden = new Set(ALL);
    const kept = await keepConnection(closingTransport());
    await untilConnected(kept);
    expect(kept.logLines.lines.map(({ code }) => code)).not.toContain('CLIENT_ID_IN_USE');
  });
});

describe('a filter that SUBACK refuses', () => {
  test('is named on the same connection', async () => {
    broker.refuseFilter(jobsFilter('notify'));
    const kept = await keepConnection(broker.transport(THING));
    expect(kept.keeper.status()).toMatchObject({ connected: true, missingRights: [right('notify')] });
    expect(broker.connects).toBe(1);
    expect(subscribed()).toEqual(without('notify'));
    expect(linesOf(kept, FORBIDDEN_LINE)).toHaveLength(1);
  });

  test('is asked for again without losing the connection', async () => {
    broker.refuseFilter(jobsFilter('notify'));
    const kept = await keepConnection(broker.transport(THING));
    const pauses = [await kept.nextTimer(), await kept.nextTimer(), await kept.nextTimer()];
    expect(pauses).toEqual([300_000, 600_000, 1_200_000]);
    expect(broker.connects).toBe(1);
    expect(kept.told).toEqual(['connected']);
  });
});

describe('asking again', () => {
  test('takes up a right that was given meanwhile', async () => {
    forbidden.add(jobsFilter('notify'));
    const kept = await keepConnection(closingTransport());
    await untilConnected(kept);
    const { connects } = broker;
    forbidden.clear();
    expect(await kept.nextTimer()).toBe(300_000);
    expect(kept.keeper.status()).toMatchObject({ connected: true, missingRights: [] });
    expect(subscribed()).toEqual([...ALL].sort());
    expect(broker.connects).toBe(connects);
    expect(linesOf(kept, GRANTED_LINE)).toHaveLength(1);
    expect(kept.clock.nextTimerInMs()).toBeUndefined();
  });

  test('that fails costs one connection, more and more seldom', async () => {
    forbidden.add(jobsFilter('notify'));
    forbidden.add(jobsFilter('get/+'));
    const kept = await keepConnection(closingTransport());
    await untilConnected(kept);
    const { connects } = broker;
    const pauses: number[] = [];
    for (let ask = 1; ask <= 6; ask += 1) {
      pauses.push(await kept.nextTimer());
      expect(kept.keeper.status().lastError).toMatchObject({ code: 'SUBSCRIBE_REFUSED' });
      expect(await untilConnected(kept)).toEqual([1_500]);
      expect(broker.connects).toBe(connects + ask);
    }
    expect(pauses.map((pause) => pause / 60_000)).toEqual([5, 10, 20, 40, 60, 60]);
    expect(linesOf(kept, FORBIDDEN_LINE)).toHaveLength(2); // one as each of them was found
  });

  test('finds the one right of two that was given', async () => {
    forbidden.add(jobsFilter('notify'));
    forbidden.add(jobsFilter('get/+'));
    const kept = await keepConnection(closingTransport());
    await untilConnected(kept);
    forbidden.delete(jobsFilter('notify'));
    for (let ask = 0; ask < 2; ask += 1) {
      await kept.nextTimer();
      await untilConnected(kept);
    }
    expect(kept.keeper.status().missingRights).toEqual([right('get/+')]);
    expect(subscribed()).toEqual(without('get/+'));
  });

  test('begins with short pauses for each new lack', async () => {
    const kept = await keepConnection(closingTransport());
    for (const name of ['notify', 'get/+']) {
      forbidden.add(jobsFilter(name));
      broker.kick();
      await promisesSettled();
      await untilConnected(kept);
      expect(await kept.nextTimer()).toBe(300_000);
      await untilConnected(kept);
      forbidden.clear();
      expect(await kept.nextTimer()).toBe(600_000);
      expect(kept.keeper.status().missingRights).toEqual([]);
    }
  });

  test('ends when the connection does', async () => {
    forbidden.add(jobsFilter('notify'));
    const kept = await keepConnection(closingTransport());
    await untilConnected(kept);
    await kept.keeper.stop();
    await promisesSettled();
    expect(kept.clock.nextTimerInMs()).toBeUndefined();
  });
});
