import { beforeEach, describe, expect, test } from 'vitest';
import type { JobsNotification, JobsRequest } from '../../agent/core/jobs-request.ts';
import { type Answer, createJobsClient, type JobsClient } from '../../agent/jobs/jobs-client.ts';
import { jobsSubscriptions } from '../../agent/protocol/topics.ts';
import { createFakeBroker, type FakeBroker } from '../fakes/fake-transport.ts';
import { createManualClock, type ManualClock } from '../fakes/manual-clock.ts';
import { createLogLines, type LogLines, promisesSettled } from '../fixtures/log-lines.ts';

const JOBS = '$aws/things/gateway-1/jobs';
const TIMEOUT_MS = 10_000;
const CLAIM: JobsRequest = { operation: 'StartNextPendingJobExecution' };
const UPDATE: JobsRequest = {
  operation: 'UpdateJobExecution',
  jobId: 'a',
  executionNumber: 1,
  expectedVersion: 2,
  status: 'SUCCEEDED',
};

let broker: FakeBroker;
let clock: ManualClock;
let logLines: LogLines;
let client: JobsClient;
let notifications: JobsNotification[];

beforeEach(async () => {
  broker = createFakeBroker();
  clock = createManualClock();
  logLines = createLogLines();
  notifications = [];
  let tokens = 0;
  client = createJobsClient({
    thingName: 'gateway-1',
    clock,
    random: () => 0.5,
    newToken: () => `token-${++tokens}`,
    requestTimeoutMs: TIMEOUT_MS,
    log: logLines.log,
    onNotification: (notification) => notifications.push(notification),
  });
  const events = { onMessage: client.handleMessage, onClosed: () => client.detach() };
  const connection = await broker.transport('gateway-1').connect(events);
  await connection.subscribe(jobsSubscriptions('gateway-1'));
  client.attach(connection);
});

/** Everything sent so far, with its token. */
function sent() {
  return broker.published.map(({ topic, payload, qos }) => ({ topic, qos, ...JSON.parse(payload) }));
}

async function answer(topic: string, message: object | string | Uint8Array): Promise<void> {
  const isRaw = typeof message === 'string' || message instanceof Uint8Array;
  broker.publish(topic, isRaw ? message : JSON.stringify(message));
  await promisesSettled();
}

/** What a request has come to so far. */
function follow(request: JobsRequest): { answer: Answer | null } {
  const followed: { answer: Answer | null } = { answer: null };
  void client.request(request).then((given) => {
    followed.answer = given;
  });
  return followed;
}

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await promisesSettled();
}

describe('an answer', () => {
  test('that is accepted is given, and nothing is left waiting', async () => {
    const claim = follow(CLAIM);
    await promisesSettled();
    expect(sent()).toEqual([{ topic: `${JOBS}/start-next`, qos: 0, clientToken: 'token-1' }]);
    await answer(`${JOBS}/start-next/accepted`, { clientToken: 'token-1', timestamp: 1 });
    expect(claim.answer).toEqual({
      kind: 'accepted',
      answer: { operation: 'StartNextPendingJobExecution', execution: null },
    });
    expect(clock.nextTimerInMs()).toBeUndefined();
  });

  test.each([
    'VersionMismatch',
    'InvalidStateTransition',
    'ResourceNotFound',
    'TerminalStateReached',
    'InvalidRequest',
  ])('that is rejected for good is given at once: %s', async (code) => {
    const update = follow(UPDATE);
    await promisesSettled();
    await answer(`${JOBS}/a/update/rejected`, { clientToken: 'token-1', code, message: 'no' });
    expect(update.answer).toEqual({ kind: 'rejected', rejection: { code, message: 'no' } });
    expect(clock.nextTimerInMs()).toBeUndefined();
    expect(sent()).toHaveLength(1);
  });

  test('finds its own of two requests on one topic', async () => {
    const first = follow(UPDATE);
    const second = follow({ ...UPDATE, status: 'FAILED' });
    await promisesSettled();
    await answer(`${JOBS}/a/update/accepted`, { clientToken: 'token-2' });
    expect([first.answer, second.answer?.kind]).toEqual([null, 'accepted']);
  });

  test('to another job, operation or thing is not taken for ours', async () => {
    const update = follow(UPDATE);
    await promisesSettled();
    for (const topic of [`${JOBS}/b/update/accepted`, `${JOBS}/a/get/accepted`, `${JOBS}/start-next/accepted`]) {
      await answer(topic, { clientToken: 'token-1' });
    }
    client.handleMessage('$aws/things/gateway-2/jobs/a/update/accepted', Buffer.from('{"clientToken":"token-1"}'));
    await promisesSettled();
    expect(update.answer).toBeNull();
  });

  test('without a token is not taken for ours when accepted', async () => {
    const claim = follow(CLAIM);
    await promisesSettled();
    await answer(`${JOBS}/start-next/accepted`, {});
    expect(claim.answer).toBeNull();
  });

  test('without a token is ours when rejected, if only one can be meant', async () => {
    const claim = follow(CLAIM);
    await promisesSettled();
    await answer(`${JOBS}/start-next/rejected`, { code: 'InvalidJson', message: '' });
    expect(claim.answer?.kind).toBe('rejected');
  });

  test('without a token is nobody’s when two can be meant', async () => {
    const both = [follow(UPDATE), follow(UPDATE)];
    await promisesSettled();
    await answer(`${JOBS}/a/update/rejected`, { code: 'InvalidJson', message: '' });
    expect(both.map((one) => one.answer)).toEqual([null, null]);
  });
});

