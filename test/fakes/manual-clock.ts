/** A clock that stands still until it is told how much time passed. */
import type { Clock } from '../../agent/ports/clock.ts';

export interface ManualClock extends Clock {
  /** Lets time pass; timers that come due on the way, also those set meanwhile, fire in their order at their moment. */
  advance(ms: number): void;
  /** Sets the wall clock alone, as NTP does; no timer notices. */
  setWallMs(wallMs: number): void;
  /** In how many milliseconds the next timer fires; `undefined` when none is set. */
  nextTimerInMs(): number | undefined;
}

interface PendingTimer {
  readonly dueAtMs: number;
  readonly due: () => void;
}

/** @param wallMs what the wall clock shows at first. */
export function createManualClock(wallMs = Date.UTC(2026, 0, 1)): ManualClock {
  let nowMs = 0;
  let wallOffsetMs = wallMs;
  const timers = new Set<PendingTimer>();
  const next = () => [...timers].reduce<PendingTimer | undefined>(earlier, undefined);
  return {
    wallMs: () => wallOffsetMs + nowMs,
    monotonicMs: () => nowMs,
    setTimer(delayMs, due) {
      const timer = { dueAtMs: nowMs + Math.max(0, delayMs), due };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let timer = next(); timer !== undefined && timer.dueAtMs <= untilMs; timer = next()) {
        timers.delete(timer);
        nowMs = timer.dueAtMs;
        timer.due();
      }
      nowMs = untilMs;
    },
    setWallMs(newWallMs) {
      wallOffsetMs = newWallMs - nowMs;
    },
    nextTimerInMs() {
      const timer = next();
      return timer && timer.dueAtMs - nowMs;
    },
  };
}

/** Of two due at the same moment, the one set first. */
function earlier(best: PendingTimer | undefined, timer: PendingTimer): PendingTimer {
  return best === undefined || timer.dueAtMs < best.dueAtMs ? timer : best;
}
