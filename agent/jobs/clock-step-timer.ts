/**
 * A wait that ends early when somebody sets the clock. Boards without a battery start years in the past, where no
 * certificate is valid yet; when NTP has set the clock, nothing is gained by waiting on.
 */
import type { Clock, Timer } from '../ports/clock.ts';

/** How often to look. */
const LOOK_MS = 5_000;
/** NTP steps the clock for more than 128 ms; below this no certificate's validity hangs on it. */
const STEP_MS = 60_000;

/** Calls `due` once: after `delayMs`, or within 5 s of a step of the wall clock. */
export function setClockStepTimer(clock: Clock, delayMs: number, due: () => void): Timer {
  const offsetMs = () => clock.wallMs() - clock.monotonicMs();
  const firstOffsetMs = offsetMs();
  const dueAtMs = clock.monotonicMs() + delayMs;
  let timer = look();

  function look(): Timer {
    return clock.setTimer(Math.min(LOOK_MS, dueAtMs - clock.monotonicMs()), () => {
      const isStepped = Math.abs(offsetMs() - firstOffsetMs) >= STEP_MS;
      if (isStepped || clock.monotonicMs() >= dueAtMs) due();
      else timer = look();
    });
  }

  return { cancel: () => timer.cancel() };
}
