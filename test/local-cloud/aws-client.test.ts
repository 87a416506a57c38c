import { join } from 'node:path';
import { iot, iotjobs, mqtt } from 'aws-iot-device-sdk-v2';
import { expect, onTestFinished, test } from 'vitest';
import { startTestCloud } from '../fixtures/job-cloud.ts';

test("AWS's own jobs client does a job from end to end", async () => {
  const cloud = await startTestCloud();
  const folder = join(cloud.dataDir, 'things/gw-1');
  const connection = new mqtt.MqttClient().new_connection(
    iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder_from_path(
      join(folder, 'certificate.pem'),
      join(folder, 'private.key'),
    )
      .with_certificate_authority_from_path(undefined, join(folder, 'ca.pem'))
      .with_clean_session(true)
      .with_client_id('gw-1')
      .with_endpoint('localhost')
      .with_port(cloud.mqttPort)
      .build(),
  );
  await connection.connect();
  onTestFinished(() => connection.disconnect().then(() => undefined));
  const jobs = iotjobs.IotJobsClientv2.newFromMqtt311(connection, {
    maxRequestResponseSubscriptions: 4,
    maxStreamingSubscriptions: 2,
    operationTimeoutInSeconds: 10,
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
