import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JOB_EXECUTION_STATUSES } from '../../agent/core/job-execution.ts';
import type { JsonValue } from '../../agent/core/json.ts';
import { type ParsedMessage, parseMessage } from '../../agent/protocol/responses.ts';
import type { AnswerTopic, NotificationTopic, ParsedTopic } from '../../agent/protocol/topics.ts';
import { checkProperty } from '../fixtures/check-property.ts';

const startNext: AnswerTopic = { kind: 'answer', operation: 'StartNextPendingJobExecution', accepted: true };
const describeA: AnswerTopic = { kind: 'answer', operation: 'DescribeJobExecution', jobId: 'a', accepted: true };
const getPending: AnswerTopic = { kind: 'answer', operation: 'GetPendingJobExecutions', accepted: true };
const updateA: AnswerTopic = { kind: 'answer', operation: 'UpdateJobExecution', jobId: 'a', accepted: true };
const notify: NotificationTopic = { kind: 'notification', topic: 'notify' };
const notifyNext: NotificationTopic = { kind: 'notification', topic: 'notify-next' };
const allTopics: ParsedTopic[] = [
  ...[startNext, describeA, getPending, updateA].flatMap((topic) => [topic, { ...topic, accepted: false }]),
  notify,
  notifyNext,
];

const summary = {
  jobId: 'a',
  queuedAt: 1_699_999_990,
  lastUpdatedAt: 1_699_999_995,
  executionNumber: 1,
  versionNumber: 2,
};
const execution = { ...summary, status: 'IN_PROGRESS', startedAt: 1_700_000_010, jobDocument: { operation: 'x' } };

describe('accepted answers', () => {
  test('StartNextPendingJobExecution brings an execution', () => {
    expect(parse(startNext, { clientToken: 't', timestamp: 1_700_000_010, execution })).toEqual({
      kind: 'accepted',
      clientToken: 't',
      answer: { operation: 'StartNextPendingJobExecution', execution: { ...execution, statusDetails: {} } },
    });
  });

  test('with nothing pending there is no execution', () => {
    for (const topic of [startNext, describeA]) {
      expect(parse(topic, { clientToken: 't', timestamp: 1 })).toMatchObject({ answer: { execution: null } });
    }
  });

  test('DescribeJobExecution brings all members', () => {
    const full = { ...execution, statusDetails: { step: '1/2' }, approximateSecondsBeforeTimedOut: 599 };
    expect(parse(describeA, { execution: full })).toEqual({
      kind: 'accepted',
      answer: { operation: 'DescribeJobExecution', execution: full },
    });
  });

  test('Describe of $next may bring any job', () => {
    const message = parse({ ...describeA, jobId: '$next' }, { execution: { ...execution, jobId: 'b' } });
    expect(message).toMatchObject({ answer: { execution: { jobId: 'b' } } });
  });

  test('GetPendingJobExecutions brings two lists', () => {
    const started = { ...summary, startedAt: 1_700_000_010 };
    expect(parse(getPending, { inProgressJobs: [started], queuedJobs: [summary, summary] })).toEqual({
      kind: 'accepted',
      answer: { operation: 'GetPendingJobExecutions', inProgressJobs: [started], queuedJobs: [summary, summary] },
    });
  });

  test('UpdateJobExecution brings what was asked for', () => {
    const executionState = { status: 'IN_PROGRESS', statusDetails: { a: '1' }, versionNumber: 3 };
    expect(parse(updateA, { executionState, jobDocument: { operation: 'x' } })).toEqual({
      kind: 'accepted',
      answer: { operation: 'UpdateJobExecution', executionState, jobDocument: { operation: 'x' } },
    });
    expect(parse(updateA, { timestamp: 1 })).toEqual({ kind: 'accepted', answer: { operation: 'UpdateJobExecution' } });
  });
});

describe('rejected answers', () => {
  const rejected: AnswerTopic = { ...updateA, accepted: false };

  test('a version mismatch brings the state', () => {
    const executionState = { status: 'QUEUED', versionNumber: 1 };
    expect(parse(rejected, { code: 'VersionMismatch', message: 'm', clientToken: 't', executionState })).toEqual({
      kind: 'rejected',
      clientToken: 't',
      answer: { code: 'VersionMismatch', message: 'm', executionState: { ...executionState, statusDetails: {} } },
    });
  });

  test('message and token may be absent', () => {
    expect(parse({ ...startNext, accepted: false }, { code: 'RequestThrottled' })).toEqual({
      kind: 'rejected',
      answer: { code: 'RequestThrottled', message: '' },
    });
  });

  test('an unknown code is retried and named', () => {
    expect(parse(rejected, { code: 'QuotaExceeded', message: 'slow down' })).toEqual({
      kind: 'rejected',
      answer: { code: 'InternalError', message: 'unknown rejection code "QuotaExceeded": slow down' },
    });
  });
});

