// A real broker with another client on it, through which a test sends to and hears from the client under test.

import { connectAsync, type MqttClient } from 'mqtt';
import type { RunningBroker } from '../fixtures/mqtt-brokers/broker.ts';
import { optionsFor, type TestPki } from '../fixtures/mqtt-brokers/test-pki.ts';
import type { ContractBroker } from './transport-contract.ts';
import type { CreateTransport } from './transport-network-contract.ts';

export interface RealBrokerOptions {
  readonly pki: TestPki;
  readonly broker: RunningBroker;
  readonly create: CreateTransport;
  /** How this broker can be told to end a connection; absent where only another client with its id can do it. */
  readonly closeClient?: (clientId: string) => Promise<void>;
}

export async function realBroker({ pki, broker, create, closeClient }: RealBrokerOptions): Promise<ContractBroker> {
  const observer = await connectClient(pki, broker, 'observer');
  const waiting = new Map<string, (payload: Uint8Array) => void>();
  observer.on('message', (topic, payload) => waiting.get(topic)?.(payload));
  await observer.subscribeAsync('from/#', { qos: 1 });
  return {
    transport: async (clientId) => create(optionsFor(pki, broker.port, clientId)),
    publish: async (topic, payload) => {
      await observer.publishAsync(topic, Buffer.from(payload), { qos: 1 });
    },
    nextMessage: (topic) => new Promise((resolve) => waiting.set(topic, resolve)),
    closeClient: async (clientId) => {
      if (closeClient !== undefined) await closeClient(clientId);
      else await (await connectClient(pki, broker, clientId)).endAsync();
    },
    stop: async () => {
      await observer.endAsync(true);
      await broker.stop();
    },
  };
}

function connectClient(pki: TestPki, broker: RunningBroker, clientId: string): Promise<MqttClient> {
  const { certPem, keyPem } = pki.client;
  const tls = { protocol: 'mqtts', ca: pki.caPem, cert: certPem, key: keyPem } as const;
  return connectAsync({ ...tls, host: 'localhost', port: broker.port, clientId, reconnectPeriod: 0 });
}
