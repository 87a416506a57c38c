/**
 * Lets a client of MQTT 5 use a broker of MQTT 3.1.1: to the client it speaks MQTT 5, to the broker it is a client's stream
 * of MQTT 3.1.1.
 *
 * Sources: MQTT 5.0; AWS IoT Developer Guide, "MQTT", sections "MQTT 5 supported features", "MQTT 5 properties" and "MQTT
 * reason codes". Left out, and said so in CONNACK where it can be: sessions that outlive the connection (the Session Expiry
 * Interval is 0), shared subscriptions, subscription identifiers (AWS has none either). The properties of a PUBLISH and a
 * will's delay are not passed on.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { IConnectPacket, IPublishPacket, ISubscribePacket, IUnsubscribePacket, Packet, Parser } from 'mqtt-packet';
import mqttPacket from 'mqtt-packet';
import type { Logger } from 'pino';
import { createFrameGuard } from './frame-guard.ts';
import { DISCONNECT_REASON } from './mqtt5-reasons.ts';
import { createPendingSubscriptions } from './mqtt5-subscriptions.ts';
import { createDeliveryWindow, type DeliveryWindow } from './mqtt5-window.ts';
import type { Peer, Permissions, PermissionsOf } from './permissions.ts';
import { createTopicAliases } from './topic-aliases.ts';

const LAST_WORDS_TIMEOUT_MS = 5_000;
const UNSPECIFIED_ERROR = 0x80;
const DISCONNECT_WITH_WILL = 0x04;
/** AWS General Reference, "AWS IoT Core endpoints and quotas". */
const RECEIVE_MAXIMUM = 100;
const TOPIC_ALIAS_MAXIMUM = 8;
const MAX_FILTERS = 8;
/** AWS's guide, "MQTT 5 properties": it "cannot exceed 128 KB". */
const MAXIMUM_PACKET_BYTES = 128 * 1024;
const IDENTIFIED: ReadonlySet<Packet['cmd']> = new Set(['subscribe', 'unsubscribe', 'puback']);
const V5 = { protocolVersion: 5 };

export interface Mqtt5Options {
  readonly peer: Peer;
  readonly permissionsOf: PermissionsOf;
  readonly log: Logger;
  /** Seconds that hold, of those that were asked for. */
  keepAlive(askedSeconds: number): number;
}

