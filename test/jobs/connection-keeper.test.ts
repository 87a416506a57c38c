import { beforeEach, describe, expect, test } from 'vitest';
import { type ConnectionKeeper, createConnectionKeeper } from '../../agent/jobs/connection-keeper.ts';
import {
  type Connection,
  type ConnectionEvents,
  type Transport,
  TransportError,
  type TransportErrorCode,
} from '../../agent/ports/transport.ts';
import { createFakeBroker, type FakeBroker } from '../fakes/fake-transport.ts';
import { createManualClock, type ManualClock } from '../fakes/manual-clock.ts';
import { createLogLines, type LogLines, promisesSettled } from '../fixtures/log-lines.ts';

const SUBSCRIPTIONS = [{ filter: 'jobs/#', qos: 0 }] as const;
const SUBSCRIBE_TIMEOUT_MS = 30_000;

let broker: FakeBroker;
let clock: ManualClock;
let logLines: LogLines;
let told: string[];

beforeEach(() => {
  broker = createFakeBroker();
  clock = createManualClock();
  logLines = createLogLines();
  told = [];
});

function keep(transport: Transport = broker.transport('gateway-1'), random = () => 0.5): ConnectionKeeper {
  return createConnectionKeeper({
    transport,
    subscriptions: SUBSCRIPTIONS,
    subscribeTimeoutMs: SUBSCRIBE_TIMEOUT_MS,
    clock,
    random,
    log: logLines.log,
    onMessage: (topic) => told.push(topic),
    onConnected: () => told.push('connected'),
    onDisconnected: () => told.push('disconnected'),
  });
}

async function started(...given: Parameters<typeof keep>): Promise<ConnectionKeeper> {
  const keeper = keep(...given);
  keeper.start();
  await promisesSettled();
  return keeper;
}

/** Lets the next timer fire. @returns how long that took. */
async function nextAttempt(): Promise<number> {
  const delayMs = clock.nextTimerInMs() ?? Number.NaN;
  clock.advance(delayMs);
  await promisesSettled();
  return delayMs;
}

async function lose(code?: TransportErrorCode): Promise<void> {
  broker.kick(code);
  await promisesSettled();
}

/** A transport whose every step the test takes by hand. */
function createManualTransport() {
  const attempts: ManualAttempt[] = [];
  const transport: Transport = {
    name: 'manual',
    connect(events) {
      const attempt = createAttempt(events);
      attempts.push(attempt);
      return attempt.connecting;
    },
  };
  return { transport, attempts };
}

interface ManualAttempt {
  readonly events: ConnectionEvents;
  readonly connecting: Promise<Connection>;
  accept(): void;
  refuse(error: unknown): void;
  subscribed: { resolve(): void; reject(error: unknown): void };
  closes: number;
}

function createAttempt(events: ConnectionEvents): ManualAttempt {
  const connecting = deferred<Connection>();
  const subscribing = deferred<void>();
  const attempt: ManualAttempt = {
    events,
    connecting: connecting.promise,
    accept: () =>
      connecting.resolve({
        subscribe: () => subscribing.promise,
        publish: async () => {},
        async close() {
          attempt.closes += 1;
          if (attempt.closes === 1) events.onClosed(new TransportError('CLOSED_BY_US', 'closed'));
        },
      }),
    refuse: connecting.reject,
    subscribed: subscribing,
    closes: 0,
  };
  return attempt;
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((fulfil, fail) => {
    resolve = fulfil;
    reject = fail;
  });
  return { promise, resolve, reject };
}

const LOST = new TransportError('CLOSED_BY_BROKER', 'lost');