describe('asked again', () => {
  test('after silence, with another token, and an answer to the first counts', async () => {
    const claim = follow(CLAIM);
    await pass(TIMEOUT_MS);
    expect(sent()).toHaveLength(1);
    await pass(1_000); // half of the first bound
    expect(sent().map(({ clientToken }) => clientToken)).toEqual(['token-1', 'token-2']);
    await answer(`${JOBS}/start-next/accepted`, { clientToken: 'token-1' });
    expect(claim.answer?.kind).toBe('accepted');
    await answer(`${JOBS}/start-next/accepted`, { clientToken: 'token-2' });
    expect(client.oddities.counts()).toEqual({ 'answer to nobody: late, doubled, or not asked by us': 1 });
  });

  test('three times, then it is unanswered', async () => {
    const claim = follow(CLAIM);
    await pass(TIMEOUT_MS + 1_000 + TIMEOUT_MS + 2_000);
    expect(sent()).toHaveLength(3);
    expect(claim.answer).toBeNull();
    await pass(TIMEOUT_MS);
    expect(claim.answer).toEqual({ kind: 'unanswered' });
    expect(clock.nextTimerInMs()).toBeUndefined();
  });

  test.each(['RequestThrottled', 'InternalError'])('three times, then it is rejected: %s', async (code) => {
    const claim = follow(CLAIM);
    for (const token of ['token-1', 'token-2', 'token-3']) {
      await promisesSettled();
      await answer(`${JOBS}/start-next/rejected`, { clientToken: token, code, message: '' });
      await pass(token === 'token-1' ? 1_000 : 2_000);
    }
    expect(sent()).toHaveLength(3);
    expect(claim.answer).toEqual({ kind: 'rejected', rejection: { code, message: '' } });
  });

  test('not sooner because the refusal came twice', async () => {
    const claim = follow(CLAIM);
    await promisesSettled();
    const refusal = { clientToken: 'token-1', code: 'RequestThrottled', message: '' };
    await answer(`${JOBS}/start-next/rejected`, refusal);
    await pass(900);
    await answer(`${JOBS}/start-next/rejected`, refusal);
    await pass(100);
    expect(sent()).toHaveLength(2);
    await answer(`${JOBS}/start-next/rejected`, refusal);
    await answer(`${JOBS}/start-next/accepted`, { clientToken: 'token-2' });
    expect(claim.answer?.kind).toBe('accepted');
  });

  test('a refusal of an earlier attempt does not end the last one', async () => {
    const claim = follow(CLAIM);
    await pass(TIMEOUT_MS + 1_000 + TIMEOUT_MS + 2_000);
    await answer(`${JOBS}/start-next/rejected`, { clientToken: 'token-1', code: 'InternalError', message: '' });
    expect(claim.answer).toBeNull();
    await answer(`${JOBS}/start-next/accepted`, { clientToken: 'token-3' });
    expect(claim.answer?.kind).toBe('accepted');
  });

  test('a refusal without a token between two attempts changes nothing', async () => {
    follow(CLAIM);
    await pass(TIMEOUT_MS);
    await answer(`${JOBS}/start-next/rejected`, { code: 'RequestThrottled', message: '' });
    await pass(1_000);
    expect(sent()).toHaveLength(2);
  });
});

