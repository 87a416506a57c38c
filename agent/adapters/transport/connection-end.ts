// The end of a connection, which comes once, for one reason, while others may still wait for an answer on it.

import type { TransportError } from '../../ports/transport.ts';

export class ConnectionEnd {
  readonly #waiting = new Set<(reason: TransportError) => void>();
  readonly #done: Promise<void>;
  #settleDone: () => void = () => {};
  #reason: TransportError | undefined;

  constructor() {
    this.#done = new Promise((resolve) => {
      this.#settleDone = resolve;
    });
  }

  /** Why the connection is ending or has ended; undefined while it is in use. */
  get reason(): TransportError | undefined {
    return this.#reason;
  }

  /** Resolves when the connection is gone and `finish` was called. */
  get done(): Promise<void> {
    return this.#done;
  }

  /** The first reason stands: what follows is its consequence. Answers whether this was the first. */
  begin(reason: TransportError): boolean {
    if (this.#reason !== undefined) return false;
    this.#reason = reason;
    return true;
  }

  /** The connection is gone: everyone who still waits is told why. */
  finish(): void {
    const reason = this.#reason;
    if (reason === undefined) throw new Error('a connection ended without a reason');
    for (const reject of this.#waiting) reject(reason);
    this.#waiting.clear();
    this.#settleDone();
  }

  /** Starts work that may never answer once the connection is gone: then the promise rejects with the reason. */
  unlessEnded<T>(start: (resolve: (value: T) => void, reject: (error: TransportError) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#reason !== undefined) {
        reject(this.#reason);
        return;
      }
      this.#waiting.add(reject);
      const settled = () => this.#waiting.delete(reject);
      start(
        (value) => {
          settled();
          resolve(value);
        },
        (error) => {
          settled();
          reject(error);
        },
      );
    });
  }
}
