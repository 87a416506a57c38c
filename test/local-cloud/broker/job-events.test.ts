import { UpdateEventConfigurationsCommand } from '@aws-sdk/client-iot';
import type { MqttClient } from 'mqtt';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { iotClientFor } from '../../fixtures/iot-client.ts';
import { connectThing, startTestCloud, type TestCloud } from '../../fixtures/job-cloud.ts';
import { type MessageLog, recordMessages } from '../../fixtures/mqtt-messages.ts';
import { replacePolicy } from './cloud-policies.ts';

const EVENTS = '$aws/events/#';
const GW_1 = 'arn:aws:iot:us-east-1:123456789012:thing/gw-1';

describe('events over the broker', () => {
  test('come once UpdateEventConfigurations has turned them on, and before it not', async () => {
    const { cloud, messages } = await start();
    finish(cloud, 'before');
    await switchOn(cloud, ['JOB', 'JOB_EXECUTION']);
    finish(cloud, 'after');
    await messages.next('$aws/events/job/after/completed');
    expect(messages.all.map(({ topic }) => topic)).toEqual([
      '$aws/events/jobExecution/after/succeeded',
      '$aws/events/job/after/completed',
    ]);
  });

  test('of an execution say how it ended, at QoS 1 and not retained', async () => {
    const { cloud, messages } = await start();
    await switchOn(cloud, ['JOB_EXECUTION']);
    finish(cloud, 'a', { status: 'FAILED', statusDetails: { code: '7' } });
    expect(await messages.next('$aws/events/jobExecution/a/failed')).toEqual({
      topic: '$aws/events/jobExecution/a/failed',
      qos: 1,
      retain: false,
      message: {
        eventType: 'JOB_EXECUTION',
        eventId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        timestamp: expect.any(Number),
        operation: 'failed',
        jobId: 'a',
        thingArn: GW_1,
        status: 'FAILED',
        statusDetails: { code: '7' },
      },
    });
  });

  test('of a job say that it was completed, cancelled and deleted', async () => {
    const { cloud, messages } = await start();
    await switchOn(cloud, ['JOB']);
    finish(cloud, 'a');
    const { message } = await messages.next('$aws/events/job/a/completed');
    expect(message).toMatchObject({
      eventType: 'JOB',
      operation: 'completed',
      jobId: 'a',
      status: 'COMPLETED',
      targetSelection: 'SNAPSHOT',
      targets: [GW_1],
      jobProcessDetails: { numberOfSucceededThings: 1, numberOfFailedThings: 0 },
    });
    // Milliseconds, as AWS's examples have them.
    for (const time of ['createdAt', 'lastUpdatedAt', 'completedAt']) expect(String(message[time])).toMatch(/^\d{13}$/);
    cloud.createJob({ jobId: 'b' });
    await cloud.call('CancelJob', { jobId: 'b', comment: 'not today' });
    await messages.next('$aws/events/job/b/cancellation_in_progress');
    expect((await messages.next('$aws/events/job/b/canceled')).message).toMatchObject({
      status: 'CANCELED',
      comment: 'not today',
    });
    await cloud.call('DeleteJob', { jobId: 'b' });
    await messages.next('$aws/events/job/b/deletion_in_progress');
    expect((await messages.next('$aws/events/job/b/deleted')).message).toMatchObject({ status: 'DELETED' });
  });

  test('are heard by whoever may subscribe to them, and by nobody else', async () => {
    const { cloud, messages } = await start();
    await switchOn(cloud, ['JOB']);
    await replacePolicy(cloud, 'gw-1', [{ Action: 'iot:Connect' }]);
    const other = await connectThing(cloud, 'gw-1');
    expect(await isGranted(other, EVENTS)).toBe(false);
    finish(cloud, 'a');
    await messages.next('$aws/events/job/a/completed');
  });
});

/** A thing `monitor` that may do everything and listens to every event. */
async function start(): Promise<{ cloud: TestCloud; messages: MessageLog }> {
  const cloud = await startTestCloud({ things: ['gw-1', 'monitor'] });
  await replacePolicy(cloud, 'monitor', [{ Action: 'iot:*' }]);
  const client = await connectThing(cloud, 'monitor');
  const messages = recordMessages(client);
  expect(await isGranted(client, EVENTS)).toBe(true);
  return { cloud, messages };
}

/** False where the subscription is refused, or the connection ends over it. */
async function isGranted(client: MqttClient, filter: string): Promise<boolean> {
  const closed = new Promise<boolean>((resolve) => client.once('close', () => resolve(false)));
  const asked = client.subscribeAsync(filter, { qos: 1 }).then(
    (grants) => grants.every(({ qos }) => qos < 128),
    () => false,
  );
  return Promise.race([closed, asked]);
}

async function switchOn(cloud: TestCloud, eventTypes: readonly ('JOB' | 'JOB_EXECUTION')[]): Promise<void> {
  const eventConfigurations = Object.fromEntries(eventTypes.map((type) => [type, { Enabled: true }]));
  await iotClientFor(cloud).send(new UpdateEventConfigurationsCommand({ eventConfigurations }));
}

/** A job that gw-1 brings to its end. */
function finish(cloud: TestCloud, jobId: string, body: JsonObject = { status: 'SUCCEEDED' }): void {
  cloud.createJob({ jobId });
  const topic = `$aws/things/gw-1/jobs/${jobId}/update`;
  cloud.jobs.device({ thingName: 'gw-1', topic, payload: Buffer.from(JSON.stringify(body)) }, () => undefined);
}