/** The broker's end of the connection. */
export class Mqtt5Translator extends Duplex {
  readonly #socket: TLSSocket;
  readonly #options: Mqtt5Options;
  readonly #fromClient = mqttPacket.parser(V5);
  readonly #fromBroker = mqttPacket.parser({ protocolVersion: 4 });
  readonly #aliases = createTopicAliases(TOPIC_ALIAS_MAXIMUM);
  readonly #pending = createPendingSubscriptions((filter, { reason }) => {
    this.#options.log.warn({ clientId: this.#connect?.clientId, filter, reason }, 'subscription refused');
  });
  #window: DeliveryWindow | undefined;
  #connect: IConnectPacket | undefined;
  #permissions: Permissions | undefined;
  #ended = false;

  constructor(socket: TLSSocket, options: Mqtt5Options) {
    super();
    this.#socket = socket;
    this.#options = options;
    this.#fromClient.on('packet', (packet) => this.#handleClientPacket(packet));
    this.#fromClient.on('error', () => this.#end(DISCONNECT_REASON.malformedPacket));
    this.#fromBroker.on('packet', (packet) => this.#handleBrokerPacket(packet));
    // It counts filters where MQTT 3 has them: those of MQTT 5 are counted once they are parsed.
    const guard = createFrameGuard({ countsFilters: false });
    socket.on('data', (chunk: Buffer) => {
      if (this.#ended) return;
      if (guard(chunk)) {
        this.#end(DISCONNECT_REASON.packetTooLarge);
        return;
      }
      this.#parse(this.#fromClient, chunk);
    });
    socket.once('close', () => this.destroy());
  }

  /** Tells the client why, and lets nothing else through. Resolves when it is sent, or never will be. */
  sayGoodbye(reasonCode: number): Promise<void> {
    if (this.#connect) this.#send({ cmd: 'disconnect', reasonCode });
    this.#ended = true;
    return this.#hangUp();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#parse(this.#fromBroker, chunk);
    if (this.#socket.writableNeedDrain && !this.#socket.destroyed) this.#socket.once('drain', () => done());
    else done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#ended = true;
    void this.#hangUp();
    done(error);
  }

  /** Closes once what was said last is sent, to a client that reads it. */
  async #hangUp(): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed) return;
    const closed = once(socket, 'close');
    socket.setTimeout(LAST_WORDS_TIMEOUT_MS, () => socket.destroy());
    socket.end(() => socket.destroy());
    await closed;
  }

  /** What can be parsed need not be possible to generate, such as an UNSUBSCRIBE of no filters. */
  #parse(parser: Parser, chunk: Buffer): void {
    try {
      parser.parse(chunk);
    } catch (err) {
      this.#options.log.warn({ err, clientId: this.#connect?.clientId }, 'packet of MQTT 5 cannot be translated');
      this.#end(DISCONNECT_REASON.malformedPacket);
    }
  }

  /** Ends the connection from this side; aedes then publishes the client's will. */
  #end(reasonCode: number): void {
    this.#options.log.warn({ clientId: this.#connect?.clientId, reasonCode }, 'connection of MQTT 5 closed');
    void this.sayGoodbye(reasonCode);
    this.destroy();
  }

  #send(packet: Packet): void {
    if (!this.#ended && this.#socket.writable) this.#socket.write(mqttPacket.generate(packet, V5));
  }

  #toBroker(packet: Packet): void {
    if (!this.destroyed && !this.push(mqttPacket.generate(packet))) this.#socket.pause();
  }

  #handleClientPacket(packet: Packet): void {
    if (this.#ended) return;
    if (packet.cmd === 'connect') {
      this.#handleConnect(packet);
      return;
    }
    const permissions = this.#permissions;
    if (!permissions || lacksIdentifier(packet)) {
      this.#end(DISCONNECT_REASON.protocolError);
      return;
    }
    switch (packet.cmd) {
      case 'publish':
        this.#handlePublish(packet, permissions);
        break;
      case 'subscribe':
        this.#handleSubscribe(packet, permissions);
        break;
      case 'unsubscribe':
        this.#handleUnsubscribe(packet);
        break;
      case 'puback':
        this.#window?.acknowledged();
        this.#toBroker({ cmd: 'puback', messageId: packet.messageId ?? 0 });
        break;
      case 'pingreq':
        this.#toBroker({ cmd: 'pingreq' });
        break;
      case 'disconnect':
        if (packet.reasonCode === DISCONNECT_WITH_WILL) {
          this.destroy();
          return;
        }
        this.#toBroker({ cmd: 'disconnect' });
        break;
      default:
        // AUTH and the packets of QoS 2, which AWS IoT does not take.
        this.#end(DISCONNECT_REASON.protocolError);
    }
  }

  #handleConnect(packet: IConnectPacket): void {
    if (this.#connect) {
      this.#end(DISCONNECT_REASON.protocolError);
      return;
    }
    const { will, properties } = packet;
    const clientId = packet.clientId || `$GEN/${randomUUID()}`;
    this.#connect = { ...packet, clientId };
    const permissions = this.#options.permissionsOf(this.#options.peer, clientId);
    const isPersistent = (properties?.sessionExpiryInterval ?? 0) > 0;
    const refusal = permissions.connect({ isPersistent, will: will && { qos: will.qos ?? 0 } });
    if (refusal) {
      this.#options.log.warn({ clientId, reason: refusal.reason }, 'connection refused');
      this.#send({ cmd: 'connack', reasonCode: refusal.code, sessionPresent: false });
      this.destroy();
      return;
    }
    this.#permissions = permissions;
    this.#window = createDeliveryWindow(properties?.receiveMaximum, (publish) => this.#send(publish));
    this.#toBroker({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId,
      keepalive: packet.keepalive ?? 0,
      ...(will && {
        will: { topic: will.topic, payload: will.payload, qos: will.qos ?? 0, retain: will.retain ?? false },
      }),
    });
  }

  #handlePublish(packet: IPublishPacket, permissions: Permissions): void {
    const { messageId = 0, qos } = packet;
    const topic = this.#aliases.resolve(packet.topic, packet.properties?.topicAlias);
    if (topic === undefined) {
      this.#end(DISCONNECT_REASON.topicAliasInvalid);
      return;
    }
    const refusal = permissions.publish({ ...packet, topic });
    if (refusal) {
      this.#options.log.warn({ clientId: this.#connect?.clientId, topic, reason: refusal.reason }, 'publish refused');
      if (qos !== 1) {
        this.#end(refusal.code);
        return;
      }
      this.#send({ cmd: 'puback', messageId, reasonCode: refusal.code });
      return;
    }
    const { payload, retain, dup } = packet;
    this.#toBroker({ cmd: 'publish', topic, payload, qos, retain, dup, ...(qos > 0 && { messageId }) });
  }

  #handleSubscribe(packet: ISubscribePacket, permissions: Permissions): void {
    const { messageId = 0, properties } = packet;
    if (properties?.subscriptionIdentifier !== undefined) {
      this.#end(DISCONNECT_REASON.subscriptionIdentifiersNotSupported);
      return;
    }
    if (packet.subscriptions.length > MAX_FILTERS) {
      this.#end(DISCONNECT_REASON.quotaExceeded);
      return;
    }
    const asked = this.#pending.subscribe(packet, permissions);
    if ('granted' in asked) this.#send({ cmd: 'suback', messageId, granted: asked.granted });
    else this.#toBroker({ cmd: 'subscribe', messageId, subscriptions: [...asked] });
  }

  #handleUnsubscribe({ messageId = 0, unsubscriptions }: IUnsubscribePacket): void {
    const answer = this.#pending.unsubscribe(messageId, unsubscriptions.length);
    if (answer) this.#send({ cmd: 'unsuback', messageId, granted: answer.granted });
    else this.#toBroker({ cmd: 'unsubscribe', messageId, unsubscriptions });
  }

  #handleBrokerPacket(packet: Packet): void {
    const { messageId = 0 } = packet;
    switch (packet.cmd) {
      case 'connack':
        this.#handleConnack(packet.returnCode ?? 0);
        break;
      case 'publish':
        this.#handleDelivery(packet);
        break;
      case 'suback': {
        const granted = this.#pending.subscribed(messageId, packet.granted as readonly number[]);
        this.#send({ cmd: 'suback', messageId, granted });
        break;
      }
      case 'unsuback':
        this.#send({ cmd: 'unsuback', messageId, granted: this.#pending.unsubscribed(messageId) });
        break;
      case 'puback':
        this.#send({ cmd: 'puback', messageId, reasonCode: 0 });
        break;
      case 'pingresp':
        this.#send({ cmd: 'pingresp' });
        break;
      default:
        break;
    }
  }

  #handleConnack(returnCode: number): void {
    const asked = this.#connect;
    if (returnCode !== 0 || !asked) {
      this.#send({ cmd: 'connack', reasonCode: UNSPECIFIED_ERROR, sessionPresent: false });
      return;
    }
    const { keepalive = 0, properties } = asked;
    const serverKeepAlive = this.#options.keepAlive(keepalive);
    this.#send({
      cmd: 'connack',
      reasonCode: 0,
      sessionPresent: false,
      properties: {
        ...((properties?.sessionExpiryInterval ?? 0) > 0 && { sessionExpiryInterval: 0 }),
        receiveMaximum: RECEIVE_MAXIMUM,
        maximumQoS: 1,
        retainAvailable: true,
        maximumPacketSize: MAXIMUM_PACKET_BYTES,
        ...(asked.clientId.startsWith('$GEN/') && { assignedClientIdentifier: asked.clientId }),
        topicAliasMaximum: TOPIC_ALIAS_MAXIMUM,
        wildcardSubscriptionAvailable: true,
        subscriptionIdentifiersAvailable: false,
        sharedSubscriptionAvailable: false,
        ...(serverKeepAlive !== keepalive && { serverKeepAlive }),
      },
    });
  }

  #handleDelivery(packet: IPublishPacket): void {
    const { topic, payload, qos, retain, messageId = 0 } = packet;
    const delivery: IPublishPacket = {
      cmd: 'publish',
      topic,
      payload,
      qos,
      retain,
      dup: false,
      ...(qos > 0 && { messageId }),
    };
    const maximum = this.#connect?.properties?.maximumPacketSize;
    if (maximum !== undefined && mqttPacket.generate(delivery, V5).length > maximum) {
      // MQTT 5.0, 3.1.2.11.4: as if it had been sent.
      if (qos > 0) this.#toBroker({ cmd: 'puback', messageId });
      return;
    }
    this.#window?.deliver(delivery);
  }
}

/** MQTT 5.0, 2.2.1: these have a packet identifier, and 0 is none. */
function lacksIdentifier(packet: Packet): boolean {
  const needsOne = packet.cmd === 'publish' ? packet.qos > 0 : IDENTIFIED.has(packet.cmd);
  return needsOne && !packet.messageId;
}
