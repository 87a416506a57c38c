import { expect, test } from 'vitest';
import { refusal, startService } from './service-harness.ts';

const RETRIES = { jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 5 }] } };

test.each(['QUEUED', 'IN_PROGRESS'])(
  'a %s execution is REMOVED with its thing, whatever a thing that leaves keeps',
  (status) => {
    const service = startService(['gw-1', 'gw-2'], { removeInProgress: false });
    service.createJob('a', {}, ['gw-1', 'gw-2']);
    if (status === 'IN_PROGRESS') service.device('start-next');
    const execution = service.state.jobs.get('a')?.executions[0];
    service.control('DeleteThing', { thingName: 'gw-1' });
    expect(execution).toMatchObject({ status: 'REMOVED', dueAtMs: undefined });
    expect(service.job('a')).toMatchObject({ status: 'IN_PROGRESS', jobProcessDetails: { numberOfRemovedThings: 1 } });
  },
);

test('a thing that is deleted while it runs has no time-out any more', () => {
  const service = startService(['gw-1', 'gw-2']);
  service.createJob('a', { timeoutConfig: { inProgressTimeoutInMinutes: 1 } }, ['gw-1', 'gw-2']);
  service.device('start-next');
  service.control('DeleteThing', { thingName: 'gw-1' });
  service.advance(3600);
  expect(service.job('a')).toMatchObject({
    jobProcessDetails: { numberOfRemovedThings: 1, numberOfTimedOutThings: 0, numberOfQueuedThings: 1 },
  });
});

test('a thing that is deleted before its turn gets nothing, and the job ends without it', () => {
  const service = startService(['gw-1', 'gw-2']);
  service.createJob('a', { jobExecutionsRolloutConfig: { maximumPerMinute: 1 } }, ['gw-1', 'gw-2']);
  service.control('DeleteThing', { thingName: 'gw-2' });
  service.device('a/update', { status: 'SUCCEEDED' });
  expect(service.job('a')).toMatchObject({ status: 'COMPLETED', jobProcessDetails: { numberOfRemovedThings: 0 } });
  expect(service.state.jobs.get('a')?.executions).toHaveLength(1);
});

test('a thing that is deleted before its retry gets none, and the job ends', () => {
  const service = startService(['gw-1'], { retryDelayMs: 60_000 });
  service.createJob('a', RETRIES);
  service.device('a/update', { status: 'FAILED' });
  service.control('DeleteThing', { thingName: 'gw-1' });
  service.advance(3600);
  expect(service.job('a')).toMatchObject({ status: 'COMPLETED', jobProcessDetails: { numberOfFailedThings: 1 } });
  expect(service.state.jobs.get('a')?.executions).toHaveLength(1);
});

test('a thing of the same name that is made after it has nothing of its jobs', () => {
  const service = startService();
  service.createJob('a');
  service.control('DeleteThing', { thingName: 'gw-1' });
  service.control('CreateThing', { thingName: 'gw-1' });
  expect(service.device('get').message).toMatchObject({ queuedJobs: [], inProgressJobs: [] });
  expect(service.device('a/update', { status: 'SUCCEEDED' })).toMatchObject({ code: 'ResourceNotFound' });
  expect(refusal(() => service.execution('a'))).toBe('ResourceNotFoundException');
});

test('with its group a CONTINUOUS job loses the things that it had through it', () => {
  const service = startService(['gw-1', 'gw-2']);
  const group = service.createGroup('g', ['gw-1', 'gw-2']);
  const other = 'arn:aws:iot:us-east-1:123456789012:thing/gw-2';
  service.createJob('a', { targets: [group, other], targetSelection: 'CONTINUOUS' });
  service.control('DeleteThingGroup', { thingGroupName: 'g' });
  expect(service.execution('a', 'gw-1')).toMatchObject({ status: 'REMOVED' });
  expect(service.execution('a', 'gw-2')).toMatchObject({ status: 'QUEUED' });
});

test('a SNAPSHOT job keeps its things when their group is deleted', () => {
  const service = startService();
  service.createJob('a', { targets: [service.createGroup('g', ['gw-1'])] });
  service.control('DeleteThingGroup', { thingGroupName: 'g' });
  expect(service.device('get').message).toMatchObject({ queuedJobs: [{ jobId: 'a' }] });
});
