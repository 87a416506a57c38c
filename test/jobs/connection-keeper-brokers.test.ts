import { afterEach, describe, expect, test } from 'vitest';
import { createMqttTransport } from '../../agent/adapters/transport/mqtt.ts';
import { jobsSubscriptions } from '../../agent/protocol/topics.ts';
import { createManualClock, type ManualClock } from '../fakes/manual-clock.ts';
import { jobsFilter, type KeptConnection, keepConnection, THING } from '../fixtures/kept-connection.ts';
import { startAedesBroker } from '../fixtures/mqtt-brokers/aedes-broker.ts';
import type { BrokerTls, RunningBroker } from '../fixtures/mqtt-brokers/broker.ts';
import { hasMosquittoPermissions, startMosquittoBroker } from '../fixtures/mqtt-brokers/mosquitto-broker.ts';
import { createTestPki, optionsFor, type TestPki } from '../fixtures/mqtt-brokers/test-pki.ts';

const pki = createTestPki();
const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

async function start<B extends RunningBroker>(startBroker: (tls: BrokerTls) => Promise<B>): Promise<[B, TestPki]> {
  const made = await pki;
  const broker = await startBroker({ server: made.server, clientCaPem: made.caPem });
  running.push(broker);
  return [broker, made];
}

async function keep(made: TestPki, port: number, clock?: ManualClock): Promise<KeptConnection> {
  const transport = createMqttTransport(optionsFor(made, port, THING));
  const kept = await keepConnection(transport, clock === undefined ? {} : { clock });
  running.push(kept.keeper);
  return kept;
}

/** Lets waits pass as attempts over the real network come to want them. */
async function untilConnected(kept: KeptConnection): Promise<void> {
  for (let attempts = kept.keeper.status().failedAttempts; !kept.keeper.status().connected; attempts += 1) {
    await expect
      .poll(() => kept.keeper.status().connected || kept.keeper.status().failedAttempts > attempts, { interval: 5 })
      .toBe(true);
    if (!kept.keeper.status().connected) await kept.nextTimer();
  }
}

const rightsTo = (...names: string[]) => names.map((name) => `iot:Subscribe on topicfilter/${jobsFilter(name)}`);

describe('forbidden subscriptions', () => {
  test('that end the connection are found, the rest works', async () => {
    const forbidden = [jobsFilter('start-next/+'), jobsFilter('notify-next')];
    const [broker, made] = await start((tls) => startAedesBroker(tls, (filter) => forbidden.includes(filter)));
    const kept = await keep(made, broker.port);
    await untilConnected(kept);
    expect(kept.keeper.status().missingRights).toEqual(rightsTo('start-next/+', 'notify-next'));
    await kept.connection.publish(jobsFilter('notify'), '{}', 1); // comes back to us
    await kept.toldTimes(jobsFilter('notify'), 1);
    expect(broker.connected).toHaveLength(6); // all at once, and two for each of the two, and the one that holds
  });

  describe.skipIf(!hasMosquittoPermissions('a SUBACK that refuses'))('over mosquitto', () => {
    test('are named by SUBACK, on the first connection', async () => {
      const allowed = jobsSubscriptions(THING).flatMap(({ filter }) => (filter.endsWith('/notify') ? [] : [filter]));
      const [broker, made] = await start((tls) => startMosquittoBroker(tls, allowed));
      const kept = await keep(made, broker.port);
      await untilConnected(kept);
      expect(kept.keeper.status()).toMatchObject({ connects: 1, missingRights: rightsTo('notify') });
      await kept.connection.publish(jobsFilter('get/accepted'), '{}', 1);
      await kept.toldTimes(jobsFilter('get/accepted'), 1);
    });
  });
});

describe('two gateways with one client id', () => {
  const count = (both: readonly KeptConnection[], what: string) =>
    both.flatMap(({ told }) => told).filter((other) => other === what).length;

  /** Both on one clock; whose wait is over connects, and throws the other out. */
  async function fightFor(minutes: number, both: readonly KeptConnection[], clock: ManualClock): Promise<void> {
    const endMs = clock.monotonicMs() + minutes * 60_000;
    while (clock.monotonicMs() < endMs) {
      const connects = count(both, 'connected');
      clock.advance(clock.nextTimerInMs() ?? Number.NaN);
      await expect.poll(() => count(both, 'connected'), { interval: 5 }).toBe(connects + 1);
      await expect.poll(() => count(both, 'disconnected'), { interval: 5 }).toBe(connects);
    }
  }

  test('leave each other in peace, and one says why', async () => {
    const [broker, made] = await start(startAedesBroker);
    const clock = createManualClock();
    const first = await keep(made, broker.port, clock);
    await first.toldTimes('connected', 1);
    const second = await keep(made, broker.port, clock);
    await first.toldTimes('disconnected', 1);
    await second.toldTimes('connected', 1);
    await fightFor(60, [first, second], clock);
    // Without backing off it would be hundreds.
    expect(broker.connected.length).toBeLessThan(40);
    // The other one holds its connections: it has no reason to complain.
    const backedOff = [first, second].filter(({ logLines }) =>
      logLines.lines.some(({ code }) => code === 'CLIENT_ID_IN_USE'),
    );
    expect(backedOff).toHaveLength(1);
  });
});

test('a certificate of another authority is refused, and asked with again', async () => {
  const [broker, made] = await start(startAedesBroker);
  const { certPem, keyPem } = made.otherClient;
  const kept = await keepConnection(createMqttTransport({ ...optionsFor(made, broker.port, THING), certPem, keyPem }));
  running.push(kept.keeper);
  await expect.poll(() => kept.keeper.status().failedAttempts, { interval: 5 }).toBe(1);
  expect(kept.keeper.status().lastError).toMatchObject({ code: 'TLS_CLIENT_REFUSED' });
  expect(kept.clock.nextTimerInMs()).toBe(1_500);
});
