import { describe, expect, test } from 'vitest';
import type { JobsRequest } from '../../agent/core/jobs-request.ts';
import { isJobId, jobsSubscriptions, parseTopic, requestTopic } from '../../agent/protocol/topics.ts';

const P = '$aws/things/gw:1/jobs';
const thing = 'gw:1';

test('six filters, answers at QoS 0, notifications at 1', () => {
  expect(jobsSubscriptions(thing)).toEqual([
    { filter: `${P}/+/get/+`, qos: 0 },
    { filter: `${P}/+/update/+`, qos: 0 },
    { filter: `${P}/start-next/+`, qos: 0 },
    { filter: `${P}/get/+`, qos: 0 },
    { filter: `${P}/notify`, qos: 1 },
    { filter: `${P}/notify-next`, qos: 1 },
  ]);
});

const requests: [JobsRequest, string][] = [
  [{ operation: 'StartNextPendingJobExecution' }, `${P}/start-next`],
  [{ operation: 'GetPendingJobExecutions' }, `${P}/get`],
  [{ operation: 'DescribeJobExecution', jobId: 'a' }, `${P}/a/get`],
  [{ operation: 'DescribeJobExecution', jobId: '$next' }, `${P}/$next/get`],
  [
    { operation: 'UpdateJobExecution', jobId: 'a', executionNumber: 1, expectedVersion: 1, status: 'FAILED' },
    `${P}/a/update`,
  ],
];

test.each(requests)('%j is published to %s', (request, topic) => {
  expect(requestTopic(thing, request)).toBe(topic);
});

test.each(requests)('%j finds its answers back', (request, topic) => {
  const jobId = 'jobId' in request ? { jobId: request.jobId } : {};
  for (const accepted of [true, false]) {
    expect(parseTopic(thing, `${topic}/${accepted ? 'accepted' : 'rejected'}`)).toEqual({
      kind: 'answer',
      operation: request.operation,
      ...jobId,
      accepted,
    });
  }
});

test.each(['notify', 'notify-next'])('%s is a notification', (topic) => {
  expect(parseTopic(thing, `${P}/${topic}`)).toEqual({ kind: 'notification', topic });
});

test('every answer and notification matches one filter', () => {
  const topics = requests.flatMap(([, topic]) => [`${topic}/accepted`, `${topic}/rejected`]);
  for (const topic of [...topics, `${P}/notify`, `${P}/notify-next`]) {
    const matching = jobsSubscriptions(thing).filter(({ filter }) => matches(filter, topic));
    expect(matching, topic).toHaveLength(1);
  }
});

describe("a job of a topic's name is told apart by segments", () => {
  test.each(['get', 'start-next', 'notify', 'notify-next', 'accepted', 'update'])('%s', (jobId) => {
    const describe = { kind: 'answer', operation: 'DescribeJobExecution', jobId, accepted: true };
    expect(parseTopic(thing, `${P}/${jobId}/get/accepted`)).toEqual(describe);
    const update = { kind: 'answer', operation: 'UpdateJobExecution', jobId, accepted: false };
    expect(parseTopic(thing, `${P}/${jobId}/update/rejected`)).toEqual(update);
  });

  test('requests of such jobs are no answers', () => {
    expect(parseTopic(thing, `${P}/get/get`)).toBeNull();
    expect(parseTopic(thing, `${P}/start-next/update`)).toBeNull();
  });
});

describe('anything else is nothing', () => {
  test.each([
    '',
    P,
    `${P}/`,
    `${P}/get`,
    `${P}/start-next`,
    `${P}/a/get`,
    `${P}/a/update`,
    `${P}/a/accepted`,
    `${P}/update/accepted`,
    `${P}/get/accepted/`,
    `${P}/a/start-next/accepted`,
    `${P}/a/get/maybe`,
    `${P}/get/maybe`,
    `${P}/a b/get/accepted`,
    `${P}//get/accepted`,
    `${P}/${'a'.repeat(65)}/update/accepted`,
    `${P}/$next/update/accepted`,
    `${P}/$prev/get/accepted`,
    `${P}/a/namespace-b/get/accepted`,
    `${P}/notify-namespace-b`,
    '$aws/things/gw:2/jobs/notify',
    '$aws/things/gw:1/jobsx/notify',
    '$aws/things/gw:1/shadow/notify',
    `x${P}/notify`,
  ])('%j', (topic) => {
    expect(parseTopic(thing, topic)).toBeNull();
  });
});

test('a job id has 1 to 64 plain characters', () => {
  expect(['a', 'A-b_9', 'x'.repeat(64)].every(isJobId)).toBe(true);
  expect(['', '.', '../a', 'a:b', 'a\n', '$next', 'x'.repeat(65)].some(isJobId)).toBe(false);
});

/** MQTT 3.1.1 part 4.7, for filters with `+` only. */
function matches(filter: string, topic: string): boolean {
  const segments = topic.split('/');
  const parts = filter.split('/');
  return parts.length === segments.length && parts.every((part, index) => part === '+' || part === segments[index]);
}