describe('notifications', () => {
  test('notify brings both lists', () => {
    expect(parse(notify, { timestamp: 1, jobs: { IN_PROGRESS: [summary], QUEUED: [summary] } })).toEqual({
      kind: 'notification',
      notification: { topic: 'notify', inProgress: [summary], queued: [summary] },
    });
  });

  test('notify leaves out empty lists', () => {
    expect(parse(notify, { timestamp: 1, jobs: {} })).toEqual({
      kind: 'notification',
      notification: { topic: 'notify', inProgress: [], queued: [] },
    });
  });

  test('notify-next brings the next execution', () => {
    expect(parse(notifyNext, { timestamp: 1, execution })).toEqual({
      kind: 'notification',
      notification: { topic: 'notify-next', execution: { ...execution, statusDetails: {} } },
    });
  });

  test.each(['', '{}', '{"timestamp":1}', '{"execution":null}'])('notify-next %j means nothing is next', (payload) => {
    expect(parseMessage(notifyNext, bytes(payload))).toEqual({
      kind: 'notification',
      notification: { topic: 'notify-next', execution: null },
    });
  });
});

describe('what is harmless is tolerated', () => {
  test('quoted numbers', () => {
    const quoted = { ...summary, queuedAt: '1699999990', executionNumber: '1', versionNumber: '2' };
    expect(parse(getPending, { queuedJobs: [quoted] })).toMatchObject({ answer: { queuedJobs: [summary] } });
  });

  test('a missing lastUpdatedAt is when it was queued', () => {
    const { lastUpdatedAt: _, ...rest } = summary;
    const message = parse(getPending, { queuedJobs: [rest, { ...rest, lastUpdatedAt: null }] });
    const expected = { ...summary, lastUpdatedAt: summary.queuedAt };
    expect(message).toMatchObject({ answer: { queuedJobs: [expected, expected] } });
  });

  test('unknown members anywhere', () => {
    const message = parse(startNext, { future: [1], execution: { ...execution, thingName: 'gw', future: {} } });
    expect(message).toEqual(parse(startNext, { execution }));
  });

  test('status details that are no strings are left out', () => {
    const statusDetails = JSON.parse('{"a":"1","b":2,"c":null,"d":{},"__proto__":"p"}');
    const message = parse(startNext, { execution: { ...execution, statusDetails } });
    expect(message).toHaveProperty('answer.execution.statusDetails', JSON.parse('{"a":"1","__proto__":"p"}'));
  });

  test('time that is up already', () => {
    const message = parse(startNext, { execution: { ...execution, approximateSecondsBeforeTimedOut: -3 } });
    expect(message).toHaveProperty('answer.execution.approximateSecondsBeforeTimedOut', -3);
  });

  test('a byte order mark', () => {
    expect(parseMessage(startNext, bytes('\uFEFF{}')).kind).toBe('accepted');
  });

  test.each(JOB_EXECUTION_STATUSES)('status %s', (status) => {
    expect(parse(startNext, { execution: { ...execution, status } })).toHaveProperty('answer.execution.status', status);
  });

  test('a document of any type and depth comes through', () => {
    for (const document of ['"text"', '[]', '7', 'false', '['.repeat(60_000) + ']'.repeat(60_000)]) {
      const payload = JSON.stringify({ execution }).replace('{"operation":"x"}', document);
      const message = parseMessage(startNext, bytes(payload));
      expect(message.kind).toBe('accepted');
      expect('answer' in message && 'execution' in message.answer && message.answer.execution).toHaveProperty(
        'jobDocument',
      );
    }
  });
});

