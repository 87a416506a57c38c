/** A gateway on a scripted broker, for tests: both end with the test. */
import { onTestFinished } from 'vitest';
import { createTestPki } from '../fixtures/mqtt-brokers/test-pki.ts';
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts';
import { type Behaviour, behaveWell, type ScriptedBroker, startScriptedBroker } from './scripted-broker.ts';

export interface AdvisedGateway {
  readonly gateway: Gateway;
  readonly broker: ScriptedBroker;
}

export const THING_NAME = 'gateway';
export const JOBS = `$aws/things/${THING_NAME}/jobs`;

const pki = createTestPki();

export async function startAdvisedGateway(
  behaviour: Behaviour = behaveWell,
  options: Partial<GatewayOptions> = {},
): Promise<AdvisedGateway> {
  const { server, client, caPem } = await pki;
  let gateway: Gateway | undefined;
  const tls = { key: server.keyPem, cert: server.certPem, ca: caPem };
  const broker = await startScriptedBroker(tls, (packet, connection) => {
    behaviour(packet, connection);
    gateway?.bell.ring();
  });
  gateway = await startGateway({ thingName: THING_NAME, ...client, caPem, port: broker.port, ...options });
  onTestFinished(async () => {
    await gateway.stop();
    await broker.stop();
  });
  return { gateway, broker };
}