describe('what makes no sense is ignored, and the next request works', () => {
  const topics = ['start-next/accepted', 'start-next/rejected', 'get/accepted', 'a/get/accepted', 'a/update/rejected'];
  const payloads: readonly (readonly [string, string | Uint8Array])[] = [
    ['no JSON', '{"clientToken":'],
    ['no object', '[1,2]'],
    ['no UTF-8', new Uint8Array([0xff, 0xfe, 0x00])],
    ['wrong types', '{"clientToken":7,"execution":"x","inProgressJobs":1,"code":{}}'],
    ['300 KB', JSON.stringify({ clientToken: 'x'.repeat(300_000) })],
    ['depth', '['.repeat(50_000)],
  ];

  test.each(payloads)('%s on every topic', async (_, payload) => {
    const claim = follow(CLAIM);
    await promisesSettled();
    for (const topic of [...topics, 'notify', 'notify-next', 'start-next/maybe', 'a/b/c/d']) {
      await answer(`${JOBS}/${topic}`, payload);
    }
    expect(claim.answer).toBeNull();
    expect(notifications).toEqual([]);
    await answer(`${JOBS}/start-next/accepted`, { clientToken: 'token-1' });
    expect(claim.answer?.kind).toBe('accepted');
  });

  test('a kind of nonsense is logged once and counted on', async () => {
    for (let count = 0; count < 50; count += 1) await answer(`${JOBS}/notify`, 'nonsense');
    await answer(`${JOBS}/start-next/accepted`, { clientToken: 'never-sent' });
    expect(logLines.messages).toHaveLength(2);
    expect(client.oddities.counts()).toEqual({
      'message that cannot be read': 50,
      'answer to nobody: late, doubled, or not asked by us': 1,
    });
  });

  test('a log line of nonsense quotes none of it', async () => {
    await answer(`${JOBS}/notify`, '{"secret":"hunter2"');
    expect(JSON.stringify(logLines.lines)).not.toContain('hunter2');
  });

  test('a message of another thing is no notification', async () => {
    client.handleMessage('$aws/things/gateway-2/jobs/notify', Buffer.from('{"jobs":{}}'));
    expect(notifications).toEqual([]);
    expect(client.oddities.counts()).toEqual({ 'message on a topic that is not ours': 1 });
  });
});

test('a document of 120 KB comes through', async () => {
  const claim = follow(CLAIM);
  await promisesSettled();
  const execution = {
    jobId: 'a',
    executionNumber: 1,
    queuedAt: 1,
    versionNumber: 2,
    status: 'IN_PROGRESS',
    jobDocument: { operation: 'x', parameters: { text: 'x'.repeat(120_000) } },
  };
  await answer(`${JOBS}/start-next/accepted`, { clientToken: 'token-1', execution });
  expect(claim.answer).toMatchObject({ kind: 'accepted', answer: { execution: { jobId: 'a' } } });
});

test('notifications are handed on', async () => {
  await answer(`${JOBS}/notify`, { timestamp: 1, jobs: {} });
  await answer(`${JOBS}/notify-next`, { timestamp: 1 });
  expect(notifications).toEqual([
    { topic: 'notify', inProgress: [], queued: [] },
    { topic: 'notify-next', execution: null },
  ]);
});

describe('without a connection', () => {
  test('what is under way is unanswered, and no timer is left', async () => {
    const both = [follow(CLAIM), follow(UPDATE)];
    broker.kick();
    await promisesSettled();
    expect(both.map((one) => one.answer)).toEqual([{ kind: 'unanswered' }, { kind: 'unanswered' }]);
    expect(clock.nextTimerInMs()).toBeUndefined();
  });

  test('a request is unanswered at once', async () => {
    client.detach();
    expect(await client.request(CLAIM)).toEqual({ kind: 'unanswered' });
    expect(sent()).toEqual([]);
  });

  test('a publish that fails is left to the time-out', async () => {
    const failing = {
      subscribe: async () => {},
      close: async () => {},
      publish: () => Promise.reject(new Error('gone')),
    };
    client.attach(failing);
    const claim = follow(CLAIM);
    await promisesSettled();
    expect(claim.answer).toBeNull();
    await pass(60_000);
    expect(claim.answer).toEqual({ kind: 'unanswered' });
  });
});

test('an update of what is over is not sent again, and others are', async () => {
  const update = follow(UPDATE);
  const other = follow({ ...UPDATE, executionNumber: 2 });
  await promisesSettled();
  client.abandonUpdates('a', 1);
  await promisesSettled();
  expect([update.answer, other.answer]).toEqual([{ kind: 'unanswered' }, null]);
  await pass(TIMEOUT_MS);
  await pass(TIMEOUT_MS);
  expect(sent().map(({ executionNumber }) => executionNumber)).toEqual([1, 2, 2]);
});
