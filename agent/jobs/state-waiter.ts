/** Waits for the core's state to become what one wishes. */
import type { AgentState } from '../core/state.ts';
import type { Clock } from '../ports/clock.ts';

export interface StateWaiter {
  /** Told of every change. */
  changed(): void;
  /** Resolves when the state is as wished, or after `limitMs`, whichever comes first. */
  until(isWished: (state: AgentState) => boolean, limitMs: number): Promise<void>;
}

export function createStateWaiter(state: () => AgentState, clock: Clock): StateWaiter {
  const checks = new Set<() => void>();
  return {
    changed() {
      for (const check of [...checks]) check();
    },
    until: (isWished, limitMs) =>
      new Promise((resolve) => {
        const done = () => {
          checks.delete(check);
          timer.cancel();
          resolve();
        };
        const check = () => {
          if (isWished(state())) done();
        };
        const timer = clock.setTimer(limitMs, done);
        checks.add(check);
        check();
      }),
  };
}
