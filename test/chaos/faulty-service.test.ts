import { describe, expect, onTestFinished, test } from 'vitest';
import type { CloudFaults } from './cloud-faults.ts';
import { createFaultyService } from './faulty-service.ts';
import type { WireMessage } from './wire.ts';

const THING = 'gw-1';
const TOPICS = `$aws/things/${THING}/jobs`;

/** A service with one queued job whose faults are `fates`, one request after the other, and `null` after them. */
function startService(fates: readonly Partial<Record<'request' | 'answer' | 'notification' | 'cut', string>>[]) {
  const left = [...fates];
  const answers: WireMessage[] = [];
  const cuts: string[] = [];
  const waiting = new Set<() => void>();
  let fate: (typeof fates)[number] = {};
  const faults = {
    request: () => {
      fate = left.shift() ?? {};
      return fate.request ?? null;
    },
    answer: () => fate.answer ?? null,
    notification: () => fate.notification ?? null,
    cut: () => fate.cut ?? null,
    delayMs: () => 1,
  } as unknown as CloudFaults;
  const service = createFaultyService({
    faultsOf: () => faults,
    cut: (thingName) => cuts.push(thingName),
    notify: () => undefined,
    onServed: () => undefined,
  });
  onTestFinished(service.close);
  service.jobs.addThing(THING);
  const targets = [`arn:aws:iot:us-east-1:123456789012:thing/${THING}`];
  service.jobs.control('CreateJob', { jobId: 'a', targets, document: '{}' });
  const ask = (clientToken: string, operation = 'start-next') => {
    const payload = Buffer.from(JSON.stringify({ clientToken }));
    service.onRequest({ thingName: THING, topic: `${TOPICS}/${operation}`, payload }, (answer) => {
      answers.push(answer);
      for (const check of [...waiting]) check();
    });
  };
  const answered = (count: number) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (answers.length >= count) resolve();
      };
      waiting.add(check);
      check();
    });
  const status = () => service.jobs.state.things.get(THING)?.executions.get('a')?.[0]?.status;
  return { answers, cuts, ask, answered, status };
}

const tokens = (answers: readonly WireMessage[]) => answers.map(({ message }) => message.clientToken);

describe('what becomes of a request', () => {
  test('lost, it changes nothing', () => {
    const { ask, status, answers } = startService([{ request: 'lost' }]);
    ask('1');
    expect([status(), answers]).toEqual(['QUEUED', []]);
  });

  test('late, it takes effect after the next', async () => {
    const { ask, answered, answers, status } = startService([{ request: 'late' }]);
    ask('1', 'get');
    expect(answers).toEqual([]);
    ask('2');
    await answered(2);
    expect(tokens(answers)).toEqual(['2', '1']);
    expect(status()).toBe('IN_PROGRESS');
  });

  test.each([
    ['throttled', 'RequestThrottled', 'QUEUED'],
    ['failed', 'InternalError', 'QUEUED'],
    ['failed, though it took effect', 'InternalError', 'IN_PROGRESS'],
  ])('%s, it is rejected as %s and leaves %s', (request, code, after) => {
    const { ask, answers, status } = startService([{ request }]);
    ask('1');
    expect(answers).toMatchObject([{ topic: `${TOPICS}/start-next/rejected`, message: { code, clientToken: '1' } }]);
    expect(status()).toBe(after);
  });
});

describe('what becomes of an answer', () => {
  test('lost, its request took effect', () => {
    const { ask, answers, status } = startService([{ answer: 'lost' }]);
    ask('1');
    expect([status(), answers]).toEqual(['IN_PROGRESS', []]);
  });

  test.each([
    ['doubled', 2],
    ['late', 1],
    ['overtaken', 1],
  ])('%s, it arrives %i times in the end', async (answer, times) => {
    const { ask, answered, answers } = startService([{ answer }]);
    ask('1');
    await answered(times);
    expect(tokens(answers)).toEqual(Array.from({ length: times }, () => '1'));
  });

  test('overtaken, it arrives after the next', () => {
    const { ask, answers } = startService([{ answer: 'overtaken' }]);
    ask('1');
    ask('2');
    expect(tokens(answers)).toEqual(['2', '1']);
  });
});

describe('where the connection breaks', () => {
  test.each([
    ['before the request', 'QUEUED', 0],
    ['before the answer', 'IN_PROGRESS', 0],
  ])('%s leaves %s', (cut, after, answered) => {
    const { ask, answers, status, cuts } = startService([{ cut }]);
    ask('1');
    expect([status(), answers.length, cuts]).toEqual([after, answered, [THING]]);
  });
});
