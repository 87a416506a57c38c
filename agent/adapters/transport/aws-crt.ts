// AWS's own client, the Common Runtime, as a transport: native TLS (s2n) and MQTT in a library of 44 MB that is loaded
// only where it is configured. It has no ceiling for incoming packets and no option for TCP_NODELAY.

import { setTimeout as delay } from 'node:timers/promises';
import type * as AwsIotSdk from 'aws-iot-device-sdk-v2';
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
import { crtErrorOf, isCancelledByLoss } from './crt-error-codes.ts';
import { closedByUsError, connectTimeoutError, subscribeRefusedError } from './error-codes.ts';
import { checkServer } from './server-check.ts';

type Sdk = typeof AwsIotSdk;
type NativeConnection = AwsIotSdk.mqtt.MqttClientConnection;

/** How long a disconnect may take before we no longer wait for it. Measured: under 1 ms, also on a dead link. */
const CLOSE_GRACE_MS = 1_000;

const SUBACK_FAILURE = 0x80;

/** @throws TransportError TRANSPORT_UNAVAILABLE where the package or its native binary is missing. */
export async function createAwsCrtTransport(options: TransportOptions): Promise<Transport> {
  const sdk = await loadSdk();
  let unfinished: Promise<void> = Promise.resolve();
  return {
    name: 'aws-crt',
    connect: async (events) => {
      const leftMs = countdown(options.connectTimeoutMs);
      // A late success of an attempt we gave up would take the client id from the next one.
      await withDeadline(unfinished, leftMs(), options);
      // The library takes 15 to 25 s to refuse a server and cannot be stopped meanwhile, says no more than "negotiation
      // failed", and takes a certificate that has a common name only. Hence one more handshake, by Node, before it.
      await checkServer({ ...options, connectTimeoutMs: leftMs() });
      const connection = new CrtConnection(newNativeConnection(sdk, options), events);
      const opened = connection.open();
      unfinished = opened.then(ignore, ignore);
      try {
        await withDeadline(opened, leftMs(), options);
      } catch (error) {
        connection.abandon();
        throw error;
      }
      return connection;
    },
  };
}

/** Owns one native connection, which is used for one MQTT connection and then thrown away. */
class CrtConnection implements Connection {
  readonly #native: NativeConnection;
  readonly #events: ConnectionEvents;
  readonly #end = new ConnectionEnd();

