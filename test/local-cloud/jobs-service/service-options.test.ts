import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DEFAULT_SERVICE_OPTIONS, readServiceOptions } from '../../../local-cloud/jobs-service/service-options.ts';
import { InvalidMember } from '../../../local-cloud/jobs-service/validation.ts';
import { runJobsService } from '../../../local-cloud/running-service.ts';
import { readServiceOptionsFile } from '../../../local-cloud/service-options-file.ts';
import { type ServiceHarness, startService } from './service-harness.ts';

type Options = Parameters<typeof startService>[1];

test('what is not given is the default', () => {
  expect(readServiceOptions({})).toEqual(DEFAULT_SERVICE_OPTIONS);
  expect(readServiceOptions({ timeoutLateMs: 60_000 })).toEqual({ ...DEFAULT_SERVICE_OPTIONS, timeoutLateMs: 60_000 });
});

test.each([
  ['an unknown one', { timeoutLate: 1 }],
  ['a word that it has not', { firstCheck: 'both' }],
  ['text for a number', { timeoutLateMs: '5' }],
  ['a negative number', { retryDelayMs: -1 }],
  ['half a millisecond', { retryDelayMs: 0.5 }],
  ['null', { strictStatusDetails: null }],
  ['a number for a switch', { strictStatusDetails: 1 }],
  ['no object', []],
])('%s is refused', (_what, settings) => {
  expect(() => readServiceOptions(settings)).toThrow(InvalidMember);
});

test.each([
  [{}, { reason: 'b' }],
  [{ statusDetailsUpdate: 'merge' }, { reason: 'b', step: '1' }],
] as const)('with %j new details make of the old ones %j', (options, expected) => {
  const service = withJob(options);
  service.device('a/update', { status: 'IN_PROGRESS', statusDetails: { reason: 'a', step: '1' } });
  service.device('a/update', { status: 'IN_PROGRESS', statusDetails: { reason: 'b' } });
  expect(service.execution('a')).toMatchObject({ statusDetails: { detailsMap: expected } });
  expect(Object.keys((service.execution('a').statusDetails as { detailsMap: object }).detailsMap)).toHaveLength(
    Object.keys(expected).length,
  );
});

test.each([
  [{}, {}],
  [{ emptyStatusDetails: 'keep' }, { reason: 'a' }],
] as const)('with %j empty details make of the old ones %j', (options, detailsMap) => {
  const service = withJob(options);
  service.device('a/update', { status: 'IN_PROGRESS', statusDetails: { reason: 'a' } });
  service.device('a/update', { status: 'IN_PROGRESS', statusDetails: {} });
  expect(service.execution('a').statusDetails).toEqual({ detailsMap });
});

test.each([
  [{}, 'InvalidRequest'],
  [{ strictStatusDetails: false }, undefined],
])('with %j a newline in a detail is %s', (options, code) => {
  const details = { statusDetails: { stderr: 'line\n' } };
  expect(withJob(options).device('a/update', { status: 'IN_PROGRESS', ...details }).code).toBe(code);
});

test.each([
  [{}, 2],
  [{ serviceChangesBumpVersion: false }, 1],
])('with %j a cancelled execution has version %d', (options, versionNumber) => {
  const service = withJob(options);
  service.control('CancelJobExecution', { jobId: 'a', thingName: 'gw-1' });
  expect(service.execution('a')).toMatchObject({ status: 'CANCELED', versionNumber });
});

test.each([
  [{}, 'InvalidRequest'],
  [{ serviceOnlyStatusCode: 'InvalidStateTransition' }, 'InvalidStateTransition'],
] as const)('with %j a device that reports CANCELED is told %s', (options, code) => {
  expect(withJob(options).device('a/update', { status: 'CANCELED' }).code).toBe(code);
});

test.each([
  [{}, 'VersionMismatch'],
  [{ firstCheck: 'state' }, 'InvalidStateTransition'],
] as const)('with %j an update that is stale and illegal is %s', (options, code) => {
  const service = withJob(options);
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(service.device('a/update', { status: 'IN_PROGRESS', expectedVersion: 9 }).code).toBe(code);
});

test.each([
  [{}, 'InvalidRequest'],
  [{ nextUpdateCode: 'InvalidTopic' }, 'InvalidTopic'],
  [{ nextUpdateCode: 'ResourceNotFound' }, 'ResourceNotFound'],
] as const)('with %j an update of $next is %s', (options, code) => {
  expect(withJob(options).device('$next/update', { status: 'IN_PROGRESS' }).code).toBe(code);
});

test.each([
  [{}, 60],
  [{ stepTimerOnRehand: 'rearm' }, 300],
] as const)('with %j a running execution that is handed out again has %d seconds left', (options, seconds) => {
  const service = withJob(options);
  service.device('start-next', { stepTimeoutInMinutes: 1 });
  const { execution } = service.device('start-next', { stepTimeoutInMinutes: 5 }).message;
  expect(execution).toMatchObject({ versionNumber: 2, approximateSecondsBeforeTimedOut: seconds });
});

