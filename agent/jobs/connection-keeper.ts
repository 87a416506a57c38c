/**
 * Keeps one connection open: connects, subscribes, and when it is lost connects again after a random while that grows
 * (at least 1 s, at most 120 s: AWS IoT Device Advisor fails constant and linear delays). Where the broker does not want
 * us it is longer: up to 10 minutes where it does not authorize us, at least one where another client has our client id.
 */
import type { Logger } from 'pino';
import { kickedDelayMs, reconnectDelayMs } from '../core/backoff.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import {
  type Connection,
  type Subscription,
  type Transport,
  TransportError,
  type TransportErrorCode,
} from '../ports/transport.ts';
import { setClockStepTimer } from './clock-step-timer.ts';
import {
  createKickDetector,
  type Diagnosis,
  MIN_KICKS,
  type WatchedConnection,
  watchConnection,
} from './kick-detector.ts';
import { createSubscriptionProbe, type SubscriptionProbe } from './subscription-probe.ts';

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
  /** What the broker forbids, as a policy would allow it: `iot:Subscribe on topicfilter/$aws/things/gw-1/jobs/notify`. */
  readonly missingRights: readonly string[];
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
/** The longest wait where only an operator can help. */
const UNAUTHORIZED_MAX_MS = 600_000;
const UNAUTHORIZED: readonly TransportErrorCode[] = ['MQTT_NOT_AUTHORIZED', 'TLS_CLIENT_REFUSED'];
/** What a clock that is set may cure. */
const CLOCK_ERRORS: readonly TransportErrorCode[] = ['TLS_SERVER_NOT_YET_VALID', 'TLS_SERVER_EXPIRED'];
/** Before a forbidden subscription is asked for again, which may cost the connection: doubles up to an hour. */
const FIRST_ASK_AGAIN_MS = 300_000;
const MAX_ASK_AGAIN_MS = 3_600_000;

export function createConnectionKeeper(options: ConnectionKeeperOptions): ConnectionKeeper {
  return new Keeper(options);
}

/** One attempt, and what came of it. */
interface Link {
  connection: WatchedConnection | null;
  connectedAtMs: number;
  /** It has its subscriptions and was announced; nothing is asked for that may end it. */
  inUse: boolean;
  /** Why we close it ourselves. */
  refusal: TransportError | null;
  askAgain: Timer | null;
  ended: boolean;
}

/** Owns the one connection there is, and the timer of the next attempt. */
class Keeper implements ConnectionKeeper {
  readonly #options: ConnectionKeeperOptions;
  readonly #probe: SubscriptionProbe;
  readonly #kicks = createKickDetector();
  #status: ConnectionStatus = { connected: false, connects: 0, failedAttempts: 0, lastError: null, missingRights: [] };
  #stopped = false;
  #link: Link | null = null;
  /** Waits so far that did not lead to a connection that held. */
  #waits = 0;
  /** How often forbidden subscriptions were asked for again. */
  #asks = 0;
  #retry: Timer | undefined;
  #opening: Promise<void> = Promise.resolve();

