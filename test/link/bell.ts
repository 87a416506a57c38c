/** Lets one wait until something has happened, without polling. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring with true, or after `limitMs` without one with false. */
  next(limitMs: number): Promise<boolean>;
}

export function createBell(): Bell {
  const waiting = new Set<(rang: boolean) => void>();
  return {
    ring() {
      for (const wake of [...waiting]) wake(true);
    },
    next: (limitMs) =>
      new Promise((resolve) => {
        const wake = (rang: boolean) => {
          waiting.delete(wake);
          clearTimeout(timer);
          resolve(rang);
        };
        const timer = setTimeout(() => wake(false), limitMs);
        waiting.add(wake);
      }),
  };
}
