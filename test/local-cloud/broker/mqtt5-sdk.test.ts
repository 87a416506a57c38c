import { join } from 'node:path';
import { iot, iotjobs, mqtt5 } from 'aws-iot-device-sdk-v2';
import { expect, onTestFinished, test } from 'vitest';
import { doJobWithAwsClient } from '../../fixtures/aws-jobs-client.ts';
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
  await doJobWithAwsClient(cloud, (options) => iotjobs.IotJobsClientv2.newFromMqtt5(client, options));
});
