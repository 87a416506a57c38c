/** The Jobs case of AWS IoT Device Advisor, by its id. docs/device-advisor.md says what it checks. */
import { expect, onTestFinished, test } from 'vitest';
import { encodeMessage } from '../../local-cloud/jobs-service/encode-message.ts';
import { runJobsService } from '../../local-cloud/running-service.ts';
import { JOBS, startAdvisedGateway, THING_NAME } from './advised-gateway.ts';
import { publish } from './mqtt-packets.ts';
import { type BrokerConnection, behaveWell } from './scripted-broker.ts';

test('Job_Execution: a job that is announced is taken and told SUCCEEDED', async () => {
  let current: BrokerConnection | undefined;
  const service = runJobsService({
    now: Date.now,
    notify: ({ topic, message }) => current?.send(publish(topic, encodeMessage(message), { qos: 1, packetId: 1 })),
  });
  onTestFinished(service.close);
  service.addThing(THING_NAME);
  const { gateway, broker } = await startAdvisedGateway((packet, connection) => {
    current = connection;
    behaveWell(packet, connection);
    if (packet.type !== 'publish') return;
    const { topic, payload } = packet;
    service.device({ thingName: THING_NAME, topic, payload }, (answer) =>
      connection.send(publish(answer.topic, encodeMessage(answer.message))),
    );
  });
  await gateway.drive(() => gateway.agent.status().connection.connected);
  const targets = [`arn:aws:iot:us-east-1:123456789012:thing/${THING_NAME}`];
  service.control('CreateJob', { jobId: 'advised', targets, document: '{"operation":"work"}' });
  const statusOf = () => service.control('DescribeJobExecution', { jobId: 'advised', thingName: THING_NAME });
  expect(await gateway.drive(() => (statusOf().execution as { status?: unknown }).status === 'SUCCEEDED')).toBe(true);
  const { packets } = await broker.connection(0);
  const filters = packets.flatMap((packet) => (packet.type === 'subscribe' ? packet.filters : []));
  expect(filters.map(({ filter }) => filter)).toContain(`${JOBS}/notify-next`);
  const topics = packets.flatMap((packet) => (packet.type === 'publish' ? [packet.topic] : []));
  expect(topics.indexOf(`${JOBS}/start-next`)).toBeLessThan(topics.indexOf(`${JOBS}/advised/update`));
});
