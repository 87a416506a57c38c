import {
  DescribeEndpointCommand,
  DescribeEventConfigurationsCommand,
  InvalidRequestException,
  UpdateEventConfigurationsCommand,
} from '@aws-sdk/client-iot';
import { GetPendingJobExecutionsCommand, IoTJobsDataPlaneClient } from '@aws-sdk/client-iot-jobs-data-plane';
import { expect, onTestFinished, test } from 'vitest';
import { iotClientFor } from '../../fixtures/iot-client.ts';
import { startTestCloud } from '../../fixtures/job-cloud.ts';

test('the data endpoint is where the MQTT door is, by a name that its certificate has', async () => {
  const cloud = await startTestCloud();
  const client = iotClientFor(cloud);
  const endpointAddress = `localhost:${cloud.mqttPort}`;
  expect(await client.send(new DescribeEndpointCommand({ endpointType: 'iot:Data-ATS' }))).toMatchObject({
    endpointAddress,
  });
  expect(await client.send(new DescribeEndpointCommand({}))).toMatchObject({ endpointAddress });
});

test("AWS's jobs-data client finds its service at the jobs endpoint", async () => {
  const cloud = await startTestCloud();
  cloud.createJob({ jobId: 'a' });
  const { endpointAddress } = await iotClientFor(cloud).send(new DescribeEndpointCommand({ endpointType: 'iot:Jobs' }));
  const jobsData = new IoTJobsDataPlaneClient({
    region: 'us-east-1',
    endpoint: `http://${endpointAddress}`,
    credentials: cloud.credentials,
    maxAttempts: 1,
  });
  onTestFinished(() => jobsData.destroy());
  const pending = await jobsData.send(new GetPendingJobExecutionsCommand({ thingName: 'gw-1' }));
  expect(pending.queuedJobs).toMatchObject([{ jobId: 'a' }]);
});

test.each(['iot:CredentialProvider', 'nonsense', 'toString'])(
  'there is no endpoint of type %s',
  async (endpointType) => {
    const client = iotClientFor(await startTestCloud());
    await expect(client.send(new DescribeEndpointCommand({ endpointType }))).rejects.toThrow(InvalidRequestException);
  },
);

test('events are off until they are switched on, one type at a time', async () => {
  const client = iotClientFor(await startTestCloud());
  const before = await client.send(new DescribeEventConfigurationsCommand({}));
  expect(before.eventConfigurations).toMatchObject({ JOB: { Enabled: false }, JOB_EXECUTION: { Enabled: false } });
  expect(before.creationDate).toBeUndefined();
  await client.send(new UpdateEventConfigurationsCommand({ eventConfigurations: { JOB: { Enabled: true } } }));
  await client.send(new UpdateEventConfigurationsCommand({ eventConfigurations: { THING: { Enabled: true } } }));
  await client.send(new UpdateEventConfigurationsCommand({ eventConfigurations: { THING: { Enabled: false } } }));
  const after = await client.send(new DescribeEventConfigurationsCommand({}));
  expect(after.eventConfigurations).toEqual({ ...before.eventConfigurations, JOB: { Enabled: true } });
  expect(after.lastModifiedDate).toBeInstanceOf(Date);
});

test('an unknown event type is refused', async () => {
  const cloud = await startTestCloud();
  const update = cloud.call('UpdateEventConfigurations', { eventConfigurations: { WEATHER: { Enabled: true } } });
  await expect(update).rejects.toThrow('satisfy enum value set');
});
