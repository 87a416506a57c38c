import type { MqttClient } from 'mqtt';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { connectThing, startTestCloud, type TestCloud, type TestCloudOptions } from '../../fixtures/job-cloud.ts';
import { createLogLines } from '../../fixtures/log-lines.ts';
import { type MessageLog, type ReceivedMessage, recordMessages } from '../../fixtures/mqtt-messages.ts';

const JOBS = '$aws/things/gw-1/jobs';

interface Bench {
  readonly cloud: TestCloud;
  readonly client: MqttClient;
  readonly messages: MessageLog;
  /** Publishes a request whose clientToken tells its answer apart. */
  ask(operation: string, clientToken: string, members?: JsonObject): void;
  /** The clientTokens of the answers so far, in the order they came. */
  tokens(): unknown[];
  /** Resolves with the answer to that request, whatever it says. */
  answered(operation: string, verdict?: 'accepted' | 'rejected'): Promise<JsonObject>;
  status(): string | undefined;
}

/** A cloud with one queued job `a` and a thing that listens to everything. Faults are set after that. */
async function startBench(rule: JsonObject, options: TestCloudOptions = {}): Promise<Bench> {
  const cloud = await startTestCloud(options);
  cloud.createJob({ jobId: 'a' });
  const client = await connectThing(cloud, 'gw-1');
  const messages = recordMessages(client);
  await client.subscribeAsync([`${JOBS}/#`], { qos: 1 });
  cloud.faults.set({ rules: [rule] });
  return {
    cloud,
    client,
    messages,
    ask: (operation, clientToken, members = {}) => {
      client.publish(`${JOBS}/${operation}`, JSON.stringify({ clientToken, ...members }), { qos: 1 });
    },
    tokens: () => answersAmong(messages).map(({ message }) => message.clientToken),
    answered: async (operation, verdict = 'accepted') =>
      (await messages.next(`${JOBS}/${operation}/${verdict}`)).message,
    status: () => cloud.jobs.state.things.get('gw-1')?.executions.get('a')?.[0]?.status,
  };
}

/** The filter `#` selects the thing's own requests too. */
function answersAmong(messages: MessageLog): readonly ReceivedMessage[] {
  return messages.all.filter(({ topic }) => /\/(accepted|rejected)$/.test(topic));
}

function whenClosed(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    client.once('close', () => resolve());
  });
}

