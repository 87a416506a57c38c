import { expect, test } from 'vitest';
import { refusal, type ServiceHarness, startService } from './service-harness.ts';

test.each([
  [false, 'IN_PROGRESS'],
  [true, 'CANCELED'],
])('CancelJob with force %s leaves what is IN_PROGRESS %s', (force, running) => {
  const service = startService(['gw-1', 'gw-2']);
  service.createJob('a', {}, ['gw-1', 'gw-2']);
  service.device('start-next');
  const members = { comment: 'wrong build', reasonCode: 'WRONG_BUILD' };
  expect(service.control('CancelJob', { jobId: 'a', force, ...members })).toMatchObject({ jobId: 'a' });
  expect(service.job('a')).toMatchObject({ status: 'CANCELED', forceCanceled: force, ...members });
  expect(service.execution('a', 'gw-1')).toMatchObject({ status: running, forceCanceled: force });
  expect(service.execution('a', 'gw-2')).toMatchObject({ status: 'CANCELED' });
});

test('a cancelled job is complete when what ran on has ended', () => {
  const service = started();
  service.control('CancelJob', { jobId: 'a' });
  expect(service.job('a')).not.toHaveProperty('completedAt');
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(service.job('a')).toMatchObject({ status: 'CANCELED', completedAt: expect.any(Number) });
});

test('a job that was cancelled can be cancelled by force after it', () => {
  const service = started();
  service.control('CancelJob', { jobId: 'a' });
  service.control('CancelJob', { jobId: 'a', force: true });
  expect(service.execution('a')).toMatchObject({ status: 'CANCELED' });
});

test('a COMPLETED job is not cancelled', () => {
  const service = startService();
  service.createJob('a');
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(refusal(() => service.control('CancelJob', { jobId: 'a' }))).toBe('InvalidRequestException');
});

test.each([
  ['IN_PROGRESS without force', {}, 'InvalidStateTransitionException'],
  ['IN_PROGRESS with force', { force: true }, 'taken'],
  ['another version', { force: true, expectedVersion: 9 }, 'VersionConflictException'],
  ['its version', { force: true, expectedVersion: 2 }, 'taken'],
])('CancelJobExecution of %s: %#', (_what, members, expected) => {
  const service = started();
  const cancel = () => service.control('CancelJobExecution', { jobId: 'a', thingName: 'gw-1', ...members });
  expect(refusal(cancel)).toBe(expected);
  expect(service.execution('a').status).toBe(expected === 'taken' ? 'CANCELED' : 'IN_PROGRESS');
});

test('DeleteJob without force takes a job that has ended, and no other', () => {
  const service = startService();
  service.createJob('a');
  const remove = () => service.control('DeleteJob', { jobId: 'a' });
  expect(refusal(remove)).toBe('InvalidStateTransitionException');
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(refusal(remove)).toBe('taken');
  expect(refusal(() => service.job('a'))).toBe('ResourceNotFoundException');
  expect(refusal(() => service.execution('a'))).toBe('ResourceNotFoundException');
});

test('DeleteJob by force takes the execution from its device', () => {
  const service = started();
  service.notified();
  service.control('DeleteJob', { jobId: 'a', force: true });
  expect(service.notified()).toMatchObject([{ topic: 'notify', message: { jobs: {} } }, { topic: 'notify-next' }]);
  expect(service.device('a/update', { status: 'SUCCEEDED' }).code).toBe('ResourceNotFound');
});

test('a jobId can be used again, from the first execution on', () => {
  const service = started();
  service.control('DeleteJob', { jobId: 'a', force: true });
  service.createJob('a');
  expect(service.execution('a')).toMatchObject({ executionNumber: 1, versionNumber: 1, status: 'QUEUED' });
});

