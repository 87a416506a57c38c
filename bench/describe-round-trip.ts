/** The agent's client on both transports, beside AWS's own IotJobsClientv2, which subscribes for each request. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { iot, iotjobs, mqtt } from 'aws-iot-device-sdk-v2';
import { pino } from 'pino';
import { systemClock } from '../agent/adapters/clock/system.ts';
import { createAwsCrtTransport } from '../agent/adapters/transport/aws-crt.ts';
import { createMqttTransport } from '../agent/adapters/transport/mqtt.ts';
import { createJobsClient } from '../agent/jobs/jobs-client.ts';
import type { Transport, TransportOptions } from '../agent/ports/transport.ts';
import { jobsSubscriptions } from '../agent/protocol/topics.ts';
import { openControlPlane } from '../demo/control-plane.ts';
import { startCloud } from '../demo/programs.ts';
import { measure, type Row } from './row.ts';

const THING = 'bench-gateway';
const JOB = 'bench-job';
const COUNT = 500;

export async function benchDescribe(): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const args = ['--data-dir', folder, '--mqtt-port', '0', '--http-port', '0', '--thing', THING];
  const { cloud, ready: whenReady } = startCloud(args, { logDir: folder, env: process.env });
  try {
    const ready = await whenReady;
    const control = await openControlPlane(ready, THING);
    await control.createJob(JOB, { operation: 'system-info' });
    const options = await transportOptions(ready.things[THING]?.configPath ?? '', ready.mqttPort);
    return [
      await benchAgent('job-agent, transport mqtt', createMqttTransport(options)),
      await benchAgent('job-agent, transport aws-crt', await createAwsCrtTransport(options)),
      await benchSdk('IotJobsClientv2 of aws-iot-device-sdk-v2', options),
    ];
  } finally {
    await cloud.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function benchAgent(name: string, transport: Transport): Promise<Row> {
  const client = createJobsClient({
    thingName: THING,
    clock: systemClock,
    random: Math.random,
    newToken: randomUUID,
    requestTimeoutMs: 10_000,
    log: pino({ level: 'silent' }),
    onNotification: () => undefined,
  });
  const connection = await transport.connect({ onMessage: client.handleMessage, onClosed: client.detach });
  await connection.subscribe(jobsSubscriptions(THING));
  client.attach(connection);
  const row = await measure({
    name,
    count: COUNT,
    async once() {
      const answer = await client.request({ operation: 'DescribeJobExecution', jobId: JOB });
      if (answer.kind !== 'accepted') throw new Error(`describe came to ${answer.kind}`);
    },
  });
  await connection.close();
  return row;
}

async function benchSdk(name: string, options: TransportOptions): Promise<Row> {
  const connection = new mqtt.MqttClient().new_connection(
    iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder(options.certPem, options.keyPem)
      .with_certificate_authority(options.caPem)
      .with_clean_session(true)
      .with_client_id(options.clientId)
      .with_endpoint(options.host)
      .with_port(options.port)
      .build(),
  );
  await connection.connect();
  const client = iotjobs.IotJobsClientv2.newFromMqtt311(connection, {
    maxRequestResponseSubscriptions: 4,
    maxStreamingSubscriptions: 2,
    operationTimeoutInSeconds: 10,
  });
  const once = () => client.describeJobExecution({ thingName: THING, jobId: JOB });
  const row = await measure({ name, count: COUNT, once });
  client.close();
  await connection.disconnect();
  return row;
}

async function transportOptions(configPath: string, port: number): Promise<TransportOptions> {
  const read = (name: string) => readFile(join(dirname(configPath), name), 'utf8');
  return {
    host: 'localhost',
    port,
    clientId: THING,
    certPem: await read('certificate.pem'),
    keyPem: await read('private.key'),
    caPem: await read('ca.pem'),
    keepAliveSeconds: 60,
    connectTimeoutMs: 30_000,
  };
}
