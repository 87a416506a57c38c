/**
 * Why a broker closes one connection after the other soon after it was made. MQTT has no word for either cause: another
 * client that uses the same client id, or a policy that forbids a publish. Both would go on for ever, and with a second
 * agent as the other client each would throw the other out: a kick war.
 */
import { type Connection, TransportError } from '../ports/transport.ts';

export interface KickDetector {
  /** A connection in use ended. @returns what is behind it, once that can be told, and how often it has now been so. */
  ended(ending: ConnectionEnding): Diagnosis | null;
  /** No connection could be made. That no other client does: the network is to blame for what went before. */
  notConnected(): void;
}

export interface ConnectionEnding {
  readonly closedByBroker: boolean;
  /** Since the broker took the connection. */
  readonly heldMs: number;
  /** What was published just before, if nothing was heard since. */
  readonly unansweredTopic: string | null;
}

export interface Diagnosis {
  readonly reason: TransportError;
  /** In a row; at least 3. */
  readonly kicks: number;
}

/** Closed earlier than this after it was made, a connection was not lost by chance. */
const KICK_MS = 10_000;
/** How many such closings in a row are no accident. */
export const MIN_KICKS = 3;
/** A connection that held this long ends the row. */
const PEACE_MS = 60_000;

export function createKickDetector(): KickDetector {
  let kicks: readonly (string | null)[] = [];
  return {
    ended({ closedByBroker, heldMs, unansweredTopic }) {
      if (heldMs >= PEACE_MS) kicks = [];
      if (!closedByBroker || heldMs >= KICK_MS) return null;
      kicks = [...kicks, unansweredTopic].slice(-MAX_REMEMBERED);
      return kicks.length < MIN_KICKS ? null : { kicks: kicks.length, reason: reasonOf(kicks.slice(-MIN_KICKS)) };
    },
    notConnected() {
      kicks = [];
    },
  };
}

/** More make no difference to anybody. */
const MAX_REMEMBERED = 20;

function reasonOf(kicks: readonly (string | null)[]): TransportError {
  const [topic] = kicks;
  if (typeof topic === 'string' && kicks.every((other) => other === topic)) {
    return new TransportError(
      'PUBLISH_REFUSED',
      `the broker closed the connection ${MIN_KICKS} times in a row after a publish to ${topic}, without an answer: ` +
        `does the policy allow iot:Publish on topic/${topic}? If it does, another client uses our client id`,
    );
  }
  return new TransportError(
    'CLIENT_ID_IN_USE',
    `the broker closed ${MIN_KICKS} connections in a row within ${KICK_MS / 1_000} s: another client uses our client id. ` +
      'Each device needs a thing, a certificate and a clientId of its own',
  );
}

export interface WatchedConnection extends Connection {
  /** A message came. */
  heard(): void;
  /** The topic published to less than a second ago, if nothing was heard since. */
  unansweredTopic(): string | null;
}

/** A broker that forbids a publish closes a round trip after it; another client takes a second to come back. */
const VERDICT_MS = 1_000;

export function watchConnection(connection: Connection, monotonicMs: () => number): WatchedConnection {
  let last: { readonly topic: string; readonly atMs: number } | null = null;
  return {
    subscribe: (subscriptions) => connection.subscribe(subscriptions),
    publish(topic, payload, qos) {
      last = { topic, atMs: monotonicMs() };
      return connection.publish(topic, payload, qos);
    },
    close: () => connection.close(),
    heard() {
      last = null;
    },
    unansweredTopic: () => (last !== null && monotonicMs() - last.atMs < VERDICT_MS ? last.topic : null),
  };
}
