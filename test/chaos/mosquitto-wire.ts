/** The service as a client of mosquitto like any other: answers go through the broker, and so does its own word to itself. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connectAsync } from 'mqtt';
import { issueServerCertificate } from '../../local-cloud/identity/certificates.ts';
import { openThingFolder } from '../../local-cloud/identity/data-folder.ts';
import { encodeMessage } from '../../local-cloud/jobs-service/encode-message.ts';
import { startMosquittoBroker } from '../fixtures/mqtt-brokers/mosquitto-broker.ts';
import type { Wire, WireMessage, WireOptions } from './wire.ts';

const OWN_NAME = 'jobs-service';
const REQUEST = /^\$aws\/things\/([^/]+)\/jobs\/(?:get|start-next|[^/]+\/(?:get|update))$/;

export async function openMosquittoWire({ dataDir, authority, onRequest }: WireOptions): Promise<Wire> {
  const server = await issueServerCertificate(authority, ['localhost', '127.0.0.1']);
  const broker = await startMosquittoBroker({ server, clientCaPem: authority.certPem });
  const { configPath } = await openThingFolder(dataDir, { thingName: OWN_NAME, mqttPort: broker.port, authority });
  const own = dirname(configPath);
  const client = await connectAsync(`mqtts://localhost:${broker.port}`, {
    ca: authority.certPem,
    cert: await readFile(join(own, 'certificate.pem')),
    key: await readFile(join(own, 'private.key')),
    clientId: OWN_NAME,
    reconnectPeriod: 0,
  });
  client.on('error', () => undefined); // the broker may go first
  const { stream } = client as unknown as { stream: { setNoDelay?: (on: boolean) => void } };
  stream.setNoDelay?.(true); // Nagle's algorithm would hold each answer back for 40 ms
  const send = ({ topic, message }: WireMessage) => void client.publish(topic, encodeMessage(message), { qos: 1 });
  client.on('message', (topic, payload) => {
    const thingName = REQUEST.exec(topic)?.[1];
    if (thingName !== undefined) onRequest({ thingName, topic, payload }, send);
  });
  await client.subscribeAsync('$aws/things/+/jobs/#', { qos: 1 });
  return {
    port: broker.port,
    notify: send,
    async close() {
      await client.endAsync(true);
      await broker.stop();
    },
  };
}
