/**
 * The Jobs service as a client of a broker that already exists. It answers where everybody who may subscribe can hear it:
 * docs/local-cloud-broker.md says what is lost by that.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { Logger } from 'pino';
import type { Broker, BrokerRequest } from './broker.ts';
import type { BrokerAddress } from './broker-address.ts';
import { createReconnect } from './reconnect.ts';
import { topicMeaning } from './topics.ts';

/** The requests of every thing, and nothing that the service says itself: each message is selected by one of them. */
const REQUEST_FILTERS = ['get', 'start-next', '+/get', '+/update'].map((request) => `$aws/things/+/jobs/${request}`);
const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_SECONDS = 30;

export interface JoinOptions {
  readonly address: BrokerAddress;
  readonly log: Logger;
  /** Every request that came; `answer` publishes through the broker. */
  onRequest(request: BrokerRequest, answer: (topic: string, payload: string) => void): void;
}

/**
 * Resolves when the broker takes requests to us.
 * @throws Error when it cannot be reached, or refuses the connection or a filter. Later it is tried again for ever.
 */
export async function joinBroker(options: JoinOptions): Promise<Broker> {
  const { address, log } = options;
  const { host, port } = address;
  const client = connect({ ...(await connectOptions(address)), manualConnect: true });
  const noted = noteLatest(client);
  client.on('message', (topic, payload, { retain }) => {
    const meaning = topicMeaning(topic);
    // A retained request was asked long ago.
    if (meaning.kind !== 'jobs' || retain) {
      log.warn({ topic, retain }, 'message is no request: ignored');
      return;
    }
    options.onRequest({ thingName: meaning.thingName, clientId: undefined, topic, payload }, (answerTopic, message) => {
      if (client.connected) publish(client, answerTopic, message);
    });
  });
  client.on('error', (err) => log.warn({ err, host, port }, 'broker connection failed'));
  await firstConnection(client, address);
  const reconnect = createReconnect({ start: () => client.reconnect(), log });
  client.on('connect', () => {
    subscribe(client)
      .then(() => {
        log.info({ host, port }, 'broker joined again');
        reconnect.succeeded();
        noted.flush();
      })
      .catch((err) => {
        log.error({ err, host, port }, 'broker refused a subscription');
        client.stream.destroy();
      });
  });
  client.on('close', () => {
    log.warn({ host, port }, 'broker connection ended');
    reconnect.later();
  });
  if (!client.connected) reconnect.later();
  log.info({ host, port }, 'broker joined');
  return {
    port,
    notify: noted.publish,
    connections: () => [],
    onConnectionChange: () => () => undefined,
    disconnect: () => false,
    disconnectInactive: () => undefined,
    close: async () => {
      reconnect.stop();
      await client.endAsync(!client.connected);
    },
  };
}

async function connectOptions(address: BrokerAddress): Promise<IClientOptions> {
  const { host, port, username, password, tls } = address;
  return {
    protocol: tls ? 'mqtts' : 'mqtt',
    host,
    port,
    clientId: `job-cloud-${randomBytes(6).toString('hex')}`,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls?.caFile !== undefined && { ca: await readFile(tls.caFile) }),
    ...(tls?.certFile !== undefined && { cert: await readFile(tls.certFile) }),
    ...(tls?.keyFile !== undefined && { key: await readFile(tls.keyFile) }),
    clean: true,
    keepalive: KEEP_ALIVE_SECONDS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Both are done here, with a growing delay and a look at what was granted.
    reconnectPeriod: 0,
    resubscribe: false,
  };
}

async function firstConnection(client: MqttClient, { host, port }: BrokerAddress): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
      client.once('close', () => reject(new Error('the broker closed the connection')));
      client.connect();
    });
    await subscribe(client);
  } catch (cause) {
    await client.endAsync(true);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The broker at ${host}:${port} cannot be used: ${reason}`, { cause });
  }
}

/** @throws Error that names the filters the broker refused. */
async function subscribe(client: MqttClient): Promise<void> {
  // Nagle's algorithm would hold each answer back for 40 ms.
  const { stream } = client as unknown as { stream: { setNoDelay?: (on: boolean) => void } };
  stream.setNoDelay?.(true);
  try {
    await client.subscribeAsync(REQUEST_FILTERS, { qos: 1 });
  } catch (cause) {
    throw new Error(`it did not grant all of ${REQUEST_FILTERS.join(', ')}`, { cause });
  }
}

interface LatestMessages {
  publish(topic: string, payload: string): void;
  /** Sends what could not be sent. */
  flush(): void;
}

/**
 * While the broker is away the last message of each topic is kept for it: a notification says all there is to say at its
 * time, so that those before it are worth nothing any more.
 */
function noteLatest(client: MqttClient): LatestMessages {
  const unsent = new Map<string, string>();
  return {
    publish: (topic, payload) => {
      if (client.connected) return publish(client, topic, payload);
      // In the order of the last messages.
      unsent.delete(topic);
      unsent.set(topic, payload);
      return undefined;
    },
    flush: () => {
      for (const [topic, payload] of unsent) publish(client, topic, payload);
      unsent.clear();
    },
  };
}

function publish(client: MqttClient, topic: string, payload: string): void {
  client.publish(topic, payload, { qos: 1 }, () => undefined);
}
