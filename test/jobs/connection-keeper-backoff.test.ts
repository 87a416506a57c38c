import { beforeEach, describe, expect, test } from 'vitest';
import type { TransportErrorCode } from '../../agent/ports/transport.ts';
import { createFakeBroker, type FakeBroker } from '../fakes/fake-transport.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { jobsFilter, type KeptConnection, keepConnection, THING } from '../fixtures/kept-connection.ts';
import { promisesSettled } from '../fixtures/log-lines.ts';

const KICKED_LINE = 'closed by the broker again and again: backing off';
const ALMOST_ONE = 1 - Number.EPSILON;

let broker: FakeBroker;
beforeEach(() => {
  broker = createFakeBroker();
});

async function loseAfter({ clock }: KeptConnection, heldMs: number, code?: TransportErrorCode): Promise<void> {
  clock.advance(heldMs);
  broker.kick(code);
  await promisesSettled();
}

/** Each connection is lost after as long, and made again. @returns the waits. */
async function loseInTurn(kept: KeptConnection, heldMs: readonly number[]): Promise<number[]> {
  const waits: number[] = [];
  for (const ms of heldMs) {
    await loseAfter(kept, ms);
    waits.push(await kept.nextTimer());
  }
  return waits;
}

const keep = (random?: () => number) => keepConnection(broker.transport(THING), random === undefined ? {} : { random });

describe('three connections in a row that the broker closes within 10 s', () => {
  test('make the agent wait a minute or more', async () => {
    const kept = await keep(() => 0);
    expect(await loseInTurn(kept, [0, 9_999, 3_000, 0])).toEqual([1_000, 1_000, 60_000, 60_000]);
  });

  test('are not counted when they held longer', async () => {
    const kept = await keep(() => 0);
    expect(await loseInTurn(kept, [0, 10_000, 10_000, 0, 10_000])).toEqual([1_000, 1_000, 1_000, 1_000, 1_000]);
  });

  test('are told as two clients with one client id', async () => {
    const kept = await keep();
    await loseInTurn(kept, [0, 0]);
    await loseAfter(kept, 0);
    expect(kept.keeper.status().lastError).toMatchObject({
      code: 'CLIENT_ID_IN_USE',
      message: expect.stringMatching(/another client uses our client id.*clientId of its own/s),
    });
    expect(kept.logLines.lines.filter(({ msg }) => msg === KICKED_LINE)).toMatchObject([
      { level: 50, code: 'CLIENT_ID_IN_USE', kicks: 3 },
    ]);
  });

  test('make the wait grow with jitter, up to ten minutes', async () => {
    const kept = await keep(() => ALMOST_ONE);
    const waits = await loseInTurn(kept, Array(9).fill(1_000));
    expect(waits.slice(2).map((wait) => Math.ceil(wait / 60_000))).toEqual([2, 3, 5, 9, 10, 10, 10]);
  });

  test('are forgotten after a minute of peace', async () => {
    const kept = await keep(() => 0);
    expect(await loseInTurn(kept, [0, 0, 0, 60_000, 0, 0, 0])).toEqual([
      1_000, 1_000, 60_000, 1_000, 1_000, 1_000, 60_000,
    ]);
  });

  test('are not what a lost network looks like', async () => {
    const kept = await keep(() => 0);
    await loseInTurn(kept, [0, 0]);
    broker.refuseConnections('NAME_NOT_RESOLVED');
    await loseAfter(kept, 0);
    await kept.nextTimer();
    broker.refuseConnections(undefined);
    await kept.nextTimer();
    await loseAfter(kept, 0);
    expect(kept.keeper.status().lastError).toMatchObject({ code: 'CLOSED_BY_BROKER' });
  });

  test('are closings by the broker, not lost links', async () => {
    const kept = await keep(() => 0);
    for (let count = 0; count < 5; count += 1) {
      await loseAfter(kept, 1_000, 'KEEP_ALIVE_TIMEOUT');
      expect(await kept.nextTimer()).toBe(1_000);
    }
  });

  /** Three connections, each closed so long after a publish that nobody answered. @returns how it was told. */
  async function closedAfterPublish(ms: number) {
    const kept = await keep();
    for (let count = 0; count < 3; count += 1) {
      if (count > 0) await kept.nextTimer();
      await kept.connection.publish(jobsFilter('get'), '{}', 0);
      await loseAfter(kept, ms);
    }
    return kept.keeper.status().lastError;
  }

  test('at a publish are told as a forbidden topic', async () => {
    expect(await closedAfterPublish(900)).toMatchObject({
      code: 'PUBLISH_REFUSED',
      message: expect.stringContaining(`iot:Publish on topic/${jobsFilter('get')}`),
    });
  });

  test('a second after a publish are not', async () => {
    expect(await closedAfterPublish(1_000)).toMatchObject({ code: 'CLIENT_ID_IN_USE' });
  });

  test('after a publish that was answered are not', async () => {
    const kept = await keep();
    for (let count = 0; count < 3; count += 1) {
      if (count > 0) await kept.nextTimer();
      await kept.connection.publish(jobsFilter('get'), '{}', 0);
      broker.publish(jobsFilter('get/accepted'), '{}');
      await promisesSettled();
      await loseAfter(kept, 100);
    }
    expect(kept.keeper.status().lastError).toMatchObject({ code: 'CLIENT_ID_IN_USE' });
  });
});