describe('a bad message says why', () => {
  const wrong: [ParsedTopic, JsonValue, string][] = [
    [startNext, [], 'payload: expected an object, got an empty array'],
    [startNext, 'x', 'payload: expected an object, got a string of length 1'],
    [startNext, null, 'payload: expected an object, got null'],
    [startNext, { clientToken: 1 }, '/clientToken: expected a string, got the number 1'],
    [startNext, { execution: [] }, '/execution: expected an object, got an empty array'],
    [startNext, { execution: {} }, '/execution/queuedAt: expected a whole number from 0'],
    [startNext, { execution: without('jobId') }, '/execution/jobId: expected a string, got nothing'],
    [startNext, { execution: without('status') }, '/execution/status: expected one of QUEUED IN_PROGRESS'],
    [startNext, { execution: without('queuedAt') }, '/execution/queuedAt: expected a whole number'],
    [startNext, { execution: without('executionNumber') }, '/execution/executionNumber: expected a whole number'],
    [startNext, { execution: without('versionNumber') }, '/execution/versionNumber: expected a whole number'],
    [startNext, { execution: { ...execution, jobId: '../a' } }, '/execution/jobId: expected a job id'],
    [startNext, { execution: { ...execution, status: 'DONE' } }, '/execution/status: expected one of'],
    [startNext, { execution: { ...execution, queuedAt: 1.5 } }, '/execution/queuedAt: expected a whole number'],
    [startNext, { execution: { ...execution, queuedAt: -1 } }, '/execution/queuedAt: expected a whole number'],
    [startNext, { execution: { ...execution, queuedAt: true } }, '/execution/queuedAt: expected a whole number'],
    [startNext, { execution: { ...execution, versionNumber: 2 ** 53 } }, '/execution/versionNumber: expected a whole'],
    [startNext, { execution: { ...execution, versionNumber: '9007199254740993' } }, '/execution/versionNumber: exp'],
    [startNext, { execution: { ...execution, versionNumber: 'two' } }, '/execution/versionNumber: expected a whole'],
    [startNext, { execution: { ...execution, versionNumber: '' } }, '/execution/versionNumber: expected a whole'],
    [startNext, { execution: { ...execution, statusDetails: [] } }, '/execution/statusDetails: expected an object'],
    [describeA, { execution: { ...execution, jobId: 'b' } }, '/execution/jobId: is not the job that the topic names'],
    [getPending, { queuedJobs: {} }, '/queuedJobs: expected an array, got an object'],
    [getPending, { queuedJobs: [summary, 1] }, '/queuedJobs/1: expected an object, got the number 1'],
    [updateA, { executionState: 'IN_PROGRESS' }, '/executionState: expected an object, got a string of length 11'],
    [{ ...updateA, accepted: false }, {}, '/code: expected a string, got nothing'],
    [{ ...updateA, accepted: false }, { code: 409 }, '/code: expected a string, got the number 409'],
    [notify, {}, '/jobs: expected an object, got nothing'],
    [notify, { jobs: { QUEUED: 'a' } }, '/jobs/QUEUED: expected an array, got a string of length 1'],
    [notifyNext, { execution: 'a' }, '/execution: expected an object, got a string of length 1'],
  ];

  test.each(wrong)('%j %j', (topic, payload, reason) => {
    const message = parse(topic, payload);
    expect(message.kind).toBe('bad');
    expect('reason' in message && message.reason.startsWith(reason), JSON.stringify(message)).toBe(true);
  });

  test.each([
    ['no JSON', bytes('{"execution":')],
    ['two values', bytes('{}{}')],
    ['no UTF-8 in a string', inString(0xff)],
    ['a cut UTF-8 sequence', inString(0xe2, 0x82)],
    ['a surrogate as UTF-8', inString(0xed, 0xa0, 0x80)],
    ['UTF-16', Uint8Array.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00])],
  ])('%s', (_, payload) => {
    expect(parseMessage(startNext, payload)).toEqual({
      kind: 'bad',
      reason: 'payload: expected JSON in UTF-8, got something else',
    });
  });

  test('the reason does not quote the payload', () => {
    const message = parseMessage(startNext, bytes('{"url":"https://h/f?X-Amz-Signature=secret"'));
    expect(JSON.stringify(message)).not.toContain('secret');
  });

  test('more than 256 KiB', () => {
    const limit = 256 * 1024;
    expect(parseMessage(startNext, bytes(`{}${' '.repeat(limit - 2)}`)).kind).toBe('accepted');
    expect(parseMessage(startNext, bytes(`{}${' '.repeat(limit - 1)}`))).toEqual({
      kind: 'bad',
      reason: 'payload: expected at most 262144 bytes, got 262145',
    });
  });
});

describe('prototypes', () => {
  test('never answer for absent members', () => {
    const message = parseMessage(startNext, bytes('{"__proto__":{"execution":{"jobId":"evil"}}}'));
    expect(message).toMatchObject({ kind: 'accepted', answer: { execution: null } });
    expect({}).not.toHaveProperty('execution');
  });
});

describe('never throws', () => {
  test('on any bytes', () => {
    checkProperty(
      fc.property(anyTopic(), fc.uint8Array({ maxLength: 200 }), (topic, payload) => {
        expect(['accepted', 'rejected', 'notification', 'bad']).toContain(parseMessage(topic, payload).kind);
      }),
      { numRuns: 500 },
    );
  });

  test('on any JSON, nor on messages with one member spoilt', () => {
    const message = {
      clientToken: 't',
      code: 'InvalidJson',
      execution,
      inProgressJobs: [summary],
      jobs: { QUEUED: [summary] },
    };
    const members = [
      'clientToken',
      'code',
      'execution',
      'jobId',
      'queuedAt',
      'status',
      'inProgressJobs',
      'jobs',
      'QUEUED',
    ];
    checkProperty(
      fc.property(anyTopic(), fc.constantFrom(...members), fc.jsonValue(), (topic, member, value) => {
        const text = JSON.stringify(message, (name, old) => (name === member ? value : old));
        expect(['accepted', 'rejected', 'notification', 'bad']).toContain(parseMessage(topic, bytes(text)).kind);
        parseMessage(topic, bytes(JSON.stringify(value)));
      }),
      { numRuns: 1_000 },
    );
  });
});

function parse(topic: ParsedTopic, payload: JsonValue): ParsedMessage {
  return parseMessage(topic, bytes(JSON.stringify(payload)));
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** JSON but for these bytes: `{"a":"…"}`. */
function inString(...inner: number[]): Uint8Array {
  return Uint8Array.from([...bytes('{"a":"'), ...inner, ...bytes('"}')]);
}

function without(member: keyof typeof execution): JsonValue {
  return Object.fromEntries(Object.entries(execution).filter(([name]) => name !== member));
}

function anyTopic(): fc.Arbitrary<ParsedTopic> {
  return fc.constantFrom(...allTopics);
}
