/**
 * A plain publish/subscribe connection to an MQTT 3.1.1 broker. One `Connection` is one TCP and TLS connection: when it
 * is gone it is gone, and whoever wants another calls `connect` again. Reconnecting, with its waiting, is decided above
 * this port, once for all adapters.
 */
export type QoS = 0 | 1;

/** Why a connection could not be made, or ended. Operators search for these. */
export type TransportErrorCode =
  | 'TRANSPORT_UNAVAILABLE' // the library or its native binary is not installed
  | 'NAME_NOT_RESOLVED'
  | 'CONNECT_REFUSED' // nothing listens, or the network says no
  | 'CONNECT_TIMEOUT'
  | 'TLS_SERVER_UNTRUSTED' // not signed by our CA
  | 'TLS_SERVER_NAME_MISMATCH'
  | 'TLS_SERVER_EXPIRED' // also: our own clock is wrong
  | 'TLS_SERVER_NOT_YET_VALID' // most often: our own clock is wrong
  | 'TLS_CLIENT_REFUSED' // the broker did not accept our certificate
  | 'TLS_FAILED'
  | 'MQTT_NOT_AUTHORIZED' // CONNACK 4 or 5
  | 'MQTT_REFUSED' // any other CONNACK than 0
  | 'SUBSCRIBE_REFUSED' // SUBACK 0x80
  | 'SUBSCRIBE_TIMEOUT' // no SUBACK
  | 'KEEP_ALIVE_TIMEOUT'
  | 'PROTOCOL_ERROR' // the broker sent what is not MQTT 3.1.1, or a packet over our ceiling
  | 'CLOSED_BY_BROKER' // also: policy violation, or another client with our client id
  | 'CLIENT_ID_IN_USE' // concluded, above this port, from several CLOSED_BY_BROKER
  | 'PUBLISH_REFUSED' // the same
  | 'CLOSED_BY_US';

export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: TransportErrorCode;
  constructor(code: TransportErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

export interface Subscription {
  readonly filter: string;
  readonly qos: QoS;
}

export interface ConnectionEvents {
  /** Called for every message, in the order they came. Must not throw. */
  onMessage(topic: string, payload: Uint8Array): void;
  /** Called exactly once, after `connect` resolved, whoever ended the connection. */
  onClosed(reason: TransportError): void;
}

export interface Connection {
  /** Resolves when the broker granted every filter. @throws TransportError SUBSCRIBE_REFUSED, or why it closed. */
  subscribe(subscriptions: readonly Subscription[]): Promise<void>;
  /** QoS 0: resolves when the message is on its way. QoS 1: when the broker acknowledged it. @throws TransportError */
  publish(topic: string, payload: string, qos: QoS): Promise<void>;
  /** DISCONNECT, then close. Resolves when the socket is gone; safe to call twice. `onClosed` gets CLOSED_BY_US. */
  close(): Promise<void>;
}

export interface Transport {
  /** Name as in the configuration. */
  readonly name: string;
  /** Resolves on CONNACK 0. @throws TransportError; then nothing is left open and `onClosed` is never called. */
  connect(events: ConnectionEvents): Promise<Connection>;
}

/** What every adapter needs to know. PEM contents, not paths: reading files is the configuration's business. */
export interface TransportOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly certPem: string;
  readonly keyPem: string;
  readonly caPem: string;
  readonly keepAliveSeconds: number;
  /** DNS, TCP, TLS and CONNACK together. */
  readonly connectTimeoutMs: number;
}