describe('a request', () => {
  test('lost, it changes nothing and has no answer', async () => {
    const bench = await startBench({ on: 'request', operation: 'StartNextPendingJobExecution', fault: 'lost' });
    bench.ask('start-next', 'lost');
    bench.ask('get', 'after');
    await bench.answered('get');
    expect([bench.tokens(), bench.status()]).toEqual([['after'], 'QUEUED']);
  });

  test('late, it is handled after the next', async () => {
    const bench = await startBench({ on: 'request', fault: 'late', delayMs: 1_000, count: 1 });
    bench.ask('start-next', 'late');
    bench.ask('get', 'next');
    const { queuedJobs } = await bench.answered('get');
    expect(queuedJobs).toMatchObject([{ jobId: 'a' }]);
    await bench.answered('start-next');
    expect(bench.tokens()).toEqual(['next', 'late']);
  });

  test('doubled, it is handled and answered twice', async () => {
    const bench = await startBench({ on: 'request', fault: 'doubled', count: 1 });
    bench.ask('a/update', 'twice', { status: 'IN_PROGRESS', expectedVersion: 1 });
    await bench.answered('a/update');
    expect(await bench.answered('a/update', 'rejected')).toMatchObject({
      code: 'VersionMismatch',
      clientToken: 'twice',
    });
  });

  test('reordered, it is handled after the next, as if sent so', async () => {
    const bench = await startBench({ on: 'request', fault: 'reordered', delayMs: 60_000, count: 1 });
    bench.ask('start-next', 'first');
    bench.ask('get', 'second');
    const { queuedJobs } = await bench.answered('get');
    await bench.answered('start-next');
    expect(queuedJobs).toMatchObject([{ jobId: 'a' }]);
    expect(bench.tokens()).toEqual(['second', 'first']);
  });

  test('reordered with nothing behind it, it waits no longer than its delay', async () => {
    const bench = await startBench({ on: 'request', fault: 'reordered', delayMs: 50 });
    bench.ask('start-next', 'alone');
    expect(await bench.answered('start-next')).toMatchObject({ clientToken: 'alone' });
  });

  test.each([
    ['throttled', 'RequestThrottled', 'QUEUED'],
    ['internalError', 'InternalError', 'QUEUED'],
    ['internalErrorAfter', 'InternalError', 'IN_PROGRESS'],
  ])('%s, it is rejected as %s and leaves %s', async (fault, code, status) => {
    const bench = await startBench({ on: 'request', fault, count: 1 });
    bench.ask('start-next', 'in trouble');
    expect(await bench.answered('start-next', 'rejected')).toEqual({
      code,
      message: expect.any(String),
      clientToken: 'in trouble',
      timestamp: expect.any(Number),
    });
    expect(bench.status()).toBe(status);
    bench.ask('start-next', 'again');
    expect(await bench.answered('start-next')).toMatchObject({ clientToken: 'again' });
  });

  test('throttled, even one that is not JSON is rejected', async () => {
    const bench = await startBench({ on: 'request', fault: 'throttled' });
    bench.client.publish(`${JOBS}/get`, '{', { qos: 1 });
    expect(await bench.answered('get', 'rejected')).toMatchObject({ code: 'RequestThrottled' });
  });

  test.each([
    ['disconnectBefore', 'end', 'QUEUED'],
    ['disconnectBefore', 'reset', 'QUEUED'],
    ['disconnectAfter', 'end', 'IN_PROGRESS'],
    ['disconnectAfter', 'reset', 'IN_PROGRESS'],
  ])('%s by %s, it has no answer and leaves %s', async (fault, how, status) => {
    const bench = await startBench({ on: 'request', fault, how });
    const closed = whenClosed(bench.client);
    bench.ask('start-next', 'cut');
    await closed;
    expect([bench.tokens(), bench.status()]).toEqual([[], status]);
  });

  test('silent, the connection hears nothing more, and the next is well', async () => {
    const bench = await startBench({ on: 'request', fault: 'silent', count: 1 });
    bench.ask('start-next', 'into the void');
    bench.ask('get', 'too');
    await bench.cloud.deviceRequest(({ topic }) => topic === `${JOBS}/get`);
    const again = await connectThing(bench.cloud, 'gw-1');
    const messages = recordMessages(again);
    await again.subscribeAsync(`${JOBS}/#`, { qos: 1 });
    again.publish(`${JOBS}/get`, JSON.stringify({ clientToken: 'well' }), { qos: 1 });
    expect((await messages.next(`${JOBS}/get/accepted`)).message).toMatchObject({ clientToken: 'well' });
    expect([bench.tokens(), bench.status()]).toEqual([[], 'QUEUED']);
  });
});

