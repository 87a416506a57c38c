import { join } from 'node:path';
import { iot, iotjobs, mqtt } from 'aws-iot-device-sdk-v2';
import { onTestFinished, test } from 'vitest';
import { doJobWithAwsClient } from '../fixtures/aws-jobs-client.ts';
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
  await doJobWithAwsClient(cloud, (options) => iotjobs.IotJobsClientv2.newFromMqtt311(connection, options));
});
