/**
 * The service's clock, which a person can turn forward: time-outs, rollouts and windows that take hours at AWS can be seen
 * at once. It never goes back: no answer of the service may be older than one before it.
 */

/** Reads and turns the time that all rules of the Jobs service go by. */
export interface TurnableClock {
  /** Milliseconds since the epoch: the machine's time and what the clock was turned. */
  now(): number;
  /**
   * Turns it forward. What is due by then has happened when this returns.
   * @throws RangeError when `ms` is not a whole number of at least 0, or leads past what a date can say.
   */
  advance(ms: number): void;
  /** How far it was turned altogether, in milliseconds. */
  offsetMs(): number;
  /** `listener` is called after each turn, in the order of the listeners. */
  onTurned(listener: () => void): void;
}

/** Behind the year 9998 times have no four digits, which dates of AWS's signatures and schedules have. */
const LAST_DATE_MS = Date.UTC(9999, 0, 1);

export interface ClockOptions {
  /** Milliseconds since the epoch: what runs by itself. The machine's clock unless given. */
  readonly base?: (() => number) | undefined;
  /** How far it was turned before, in milliseconds. */
  readonly offsetMs?: number | undefined;
}

export function createTurnableClock(options: ClockOptions = {}): TurnableClock {
  const base = options.base ?? Date.now;
  let offsetMs = options.offsetMs ?? 0;
  const listeners: (() => void)[] = [];
  const now = () => base() + offsetMs;
  return {
    now,
    offsetMs: () => offsetMs,
    onTurned: (listener) => {
      listeners.push(listener);
    },
    advance: (ms) => {
      if (!Number.isSafeInteger(ms) || ms < 0) {
        throw new RangeError(`the clock is turned forward by whole milliseconds, not by ${ms}`);
      }
      if (now() + ms > LAST_DATE_MS) throw new RangeError(`${ms} ms from now there is no date any more`);
      offsetMs += ms;
      for (const listener of listeners) listener();
    },
  };
}
