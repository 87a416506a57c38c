/**
 * The MQTT side: an aedes broker behind mutual TLS that decides by the policies of the client's certificate and closes the
 * connection of one that oversteps, as AWS IoT Core does. Clients of MQTT 5 come through a translator, since aedes speaks
 * MQTT 3 only.
 */
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { AedesPublishPacket, Client } from 'aedes';
import { Aedes } from 'aedes';
import type { Logger } from 'pino';
import type { Identity } from '../identity/certificates.ts';
import type { Connection, ConnectionChange, Connections } from './connections.ts';
import { createConnections } from './connections.ts';
import { type Door, type DoorOptions, openDoor } from './door.ts';
import { createFrameGuard } from './frame-guard.ts';
import { DISCONNECT_REASON } from './mqtt5-reasons.ts';
import { Mqtt5Translator } from './mqtt5-translator.ts';
import { packetStream } from './packet-stream.ts';
import type { Peer, PermissionSources, Permissions, PermissionsOf } from './permissions.ts';
import { createPermissions } from './permissions.ts';
import { filterMatches, topicMeaning } from './topics.ts';

/**
 * AWS General Reference, "AWS IoT Core endpoints and quotas", connection inactivity: 1,200 seconds where the client asks
 * for none, never more, and never less than 30.
 */
const MIN_KEEP_ALIVE_SECONDS = 30;
const MAX_KEEP_ALIVE_SECONDS = 1200;

export interface BrokerOptions extends PermissionSources, Pick<DoorOptions, 'onConnection'> {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly caPem: string;
  readonly server: Identity;
  readonly log: Logger;
  /** Milliseconds since the epoch; the machine's clock unless given. */
  readonly now?: () => number;
  /** Every request to the Jobs service that was allowed; `answer` sends to that one connection and nobody else. */
  onRequest(request: BrokerRequest, answer: (topic: string, payload: string) => void): void;
}

export interface BrokerRequest {
  /** The thing of the topic. */
  readonly thingName: string;
  /** Who asked; undefined where only a broker that already exists knows. */
  readonly clientId: string | undefined;
  readonly topic: string;
  readonly payload: Uint8Array;
}

export interface Broker {
  readonly port: number;
  /** To whoever subscribed to it, at QoS 1, not retained. */
  notify(topic: string, payload: string): void;
  /** Who is connected now, oldest first. */
  connections(): Connection[];
  /** @returns what stops it. */
  onConnectionChange(listener: (change: ConnectionChange) => void): () => void;
  /** Ends that client's connection. False where there is none. */
  disconnect(clientId: string): boolean;
  /**
   * Ends the connections whose certificate is not ACTIVE any more (API reference, UpdateCertificate: AWS IoT does so
   * within a few minutes).
   */
  disconnectInactive(): void;
  close(): Promise<void>;
}

/** What the hooks of aedes share. */
interface Shared {
  readonly options: BrokerOptions;
  readonly permissionsOf: PermissionsOf;
  readonly peers: WeakMap<Duplex, Peer>;
  readonly clients: WeakMap<Client, Permissions>;
  readonly connections: Connections<Client>;
  /** Of the connections of MQTT 5, accepted or not yet. */
  readonly translators: Set<Mqtt5Translator>;
}

export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const shared: Shared = {
    options,
    permissionsOf: createPermissions(options),
    peers: new WeakMap(),
    clients: new WeakMap(),
    connections: createConnections(),
    translators: new Set(),
  };
  const aedes = await createAedes(shared);
  let door: Door;
  try {
    door = await openDoor({
      ...options,
      onClient: (socket, peer, version) => {
        const stream = version === 5 ? translate(shared, socket, peer) : socket;
        shared.peers.set(stream, peer);
        aedes.handle(stream);
        if (stream === socket) guardFrames(socket, options.log);
      },
    });
  } catch (error) {
    // Its heartbeat would keep the process alive.
    aedes.close();
    throw error;
  }
  const { connections, translators } = shared;
  const notification = packetStream('notifications', 1);
  return {
    port: door.port,
    notify: (topic, payload) => {
      aedes.publish(notification(topic, payload), () => undefined);
    },
    connections: connections.list,
    onConnectionChange: connections.onChange,
    disconnect: (clientId) => {
      const client = connections.clientOf(clientId);
      if (client) closeClient(client, DISCONNECT_REASON.administrativeAction);
      return client !== undefined;
    },
    disconnectInactive: () => {
      for (const client of connections.clients()) {
        if (!shared.clients.get(client)?.isActive()) closeClient(client, DISCONNECT_REASON.notAuthorized);
      }
    },
    close: async () => {
      await Promise.all([...translators].map((one) => one.sayGoodbye(DISCONNECT_REASON.serverShuttingDown)));
      const closed = door.close();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      await closed;
    },
  };
}