test('an execution names its thing where it shall', () => {
  expect(withJob({}).device('a/get').message.execution).not.toHaveProperty('thingName');
  const named = withJob({ thingNameInExecutions: true });
  expect(named.device('a/get').message.execution).toMatchObject({ thingName: 'gw-1' });
});

test('an execution that has ended is described by its number where it may', () => {
  const service = withJob({ describeTerminalByNumber: true });
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(service.device('a/get').code).toBe('TerminalStateReached');
  expect(service.device('a/get', { executionNumber: 1 }).message).toMatchObject({ execution: { status: 'SUCCEEDED' } });
});

test('a list is as long as it shall be', () => {
  const service = withJob({ maxListed: 2 });
  for (const jobId of ['b', 'c']) service.createJob(jobId);
  expect(service.device('get').message.queuedJobs).toHaveLength(2);
});

test('a timer acts as late as it shall, and says the time all the same', () => {
  const service = withJob({ timeoutLateMs: 60_000 });
  service.device('start-next', { stepTimeoutInMinutes: 1 });
  service.advance(119);
  expect(service.execution('a')).toMatchObject({ status: 'IN_PROGRESS', approximateSecondsBeforeTimedOut: 0 });
  service.advance(1);
  expect(service.execution('a')).toMatchObject({ status: 'TIMED_OUT' });
});

test('a job takes its time to come where it shall', () => {
  const service = withJob({ creationDelayMs: 1000 });
  expect(service.device('get').message).toMatchObject({ queuedJobs: [] });
  service.advance(1);
  expect(service.device('get').message).toMatchObject({ queuedJobs: [{ jobId: 'a' }] });
});

test('a failure and its retry are one notification where they shall be', () => {
  const service = withJob({ retryNotifies: 'once' });
  service.createJob('b', { jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'ALL', numberOfRetries: 1 }] } });
  service.notified();
  service.device('b/update', { status: 'FAILED' });
  expect(service.notified()).toMatchObject([
    { topic: 'notify', message: { jobs: { QUEUED: [{ jobId: 'a' }, { jobId: 'b', executionNumber: 2 }] } } },
  ]);
});

test('a QUEUED execution is deleted without force where it may be', () => {
  const service = withJob({ deleteQueuedWithoutForce: true });
  service.control('DeleteJobExecution', { jobId: 'a', thingName: 'gw-1', executionNumber: 1 });
  expect(service.device('get').message).toMatchObject({ queuedJobs: [] });
});

test('what is IN_PROGRESS stays when its thing leaves, where it may', () => {
  const service = startService(['gw-1'], { removeInProgress: false });
  const group = service.createGroup('g', ['gw-1']);
  service.createJob('a', { targets: [group], targetSelection: 'CONTINUOUS' });
  service.device('start-next');
  service.control('RemoveThingFromThingGroup', { thingGroupName: 'g', thingName: 'gw-1' });
  expect(service.execution('a')).toMatchObject({ status: 'IN_PROGRESS' });
});

test('a startTime is nearer than thirty minutes where it may be', () => {
  const service = startService(['gw-1'], { minScheduleLeadMinutes: 0 });
  service.createJob('a', { schedulingConfig: { startTime: '2023-11-14 22:14', endTime: '2023-11-14 22:15' } });
  service.advance(40);
  expect(service.job('a')).toMatchObject({ status: 'IN_PROGRESS' });
});

function withJob(options: Options): ServiceHarness {
  const service = startService(['gw-1'], options);
  service.createJob('a');
  return service;
}

test('every option is explained with its default', async () => {
  const guide = await readFile(new URL('../../../docs/local-cloud-options.md', import.meta.url), 'utf8');
  for (const [name, value] of Object.entries(DEFAULT_SERVICE_OPTIONS)) {
    expect(guide).toContain(`| \`${name}\` | \`${JSON.stringify(value)}\` |`);
  }
});

test('a topic that means no operation is answered with silence where it shall be', () => {
  const answers = (invalidTopic: 'rejected' | 'silent') => {
    const serviceOptions = readServiceOptions({ invalidTopic });
    const jobs = runJobsService({ now: () => 0, notify: () => undefined, serviceOptions });
    const codes: unknown[] = [];
    const topic = '$aws/things/gw-1/jobs/a/b/c';
    jobs.device({ thingName: 'gw-1', topic, payload: Buffer.alloc(0) }, ({ code }) => codes.push(code));
    jobs.close();
    return codes;
  };
  expect(answers('rejected')).toEqual(['InvalidTopic']);
  expect(answers('silent')).toEqual([]);
});

test('a file of options is read whole or named', async ({ onTestFinished }) => {
  const folder = await mkdtemp(join(tmpdir(), 'service-options-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'options.json');
  await writeFile(file, '{"maxListed": 3}');
  expect(await readServiceOptionsFile(file)).toEqual({ ...DEFAULT_SERVICE_OPTIONS, maxListed: 3 });
  await writeFile(file, '{"maxListed": -3}');
  await expect(readServiceOptionsFile(file)).rejects.toThrow(file);
});
