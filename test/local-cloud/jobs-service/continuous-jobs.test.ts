import { expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { refusal, type ServiceHarness, startService } from './service-harness.ts';

test('a job for a group is one for its members, and those of the groups below it', () => {
  const service = startService(['gw-1', 'gw-2', 'gw-3']);
  const group = service.createGroup('all', ['gw-1']);
  service.createGroup('lab', ['gw-2'], 'all');
  service.createJob('a', { targets: [group] });
  expect(pendingOf(service)).toEqual([['a'], ['a'], []]);
  expect(service.job('a')).toMatchObject({ targets: [group] });
});

test('a thing that is a target twice has one execution', () => {
  const service = startService();
  const group = service.createGroup('g', ['gw-1']);
  service.createJob('a', { targets: [group, 'arn:aws:iot:us-east-1:123456789012:thing/gw-1'] });
  expect(service.device('get').message.queuedJobs).toHaveLength(1);
});

test('a group that is not there makes no job', () => {
  const service = startService();
  const targets = ['arn:aws:iot:us-east-1:123456789012:thinggroup/none'];
  expect(refusal(() => service.createJob('a', { targets }))).toBe('ResourceNotFoundException');
});

test.each([
  ['CONTINUOUS', ['a']],
  ['SNAPSHOT', []],
])('a thing that joins later gets of %s jobs %j', (targetSelection, expected) => {
  const service = withGroupJob({ targetSelection }, ['gw-1']);
  service.notified();
  join(service, 'gw-2');
  expect(pendingOf(service)).toEqual([['a'], expected, []]);
  expect(service.notified()).toHaveLength(2 * expected.length);
});

test('a thing that joins a group below gets it too', () => {
  const service = withGroupJob({}, ['gw-1']);
  service.createGroup('lab', ['gw-2'], 'g');
  expect(pendingOf(service)).toEqual([['a'], ['a'], []]);
});

test('a CONTINUOUS job goes on when all have ended', () => {
  const service = withGroupJob({}, ['gw-1']);
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(service.job('a')).toMatchObject({ status: 'IN_PROGRESS' });
  join(service, 'gw-2');
  expect(pendingOf(service)).toEqual([[], ['a'], []]);
});

test.each(['QUEUED', 'IN_PROGRESS'])('a thing that leaves has its %s execution REMOVED', (status) => {
  const service = withGroupJob({}, ['gw-1']);
  if (status === 'IN_PROGRESS') service.device('start-next');
  service.notified();
  leave(service, 'gw-1');
  expect(service.execution('a')).toMatchObject({ status: 'REMOVED' });
  expect(service.notified()).toMatchObject([{ topic: 'notify', message: { jobs: {} } }, { topic: 'notify-next' }]);
  expect(service.job('a')).toMatchObject({ jobProcessDetails: { numberOfRemovedThings: 1 } });
  expect(service.device('a/update', { status: 'SUCCEEDED' })).toMatchObject({
    code: 'InvalidStateTransition',
    message: { executionState: { status: 'REMOVED' } },
  });
});

test('what had ended stays as it ended', () => {
  const service = withGroupJob({}, ['gw-1']);
  service.device('a/update', { status: 'SUCCEEDED' });
  leave(service, 'gw-1');
  expect(service.execution('a')).toMatchObject({ status: 'SUCCEEDED' });
});

test('a thing that leaves one of two targeted groups keeps its execution', () => {
  const service = startService();
  const targets = [service.createGroup('g', ['gw-1']), service.createGroup('h', ['gw-1'])];
  service.createJob('a', { targets, targetSelection: 'CONTINUOUS' });
  leave(service, 'gw-1');
  expect(service.execution('a')).toMatchObject({ status: 'QUEUED' });
  service.control('RemoveThingFromThingGroup', { thingGroupName: 'h', thingName: 'gw-1' });
  expect(service.execution('a')).toMatchObject({ status: 'REMOVED' });
});

test('a thing that joins a second targeted group has its job once', () => {
  const service = startService();
  const targets = [service.createGroup('g', ['gw-1']), service.createGroup('h', [])];
  service.createJob('a', { targets, targetSelection: 'CONTINUOUS' });
  service.device('a/update', { status: 'SUCCEEDED' });
  service.control('AddThingToThingGroup', { thingGroupName: 'h', thingName: 'gw-1' });
  expect(service.execution('a')).toMatchObject({ executionNumber: 1, status: 'SUCCEEDED' });
});

test('a thing that comes back gets a new execution, and its retries anew', () => {
  const jobExecutionsRetryConfig = { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 1 }] };
  const service = withGroupJob({ jobExecutionsRetryConfig }, ['gw-1']);
  service.device('a/update', { status: 'FAILED' });
  leave(service, 'gw-1');
  expect(service.execution('a')).toMatchObject({ executionNumber: 2, status: 'REMOVED' });
  join(service, 'gw-1');
  service.device('a/update', { status: 'FAILED' });
  expect(service.execution('a')).toMatchObject({ executionNumber: 4, status: 'QUEUED' });
  service.device('a/update', { status: 'FAILED' });
  expect(service.execution('a')).toMatchObject({ executionNumber: 4, status: 'FAILED' });
});