test('while a deletion takes time, the job says so and takes no more', () => {
  const service = startService(['gw-1'], { deletionTakesMs: 5000 });
  service.createJob('a');
  service.control('DeleteJob', { jobId: 'a', force: true });
  expect(service.job('a')).toMatchObject({ status: 'DELETION_IN_PROGRESS' });
  const again = () => service.control('DeleteJob', { jobId: 'a', force: true });
  expect(refusal(again)).toBe('InvalidStateTransitionException');
  expect(refusal(() => service.control('CancelJob', { jobId: 'a' }))).toBe('InvalidRequestException');
  expect(refusal(() => service.createJob('a'))).toBe('ResourceAlreadyExistsException');
  service.advance(5);
  expect(refusal(() => service.job('a'))).toBe('ResourceNotFoundException');
  service.createJob('a');
});

test('ten jobs are deleted at a time, and no eleventh', () => {
  const service = startService(['gw-1'], { deletionTakesMs: 5000 });
  for (let index = 0; index < 11; index++) service.createJob(`job-${index}`);
  const remove = (index: number) => refusal(() => service.control('DeleteJob', { jobId: `job-${index}`, force: true }));
  expect(Array.from({ length: 11 }, (_, index) => remove(index))).toEqual([
    ...Array.from({ length: 10 }, () => 'taken'),
    'LimitExceededException',
  ]);
  service.advance(5);
  expect(remove(10)).toBe('taken');
});

test.each(['QUEUED', 'IN_PROGRESS'])('DeleteJobExecution takes a %s execution by force only', (status) => {
  const service = status === 'QUEUED' ? queued() : started();
  const remove = (force: boolean) => refusal(() => service.control('DeleteJobExecution', { ...EXECUTION, force }));
  expect(remove(false)).toBe('InvalidStateTransitionException');
  expect(remove(true)).toBe('taken');
  expect(service.device('get').message).toMatchObject({ queuedJobs: [], inProgressJobs: [] });
});

test.each(['SUCCEEDED', 'FAILED', 'REJECTED'])('DeleteJobExecution takes a %s execution', (status) => {
  const service = queued();
  service.device('a/update', { status });
  expect(refusal(() => service.control('DeleteJobExecution', EXECUTION))).toBe('taken');
  expect(refusal(() => service.execution('a'))).toBe('ResourceNotFoundException');
  expect(service.job('a').jobProcessDetails).toMatchObject({ numberOfFailedThings: 0, numberOfSucceededThings: 0 });
});

test('the number of a deleted execution is used again', () => {
  const service = startService();
  const group = service.createGroup('g', ['gw-1']);
  service.createJob('a', { targets: [group], targetSelection: 'CONTINUOUS' });
  service.device('a/update', { status: 'FAILED' });
  service.control('DeleteJobExecution', EXECUTION);
  service.control('RemoveThingFromThingGroup', { thingGroupName: 'g', thingName: 'gw-1' });
  service.control('AddThingToThingGroup', { thingGroupName: 'g', thingName: 'gw-1' });
  expect(service.execution('a')).toMatchObject({ executionNumber: 1, status: 'QUEUED' });
});

test('of two executions the earlier is the latest when the later is deleted', () => {
  const service = startService();
  const criteriaList = [{ failureType: 'FAILED', numberOfRetries: 1 }];
  service.createJob('a', { jobExecutionsRetryConfig: { criteriaList } });
  service.device('a/update', { status: 'FAILED' });
  service.control('DeleteJobExecution', { ...EXECUTION, executionNumber: 2, force: true });
  expect(service.execution('a')).toMatchObject({ executionNumber: 1, status: 'FAILED' });
  expect(service.job('a')).toMatchObject({ status: 'COMPLETED', jobProcessDetails: { numberOfFailedThings: 1 } });
});

test('another namespace than the job’s finds no job', () => {
  const service = startService();
  service.createJob('a', { namespaceId: 'n' });
  const remove = (namespaceId: string) => () => service.control('DeleteJob', { jobId: 'a', force: true, namespaceId });
  expect(refusal(remove('m'))).toBe('ResourceNotFoundException');
  expect(refusal(remove('n'))).toBe('taken');
});

const EXECUTION = { jobId: 'a', thingName: 'gw-1', executionNumber: 1 };

function queued(): ServiceHarness {
  const service = startService();
  service.createJob('a');
  return service;
}

function started(): ServiceHarness {
  const service = queued();
  service.device('start-next');
  return service;
}
