import { readFile } from 'node:fs/promises';
import type { MqttClient } from 'mqtt';
import { expect, test } from 'vitest';
import { connectThing, startTestCloud } from '../../fixtures/job-cloud.ts';
import { recordMessages } from '../../fixtures/mqtt-messages.ts';
import { certificateOf } from './cloud-policies.ts';

const JOBS = '$aws/things/gw-1/jobs';
/** What the agent subscribes to. */
const FILTERS = ['+/get/+', '+/update/+', 'start-next/+', 'get/+', 'notify', 'notify-next'].map(
  (end) => `${JOBS}/${end}`,
);

test('under the policy of the install guide a gateway does a job, and hears of the next', async () => {
  const cloud = await startGuideCloud();
  const client = await connectThing(cloud, 'gw-1');
  const granted = await client.subscribeAsync(FILTERS, { qos: 1 });
  expect(granted.map(({ qos }) => qos)).toEqual([1, 1, 1, 1, 1, 1]);
  const heard = recordMessages(client);
  for (const jobId of ['a', 'b']) cloud.createJob({ jobId });
  await heard.next(`${JOBS}/notify`);
  client.publish(`${JOBS}/get`, '{}', { qos: 1 });
  await heard.next(`${JOBS}/get/accepted`);
  client.publish(`${JOBS}/start-next`, '{}', { qos: 1 });
  expect((await heard.next(`${JOBS}/start-next/accepted`)).message).toMatchObject({ execution: { jobId: 'a' } });
  client.publish(`${JOBS}/a/get`, '{}', { qos: 1 });
  await heard.next(`${JOBS}/a/get/accepted`);
  client.publish(`${JOBS}/a/update`, '{"status":"SUCCEEDED"}', { qos: 1 });
  await heard.next(`${JOBS}/a/update/accepted`);
  await heard.next(`${JOBS}/notify-next`); // of a
  expect((await heard.next(`${JOBS}/notify-next`)).message).toMatchObject({ execution: { jobId: 'b' } });
});

test.each([
  ['a wider filter', (client: MqttClient) => void client.subscribe(`${JOBS}/#`, () => undefined)],
  [
    "another thing's notifications",
    (client: MqttClient) => void client.subscribe('$aws/things/gw-2/jobs/notify', () => undefined),
  ],
  ["another thing's request", (client: MqttClient) => void client.publish('$aws/things/gw-2/jobs/get', '{}')],
  ['an ordinary topic', (client: MqttClient) => void client.publish('plant/a', '{}')],
])('under it %s ends the connection', async (_what, act) => {
  const cloud = await startGuideCloud();
  const client = await connectThing(cloud, 'gw-1');
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  act(client);
  await closed;
  expect(cloud.deviceRequests).toEqual([]);
});

/** `gw-1` has the guide's policy, character by character. */
async function startGuideCloud() {
  const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
  const guide = await readFile(new URL('../../../docs/install.md', import.meta.url), 'utf8');
  const policyDocument = /```json\n(\{\n {2}"Version": "2012-10-17"[\s\S]*?)```/.exec(guide)?.[1];
  if (policyDocument === undefined) throw new Error('docs/install.md has no policy');
  const input = { policyName: 'iot-job-agent', policyDocument };
  await cloud.call('CreatePolicy', input);
  const { certificateArn, policies } = await certificateOf(cloud, 'gw-1');
  policies.clear();
  await cloud.call('AttachPolicy', { policyName: 'iot-job-agent', target: certificateArn });
  return cloud;
}