test('a thing that leaves before its turn gets nothing', () => {
  const service = withGroupJob({ jobExecutionsRolloutConfig: { maximumPerMinute: 1 } }, ['gw-1', 'gw-2']);
  leave(service, 'gw-2');
  service.advance(600);
  expect(pendingOf(service)).toEqual([['a'], [], []]);
});

test('a thing that leaves has no retry any more', () => {
  const jobExecutionsRetryConfig = { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 5 }] };
  const service = withGroupJob({ jobExecutionsRetryConfig }, ['gw-1'], { retryDelayMs: 1000 });
  service.device('a/update', { status: 'FAILED' });
  leave(service, 'gw-1');
  service.advance(60);
  expect(service.execution('a')).toMatchObject({ executionNumber: 1, status: 'FAILED' });
});

test('a deleted thing is counted as REMOVED, and completes its job', () => {
  const service = startService(['gw-1', 'gw-2']);
  service.createJob('a', {}, ['gw-1', 'gw-2']);
  service.device('a/update', { status: 'SUCCEEDED' }, 'gw-2');
  service.control('DeleteThing', { thingName: 'gw-1' });
  expect(service.job('a')).toMatchObject({
    status: 'COMPLETED',
    jobProcessDetails: { numberOfRemovedThings: 1, numberOfSucceededThings: 1, numberOfQueuedThings: 0 },
  });
});

test('AssociateTargetsWithJob adds targets, and their things get the job', () => {
  const service = withGroupJob({}, ['gw-1']);
  const other = service.createGroup('h', ['gw-1', 'gw-2']);
  const answer = service.control('AssociateTargetsWithJob', { jobId: 'a', targets: [other], comment: 'more' });
  expect(answer).toMatchObject({ jobId: 'a' });
  expect(service.job('a')).toMatchObject({ comment: 'more', targets: [expect.any(String), other] });
  expect(pendingOf(service)).toEqual([['a'], ['a'], []]);
  service.control('AddThingToThingGroup', { thingGroupName: 'h', thingName: 'gw-3' });
  expect(pendingOf(service)).toEqual([['a'], ['a'], ['a']]);
});

test('AssociateTargetsWithJob is for CONTINUOUS jobs that run', () => {
  const service = startService();
  const targets = [service.createGroup('g', [])];
  const associate = (jobId: string) => () => service.control('AssociateTargetsWithJob', { jobId, targets });
  service.createJob('a');
  service.createJob('b', { targetSelection: 'CONTINUOUS' });
  expect(refusal(associate('a'))).toBe('InvalidRequestException');
  service.control('CancelJob', { jobId: 'b' });
  expect(refusal(associate('b'))).toBe('InvalidRequestException');
  expect(refusal(associate('z'))).toBe('ResourceNotFoundException');
});

test('a job has a hundred targets at most', () => {
  const service = startService();
  const targets = Array.from({ length: 101 }, (_, index) => service.createGroup(`g-${index}`, []));
  service.createJob('a', { targetSelection: 'CONTINUOUS', targets: targets.slice(0, 100) });
  const more = () => service.control('AssociateTargetsWithJob', { jobId: 'a', targets: targets.slice(100) });
  expect(refusal(more)).toBe('LimitExceededException');
});

function withGroupJob(
  members: JsonObject,
  things: readonly string[],
  options: Parameters<typeof startService>[1] = {},
): ServiceHarness {
  const service = startService(['gw-1', 'gw-2', 'gw-3'], options);
  const group = service.createGroup('g', things);
  service.createJob('a', { targetSelection: 'CONTINUOUS', targets: [group], ...members });
  return service;
}

function join(service: ServiceHarness, thingName: string): void {
  service.control('AddThingToThingGroup', { thingGroupName: 'g', thingName });
}

function leave(service: ServiceHarness, thingName: string): void {
  service.control('RemoveThingFromThingGroup', { thingGroupName: 'g', thingName });
}

/** The jobIds QUEUED for each of the three things. */
function pendingOf(service: ServiceHarness): string[][] {
  return ['gw-1', 'gw-2', 'gw-3'].map((thing) =>
    (service.device('get', {}, thing).message.queuedJobs as { jobId: string }[]).map(({ jobId }) => jobId),
  );
}
