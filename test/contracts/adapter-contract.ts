// Every contract of the port for one adapter, over aedes and, where it is installed, mosquitto.

import { describe } from 'vitest';
import type { TransportErrorCode } from '../../agent/ports/transport.ts';
import { REFUSED_FILTER, startAedesBroker } from '../fixtures/mqtt-brokers/aedes-broker.ts';
import { hasMosquitto, startMosquittoBroker } from '../fixtures/mqtt-brokers/mosquitto-broker.ts';
import { createTestPki } from '../fixtures/mqtt-brokers/test-pki.ts';
import { realBroker } from './real-broker.ts';
import { transportContract } from './transport-contract.ts';
import { type CreateTransport, networkContract, tlsContract } from './transport-network-contract.ts';

export interface AdapterUnderTest {
  readonly name: string;
  readonly create: CreateTransport;
  /** How this adapter reports CONNACK 5. */
  readonly connackCode: TransportErrorCode;
}

export function adapterContract({ name, create, connackCode }: AdapterUnderTest): void {
  networkContract(name, create, [connackCode]);
  tlsContract(`${name} and aedes`, create, startAedesBroker);
  transportContract(
    `${name} and aedes`,
    async () => {
      const pki = await createTestPki();
      const broker = await startAedesBroker({ server: pki.server, clientCaPem: pki.caPem });
      return realBroker({ pki, broker, create, closeClient: broker.closeClient });
    },
    REFUSED_FILTER,
  );
  describe.skipIf(!hasMosquitto(`${name} with it`))('mosquitto', () => {
    tlsContract(`${name} and mosquitto`, create, startMosquittoBroker);
    transportContract(`${name} and mosquitto`, async () => {
      const pki = await createTestPki();
      const broker = await startMosquittoBroker({ server: pki.server, clientCaPem: pki.caPem });
      return realBroker({ pki, broker, create });
    });
  });
}
