/** What waits: for its time, or to be overtaken. */

export interface DelayedRuns {
  /** At once where there is nothing to wait for. */
  after(delayMs: number, run: () => void): void;
  /**
   * Holds `run` back until `overtaken` is called with this key, for `atMostMs`. Where one is held under the key already,
   * this one is what overtakes it: it runs at once.
   */
  hold(key: string, run: () => void, atMostMs: number): void;
  /** Something with this key went its way: what was held back follows. */
  overtaken(key: string): void;
  /** Nothing that waits will run. */
  close(): void;
}

export function createDelayedRuns(): DelayedRuns {
  const timers = new Set<NodeJS.Timeout>();
  const held = new Map<string, () => void>();

  const after = (delayMs: number, run: () => void) => {
    if (delayMs === 0) return run();
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, delayMs);
    timers.add(timer);
  };
  const overtaken = (key: string) => {
    const run = held.get(key);
    held.delete(key);
    run?.();
  };
  return {
    after,
    overtaken,
    hold: (key, run, atMostMs) => {
      if (held.has(key)) {
        run();
        overtaken(key);
        return;
      }
      held.set(key, run);
      after(Math.max(atMostMs, 1), () => {
        if (held.get(key) === run) overtaken(key);
      });
    },
    close: () => {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      held.clear();
    },
  };
}
