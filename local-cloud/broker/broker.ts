/**
 * The MQTT side: an aedes broker behind mutual TLS that knows things by their certificates and closes the connection of
 * one that oversteps, as AWS IoT Core does.
 */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Client, PublishPacket } from 'aedes';
import { Aedes } from 'aedes';
import type { Logger } from 'pino';
import type { Identity } from '../identity/certificates.ts';
import { certificateFingerprint } from '../identity/certificates.ts';
import { createFrameGuard } from './frame-guard.ts';
import { filterMatches, mayPublish, maySubscribe } from './permissions.ts';

/** AWS IoT Core quotas: 128 KB. */
const MAX_PAYLOAD_BYTES = 128 * 1024;

export interface BrokerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly caPem: string;
  readonly server: Identity;
  readonly log: Logger;
  /** Which thing a certificate belongs to, by its SHA-256 fingerprint. */
  thingOf(fingerprint: string): string | undefined;
  /** Every publish a thing was allowed; `answer` sends to that one connection and nobody else. */
  onRequest(request: BrokerRequest, answer: (topic: string, payload: string) => void): void;
}

export interface BrokerRequest {
  readonly thingName: string;
  readonly topic: string;
  readonly payload: Uint8Array;
}

export interface Broker {
  readonly port: number;
  /** To whoever subscribed to it, at QoS 1, not retained. */
  notify(topic: string, payload: string): void;
  close(): Promise<void>;
}

export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const notification = packetStream('notifications', 1);
  const aedes = await createAedes(options);
  let door: Door;
  try {
    door = await openDoor(aedes, options);
  } catch (error) {
    // Its heartbeat would keep the process alive.
    aedes.close();
    throw error;
  }
  return {
    port: door.port,
    notify: (topic, payload) => {
      aedes.publish(notification(topic, payload), () => undefined);
    },
    close: async () => {
      const closed = door.close();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      await closed;
    },
  };
}

async function createAedes(options: BrokerOptions): Promise<Aedes> {
  const { log } = options;
  const answers = [packetStream('answers at QoS 0', 0), packetStream('answers at QoS 1', 1)] as const;
  const aedes = await Aedes.createBroker({
    // A thing may send a whole burst behind its CONNECT; 42, the default, is less than one reconnecting gateway's.
    queueLimit: 1000,
    // No limit on messages on their way: behind a limit mqemitter releases those that wait one inside the other, and some
    // thousands of them overflow the stack.
    concurrency: 0,
    heartbeatInterval: 60_000,
    preConnect: (client, packet, done) => {
      const thingName = thingOfClient(client, options);
      const allowed = thingName !== undefined && packet.clientId === thingName;
      if (!allowed)
        log.warn({ thingName, clientId: packet.clientId }, 'connection refused: client id is not the thing');
      done(allowed ? null : new Error('client id is not the name of the thing of this certificate'), allowed);
    },
    authorizePublish: (client, packet, done) => {
      const refusal = client ? publishRefusal(client, packet) : 'no client';
      if (refusal || !client) {
        log.warn({ thingName: client?.id, topic: packet.topic, refusal }, 'publish refused: connection closed');
        done(new Error(`publish refused: ${refusal}`));
        return;
      }
      packet.retain = false;
      // First the broker's own work, PUBACK included; then ours, in this same turn, so that requests are handled in the
      // order they came whatever their QoS.
      done(null);
      const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
      options.onRequest({ thingName: client.id, topic: packet.topic, payload }, (topic, message) => {
        // Past the broker, so that nobody else can hear it.
        client.publish(answers[answerQos(client, topic)](topic, message), () => undefined);
      });
    },
    authorizeSubscribe: (client, subscription, done) => {
      if (maySubscribe(client.id, subscription.topic) && !client.conn.destroyed) return done(null, subscription);
      log.warn({ thingName: client.id, filter: subscription.topic }, 'subscription refused: connection closed');
      return done(new Error('subscription refused'));
    },
  });
  aedes.on('clientReady', (client) => log.debug({ thingName: client.id }, 'thing connected'));
  aedes.on('clientDisconnect', (client) => log.debug({ thingName: client.id }, 'thing disconnected'));
  aedes.on('clientError', (client, err) => log.debug({ thingName: client.id, err }, 'connection of a thing failed'));
  aedes.on('connectionError', (_client, err) => log.debug({ err }, 'connection failed before CONNECT'));
  return aedes;
}

interface Door {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens with TLS and hands every client with a certificate of our CA to aedes. */
async function openDoor(aedes: Aedes, options: BrokerOptions): Promise<Door> {
  const { log } = options;
  /** Connections of whatever state: one that never finishes its handshake must not hold up `close`. */
  const sockets = new Set<Socket>();
  const server = createServer({
    key: options.server.keyPem,
    cert: options.server.certPem,
    ca: options.caPem,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    // Nagle's algorithm and the peer's delayed acknowledgement cost 40 ms an exchange.
    noDelay: true,
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('secureConnection', (socket) => {
    aedes.handle(socket);
    guardFrames(socket, log);
  });
  server.on('tlsClientError', (err, socket) => {
    log.warn({ err }, 'TLS handshake refused');
    socket.destroy();
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function thingOfClient(client: Client, options: BrokerOptions): string | undefined {
  const certificate = (client.conn as TLSSocket).getPeerX509Certificate();
  return certificate && options.thingOf(certificateFingerprint(certificate.raw));
}

/** Why a publish ends the connection, or null. Wills come this way too, when the connection is already gone. */
function publishRefusal(client: Client, packet: PublishPacket): string | null {
  if (client.closed) return 'a last will is not a request';
  if (packet.qos === 2) return 'QoS 2 is not supported';
  if (packet.payload.length > MAX_PAYLOAD_BYTES) return 'payload is larger than 128 KiB';
  if (!mayPublish(client.id, packet.topic)) return 'not a request topic of this thing';
  return null;
}

/** QoS 1, or less where that is all the asker subscribed with. */
function answerQos(client: Client, topic: string): 0 | 1 {
  const { subscriptions } = client as unknown as { subscriptions: Readonly<Record<string, { qos: 0 | 1 }>> };
  const granted = Object.entries(subscriptions).filter(([filter]) => filterMatches(filter, topic));
  return granted.length > 0 && granted.every(([, subscription]) => subscription.qos === 0) ? 0 : 1;
}

/**
 * Packets that take one way out, numbered. aedes drops a packet whose number is not above the last one it delivered of
 * the same `brokerId`; an answer goes straight out while a notification takes its turn through the broker, so under one
 * numbering a quick second request would silence the notifications of the first.
 */
function packetStream(brokerId: string, qos: 0 | 1): (topic: string, payload: string) => PublishPacket {
  let brokerCounter = 0;
  return (topic, payload) => {
    brokerCounter++;
    const numbered = { brokerId, brokerCounter };
    return { ...numbered, cmd: 'publish', topic, payload: Buffer.from(payload), qos, retain: false, dup: false };
  };
}

/** `data` is emitted as aedes reads (it holds a `readable` listener): the guard sees each chunk just before aedes does. */
function guardFrames(socket: TLSSocket, log: Logger): void {
  const guard = createFrameGuard();
  socket.on('data', (chunk: Buffer) => {
    const violation = guard(chunk);
    if (!violation) return;
    log.warn({ violation }, 'limit exceeded: connection closed');
    socket.destroy();
  });
}
