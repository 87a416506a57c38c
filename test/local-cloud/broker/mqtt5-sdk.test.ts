import { join } from 'node:path';
import { iot, iotjobs, mqtt5 } from 'aws-iot-device-sdk-v2';
import { expect, onTestFinished, test } from 'vitest';
import { startTestCloud } from '../../fixtures/job-cloud.ts';

test("AWS's own jobs client does a job from end to end over MQTT 5", async () => {
  const cloud = await startTestCloud();
  const folder = join(cloud.dataDir, 'things/gw-1');
  const client = new mqtt5.Mqtt5Client(
    iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromPath(
      'localhost',
      join(folder, 'certificate.pem'),
      join(folder, 'private.key'),
    )
      .withCertificateAuthorityFromPath(undefined, join(folder, 'ca.pem'))
      .withPort(cloud.mqttPort)
      .withConnectProperties({ clientId: 'gw-1', keepAliveIntervalSeconds: 1200 })
      .build(),
  );
  const connected = new Promise<mqtt5.ConnectionSuccessEvent>((resolve, reject) => {
    client.on('connectionSuccess', resolve);
    client.on('connectionFailure', ({ error }) => reject(error));
  });
  const stopped = new Promise((resolve) => client.on('stopped', resolve));
  client.start();
  onTestFinished(async () => {
    client.stop();
    await stopped;
    client.close();
  });
  const { settings } = await connected;
  expect(settings).toMatchObject({
    maximumQos: 1,
    receiveMaximumFromServer: 100,
    topicAliasMaximumToServer: 8,
    serverKeepAlive: 1200,
    rejoinedSession: false,
  });
  const jobs = iotjobs.IotJobsClientv2.newFromMqtt5(client, {
    maxRequestResponseSubscriptions: 4,
    maxStreamingSubscriptions: 2,
    operationTimeoutInSeconds: 20,
  });
  onTestFinished(() => jobs.close());
  const next = jobs.createNextJobExecutionChangedStream({ thingName: 'gw-1' });
  const subscribed = new Promise((resolve) => next.on('subscriptionStatus', resolve));
  const announced = new Promise<iotjobs.model.NextJobExecutionChangedEvent>((resolve) =>
    next.on('incomingPublish', ({ message }) => resolve(message)),
  );
  next.open();
  onTestFinished(() => next.close());
  await subscribed;

  cloud.createJob({ jobId: 'a', document: { operation: 'x' } });
  expect((await announced).execution).toMatchObject({ jobId: 'a', status: 'QUEUED' });
  const pending = await jobs.getPendingJobExecutions({ thingName: 'gw-1' });
  expect(pending.queuedJobs).toMatchObject([{ jobId: 'a', versionNumber: 1 }]);
  const started = await jobs.startNextPendingJobExecution({ thingName: 'gw-1' });
  expect(started.execution).toMatchObject({ jobId: 'a', versionNumber: 2, jobDocument: { operation: 'x' } });
  await jobs.updateJobExecution({
    thingName: 'gw-1',
    jobId: 'a',
    status: iotjobs.model.JobStatus.SUCCEEDED,
    expectedVersion: 2,
  });
  await expect(jobs.describeJobExecution({ thingName: 'gw-1', jobId: 'a' })).rejects.toMatchObject({
    modeledError: { code: 'TerminalStateReached' },
  });
});
