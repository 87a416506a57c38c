import type { StopReason } from '../core/outcome.ts';

/**
 * Asking a run to stop, whatever it is doing: a stop that comes before there is anything to stop is kept. The first
 * reason wins.
 */
export interface StopControl {
  reason(): StopReason | undefined;
  /** What the last stop allowed between TERM and KILL. */
  graceMs(): number;
  /**
   * From now on this is what a stop stops. Of a stop that came before, nothing is repeated: look at `reason()` first.
   */
  attach(stop: (graceMs: number) => Promise<void>): void;
  /** Safe to call often: a later call may shorten the grace. */
  stop(reason: StopReason, graceMs: number): Promise<void>;
  /** Resolves some time after a stop is done with; never without one. */
  readonly stopped: Promise<void>;
}

export function createStopControl(): StopControl {
  let first: StopReason | undefined;
  let lastGraceMs = 0;
  let stopRun: ((graceMs: number) => Promise<void>) | undefined;
  let settle: () => void;
  const stopped = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return {
    stopped,
    reason: () => first,
    graceMs: () => lastGraceMs,
    attach: (stop) => {
      stopRun = stop;
    },
    async stop(reason, graceMs) {
      first ??= reason;
      lastGraceMs = graceMs;
      await stopRun?.(graceMs);
      setImmediate(settle); // whoever waits for the end of the run as well hears of that first
    },
  };
}
