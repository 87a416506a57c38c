/**
 * Keeps one connection open: connects, subscribes, and when it is lost connects again after a random while that grows
 * (at least 1 s, at most 120 s: AWS IoT Device Advisor fails constant and linear delays).
 */
import type { Logger } from 'pino';
import { reconnectDelayMs } from '../core/backoff.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import { type Connection, type Subscription, type Transport, TransportError } from '../ports/transport.ts';

export interface ConnectionKeeper {
  start(): void;
  /** Resolves when nothing is left open. */
  stop(): Promise<void>;
  status(): ConnectionStatus;
}

export interface ConnectionStatus {
  readonly connected: boolean;
  /** Connections made since the start. */
  readonly connects: number;
  /** Attempts in a row that failed. */
  readonly failedAttempts: number;
  /** The last reason why there was no connection. */
  readonly lastError: { readonly code: string; readonly message: string } | null;
}

export interface ConnectionKeeperOptions {
  readonly transport: Transport;
  readonly subscriptions: readonly Subscription[];
  /** How long the broker may take to grant them. */
  readonly subscribeTimeoutMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
  readonly onConnected: (connection: Connection) => void;
  readonly onDisconnected: () => void;
}

/** A connection that held this long was good: the next loss starts with the shortest wait again. */
const STABLE_MS = 60_000;

export function createConnectionKeeper(options: ConnectionKeeperOptions): ConnectionKeeper {
  return new Keeper(options);
}

/** One attempt, and what came of it. */
interface Link {
  connection: Connection | null;
  connectedAtMs: number;
  /** Why we close it ourselves. */
  refusal: TransportError | null;
  ended: boolean;
}

/** Owns the one connection there is, and the timer of the next attempt. */
class Keeper implements ConnectionKeeper {
  readonly #options: ConnectionKeeperOptions;
  #status: ConnectionStatus = { connected: false, connects: 0, failedAttempts: 0, lastError: null };
  #stopped = false;
  #link: Link | null = null;
  /** Waits so far that did not lead to a connection that held. */
  #waits = 0;
  #retry: Timer | undefined;
  #opening: Promise<void> = Promise.resolve();

  constructor(options: ConnectionKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    if (!this.#stopped) this.#opening = this.#open();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    // An attempt that is still under way may take its whole time limit: it is closed when it succeeds, unawaited.
    if (this.#link?.connection == null) return;
    await this.#link.connection.close();
    await this.#opening;
  }

  status(): ConnectionStatus {
    return this.#status;
  }

  async #open(): Promise<void> {
    const { transport, clock, subscriptions, onMessage } = this.#options;
    const link: Link = { connection: null, connectedAtMs: Infinity, refusal: null, ended: false };
    this.#link = link;
    try {
      const connection = await transport.connect({ onMessage, onClosed: (reason) => this.#ended(link, reason) });
      if (link.ended) return; // in the same breath
      link.connection = connection;
      link.connectedAtMs = clock.monotonicMs();
      if (!this.#stopped) await this.#within(connection.subscribe(subscriptions));
      if (this.#stopped) await connection.close();
      else if (!link.ended) this.#announce(connection);
    } catch (error) {
      // Connected but not subscribed it is closed before it is tried again: AWS lets a client id connect once.
      link.refusal = toTransportError(error);
      await link.connection?.close();
      this.#ended(link, link.refusal);
    }
  }

  /** A broker that keeps the connection but never grants the subscriptions would leave us deaf for ever. */
  #within(subscribed: Promise<void>): Promise<void> {
    const { clock, subscribeTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(subscribeTimeoutMs, () =>
        reject(new TransportError('SUBSCRIBE_REFUSED', `no answer to SUBSCRIBE in ${subscribeTimeoutMs / 1_000} s`)),
      );
      subscribed.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  #announce(connection: Connection): void {
    const { transport, log, onConnected } = this.#options;
    this.#status = { connected: true, connects: this.#status.connects + 1, failedAttempts: 0, lastError: null };
    log.info({ transport: transport.name }, 'connected and subscribed');
    onConnected(connection);
  }

  /** However an attempt ends, and whoever says so first: it ends once, and is followed by one other. */
  #ended(link: Link, reason: TransportError): void {
    if (link.ended) return;
    link.ended = true;
    if (this.#options.clock.monotonicMs() - link.connectedAtMs >= STABLE_MS) this.#waits = 0;
    if (!this.#stopped) this.#note(link.refusal ?? reason);
    if (this.#status.connected) {
      this.#status = { ...this.#status, connected: false };
      this.#options.onDisconnected();
    }
    if (!this.#stopped) this.#later();
  }

  #note({ code, message }: TransportError): void {
    const failedAttempts = this.#status.failedAttempts + 1;
    this.#status = { ...this.#status, failedAttempts, lastError: { code, message } };
    this.#options.log.warn({ code, reason: message, failedAttempts }, 'not connected');
  }

  #later(): void {
    const { clock, random, log } = this.#options;
    const delayMs = reconnectDelayMs(this.#waits, random);
    this.#waits += 1;
    log.debug({ delayMs }, 'connecting again later');
    this.#retry = clock.setTimer(delayMs, () => this.start());
  }
}

function toTransportError(error: unknown): TransportError {
  if (error instanceof TransportError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new TransportError('CLOSED_BY_BROKER', message, { cause: error });
}