describe('an answer', () => {
  test('lost, its request took effect', async () => {
    const bench = await startBench({ on: 'answer', fault: 'lost', operation: 'StartNextPendingJobExecution' });
    bench.ask('start-next', 'unheard');
    bench.ask('get', 'heard');
    await bench.answered('get');
    expect([bench.tokens(), bench.status()]).toEqual([['heard'], 'IN_PROGRESS']);
  });

  test('late, it comes after the next', async () => {
    const bench = await startBench({ on: 'answer', fault: 'late', delayMs: 1_000, count: 1 });
    bench.ask('start-next', 'late');
    bench.ask('get', 'next');
    const { inProgressJobs } = await bench.answered('get');
    await bench.answered('start-next');
    expect(inProgressJobs).toMatchObject([{ jobId: 'a' }]);
    expect(bench.tokens()).toEqual(['next', 'late']);
  });

  test('doubled, it comes twice, the same', async () => {
    const bench = await startBench({ on: 'answer', fault: 'doubled' });
    bench.ask('start-next', 'twice');
    expect(await bench.answered('start-next')).toEqual(await bench.answered('start-next'));
  });

  test('reordered, each pair is swapped', async () => {
    const bench = await startBench({ on: 'answer', fault: 'reordered', delayMs: 60_000 });
    for (const token of ['1', '2', '3', '4']) bench.ask('get', token);
    for (let count = 0; count < 4; count++) await bench.answered('get');
    expect(bench.tokens()).toEqual(['2', '1', '4', '3']);
  });

  test.each(['end', 'reset'])('disconnectBefore by %s, it does not come and its request took effect', async (how) => {
    const bench = await startBench({ on: 'answer', fault: 'disconnectBefore', how });
    const closed = whenClosed(bench.client);
    bench.ask('start-next', 'cut');
    await closed;
    expect([bench.tokens(), bench.status()]).toEqual([[], 'IN_PROGRESS']);
  });

  test('disconnectAfter, it comes and the connection ends', async () => {
    const bench = await startBench({ on: 'answer', fault: 'disconnectAfter' });
    const closed = whenClosed(bench.client);
    bench.ask('start-next', 'last words');
    await closed;
    expect([bench.tokens(), bench.status()]).toEqual([['last words'], 'IN_PROGRESS']);
  });

  test('silent, neither it nor what follows comes', async () => {
    const bench = await startBench({ on: 'answer', fault: 'silent', count: 1 });
    bench.ask('start-next', 'unheard');
    bench.ask('get', 'unheard too');
    await bench.cloud.deviceRequest(({ operation }) => operation === 'GetPendingJobExecutions');
    await bench.client.endAsync(true);
    expect([bench.tokens(), bench.status()]).toEqual([[], 'IN_PROGRESS']);
  });

  test('emptyNext, the first $next/get after a notification finds nothing, and the second the job', async () => {
    const bench = await startBench({ on: 'answer', fault: 'emptyNext' });
    for (const jobId of ['b', 'c']) {
      bench.cloud.createJob({ jobId });
      await bench.messages.next(`${JOBS}/notify`);
      bench.ask('$next/get', 'stale');
      expect(await bench.answered('$next/get')).toEqual({ clientToken: 'stale', timestamp: expect.any(Number) });
      bench.ask('$next/get', 'fresh');
      expect(await bench.answered('$next/get')).toMatchObject({ clientToken: 'fresh', execution: { jobId: 'a' } });
    }
    expect(bench.cloud.faults.counts()).toEqual({ 'rule-1': 2 });
  });
});

describe('a notification', () => {
  const jobsOf = (messages: MessageLog) =>
    messages.all
      .filter(({ topic }) => topic === `${JOBS}/notify`)
      .map(({ message }) => (message.jobs as { QUEUED: unknown[] }).QUEUED.length);

  test('lost, the thing hears of the next alone', async () => {
    const bench = await startBench({ on: 'notification', operation: 'notify', fault: 'lost', count: 1 });
    bench.cloud.createJob({ jobId: 'b' });
    bench.cloud.createJob({ jobId: 'c' });
    await bench.messages.next(`${JOBS}/notify`);
    expect(jobsOf(bench.messages)).toEqual([3]);
  });

  test.each([
    ['late', 50],
    ['reordered', 60_000],
  ])('%s, it comes after the next', async (fault, delayMs) => {
    const bench = await startBench({ on: 'notification', operation: 'notify', fault, delayMs, count: 1 });
    bench.cloud.createJob({ jobId: 'b' });
    bench.cloud.createJob({ jobId: 'c' });
    await bench.messages.next(`${JOBS}/notify`);
    await bench.messages.next(`${JOBS}/notify`);
    expect(jobsOf(bench.messages)).toEqual([3, 2]);
  });

  test('doubled, it comes twice', async () => {
    const bench = await startBench({ on: 'notification', operation: 'notify', fault: 'doubled' });
    bench.cloud.createJob({ jobId: 'b' });
    await bench.messages.next(`${JOBS}/notify`);
    await bench.messages.next(`${JOBS}/notify`);
    expect(jobsOf(bench.messages)).toEqual([2, 2]);
  });

  test.each([
    ['disconnectBefore', 0],
    ['disconnectAfter', 1],
  ])('%s ends the connection when %i came', async (fault, came) => {
    const bench = await startBench({ on: 'notification', operation: 'notify', fault, delayMs: 200 });
    const closed = whenClosed(bench.client);
    bench.cloud.createJob({ jobId: 'b' });
    await closed;
    expect(jobsOf(bench.messages)).toHaveLength(came);
  });

  test('silent, the connection hears nothing more', async () => {
    const bench = await startBench({ on: 'notification', fault: 'silent', count: 1 });
    bench.cloud.createJob({ jobId: 'b' });
    bench.ask('get', 'unheard');
    await bench.cloud.deviceRequest(({ operation }) => operation === 'GetPendingJobExecutions');
    await bench.client.endAsync(true);
    expect([jobsOf(bench.messages), bench.tokens()]).toEqual([[], []]);
  });
});

