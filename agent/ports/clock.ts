/** Time, from outside. Waiting is measured by a clock that never jumps; the wall clock is for people to read. */
export interface Clock {
  /** Milliseconds since the epoch. Jumps on boards without a battery; for display only. */
  wallMs(): number;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonicMs(): number;
  /** Calls `due` once after at least `delayMs`. Delays above 2^31-1 ms, at which setTimeout fires at once, are honoured. */
  setTimer(delayMs: number, due: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}
