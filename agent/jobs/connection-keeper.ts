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
  const { transport, clock, random, log } = options;
  let stopped = false;
  let connection: Connection | null = null;
  let announced = false;
  let retry: Timer | null = null;
  let opening: Promise<void> = Promise.resolve();
  let waits = 0;
  let connectedAtMs = 0;
  let status: ConnectionStatus = { connected: false, connects: 0, failedAttempts: 0, lastError: null };

  async function open(): Promise<void> {
    try {
      const opened = await transport.connect({ onMessage: options.onMessage, onClosed: lost });
      connection = opened;
      connectedAtMs = clock.monotonicMs();
      if (stopped) {
        await opened.close();
        return;
      }
      await opened.subscribe(options.subscriptions);
      if (connection !== opened) return; // lost meanwhile, and `lost` saw to it
      announced = true;
      status = { connected: true, connects: status.connects + 1, failedAttempts: 0, lastError: null };
      log.info({ transport: transport.name }, 'connected and subscribed');
      options.onConnected(opened);
    } catch (error) {
      await failed(error);
    }
  }

  async function failed(error: unknown): Promise<void> {
    const reason = toTransportError(error);
    if (connection !== null) {
      // Connected but not subscribed: closing it calls `lost`, which waits and tries again.
      note(reason);
      await connection.close();
    } else if (!stopped) {
      note(reason);
      later();
    }
  }

  function lost(reason: TransportError): void {
    if (connection === null) return;
    connection = null;
    if (clock.monotonicMs() - connectedAtMs >= STABLE_MS) waits = 0;
    if (reason.code !== 'CLOSED_BY_US') note(reason);
    if (announced) {
      announced = false;
      status = { ...status, connected: false };
      options.onDisconnected();
    }
    if (!stopped) later();
  }

  function note(reason: TransportError): void {
    status = {
      ...status,
      failedAttempts: status.failedAttempts + 1,
      lastError: { code: reason.code, message: reason.message },
    };
    log.warn({ code: reason.code, reason: reason.message, failedAttempts: status.failedAttempts }, 'not connected');
  }

  function later(): void {
    const delayMs = reconnectDelayMs(waits, random);
    waits += 1;
    log.debug({ delayMs }, 'connecting again later');
    retry = clock.setTimer(delayMs, connect);
  }

  function connect(): void {
    opening = open();
  }

  return {
    start: connect,
    async stop() {
      stopped = true;
      retry?.cancel();
      await connection?.close();
      await opening;
    },
    status: () => status,
  };
}

function toTransportError(error: unknown): TransportError {
  if (error instanceof TransportError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new TransportError('CLOSED_BY_BROKER', message, { cause: error });
}
