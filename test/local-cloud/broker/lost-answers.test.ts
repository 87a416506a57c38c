import { expect, test } from 'vitest';
import { connectThing, startTestCloud } from '../../fixtures/job-cloud.ts';
import { recordMessages } from '../../fixtures/mqtt-messages.ts';

const JOBS = '$aws/things/gw-1/jobs';

test('an answer to a client that has gone is lost, though one of its name is back, and what it asked for is done', async () => {
  const cloud = await startTestCloud();
  cloud.createJob({ jobId: 'a' });
  // Answers take their time; both the same, so the second comes after the first.
  cloud.faults.set({ rules: [{ on: 'answer', fault: 'late', delayMs: 300 }] });
  const gone = await connectThing(cloud, 'gw-1');
  gone.publish(`${JOBS}/start-next`, '{"clientToken":"of the first"}', { qos: 1 });
  await cloud.deviceRequest(({ operation }) => operation === 'StartNextPendingJobExecution');
  await gone.endAsync(true);
  const back = await connectThing(cloud, 'gw-1');
  const messages = recordMessages(back);
  await back.subscribeAsync(['start-next', 'get'].map((name) => `${JOBS}/${name}/accepted`));
  back.publish(`${JOBS}/get`, '{"clientToken":"of the second"}', { qos: 1 });
  const { message } = await messages.next(`${JOBS}/get/accepted`);
  expect(message).toMatchObject({ inProgressJobs: [{ jobId: 'a', versionNumber: 2 }], queuedJobs: [] });
  expect(messages.all.map((received) => received.message.clientToken)).toEqual(['of the second']);
});
