import { describe, expect, test } from 'vitest';
import { createTurnableClock } from '../../local-cloud/clock.ts';
import { connectThing, startTestCloud } from '../fixtures/job-cloud.ts';
import { recordMessages } from '../fixtures/mqtt-messages.ts';

const JOBS = '$aws/things/gw-1/jobs';
const MINUTE_MS = 60_000;

describe('a clock', () => {
  test('runs with its base, and stays ahead of it by what it was turned', () => {
    let baseMs = 1_000;
    const clock = createTurnableClock({ base: () => baseMs });
    clock.advance(500);
    baseMs = 2_000;
    clock.advance(1);
    expect([clock.now(), clock.offsetMs()]).toEqual([2_501, 501]);
  });

  test('goes on from an offset it was given', () => {
    const clock = createTurnableClock({ base: () => 1_000, offsetMs: 10 });
    clock.advance(5);
    expect([clock.now(), clock.offsetMs()]).toEqual([1_015, 15]);
  });

  test('tells its listeners after the turn, in their order', () => {
    const clock = createTurnableClock({ base: () => 0 });
    const heard: string[] = [];
    clock.onTurned(() => heard.push(`first at ${clock.now()}`));
    clock.onTurned(() => heard.push(`second at ${clock.now()}`));
    clock.advance(7);
    expect(heard).toEqual(['first at 7', 'second at 7']);
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER])('is not turned by %d', (ms) => {
    const clock = createTurnableClock();
    expect(() => clock.advance(ms)).toThrow(RangeError);
    expect(clock.offsetMs()).toBe(0);
  });
});

test('turning it times out what is due, and tells the thing', async () => {
  const cloud = await startTestCloud();
  cloud.createJob({ jobId: 'a', timeoutInMinutes: 30 });
  const client = await connectThing(cloud, 'gw-1');
  const messages = recordMessages(client);
  await client.subscribeAsync(`${JOBS}/notify`, { qos: 1 });
  client.publish(`${JOBS}/start-next`, '{}');
  await messages.next(`${JOBS}/start-next/accepted`);
  cloud.clock.advance(29 * MINUTE_MS);
  const status = () => cloud.jobs.state.things.get('gw-1')?.executions.get('a')?.[0]?.status;
  expect(status()).toBe('IN_PROGRESS');
  cloud.clock.advance(MINUTE_MS);
  expect(status()).toBe('TIMED_OUT');
  expect((await messages.next(`${JOBS}/notify`)).message).toMatchObject({ jobs: {} });
});

test('what a long turn passes over happens at its own time', async () => {
  const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
  for (const [thingName, minutes] of [
    ['gw-1', 10],
    ['gw-2', 20],
  ] as const) {
    cloud.createJob({ jobId: thingName, things: [thingName], timeoutInMinutes: minutes });
    const topic = `$aws/things/${thingName}/jobs/start-next`;
    cloud.jobs.device({ thingName, topic, payload: Buffer.from('{}') }, () => undefined);
  }
  cloud.clock.advance(24 * 60 * MINUTE_MS);
  const times = ['gw-1', 'gw-2'].map((thingName) => {
    const execution = cloud.jobs.state.things.get(thingName)?.executions.get(thingName)?.[0];
    return [execution?.status, Number(execution?.lastUpdatedAtMs) - Number(execution?.startedAtMs)];
  });
  expect(times).toEqual([
    ['TIMED_OUT', 10 * MINUTE_MS],
    ['TIMED_OUT', 20 * MINUTE_MS],
  ]);
});