function translate({ options, permissionsOf, translators }: Shared, socket: TLSSocket, peer: Peer): Mqtt5Translator {
  const translator = new Mqtt5Translator(socket, { peer, permissionsOf, log: options.log, keepAlive });
  translators.add(translator);
  socket.once('close', () => translators.delete(translator));
  return translator;
}

async function createAedes(shared: Shared): Promise<Aedes> {
  const { options, connections } = shared;
  const { log } = options;
  const aedes = await Aedes.createBroker({
    // A thing may send a whole burst behind its CONNECT; 42, the default, is less than one reconnecting gateway's.
    queueLimit: 1000,
    // No limit on messages on their way: behind a limit mqemitter releases those that wait one inside the other, and some
    // thousands of them overflow the stack.
    concurrency: 0,
    heartbeatInterval: 60_000,
    // MQTT 3.1 says 23; AWS IoT Core has one limit, which `permissions.ts` knows.
    maxClientsIdLength: 128,
    preConnect: (client, packet, done) => {
      const peer = shared.peers.get(client.conn);
      const permissions = peer && shared.permissionsOf(peer, packet.clientId);
      const refusal = permissions
        ? permissions.connect({ isPersistent: !packet.clean, will: packet.will && { qos: packet.will.qos ?? 0 } })
        : { reason: 'no certificate' };
      if (!permissions || refusal) {
        log.warn({ clientId: packet.clientId, reason: refusal?.reason }, 'connection refused');
        done(new Error(refusal?.reason), false);
        return;
      }
      packet.keepalive = keepAlive(packet.keepalive ?? 0);
      shared.clients.set(client, permissions);
      done(null, true);
    },
    authenticate: (client, _username, _password, done) => {
      const before = connections.clientOf(client.id);
      if (before) farewell(before, DISCONNECT_REASON.sessionTakenOver);
      done(null, true);
    },
    authorizePublish: authorizePublish(shared),
    authorizeSubscribe: (client, subscription, done) => {
      const refusal = shared.clients.get(client)?.subscribe(subscription.topic) ?? null;
      // Developer Guide, "MQTT": a subscription at QoS 2 gets no SUBACK.
      const reason = subscription.qos === 2 ? 'QoS 2 is not supported' : refusal?.reason;
      if (reason === undefined && !client.conn.destroyed) return done(null, subscription);
      log.warn({ clientId: client.id, filter: subscription.topic, reason }, 'subscription refused: connection closed');
      farewell(client, refusal?.code ?? DISCONNECT_REASON.qosNotSupported);
      return done(new Error('subscription refused'));
    },
    authorizeForward: (client, packet) => (isDelivered(shared, client, packet) ? packet : null),
  });
  followClients(aedes, shared);
  return aedes;
}

/** Who is connected, and the log of it. */
function followClients(aedes: Aedes, { options, connections, peers, clients }: Shared): void {
  const { log } = options;
  aedes.on('clientReady', (client) => {
    // aedes says so a moment after CONNACK, when the client may have gone and `clientDisconnect` be past.
    if (client.closed || client.conn.destroyed) return;
    const peer = peers.get(client.conn);
    const thingName = clients.get(client)?.thingName();
    const address = peer?.address ?? '';
    connections.opened(client, { thingName, clientId: client.id, connectedAtMs: (options.now ?? Date.now)(), address });
    log.debug({ thingName, clientId: client.id }, 'thing connected');
  });
  aedes.on('clientDisconnect', (client) => {
    connections.closed(client);
    log.debug({ clientId: client.id }, 'thing disconnected');
  });
  aedes.on('keepaliveTimeout', (client) => farewell(client, DISCONNECT_REASON.keepAliveTimeout));
  aedes.on('clientError', (client, err) => log.debug({ clientId: client.id, err }, 'connection of a thing failed'));
  aedes.on('connectionError', (_client, err) => log.debug({ err }, 'connection failed before CONNECT'));
}

