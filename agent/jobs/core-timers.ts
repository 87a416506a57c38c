/** The core's timers, by name: setting one again replaces it. */
import { backoffMs } from '../core/backoff.ts';
import type { Delay, TimerName } from '../core/effect.ts';
import type { ExecutionId } from '../core/job-execution.ts';
import type { Clock, Timer } from '../ports/clock.ts';

export interface CoreTimers {
  set(timer: TimerName, delay: Delay): void;
  clear(timer: TimerName): void;
  /** All timers of an execution. */
  clearAll(id: ExecutionId): void;
  /** For good: what is set afterwards never comes due. */
  close(): void;
}

export interface CoreTimersOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly onDue: (timer: TimerName) => void;
}

/** Waits of the core, from the first to those of a long outage: what may be asked again is asked for ever. */
const BACKOFF_RANGE = { firstMs: 2_000, maxMs: 300_000 } as const;

export function createCoreTimers({ clock, random, onDue }: CoreTimersOptions): CoreTimers {
  const timers = new Map<string, { readonly name: TimerName; readonly timer: Timer }>();
  let isClosed = false;

  function clear(timer: TimerName): void {
    timers.get(JSON.stringify(timer))?.timer.cancel();
    timers.delete(JSON.stringify(timer));
  }

  return {
    clear,
    clearAll(id) {
      for (const { name } of [...timers.values()]) if ('id' in name && name.id === id) clear(name);
    },
    set(timer, delay) {
      clear(timer);
      if (isClosed) return;
      const delayMs = delay.kind === 'exactly' ? delay.ms : backoffMs(delay.attempt, BACKOFF_RANGE, random);
      const due = () => {
        timers.delete(JSON.stringify(timer));
        onDue(timer);
      };
      timers.set(JSON.stringify(timer), { name: timer, timer: clock.setTimer(delayMs, due) });
    },
    close() {
      isClosed = true;
      for (const { timer } of timers.values()) timer.cancel();
      timers.clear();
    },
  };
}