describe('a broker that does not authorize us', () => {
  for (const code of ['MQTT_NOT_AUTHORIZED', 'TLS_CLIENT_REFUSED'] as const) {
    test(`with ${code} is asked every ten minutes, for ever`, async () => {
      broker.refuseConnections(code);
      const kept = await keep(() => ALMOST_ONE);
      const waits: number[] = [];
      for (let attempt = 0; attempt < 200; attempt += 1) waits.push(await kept.nextTimer());
      expect(waits.slice(0, 3)).toEqual([1_999, 2_999, 4_999]);
      expect(new Set(waits.slice(10))).toEqual(new Set([599_999]));
      broker.refuseConnections(undefined);
      await kept.nextTimer();
      expect(kept.told).toEqual(['connected']);
    });
  }

  test('is asked sooner once something else is wrong', async () => {
    broker.refuseConnections('MQTT_NOT_AUTHORIZED');
    const kept = await keep(() => ALMOST_ONE);
    for (let attempt = 0; attempt < 20; attempt += 1) await kept.nextTimer();
    broker.refuseConnections('CONNECT_REFUSED');
    await kept.nextTimer();
    expect(await kept.nextTimer()).toBe(119_999);
  });
});

describe('a clock at which no certificate is valid', () => {
  const IN_1970 = 5_000;

  async function keepInThePast(code: TransportErrorCode) {
    const clock = createManualClock(IN_1970);
    broker.refuseConnections(code);
    const kept = await keepConnection(broker.transport(THING), { clock, random: () => ALMOST_ONE });
    return { kept, clock };
  }

  /** Time passes a second at a time until one more attempt was made. @returns how many seconds. */
  async function secondsToNextAttempt({ clock, keeper }: KeptConnection): Promise<number> {
    const before = keeper.status().failedAttempts;
    let seconds = 0;
    while (keeper.status().failedAttempts === before && !keeper.status().connected) {
      clock.advance(1_000);
      await promisesSettled();
      seconds += 1;
    }
    return seconds;
  }

  for (const code of ['TLS_SERVER_NOT_YET_VALID', 'TLS_SERVER_EXPIRED'] as const) {
    test(`is waited for with ${code}, and noticed within 5 s`, async () => {
      const { kept, clock } = await keepInThePast(code);
      for (let attempt = 0; attempt < 10; attempt += 1) await secondsToNextAttempt(kept);
      broker.refuseConnections(undefined);
      clock.setWallMs(Date.UTC(2026, 0, 1));
      expect(await secondsToNextAttempt(kept)).toBeLessThanOrEqual(5);
      expect(kept.told).toEqual(['connected']);
    });
  }

  test('is asked about no more often than any other error', async () => {
    const { kept } = await keepInThePast('TLS_SERVER_NOT_YET_VALID');
    const waits: number[] = [];
    for (let attempt = 0; attempt < 9; attempt += 1) waits.push(await secondsToNextAttempt(kept));
    expect(waits).toEqual([2, 3, 5, 9, 17, 33, 65, 120, 120]);
  });

  test('leaves no timer behind when the agent stops', async () => {
    const { kept } = await keepInThePast('TLS_SERVER_NOT_YET_VALID');
    for (let attempt = 0; attempt < 5; attempt += 1) await secondsToNextAttempt(kept);
    await kept.nextTimer();
    await kept.keeper.stop();
    expect(kept.clock.nextTimerInMs()).toBeUndefined();
  });
});