describe('a connection', () => {
  test('is subscribed before it is announced', async () => {
    const keeper = await started();
    expect(told).toEqual(['connected']);
    expect(broker.subscriptions).toEqual(SUBSCRIPTIONS);
    expect(keeper.status()).toEqual({
      connected: true,
      connects: 1,
      failedAttempts: 0,
      lastError: null,
      missingRights: [],
    });
    expect(clock.nextTimerInMs()).toBeUndefined();
  });

  test('that is lost is made again, once', async () => {
    const keeper = await started();
    await lose('KEEP_ALIVE_TIMEOUT');
    expect(told).toEqual(['connected', 'disconnected']);
    expect(keeper.status()).toMatchObject({ connected: false, lastError: { code: 'KEEP_ALIVE_TIMEOUT' } });
    await nextAttempt();
    expect(told).toEqual(['connected', 'disconnected', 'connected']);
    expect(clock.nextTimerInMs()).toBeUndefined();
    expect(broker.connects).toBe(2);
  });

  test('hands its messages on', async () => {
    await started();
    broker.publish('jobs/x', '{}');
    await promisesSettled();
    expect(told).toEqual(['connected', 'jobs/x']);
  });
});

describe('the wait before the next attempt', () => {
  test('grows with each attempt that fails, up to 120 s', async () => {
    broker.refuseConnections('CONNECT_REFUSED');
    const keeper = await started(undefined, () => 0.999);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 10; attempt += 1) waits.push(await nextAttempt());
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(waits[index - 1] ?? 0);
      expect(wait).toBeLessThanOrEqual(120_000);
    }
    expect(waits[0]).toBeLessThan(2_000);
    expect(waits.at(-1)).toBeGreaterThan(110_000);
    expect(keeper.status()).toMatchObject({ connected: false, failedAttempts: 11 });
    expect(told).toEqual([]);
  });

  test('is never less than 1 s, and differs from gateway to gateway', async () => {
    broker.refuseConnections('CONNECT_REFUSED');
    await started(undefined, () => 0);
    for (let attempt = 0; attempt < 5; attempt += 1) expect(await nextAttempt()).toBe(1_000);
    clock = createManualClock();
    await started(undefined, () => 0.5);
    expect(await nextAttempt()).toBe(1_500);
  });

  test('goes on growing when connections do not hold', async () => {
    await started();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      clock.advance(59_000);
      await lose();
      waits.push(await nextAttempt());
    }
    expect(waits).toEqual([1_500, 2_000, 3_000, 5_000]);
  });

  test('is short again after a connection that held for 60 s', async () => {
    await started();
    for (let attempt = 0; attempt < 4; attempt += 1) {
      await lose();
      await nextAttempt();
    }
    clock.advance(60_000);
    await lose();
    expect(await nextAttempt()).toBe(1_500);
  });

  test('is not made short by an attempt that ended in the breath in which it began', async () => {
    clock.advance(3_600_000);
    const { transport, attempts } = createManualTransport();
    await started(transport);
    const waits: number[] = [];
    for (let index = 0; index < 3; index += 1) {
      attempts[index]?.accept();
      attempts[index]?.events.onClosed(LOST);
      await promisesSettled();
      waits.push(await nextAttempt());
    }
    expect(waits).toEqual([1_500, 2_000, 3_000]);
  });
});

describe('a subscription that fails', () => {
  test('by closing is one failure, not two', async () => {
    const { transport, attempts } = createManualTransport();
    const keeper = await started(transport);
    attempts[0]?.accept();
    await promisesSettled();
    attempts[0]?.events.onClosed(LOST);
    attempts[0]?.subscribed.reject(LOST);
    await promisesSettled();
    expect(keeper.status().failedAttempts).toBe(1);
    await nextAttempt();
    expect(attempts).toHaveLength(2);
    expect(clock.nextTimerInMs()).toBeUndefined();
  });

  test('long after the connection was lost starts no second attempt', async () => {
    const { transport, attempts } = createManualTransport();
    await started(transport);
    attempts[0]?.accept();
    await promisesSettled();
    attempts[0]?.events.onClosed(LOST);
    await nextAttempt();
    attempts[0]?.subscribed.reject(LOST);
    await promisesSettled();
    clock.advance(600_000);
    expect(attempts).toHaveLength(2);
  });

  test('granted after the connection was lost announces nothing', async () => {
    const { transport, attempts } = createManualTransport();
    await started(transport);
    attempts[0]?.accept();
    await promisesSettled();
    attempts[0]?.events.onClosed(LOST);
    attempts[0]?.subscribed.resolve();
    await promisesSettled();
    expect(told).toEqual([]);
  });
});

