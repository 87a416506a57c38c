/** The machine's own clocks. */
import type { Clock, Timer } from '../../ports/clock.ts';

/** setTimeout takes a signed 32-bit number of milliseconds and fires at once on more (nodejs.org/api/timers.html). */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Its timers keep the process alive, as those of Node.js do. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, due) => startTimer(performance.now() + delayMs, due),
};

/** In as many stretches as it takes; also because setTimeout may fire a fraction of a millisecond early. */
function startTimer(dueAtMs: number, due: () => void): Timer {
  let timeout: NodeJS.Timeout;
  const wait = () => {
    timeout = setTimeout(wake, Math.min(Math.ceil(dueAtMs - performance.now()), MAX_DELAY_MS));
  };
  const wake = () => (performance.now() < dueAtMs ? wait() : due());
  wait();
  return { cancel: () => clearTimeout(timeout) };
}
