/** Every view of the console, with something to show in each. */
import { startTestCloud, type TestCloud } from '../../fixtures/job-cloud.ts';
import { connectDevice } from './device.ts';

/** As long as AWS takes them, and without a place to break. */
const LONG_THING = 'x'.repeat(128);
const LONG_JOB = 'y'.repeat(64);

export const VIEWS: Readonly<Record<string, string>> = {
  jobs: '#/jobs',
  'jobs, none fits': '#/jobs?search=nothing-like-it',
  'a job': '#/jobs/update',
  'a cancelled job': '#/jobs/canceled',
  'a job with a long name': `#/jobs/${LONG_JOB}`,
  'an execution in progress': '#/executions/gw-1/update/1',
  'an execution with long names': `#/executions/${LONG_THING}/${LONG_JOB}/1`,
  'creating a job': '#/new-job?thing=gw-1',
  things: '#/things',
  'a thing': '#/things/gw-1',
  faults: '#/faults',
  clock: '#/clock',
};

export async function startFullCloud(): Promise<TestCloud> {
  const cloud = await startTestCloud({ things: ['gw-1', LONG_THING] });
  cloud.createJob({ jobId: 'update' });
  cloud.createJob({ jobId: LONG_JOB, things: [LONG_THING], document: { operation: 'z'.repeat(500) } });
  // More than a page.
  for (let number = 1; number <= 60; number++) cloud.createJob({ jobId: `nightly-${number}` });
  cloud.createJob({ jobId: 'canceled' });
  await cloud.call('CancelJob', { jobId: 'canceled', comment: 'w'.repeat(200), reasonCode: 'NOT_NOW' });
  const device = await connectDevice(cloud, 'gw-1');
  await device.startNext({ percent: '40', step: 'download' });
  const longOne = await connectDevice(cloud, LONG_THING);
  await longOne.startNext({ percent: '70', ['k'.repeat(128)]: 'v'.repeat(1024) });
  for (const status of ['SUCCEEDED', 'FAILED', 'REJECTED']) {
    await device.update(`nightly-${['SUCCEEDED', 'FAILED', 'REJECTED'].indexOf(status) + 1}`, { status });
  }
  cloud.faults.set({ rules: [{ id: 'slow-answers', on: 'answer', fault: 'late', delayMs: 1 }] });
  return cloud;
}
