import { expect, test } from 'vitest';
import { connectThing, startTestCloud } from '../fixtures/job-cloud.ts';
import { recordMessages } from '../fixtures/mqtt-messages.ts';

const NOTIFY = '$aws/things/gw-1/jobs/notify';

test('four thousand notifications that nobody hears, behind two hundred that one thing does, end nothing', async () => {
  const silent = Array.from({ length: 20 }, (_, n) => `silent-${n}`);
  const cloud = await startTestCloud({ things: ['gw-1', ...silent] });
  const client = await connectThing(cloud, 'gw-1');
  const messages = recordMessages(client);
  await client.subscribeAsync(NOTIFY, { qos: 1 });
  for (let n = 0; n < 200; n += 1) cloud.createJob({ jobId: `heard-${n}` });
  for (let n = 0; n < 4000; n += 1) cloud.createJob({ jobId: `unheard-${n}`, things: [`silent-${n % 20}`] });
  for (let n = 0; n < 200; n += 1) await messages.next(NOTIFY);
  expect(client.connected).toBe(true);
});
