// A broker and the transports that reach it, in memory. Messages arrive in a later microtask, as from a network; QoS is
// ignored, since nothing is lost here. Kept to the same contract as the real adapters.

import {
  type Connection,
  type ConnectionEvents,
  type QoS,
  type Subscription,
  type Transport,
  TransportError,
  type TransportErrorCode,
} from '../../agent/ports/transport.ts';

export interface PublishedMessage {
  readonly clientId: string;
  readonly topic: string;
  readonly payload: string;
  readonly qos: QoS;
}

export interface FakeBroker {
  transport(clientId: string): Transport;
  /** To every connection with a filter that matches. */
  publish(topic: string, payload: string | Uint8Array): void;
  /** Everything that connections published, oldest first. */
  readonly published: readonly PublishedMessage[];
  /** Filters of the connections that are open now. */
  readonly subscriptions: readonly Subscription[];
  /** Called for each message a connection publishes, after it is noted in `published`. */
  onPublish(listener: (message: PublishedMessage) => void): void;
  /** How many connections were made so far. */
  readonly connects: number;
  /** Ends every connection, or those of one client. */
  kick(code?: TransportErrorCode, clientId?: string): void;
  /** From now on `connect` fails so; undefined: it works again. */
  refuseConnections(code: TransportErrorCode | undefined): void;
  /** From now on this filter gets SUBACK 0x80. */
  refuseFilter(filter: string): void;
}

interface FakeLink {
  readonly clientId: string;
  readonly subscriptions: Subscription[];
  deliver(topic: string, payload: Uint8Array): void;
  end(reason: TransportError): void;
}

export function createFakeBroker(): FakeBroker {
  const links = new Set<FakeLink>();
  const published: PublishedMessage[] = [];
  const publishListeners: ((message: PublishedMessage) => void)[] = [];
  const refusedFilters = new Set<string>();
  let refusal: TransportErrorCode | undefined;
  let connects = 0;

  function publish(topic: string, payload: string | Uint8Array): void {
    const bytes = Buffer.from(payload);
    for (const link of links) {
      if (link.subscriptions.some(({ filter }) => topicMatches(filter, topic))) link.deliver(topic, bytes);
    }
  }

  function accept(message: PublishedMessage): void {
    published.push(message);
    publish(message.topic, message.payload);
    for (const listener of publishListeners) listener(message);
  }

  function kick(code: TransportErrorCode = 'CLOSED_BY_BROKER', clientId?: string): void {
    for (const link of [...links]) {
      if (clientId === undefined || link.clientId === clientId) link.end(new TransportError(code, 'kicked'));
    }
  }

  async function connect(clientId: string, events: ConnectionEvents): Promise<Connection> {
    await Promise.resolve();
    if (refusal !== undefined) throw new TransportError(refusal, 'the fake broker refuses connections');
    kick('CLOSED_BY_BROKER', clientId);
    connects += 1;
    const { link, connection } = createLink(clientId, events, {
      isRefused: (filter) => refusedFilters.has(filter),
      accept,
      gone: (ended) => links.delete(ended),
    });
    links.add(link);
    return connection;
  }

  return {
    transport: (clientId) => ({ name: 'fake', connect: (events) => connect(clientId, events) }),
    publish,
    published,
    get subscriptions() {
      return [...links].flatMap((link) => link.subscriptions);
    },
    get connects() {
      return connects;
    },
    onPublish: (listener) => publishListeners.push(listener),
    kick,
    refuseConnections: (code) => {
      refusal = code;
    },
    refuseFilter: (filter) => refusedFilters.add(filter),
  };
}

interface BrokerSide {
  isRefused(filter: string): boolean;
  accept(message: PublishedMessage): void;
  gone(link: FakeLink): void;
}

function createLink(
  clientId: string,
  events: ConnectionEvents,
  broker: BrokerSide,
): { link: FakeLink; connection: Connection } {
  let reason: TransportError | undefined;
  const link: FakeLink = {
    clientId,
    subscriptions: [],
    deliver: (topic, payload) =>
      queueMicrotask(() => {
        if (reason === undefined) events.onMessage(topic, payload);
      }),
    end: (why) => {
      if (reason !== undefined) return;
      reason = why;
      broker.gone(link);
      queueMicrotask(() => events.onClosed(why));
    },
  };
  const stillOpen = async () => {
    await Promise.resolve();
    if (reason !== undefined) throw reason;
  };
  const connection: Connection = {
    subscribe: async (subscriptions) => {
      await stillOpen();
      const refused = subscriptions.filter(({ filter }) => broker.isRefused(filter));
      link.subscriptions.push(...subscriptions.filter((wanted) => !refused.includes(wanted)));
      if (refused.length === 0) return;
      throw new TransportError('SUBSCRIBE_REFUSED', `refused: ${refused.map(({ filter }) => filter).join(', ')}`);
    },
    publish: async (topic, payload, qos) => {
      await stillOpen();
      broker.accept({ clientId, topic, payload, qos });
    },
    close: async () => {
      link.end(new TransportError('CLOSED_BY_US', 'closed'));
      await Promise.resolve();
    },
  };
  return { link, connection };
}

/** MQTT 3.1.1 part 4.7: `+` is one level, `#` the rest, and neither begins a match of a `$` topic. */
export function topicMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  if (topic.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return false;
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (index >= levels.length || (level !== '+' && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}
