// MQTT.js as a transport. It is used for packets only: the socket is ours, reconnecting and queueing are off.

import type { LookupFunction } from 'node:net';
import { MqttClient, type Packet } from 'mqtt';
import {
  type Connection,
  type ConnectionEvents,
  type QoS,
  type Subscription,
  type Transport,
  TransportError,
  type TransportOptions,
} from '../../ports/transport.ts';
import { ConnectionEnd } from './connection-end.ts';
import { closedByUsError, connackError, keepAliveError, subscribeRefusedError } from './error-codes.ts';
import { createPacketMeter } from './packet-meter.ts';
import { openTlsLink, type TlsLink } from './tls-link.ts';

/** AWS IoT sends payloads of up to 128 KiB (AWS IoT Core quotas, "Publish payload size"); this leaves room for others. */
export const MAX_PACKET_BYTES = 256 * 1024;

/** How long a broker may take to close its side after DISCONNECT before the socket is destroyed. */
const CLOSE_GRACE_MS = 1_000;

/** The packet DISCONNECT of MQTT 3.1.1, whole. */
const DISCONNECT = Buffer.from([0xe0, 0x00]);

const SUBACK_FAILURE = 0x80;

/** @param lookup how to find the host's addresses; by default as the system does. */
export function createMqttTransport(options: TransportOptions, lookup?: LookupFunction): Transport {
  return {
    name: 'mqtt',
    connect: async (events) => {
      const connection = new MqttConnection(options, events, lookup);
      await connection.opened();
      return connection;
    },
  };
}

/** Owns one socket, and the MQTT.js client that reads and writes packets on it. */
class MqttConnection implements Connection {
  readonly #options: TransportOptions;
  readonly #events: ConnectionEvents;
  readonly #link: TlsLink;
  readonly #client: MqttClient;
  readonly #end = new ConnectionEnd();
  readonly #deadline: NodeJS.Timeout;
  #open = false;

  constructor(options: TransportOptions, events: ConnectionEvents, lookup: LookupFunction | undefined) {
    this.#options = options;
    this.#events = events;
    this.#link = openTlsLink(options, lookup);
    const { socket } = this.#link;
    const exceedingBytes = createPacketMeter(MAX_PACKET_BYTES);
    socket.on('data', (chunk: Buffer) => {
      const bytes = exceedingBytes(chunk);
      if (bytes !== undefined) this.#drop(protocolError(`a packet of ${bytes} bytes, over ${MAX_PACKET_BYTES}`));
    });
    socket.on('error', (error) => this.#drop(this.#link.explain(error)));
    socket.on('close', () => this.#finish());
    this.#client = new MqttClient(() => socket, clientOptions(options));
    this.#client.on('error', (error) => this.#drop(this.#explain(error)));
    this.#client.on('packetreceive', (packet) => {
      const fault = unusableReason(packet);
      if (fault === undefined) return;
      this.#drop(protocolError(fault));
      Object.assign(packet, PASSED_OVER);
    });
    this.#client.on('message', (topic, payload) => {
      if (this.#end.reason === undefined) events.onMessage(topic, payload);
    });
    this.#deadline = setTimeout(() => this.#drop(this.#link.explainTimeout()), options.connectTimeoutMs);
  }

  /** Resolves on CONNACK 0. @throws TransportError, when the socket is gone. */
  opened(): Promise<void> {
    return this.#end.unlessEnded((resolve) => {
      this.#client.once('connect', () => {
        clearTimeout(this.#deadline);
        this.#link.greeted();
        this.#open = true;
        resolve(undefined);
      });
    });
  }

  subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    const filters = Object.fromEntries(subscriptions.map(({ filter, qos }) => [filter, { qos }]));
    return this.#end.unlessEnded((resolve, reject) => {
      this.#client.subscribe(filters, (error, requested = [], suback) => {
        const refused = requested.filter((_, index) => suback?.granted[index] === SUBACK_FAILURE);
        if (!error) resolve(undefined);
        else if (refused.length > 0) reject(subscribeRefusedError(refused.map(({ topic }) => topic)));
        // A filter that cannot be one never left. Every other error comes with the end of the connection, which rejects.
        else if (requested.length === 0) reject(subscribeRefusedError(Object.keys(filters)));
      });
    });
  }

  publish(topic: string, payload: string, qos: QoS): Promise<void> {
    return this.#end.unlessEnded((resolve) => {
      // An error here comes with the end of the connection, and that knows why.
      this.#client.publish(topic, payload, { qos }, (error) => {
        if (!error) resolve(undefined);
      });
    });
  }

  async close(): Promise<void> {
    if (this.#end.begin(closedByUsError())) {
      const { socket } = this.#link;
      socket.end(DISCONNECT);
      const grace = setTimeout(() => socket.destroy(), CLOSE_GRACE_MS);
      await this.#end.done;
      clearTimeout(grace);
    }
    await this.#end.done;
  }

  #drop(reason: TransportError): void {
    if (this.#end.begin(reason)) this.#link.socket.destroy();
  }

  #finish(): void {
    clearTimeout(this.#deadline);
    this.#end.begin(this.#link.explainHangUp());
    this.#client.end(true); // its timers and stores; the socket is closed already
    const reason = this.#end.reason;
    // Not at once: `connect` may have resolved in this very tick, and its caller has not seen the connection yet.
    setImmediate(() => {
      if (this.#open && reason !== undefined) this.#events.onClosed(reason);
      this.#end.finish();
    });
  }

  /** MQTT.js tells its own errors apart by number (CONNACK) or text only; the socket's have a name. */
  #explain(error: Error & { code?: unknown }): TransportError {
    if (typeof error.code === 'string') return this.#link.explain(error);
    if (typeof error.code === 'number' && !this.#open) return connackError(error.code, this.#options.clientId);
    if (error.message === 'Keepalive timeout') return keepAliveError(this.#options.keepAliveSeconds);
    return protocolError(error.message, error);
  }
}

function clientOptions({ clientId, keepAliveSeconds, connectTimeoutMs }: TransportOptions) {
  return {
    clientId,
    protocolVersion: 4,
    clean: true,
    keepalive: keepAliveSeconds,
    timerVariant: 'native',
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // Ours comes first and covers DNS, TCP and TLS as well; this one cannot be turned off.
    connectTimeout: 2 * connectTimeoutMs,
  } as const;
}

/** What MQTT.js only tells of, in the same turn: it would answer the packet as it was, and throw where nobody catches. */
const PASSED_OVER = { cmd: 'disconnect' } as const;

/**
 * We subscribe and publish at QoS 1 at the most. MQTT.js keeps every message of QoS 2 until the broker releases it, and
 * answers packets that end before their packet id with an id that is not there.
 */
function unusableReason(packet: Packet): string | undefined {
  if (packet.cmd === 'pubrel') return 'PUBREL, though nothing was published at QoS 2';
  if (packet.cmd !== 'publish') return undefined;
  if (packet.qos === 2) return 'a message at QoS 2, though nothing was subscribed so';
  return packet.qos === 1 && (packet.messageId ?? 0) < 1 ? 'a message at QoS 1 without a packet id' : undefined;
}

function protocolError(what: string, cause?: unknown): TransportError {
  return new TransportError('PROTOCOL_ERROR', `the broker sent what MQTT 3.1.1 does not allow: ${what}`, { cause });
}
