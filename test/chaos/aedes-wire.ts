/** The local cloud's own broker: answers go to the one connection that asked. */
import { pino } from 'pino';
import { startBroker } from '../../local-cloud/broker/broker.ts';
import { issueServerCertificate } from '../../local-cloud/identity/certificates.ts';
import { encodeMessage } from '../../local-cloud/jobs-service/encode-message.ts';
import { principalsOf } from '../fixtures/thing-principals.ts';
import type { Wire, WireOptions } from './wire.ts';

export async function openAedesWire({ authority, thingOf, onRequest }: WireOptions): Promise<Wire> {
  const broker = await startBroker({
    host: '127.0.0.1',
    port: 0,
    caPem: authority.certPem,
    server: await issueServerCertificate(authority, ['localhost', '127.0.0.1']),
    log: pino({ level: 'silent' }),
    ...principalsOf(thingOf),
    onRequest: (request, answer) => onRequest(request, ({ topic, message }) => answer(topic, encodeMessage(message))),
  });
  return {
    port: broker.port,
    notify: ({ topic, message }) => broker.notify(topic, encodeMessage(message)),
    close: broker.close,
  };
}
