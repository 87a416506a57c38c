/** When to try again: after a delay that doubles, with jitter, so that many who lost one broker do not return at once. */
import type { Logger } from 'pino';

const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;

export interface Reconnect {
  /** Tries again in a while; once, however often it is called until then. */
  later(): void;
  /** The next delay is the first again. */
  succeeded(): void;
  stop(): void;
}

export function createReconnect({ start, log }: { start(): void; log: Logger }): Reconnect {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let nextDelayMs = FIRST_DELAY_MS;
  return {
    later: () => {
      if (stopped || timer) return;
      const delayMs = Math.round(nextDelayMs * (0.5 + Math.random() / 2));
      nextDelayMs = Math.min(nextDelayMs * 2, MAX_DELAY_MS);
      log.info({ delayMs }, 'broker is tried again');
      timer = setTimeout(() => {
        timer = undefined;
        start();
      }, delayMs);
    },
    succeeded: () => {
      nextDelayMs = FIRST_DELAY_MS;
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