/** Requests to the Jobs service go to it as well as to whoever subscribed to them. */
function authorizePublish({ options, clients }: Shared): Aedes['authorizePublish'] {
  const { log } = options;
  const answers = [packetStream('answers at QoS 0', 0), packetStream('answers at QoS 1', 1)] as const;
  return (client, packet, done) => {
    const meaning = topicMeaning(packet.topic);
    const refusal = (client && clients.get(client)?.publish(packet)) ?? null;
    // A will comes this way too, when its connection is gone.
    const reason = client?.closed && meaning.kind !== 'ordinary' ? 'a last will is not a request' : refusal?.reason;
    if (!client || reason !== undefined) {
      log.warn({ clientId: client?.id, topic: packet.topic, reason }, 'publish refused: connection closed');
      if (client && refusal) farewell(client, refusal.code);
      done(new Error(`publish refused: ${reason}`));
      return;
    }
    if (meaning.kind !== 'jobs') {
      done(null);
      return;
    }
    // Nothing is retained on a reserved topic (Developer Guide, "MQTT retained messages").
    packet.retain = false;
    // First the broker's own work, PUBACK included; then ours, in this same turn, so that requests are handled in the
    // order they came whatever their QoS.
    done(null);
    const { topic } = packet;
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const { thingName } = meaning;
    options.onRequest({ thingName, clientId: client.id, topic, payload }, (answerTopic, message) => {
      // Past the broker, so that nobody else can hear it.
      client.publish(answers[answerQos(client, answerTopic)](answerTopic, message), () => undefined);
    });
  };
}

function isDelivered({ clients }: Shared, client: Client, packet: AedesPublishPacket): boolean {
  const { topic } = packet;
  const filters = Object.keys(subscriptionsOf(client));
  // Developer Guide, "MQTT": a filter with a wildcard gets no retained message. One that is sent for a SUBSCRIBE has no
  // number of the broker's.
  if (packet.retain && !packet.brokerId && !filters.includes(topic)) return false;
  // aedes lets `a/#` select `a`, AWS IoT Core does not. An answer needs no filter at all.
  const isParent = filters.some((filter) => filter.endsWith('/#') && filterMatches(filter.slice(0, -2), topic));
  if (isParent && !filters.some((filter) => filterMatches(filter, topic))) return false;
  return clients.get(client)?.receives(topic) ?? false;
}

/** Seconds, for what a client asked for; 0 is none. */
function keepAlive(askedSeconds: number): number {
  if (askedSeconds === 0) return MAX_KEEP_ALIVE_SECONDS;
  return Math.min(Math.max(askedSeconds, MIN_KEEP_ALIVE_SECONDS), MAX_KEEP_ALIVE_SECONDS);
}

/** A client of MQTT 5 is told why its connection ends. */
function farewell(client: Client, reasonCode: number): void {
  if (client.conn instanceof Mqtt5Translator) void client.conn.sayGoodbye(reasonCode);
}

function closeClient(client: Client, reasonCode: number): void {
  farewell(client, reasonCode);
  client.close();
}

function subscriptionsOf(client: Client): Readonly<Record<string, { readonly qos: 0 | 1 }>> {
  return (client as unknown as { subscriptions: Readonly<Record<string, { qos: 0 | 1 }>> }).subscriptions;
}

/** QoS 1, or less where that is all the asker subscribed with. */
function answerQos(client: Client, topic: string): 0 | 1 {
  const granted = Object.entries(subscriptionsOf(client)).filter(([filter]) => filterMatches(filter, topic));
  return granted.length > 0 && granted.every(([, { qos }]) => qos === 0) ? 0 : 1;
}

/** `data` is emitted as aedes reads (it holds a `readable` listener): the guard sees each chunk just before aedes does. */
function guardFrames(socket: Duplex, log: Logger): void {
  const guard = createFrameGuard();
  socket.on('data', (chunk: Buffer) => {
    const violation = guard(chunk);
    if (!violation) return;
    log.warn({ violation }, 'limit exceeded: connection closed');
    socket.destroy();
  });
}
