import type { IClientOptions, MqttClient } from 'mqtt';
import { connect } from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TestCloud } from '../../fixtures/job-cloud.ts';
import { connectThing, startTestCloud, thingIdentity } from '../../fixtures/job-cloud.ts';
import { recordMessages } from '../../fixtures/mqtt-messages.ts';
import { ARN, certificateOf, replacePolicy } from './cloud-policies.ts';

const JOBS = '$aws/things/gw-1/jobs';
const THING = `\${iot:Connection.Thing.ThingName}`;
const EVERYTHING = { Action: 'iot:*' };

describe('iot:Connect', () => {
  test('a policy may allow any client id, and one thing two connections', async () => {
    const cloud = await startTestCloud();
    await replacePolicy(cloud, 'gw-1', [EVERYTHING]);
    const first = await connectThing(cloud, 'gw-1', { clientId: 'first' });
    const second = await connectThing(cloud, 'gw-1', { clientId: 'second' });
    const messages = [recordMessages(first), recordMessages(second)];
    for (const client of [first, second]) client.publish(`${JOBS}/get`, '{}');
    for (const heard of messages) expect((await heard.next(`${JOBS}/get/accepted`)).message.queuedJobs).toEqual([]);
  });

  test('an explicit deny of a client id wins', async () => {
    const cloud = await startTestCloud();
    const deny = { Effect: 'Deny', Action: 'iot:Connect', Resource: `${ARN}:client/bad-*` } as const;
    await replacePolicy(cloud, 'gw-1', [EVERYTHING, deny]);
    expect(await attempt(cloud, { clientId: 'bad-1' })).toBe('closed');
    expect(await attempt(cloud, { clientId: 'good-1' })).toBe('connected');
  });

  test('thing policy variables stand for nothing where the client id is no thing of the certificate', async () => {
    const cloud = await startTestCloud();
    const attached = { Bool: { 'iot:Connection.Thing.IsAttached': 'true' } };
    await replacePolicy(cloud, 'gw-1', [{ Action: 'iot:Connect', Condition: attached }]);
    expect(await attempt(cloud, { clientId: 'other' })).toBe('closed');
    expect(await attempt(cloud, { clientId: 'gw-1' })).toBe('connected');
  });

  test('of an exclusively attached certificate they stand for its thing, whatever the client id', async () => {
    const cloud = await startTestCloud();
    await replacePolicy(cloud, 'gw-1', [
      { Action: 'iot:Connect' },
      { Action: ['iot:Publish', 'iot:Receive'], Resource: `${ARN}:topic/$aws/things/${THING}/jobs/*` },
    ]);
    (await certificateOf(cloud, 'gw-1')).isExclusive = true;
    const client = await connectThing(cloud, 'gw-1', { clientId: 'whatever' });
    const messages = recordMessages(client);
    client.publish(`${JOBS}/get`, '{}');
    await messages.next(`${JOBS}/get/accepted`);
  });

  test.each(['INACTIVE', 'REVOKED'] as const)('a certificate that is %s does not connect', async (status) => {
    const cloud = await startTestCloud();
    (await certificateOf(cloud, 'gw-1')).status = status;
    expect(await attempt(cloud, { clientId: 'gw-1' })).toBe('closed');
  });

  test('a certificate that is made INACTIVE loses its connection', async () => {
    const cloud = await startTestCloud();
    const { certificateId } = await certificateOf(cloud, 'gw-1');
    const client = await connectThing(cloud, 'gw-1');
    // Answered, it is accepted for good.
    await client.subscribeAsync(`${JOBS}/notify`, { qos: 1 });
    const closed = whenClosed(client);
    await cloud.call('UpdateCertificate', { certificateId, newStatus: 'INACTIVE' });
    await closed;
    expect(cloud.broker.connections()).toEqual([]);
  });

  test('a persistent session and a will can be refused by iot:ConnectAttributes', async () => {
    const cloud = await startTestCloud();
    const Condition = { 'ForAllValues:StringEquals': { 'iot:ConnectAttributes': ['LastWill'] } };
    await replacePolicy(cloud, 'gw-1', [{ Action: 'iot:Connect', Condition }]);
    const will = { topic: 'gone', payload: Buffer.from('gw-1'), qos: 1 as const, retain: false };
    expect(await attempt(cloud, { clientId: 'gw-1', will })).toBe('connected');
    expect(await attempt(cloud, { clientId: 'gw-1', clean: false })).toBe('closed');
  });

  test('a client id of 128 bytes connects, one of 129 does not', async () => {
    const cloud = await startTestCloud();
    await replacePolicy(cloud, 'gw-1', [EVERYTHING]);
    expect(await attempt(cloud, { clientId: 'x'.repeat(128) })).toBe('connected');
    expect(await attempt(cloud, { clientId: 'x'.repeat(129) })).toBe('closed');
  });

  test("policies see the certificate's subject, and the thing's attributes", async () => {
    const cloud = await startTestCloud();
    cloud.jobs.state.registry.thingRecords.set('gw-1', {
      thingId: 'id',
      createdAtMs: 0,
      attributes: { site: 'north' },
      version: 1,
    });
    const Condition = {
      StringEquals: {
        'iot:Certificate.Subject.CommonName': 'gw-1',
        'iot:CertificateId': (await certificateOf(cloud, 'gw-1')).certificateId,
        'iot:Connection.Thing.Attributes[site]': 'north',
      },
      IpAddress: { 'aws:SourceIp': '127.0.0.0/8' },
    };
    await replacePolicy(cloud, 'gw-1', [{ Action: 'iot:Connect', Condition }]);
    expect(await attempt(cloud, { clientId: 'gw-1' })).toBe('connected');
  });
});

