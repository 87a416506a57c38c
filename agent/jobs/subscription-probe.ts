/**
 * Subscribes a connection, and finds out what it may not subscribe to. AWS IoT closes the connection on a filter that
 * the policy forbids and does not say which; other brokers answer SUBACK 0x80. After a refusal the filters are therefore
 * asked for one by one: the one at which the connection ends is the one. To be sure that it was not the network, it has
 * to end there twice.
 *
 * No filter is essential, so none that is missing keeps the agent from working with the others:
 * - Answers: AWS IoT sends them to the client that asked, "even without a subscription" (Developer Guide, Jobs MQTT API
 *   operations). Over another broker an operation without its answers is asked in vain, and the core goes on with what
 *   it can do; silence is something that it must live with anyway.
 * - Notifications say sooner what the poll timer and every connect ask for too.
 */
import type { Clock } from '../ports/clock.ts';
import { type Connection, type Subscription, TransportError } from '../ports/transport.ts';

export interface SubscriptionProbe {
  /**
   * Resolves when the connection has every subscription that it may have.
   * @throws TransportError when it is of no use any more; the next one takes the search up where this one left it.
   */
  subscribe(connection: Connection): Promise<void>;
  /**
   * Asks on a connection in use for what was refused before: the policy may be repaired by now.
   * @throws TransportError as `subscribe`. At most one filter a call ends the connection, each time another.
   */
  askAgain(connection: Connection): Promise<void>;
  /** Filters that were refused. */
  missing(): readonly string[];
}

export interface SubscriptionProbeOptions {
  readonly subscriptions: readonly Subscription[];
  /** How long the broker may take to answer a SUBSCRIBE. */
  readonly subscribeTimeoutMs: number;
  readonly clock: Clock;
}

export function createSubscriptionProbe(options: SubscriptionProbeOptions): SubscriptionProbe {
  return new Probe(options);
}

/** Owns what is known about each filter. */
class Probe implements SubscriptionProbe {
  readonly #options: SubscriptionProbeOptions;
  #refused: readonly Subscription[] = [];
  /** Since a refusal, until one connection has seen all filters. */
  #oneByOne = false;
  /** The filter at which the last connection ended. */
  #suspect: Subscription | null = null;

  constructor(options: SubscriptionProbeOptions) {
    this.#options = options;
  }

  missing(): readonly string[] {
    return this.#refused.map(({ filter }) => filter);
  }

  async subscribe(connection: Connection): Promise<void> {
    if (!this.#oneByOne && (await this.#areGranted(connection, this.#wanted()))) return;
    this.#oneByOne = true;
    for (const subscription of this.#wanted()) await this.#ask(connection, subscription);
    this.#oneByOne = false;
    this.#suspect = null;
  }

  async askAgain(connection: Connection): Promise<void> {
    for (const subscription of this.#refused) {
      this.#refused = [...this.#refused.filter((other) => other !== subscription), subscription];
      if (await this.#isAnswered(connection, [subscription])) {
        this.#refused = this.#refused.filter((other) => other !== subscription);
      }
    }
  }

  #wanted(): readonly Subscription[] {
    return this.#options.subscriptions.filter((subscription) => !this.#refused.includes(subscription));
  }

  /** All at once: one round trip a connection, as long as nothing is amiss. */
  async #areGranted(connection: Connection, subscriptions: readonly Subscription[]): Promise<boolean> {
    if (subscriptions.length === 0) return true; // MQTT has no SUBSCRIBE of nothing
    try {
      return await this.#isAnswered(connection, subscriptions);
    } catch (error) {
      this.#oneByOne = isClosing(error);
      throw error;
    }
  }

  async #ask(connection: Connection, subscription: Subscription): Promise<void> {
    try {
      if (!(await this.#isAnswered(connection, [subscription]))) this.#refused = [...this.#refused, subscription];
    } catch (error) {
      if (isClosing(error)) this.#endedAt(subscription);
      throw error;
    }
  }

  #endedAt(subscription: Subscription): void {
    if (this.#suspect !== subscription) {
      this.#suspect = subscription;
    } else {
      this.#suspect = null;
      this.#refused = [...this.#refused, subscription];
    }
  }

  /** @returns false for SUBACK 0x80. A broker that never answered would leave us deaf for ever: that throws. */
  #isAnswered(connection: Connection, subscriptions: readonly Subscription[]): Promise<boolean> {
    const { clock, subscribeTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(subscribeTimeoutMs, () =>
        reject(new TransportError('SUBSCRIBE_TIMEOUT', `no answer to SUBSCRIBE in ${subscribeTimeoutMs / 1_000} s`)),
      );
      connection
        .subscribe(subscriptions)
        .then(
          () => resolve(true),
          (error: unknown) => (isRefusal(error) ? resolve(false) : reject(error)),
        )
        .finally(() => timer.cancel());
    });
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof TransportError && error.code === 'SUBSCRIBE_REFUSED';
}

function isClosing(error: unknown): boolean {
  return error instanceof TransportError && error.code === 'CLOSED_BY_BROKER';
}
