/**
 * The SUBSCRIBE and UNSUBSCRIBE of a client of MQTT 5 that wait for the broker's answer. What a policy forbids is refused
 * here, filter by filter, and the broker never hears of it: in MQTT 3 it would end the connection.
 */
import type { ISubscribePacket, ISubscription } from 'mqtt-packet';
import type { Permissions, Refusal } from './permissions.ts';

const SUCCESS = 0;
const UNSPECIFIED_ERROR = 0x80;
const PACKET_IDENTIFIER_IN_USE = 0x91;

interface Asked {
  readonly topic: string;
  readonly refusal: Refusal | null;
}

export interface PendingSubscriptions {
  /** What the broker is to be asked; or what to answer without it. */
  subscribe(packet: ISubscribePacket, permissions: Permissions): readonly ISubscription[] | Answer;
  /** The reason codes for the client, given those of the broker. */
  subscribed(messageId: number, granted: readonly number[]): number[];
  /** What to answer without asking the broker, if anything. */
  unsubscribe(messageId: number, filters: number): Answer | undefined;
  unsubscribed(messageId: number): number[];
}

/** One reason code a filter. */
export interface Answer {
  readonly granted: number[];
}

/** @param onRefusal Told of each filter that is refused. */
export function createPendingSubscriptions(
  onRefusal: (filter: string, refusal: Refusal) => void,
): PendingSubscriptions {
  const subscribing = new Map<number, readonly Asked[]>();
  const unsubscribing = new Map<number, number>();
  const isInUse = (messageId: number) => subscribing.has(messageId) || unsubscribing.has(messageId);
  return {
    subscribe: ({ messageId = 0, subscriptions }, permissions) => {
      if (isInUse(messageId)) return { granted: subscriptions.map(() => PACKET_IDENTIFIER_IN_USE) };
      const asked = subscriptions.map(({ topic }) => ({ topic, refusal: permissions.subscribe(topic) }));
      for (const { topic, refusal } of asked) if (refusal) onRefusal(topic, refusal);
      // One of each filter, the last: aedes answers for each filter once.
      const allowed = new Map(
        subscriptions
          .filter((_, index) => asked[index]?.refusal === null)
          // MQTT 5.0, 3.2.2.3.4: asked for QoS 2, a server with a Maximum QoS of 1 grants that.
          .map(({ topic, qos }) => [topic, { topic, qos: qos === 2 ? (1 as const) : qos }]),
      );
      if (allowed.size === 0) return { granted: codesOf(asked, new Map()) };
      subscribing.set(messageId, asked);
      return [...allowed.values()];
    },
    subscribed: (messageId, granted) => {
      const asked = subscribing.get(messageId) ?? [];
      subscribing.delete(messageId);
      const allowed = new Set(asked.filter(({ refusal }) => refusal === null).map(({ topic }) => topic));
      return codesOf(asked, new Map([...allowed].map((topic, at) => [topic, granted[at] ?? UNSPECIFIED_ERROR])));
    },
    unsubscribe: (messageId, filters) => {
      if (isInUse(messageId)) return { granted: Array<number>(filters).fill(PACKET_IDENTIFIER_IN_USE) };
      unsubscribing.set(messageId, filters);
      return undefined;
    },
    unsubscribed: (messageId) => {
      const filters = unsubscribing.get(messageId) ?? 1;
      unsubscribing.delete(messageId);
      return Array<number>(filters).fill(SUCCESS);
    },
  };
}

function codesOf(asked: readonly Asked[], granted: ReadonlyMap<string, number>): number[] {
  return asked.map(({ topic, refusal }) => refusal?.code ?? granted.get(topic) ?? UNSPECIFIED_ERROR);
}