test('a rule names its thing: another is well', async () => {
  const bench = await startBench(
    { on: 'request', fault: 'throttled', thingName: 'gw-2' },
    { things: ['gw-1', 'gw-2'] },
  );
  bench.ask('get', 'well');
  expect(await bench.answered('get')).toMatchObject({ clientToken: 'well' });
});

test('what struck is logged with its rule, and counted', async () => {
  const { log, lines } = createLogLines();
  const rule = { id: 'busy', on: 'request', fault: 'throttled', operation: 'GetPendingJobExecutions', count: 2 };
  const bench = await startBench(rule, { log });
  for (const token of ['1', '2', '3', '4']) bench.ask('get', token);
  await bench.answered('get');
  await bench.answered('get');
  expect(bench.cloud.faults.counts()).toEqual({ busy: 2 });
  const struck = lines.filter(({ msg }) => msg === 'fault struck');
  const line = { level: 30, rule: 'busy', fault: 'throttled', on: 'request', thingName: 'gw-1' };
  expect(struck).toMatchObject([line, line]);
});

test('settings that are refused leave those before in force', async () => {
  const bench = await startBench({ on: 'request', fault: 'throttled' });
  expect(() => bench.cloud.faults.set({ rules: [{ on: 'request', fault: 'gone' }] })).toThrow('rules.1.member.fault');
  bench.ask('get', 'still');
  expect(await bench.answered('get', 'rejected')).toMatchObject({ code: 'RequestThrottled' });
});

test('two runs with one seed and the same requests have the same fates', async () => {
  const run = async () => {
    const bench = await startBench({ on: 'request', fault: 'lost' });
    bench.cloud.faults.set({
      seed: 11,
      rules: [
        { on: 'request', fault: 'throttled', probability: 0.2 },
        { on: 'request', fault: 'internalErrorAfter', probability: 0.2 },
        { on: 'answer', fault: 'doubled', probability: 0.3 },
        { on: 'answer', fault: 'lost', probability: 0.2 },
      ],
    });
    for (let number = 0; number < 40; number++) bench.ask('a/update', String(number), { status: 'IN_PROGRESS' });
    await bench.cloud.deviceRequest(({ payload }) => Buffer.from(payload).toString().includes('"39"'));
    bench.cloud.faults.set({ rules: [] });
    bench.ask('get', 'end');
    await bench.answered('get');
    const heard = answersAmong(bench.messages).map(({ topic, message }) => [topic, message.code, message.clientToken]);
    return { heard, version: bench.cloud.jobs.state.things.get('gw-1')?.executions.get('a')?.[0]?.versionNumber };
  };
  const first = await run();
  expect(await run()).toEqual(first);
  const codes = new Set(first.heard.map(([, code]) => code));
  expect(codes).toEqual(new Set([undefined, 'RequestThrottled', 'InternalError']));
});