  constructor(options: ConnectionKeeperOptions) {
    this.#options = options;
    this.#probe = createSubscriptionProbe(options);
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
    const { transport, clock } = this.#options;
    const link = newLink();
    this.#link = link;
    const onMessage = (topic: string, payload: Uint8Array) => {
      link.connection?.heard();
      this.#options.onMessage(topic, payload);
    };
    try {
      const connection = await transport.connect({ onMessage, onClosed: (reason) => this.#ended(link, reason) });
      if (link.ended) return; // in the same breath
      link.connection = watchConnection(connection, clock.monotonicMs);
      link.connectedAtMs = clock.monotonicMs();
      if (!this.#stopped) await this.#probe.subscribe(link.connection).finally(() => this.#noteRights());
      if (this.#stopped) await connection.close();
      else if (!link.ended) this.#announce(link, link.connection);
    } catch (error) {
      await this.#giveUp(link, toTransportError(error));
    }
  }

  /** Connected but not subscribed it is closed before it is tried again: AWS lets a client id connect once. */
  async #giveUp(link: Link, refusal: TransportError): Promise<void> {
    link.refusal ??= refusal;
    await link.connection?.close();
    this.#ended(link, refusal);
  }

  #announce(link: Link, connection: Connection): void {
    const { transport, log, onConnected } = this.#options;
    const connects = this.#status.connects + 1;
    this.#status = { ...this.#status, connected: true, connects, failedAttempts: 0, lastError: null };
    link.inUse = true;
    log.info({ transport: transport.name }, 'connected and subscribed');
    this.#askAgainLater(link);
    onConnected(connection);
  }

  #askAgainLater(link: Link): void {
    if (this.#probe.missing().length === 0) return;
    const delayMs = Math.min(MAX_ASK_AGAIN_MS, FIRST_ASK_AGAIN_MS * 2 ** Math.min(this.#asks, 10));
    link.askAgain = this.#options.clock.setTimer(delayMs, () => void this.#askAgain(link));
  }

  async #askAgain(link: Link): Promise<void> {
    if (link.connection === null || link.ended) return;
    this.#asks += 1;
    link.inUse = false;
    try {
      await this.#probe.askAgain(link.connection).finally(() => this.#noteRights());
      link.inUse = true;
      if (!link.ended) this.#askAgainLater(link);
    } catch (error) {
      await this.#giveUp(link, toTransportError(error));
    }
  }

  #noteRights(): void {
    const missingRights = this.#probe.missing().map((filter) => `iot:Subscribe on topicfilter/${filter}`);
    const before = this.#status.missingRights;
    this.#status = { ...this.#status, missingRights };
    const { log } = this.#options;
    if (missingRights.some((right) => !before.includes(right))) {
      log.error({ code: 'SUBSCRIBE_REFUSED', missingRights }, 'the policy forbids subscriptions: working without them');
    } else if (missingRights.length < before.length) {
      this.#asks = 0;
      log.info({ missingRights }, 'subscriptions that were forbidden are granted');
    }
  }

  /** However an attempt ends, and whoever says so first: it ends once, and is followed by one other. */
  #ended(link: Link, reason: TransportError): void {
    if (link.ended) return;
    link.ended = true;
    link.askAgain?.cancel();
    const heldMs = this.#options.clock.monotonicMs() - link.connectedAtMs;
    if (heldMs >= STABLE_MS) this.#waits = 0;
    const cause = explained(link, link.refusal ?? reason);
    const diagnosis = this.#diagnose(link, cause, heldMs);
    if (!this.#stopped) this.#note(diagnosis?.reason ?? cause, diagnosis);
    if (this.#status.connected) {
      this.#status = { ...this.#status, connected: false };
      this.#options.onDisconnected();
    }
    if (!this.#stopped) this.#later(cause, diagnosis);
  }

  #diagnose({ connection }: Link, { code }: TransportError, heldMs: number): Diagnosis | null {
    if (connection === null) {
      this.#kicks.notConnected();
      return null;
    }
    const unansweredTopic = connection.unansweredTopic();
    return this.#kicks.ended({ closedByBroker: code === 'CLOSED_BY_BROKER', heldMs, unansweredTopic });
  }

  #note({ code, message }: TransportError, diagnosis: Diagnosis | null): void {
    const failedAttempts = this.#status.failedAttempts + 1;
    this.#status = { ...this.#status, failedAttempts, lastError: { code, message } };
    const { log } = this.#options;
    if (diagnosis === null) log.warn({ code, reason: message, failedAttempts }, 'not connected');
    else
      log.error({ code, reason: message, kicks: diagnosis.kicks }, 'closed by the broker again and again: backing off');
  }

  #later({ code }: TransportError, diagnosis: Diagnosis | null): void {
    const { clock, random, log } = this.#options;
    const delayMs =
      diagnosis === null
        ? reconnectDelayMs(this.#waits, random, UNAUTHORIZED.includes(code) ? UNAUTHORIZED_MAX_MS : undefined)
        : kickedDelayMs(diagnosis.kicks - MIN_KICKS, random);
    this.#waits += 1;
    log.debug({ delayMs }, 'connecting again later');
    const again = () => this.start();
    this.#retry = CLOCK_ERRORS.includes(code)
      ? setClockStepTimer(clock, delayMs, again)
      : clock.setTimer(delayMs, again);
  }
}

function newLink(): Link {
  return { connection: null, connectedAtMs: Infinity, inUse: false, refusal: null, askAgain: null, ended: false };
}

/** AWS IoT says no more than by closing. */
function explained({ connection, inUse }: Link, reason: TransportError): TransportError {
  if (connection === null || inUse || reason.code !== 'CLOSED_BY_BROKER') return reason;
  const text = `${reason.message}; it came during SUBSCRIBE, so the filters are asked for one by one`;
  return new TransportError('SUBSCRIBE_REFUSED', text, { cause: reason });
}

function toTransportError(error: unknown): TransportError {
  if (error instanceof TransportError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new TransportError('CLOSED_BY_BROKER', message, { cause: error });
}