test('an old connection that ends late does not end the new one', async () => {
  const { transport, attempts } = createManualTransport();
  const keeper = await started(transport);
  attempts[0]?.refuse(new Error('no route'));
  await promisesSettled();
  expect(keeper.status().lastError).toEqual({ code: 'CLOSED_BY_BROKER', message: 'no route' });
  await nextAttempt();
  attempts[1]?.accept();
  attempts[1]?.subscribed.resolve();
  await promisesSettled();
  attempts[0]?.events.onClosed(LOST);
  expect(told).toEqual(['connected']);
  expect(keeper.status().connected).toBe(true);
});

test('an error that is no Error is told as text', async () => {
  const { transport, attempts } = createManualTransport();
  const keeper = await started(transport);
  attempts[0]?.refuse('odd');
  await promisesSettled();
  expect(keeper.status().lastError?.message).toBe('odd');
});

describe('stopping', () => {
  test('closes the connection and makes no other', async () => {
    const keeper = await started();
    await keeper.stop();
    await promisesSettled();
    expect(told).toEqual(['connected', 'disconnected']);
    expect(broker.subscriptions).toEqual([]);
    expect(clock.nextTimerInMs()).toBeUndefined();
    expect(logLines.messages).toEqual(['connected and subscribed']);
  });

  test('while connecting closes what comes of it', async () => {
    const { transport, attempts } = createManualTransport();
    const keeper = await started(transport);
    const stopping = keeper.stop();
    attempts[0]?.accept();
    await stopping;
    expect(attempts[0]?.closes).toBe(1);
    expect(told).toEqual([]);
    expect(clock.nextTimerInMs()).toBeUndefined();
  });

  test('while connecting in vain leaves nothing to do', async () => {
    const { transport, attempts } = createManualTransport();
    const keeper = await started(transport);
    const stopping = keeper.stop();
    attempts[0]?.refuse(LOST);
    await stopping;
    expect(clock.nextTimerInMs()).toBeUndefined();
    expect(logLines.messages).toEqual([]);
  });

  test('while subscribing announces nothing', async () => {
    const { transport, attempts } = createManualTransport();
    const keeper = await started(transport);
    attempts[0]?.accept();
    await promisesSettled();
    const stopping = keeper.stop();
    attempts[0]?.subscribed.resolve();
    await stopping;
    expect(told).toEqual([]);
    expect(attempts[0]?.closes).toBeGreaterThan(0);
  });

  test('while waiting cancels the wait', async () => {
    broker.refuseConnections('CONNECT_REFUSED');
    const keeper = await started();
    await keeper.stop();
    expect(clock.nextTimerInMs()).toBeUndefined();
  });

  test('before the start is for good', async () => {
    const keeper = keep();
    await keeper.stop();
    keeper.start();
    await promisesSettled();
    expect(broker.connects).toBe(0);
  });
});

test('a SUBSCRIBE that is never answered is given up and tried again', async () => {
  const { transport, attempts } = createManualTransport();
  const keeper = await started(transport);
  attempts[0]?.accept();
  await promisesSettled();
  clock.advance(SUBSCRIBE_TIMEOUT_MS);
  await promisesSettled();
  expect(attempts[0]?.closes).toBe(1);
  expect(keeper.status()).toMatchObject({ connected: false, lastError: { code: 'SUBSCRIBE_TIMEOUT' } });
  await nextAttempt();
  expect(attempts).toHaveLength(2);
});

test('a SUBSCRIBE that was answered leaves no time limit behind', async () => {
  const keeper = await started();
  clock.advance(SUBSCRIBE_TIMEOUT_MS);
  await promisesSettled();
  expect(keeper.status().connected).toBe(true);
});

test('stopping does not wait for an attempt that hangs, and closes it when it succeeds', async () => {
  const { transport, attempts } = createManualTransport();
  const keeper = await started(transport);
  await keeper.stop();
  attempts[0]?.accept();
  await promisesSettled();
  expect(attempts[0]?.closes).toBe(1);
  expect(told).toEqual([]);
});