  constructor(native: NativeConnection, events: ConnectionEvents) {
    this.#native = native;
    this.#events = events;
    native.on('interrupt', (error) => this.#lost(error));
    native.on('message', (topic, payload) => {
      // An empty payload comes as a detached buffer, and an error thrown inside this callback ends the process with an
      // abort. So nothing is called from in here.
      const bytes = payload.byteLength === 0 ? new Uint8Array() : new Uint8Array(payload);
      queueMicrotask(() => {
        if (this.#end.reason === undefined) events.onMessage(topic, bytes);
      });
    });
  }

  /** Resolves on CONNACK 0, or, where it was abandoned meanwhile, when the late connection is closed again. */
  async open(): Promise<void> {
    try {
      await this.#native.connect();
    } catch (error) {
      throw crtErrorOf(error, 'opening');
    }
    if (this.#end.reason !== undefined) await this.#native.disconnect();
  }

  /** Nobody wants the connection any more that is still being made. A native attempt cannot be stopped, only outlived. */
  abandon(): void {
    this.#end.begin(closedByUsError());
    this.#end.finish();
  }

  subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    return this.#end.unlessEnded((resolve, reject) => {
      // The library has no SUBSCRIBE of several filters.
      const requests = subscriptions.map(({ filter, qos }) => this.#native.subscribe(filter, qos));
      Promise.all(requests).then(
        (answers) => {
          const refused = subscriptions.filter((_, index) => Number(answers[index]?.qos) === SUBACK_FAILURE);
          if (refused.length === 0) resolve(undefined);
          else reject(subscribeRefusedError(refused.map(({ filter }) => filter)));
        },
        (error: unknown) => this.#failed(error, reject),
      );
    });
  }

  publish(topic: string, payload: string, qos: QoS): Promise<void> {
    return this.#end.unlessEnded((resolve, reject) => {
      this.#native.publish(topic, payload, qos).then(
        () => resolve(undefined),
        (error: unknown) => this.#failed(error, reject),
      );
    });
  }

  async close(): Promise<void> {
    if (this.#end.begin(closedByUsError())) {
      await Promise.race([this.#native.disconnect().catch(ignore), delay(CLOSE_GRACE_MS, undefined, { ref: false })]);
      this.#finish();
    }
    await this.#end.done;
  }

  /**
   * The library first cancels what waits on a lost connection, and only then says that it is lost and why. So what was
   * cancelled goes on waiting: `ConnectionEnd` tells it the reason.
   */
  #failed(error: unknown, reject: (error: TransportError) => void): void {
    if (this.#end.reason !== undefined) reject(this.#end.reason);
    else if (!isCancelledByLoss(error)) reject(crtErrorOf(error, 'open'));
  }

  /** The socket is gone; `disconnect` stops the library from making another one, which it would begin after a second. */
  #lost(error: unknown): void {
    if (!this.#end.begin(crtErrorOf(error, 'open'))) return;
    this.#native.disconnect().catch(ignore);
    // Not at once: the caller of `connect` may not have seen the connection yet.
    setImmediate(() => this.#finish());
  }

  #finish(): void {
    if (this.#end.reason !== undefined) this.#events.onClosed(this.#end.reason);
    this.#end.finish();
  }
}

async function loadSdk(): Promise<Sdk> {
  try {
    return await import('aws-iot-device-sdk-v2');
  } catch (cause) {
    const text =
      'transport "aws-crt" cannot be loaded: run `npm install aws-iot-device-sdk-v2` where this agent is installed, or ' +
      'set "transport" to "mqtt" (there is no binary of aws-crt for 32-bit ARM)';
    throw new TransportError('TRANSPORT_UNAVAILABLE', text, { cause });
  }
}

function newNativeConnection({ io, mqtt }: Sdk, options: TransportOptions): NativeConnection {
  try {
    const tls = io.TlsContextOptions.create_client_with_mtls(options.certPem, options.keyPem);
    tls.override_default_trust_store(options.caPem);
    tls.min_tls_version = io.TlsVersion.TLSv1_2;
    tls.verify_peer = true;
    return new mqtt.MqttClient().new_connection({
      host_name: options.host,
      port: options.port,
      client_id: options.clientId,
      clean_session: true,
      keep_alive: options.keepAliveSeconds,
      // Must be shorter than the keep-alive. Half of it is what MQTT.js waits.
      ping_timeout: options.keepAliveSeconds * 500,
      // The shortest there is: a disconnect after a lost connection ends when this timer would have reconnected.
      reconnect_min_sec: 1,
      socket_options: new io.SocketOptions(
        io.SocketType.STREAM,
        io.SocketDomain.IPV6, // the family of the address it resolves to wins
        options.connectTimeoutMs,
      ),
      tls_ctx: new io.ClientTlsContext(tls),
      disable_metrics: true,
    });
  } catch (error) {
    throw crtErrorOf(error, 'opening');
  }
}

/** Answers how much of the time is left, never less than 1 ms. */
function countdown(totalMs: number): () => number {
  const startedMs = performance.now();
  return () => Math.max(1, Math.ceil(totalMs - (performance.now() - startedMs)));
}

function withDeadline<T>(work: Promise<T>, deadlineMs: number, options: TransportOptions): Promise<T> {
  const { host, port, connectTimeoutMs } = options;
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(connectTimeoutError({ host, port, phase: 'greeting' }, connectTimeoutMs)),
      deadlineMs,
    );
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function ignore(): void {}