describe('publish, subscribe, receive', () => {
  test('a request acts for the thing of its topic', async () => {
    const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
    await replacePolicy(cloud, 'gw-1', [EVERYTHING]);
    cloud.createJob({ jobId: 'a', things: ['gw-2'] });
    const client = await connectThing(cloud, 'gw-1');
    const messages = recordMessages(client);
    client.publish('$aws/things/gw-2/jobs/start-next', '{}');
    const { message } = await messages.next('$aws/things/gw-2/jobs/start-next/accepted');
    expect(message).toMatchObject({ execution: { jobId: 'a', status: 'IN_PROGRESS' } });
  });

  test('a change of the policy holds for the next message of a connection', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1');
    await client.publishAsync(`${JOBS}/get`, '{}', { qos: 1 });
    await replacePolicy(cloud, 'gw-1', [{ Action: 'iot:Connect' }]);
    const closed = whenClosed(client);
    client.publish(`${JOBS}/get`, '{}', { qos: 0 });
    await closed;
    expect(cloud.deviceRequests).toHaveLength(1);
  });

  test('without iot:Receive an answer is dropped, and the connection stays', async () => {
    const cloud = await startTestCloud();
    await replacePolicy(cloud, 'gw-1', [
      { Action: ['iot:Connect', 'iot:Publish', 'iot:Subscribe'] },
      { Action: 'iot:Receive', Resource: `${ARN}:topic/${JOBS}/start-next/*` },
    ]);
    const client = await connectThing(cloud, 'gw-1');
    await client.subscribeAsync(`${JOBS}/#`, { qos: 1 });
    const messages = recordMessages(client);
    cloud.createJob({ jobId: 'a' });
    await client.publishAsync(`${JOBS}/get`, '{}', { qos: 1 });
    await client.publishAsync(`${JOBS}/start-next`, '{}', { qos: 1 });
    await messages.next(`${JOBS}/start-next/accepted`);
    expect(messages.all.map(({ topic }) => topic)).toEqual([`${JOBS}/start-next/accepted`]);
  });

  test('ordinary topics are served between things whose policies allow them', async () => {
    const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
    for (const name of ['gw-1', 'gw-2']) await replacePolicy(cloud, name, [EVERYTHING]);
    const [one, two] = [await connectThing(cloud, 'gw-1'), await connectThing(cloud, 'gw-2')];
    await two.subscribeAsync('plant/+/temperature', { qos: 1 });
    const heard = recordMessages(two);
    one.publish('plant/a/temperature', '{"celsius":21}', { qos: 1 });
    expect((await heard.next('plant/a/temperature')).message).toEqual({ celsius: 21 });
  });

  test('a#-filter does not select its parent, as with AWS IoT Core', async () => {
    const cloud = await startTestCloud();
    await replacePolicy(cloud, 'gw-1', [EVERYTHING]);
    const client = await connectThing(cloud, 'gw-1');
    await client.subscribeAsync('sensor/#', { qos: 1 });
    const heard = recordMessages(client);
    for (const topic of ['sensor', 'sensor/', 'sensor/a']) client.publish(topic, '{}', { qos: 1 });
    await heard.next('sensor/a');
    expect(heard.all.map(({ topic }) => topic).sort()).toEqual(['sensor/', 'sensor/a']);
  });

  test('a retained message goes to the exact filter, and to no wildcard', async () => {
    const cloud = await startTestCloud();
    await replacePolicy(cloud, 'gw-1', [EVERYTHING]);
    const client = await connectThing(cloud, 'gw-1');
    await client.publishAsync('config/a', '{"kept":1}', { qos: 1, retain: true });
    const heard = recordMessages(client);
    await client.subscribeAsync('config/+', { qos: 1 });
    await client.publishAsync('config/b', '{}', { qos: 1 });
    await heard.next('config/b');
    await client.unsubscribeAsync('config/+');
    await client.subscribeAsync('config/a', { qos: 1 });
    expect(await heard.next('config/a')).toMatchObject({ retain: true, message: { kept: 1 } });
    expect(heard.all.map(({ topic }) => topic)).toEqual(['config/b', 'config/a']);
  });

  test('keeping a message takes iot:RetainPublish', async () => {
    const cloud = await startTestCloud();
    await replacePolicy(cloud, 'gw-1', [{ Action: ['iot:Connect', 'iot:Publish'] }]);
    const client = await connectThing(cloud, 'gw-1');
    await client.publishAsync('config/a', '{}', { qos: 1 });
    const closed = whenClosed(client);
    client.publish('config/a', '{}', { qos: 0, retain: true });
    await closed;
  });

  test('a will is published where the policy allows it, and is never a request', async () => {
    const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
    for (const name of ['gw-1', 'gw-2']) await replacePolicy(cloud, name, [EVERYTHING]);
    const listener = await connectThing(cloud, 'gw-2');
    await listener.subscribeAsync('gone/+', { qos: 1 });
    const heard = recordMessages(listener);
    for (const topic of [`${JOBS}/start-next`, 'gone/gw-1']) {
      const will = { topic, payload: Buffer.from('{"why":"power"}'), qos: 1 as const, retain: false };
      const client = await connectThing(cloud, 'gw-1', { will });
      client.stream.destroy();
    }
    expect((await heard.next('gone/gw-1')).message).toEqual({ why: 'power' });
    expect(cloud.deviceRequests).toEqual([]);
  });

  test.each([
    ['an unknown reserved topic', '$aws/things/gw-1/shadow/get'],
    ['a jobs topic of a name that is none', '$aws/things/g w/jobs/get'],
    ['a topic of the broker itself', '$SYS/a'],
    ['a topic of eight slashes', 'a/b/c/d/e/f/g/h/i'],
    ['a topic of 257 bytes', 'x'.repeat(257)],
  ])('publishing to %s closes the connection, whatever the policy', async (_what, topic) => {
    const cloud = await startTestCloud();
    await replacePolicy(cloud, 'gw-1', [EVERYTHING]);
    const client = await connectThing(cloud, 'gw-1');
    const closed = whenClosed(client);
    client.publish(topic, '{}', { qos: 0 });
    await closed;
  });

  test.each(['$SYS/#', '$share/group/a', 'a/b/c/d/e/f/g/h/#', 'x'.repeat(257)])(
    'subscribing to %s closes the connection, whatever the policy',
    async (filter) => {
      const cloud = await startTestCloud();
      await replacePolicy(cloud, 'gw-1', [EVERYTHING]);
      const client = await connectThing(cloud, 'gw-1');
      const closed = whenClosed(client);
      client.subscribe(filter, () => undefined);
      await closed;
    },
  );

  test.each([
    ['publishing', (client: MqttClient) => void client.publish('a', '{}', { qos: 2 })],
    ['subscribing', (client: MqttClient) => void client.subscribe('a', { qos: 2 }, () => undefined)],
  ])('%s at QoS 2 closes the connection', async (_what, act) => {
    const cloud = await startTestCloud();
    await replacePolicy(cloud, 'gw-1', [EVERYTHING]);
    const client = await connectThing(cloud, 'gw-1');
    const closed = whenClosed(client);
    act(client);
    await closed;
  });

  test('events and a topic of 256 bytes and seven slashes may be subscribed to', async () => {
    const cloud = await startTestCloud();
    await replacePolicy(cloud, 'gw-1', [EVERYTHING]);
    const client = await connectThing(cloud, 'gw-1');
    const granted = await client.subscribeAsync(['$aws/events/job/#', 'a/b/c/d/e/f/g/h', 'x'.repeat(256)], { qos: 1 });
    expect(granted.map(({ qos }) => qos)).toEqual([1, 1, 1]);
  });
});

async function attempt(cloud: TestCloud, options: IClientOptions): Promise<'connected' | 'closed'> {
  const identity = await thingIdentity(cloud, 'gw-1');
  const client = connect(`mqtts://127.0.0.1:${cloud.mqttPort}`, { ...identity, ...options, reconnectPeriod: 0 });
  client.on('error', () => undefined);
  onTestFinished(() => client.endAsync(true));
  return new Promise((resolve) => {
    client.once('connect', () => resolve('connected'));
    client.once('close', () => resolve('closed'));
  });
}

function whenClosed(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    client.once('close', () => resolve());
  });
}
