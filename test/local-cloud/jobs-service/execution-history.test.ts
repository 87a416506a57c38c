import { expect, test } from 'vitest';
import { findExecution } from '../../../local-cloud/jobs-service/state.ts';
import { runJobsService } from '../../../local-cloud/running-service.ts';
import { type ServiceHarness, START_SECONDS, startService } from './service-harness.ts';

test('an execution remembers every change, and whose it was', () => {
  const service = startService();
  service.createJob('a');
  service.advance(1);
  service.device('start-next', { statusDetails: { step: '1' } });
  service.advance(1);
  service.control('CancelJobExecution', { jobId: 'a', thingName: 'gw-1', force: true });
  const at = START_SECONDS * 1000;
  expect(historyOf(service)).toEqual([
    { atMs: at, status: 'QUEUED', versionNumber: 1, statusDetails: {}, by: 'service' },
    { atMs: at + 1000, status: 'IN_PROGRESS', versionNumber: 2, statusDetails: { step: '1' }, by: 'device' },
    { atMs: at + 2000, status: 'CANCELED', versionNumber: 3, statusDetails: { step: '1' }, by: 'operator' },
  ]);
});

test('a time-out is the service’s own, at its time', () => {
  const service = startService();
  service.createJob('a');
  service.device('start-next', { stepTimeoutInMinutes: 1 });
  service.advance(24 * 3600);
  const atMs = (START_SECONDS + 60) * 1000;
  expect(historyOf(service)?.at(-1)).toMatchObject({ status: 'TIMED_OUT', by: 'service', atMs });
});

test('it remembers the newest hundred', () => {
  const service = startService();
  service.createJob('a');
  for (let update = 0; update < 150; update++) service.device('a/update', { status: 'IN_PROGRESS' });
  const history = historyOf(service);
  expect(history).toHaveLength(100);
  expect(history?.at(-1)).toMatchObject({ versionNumber: 151 });
});

test('a listener hears of what was made, changed and deleted, until it has enough', () => {
  const jobs = runJobsService({ now: () => START_SECONDS * 1000, notify: () => undefined });
  jobs.addThing('gw-1');
  const heard: string[] = [];
  const stop = jobs.onChange(({ job, status, deleted }) => heard.push(`${job.jobId} ${deleted ? 'deleted' : status}`));
  const targets = ['arn:aws:iot:us-east-1:123456789012:thing/gw-1'];
  jobs.control('CreateJob', { jobId: 'a', document: '{}', targets });
  jobs.device(
    { thingName: 'gw-1', topic: '$aws/things/gw-1/jobs/start-next', payload: Buffer.alloc(0) },
    () => undefined,
  );
  jobs.control('DescribeJob', { jobId: 'a' });
  jobs.control('DeleteJob', { jobId: 'a', force: true });
  stop();
  jobs.control('CreateJob', { jobId: 'b', document: '{}', targets });
  jobs.close();
  expect(heard).toEqual(['a QUEUED', 'a IN_PROGRESS', 'a deleted']);
});

function historyOf(service: ServiceHarness) {
  return findExecution(service.state.things.get('gw-1'), 'a', undefined)?.history;
}
