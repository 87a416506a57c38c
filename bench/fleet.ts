/** Many things at once: each with its own certificate and connection, subscribed as the agent is. */
import { connectAsync, type MqttClient } from 'mqtt';
import { jobsSubscriptions } from '../agent/protocol/topics.ts';

export interface ThingIdentity {
  readonly name: string;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

export interface FleetThing {
  readonly name: string;
  readonly client: MqttClient;
}

/** More at a time would measure the queue in front of the handshakes. */
const AT_A_TIME = 32;

/** Connects and subscribes all of them. @returns how long that took, from the first SYN to the last SUBACK. */
export async function connectFleet(
  port: number,
  identities: readonly ThingIdentity[],
): Promise<{ readonly things: readonly FleetThing[]; readonly tookMs: number }> {
  const left = [...identities];
  const things: FleetThing[] = [];
  const startMs = performance.now();
  const next = async (): Promise<void> => {
    for (let identity = left.pop(); identity; identity = left.pop()) {
      things.push({ name: identity.name, client: await connectThing(port, identity) });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, next));
  return { things, tookMs: performance.now() - startMs };
}

async function connectThing(port: number, { name, cert, key, ca }: ThingIdentity): Promise<MqttClient> {
  const url = `mqtts://127.0.0.1:${port}`;
  const client = await connectAsync(url, { clientId: name, cert, key, ca, reconnectPeriod: 0, keepalive: 600 });
  client.on('error', () => undefined);
  client.setMaxListeners(20);
  // Nagle's algorithm would hold each request back for 40 ms.
  const { stream } = client as unknown as { stream: { setNoDelay?: (on: boolean) => void } };
  stream.setNoDelay?.(true);
  const subscriptions = jobsSubscriptions(name).map(({ filter, qos }) => [filter, { qos }] as const);
  await client.subscribeAsync(Object.fromEntries(subscriptions));
  return client;
}
