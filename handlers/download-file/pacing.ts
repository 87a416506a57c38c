/** How fast, how often and for how long. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface DownloadPace {
  /** Longest time without a single byte. */
  readonly stallMs: number;
  /** A connection that brings fewer bytes in that time is as good as dead, and what it has brought is no news. */
  readonly leastBytes: number;
  /** Most of the wait after a first failure; it doubles with each that brings nothing. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** A checkpoint is written when both have passed since the last, the first without the time: it costs three small writes. */
  readonly checkpointBytes: number;
  readonly checkpointMs: number;
}

export const DOWNLOAD_PACE: DownloadPace = {
  stallMs: 60_000, // a poor link may be silent for a while; a minute without a byte is a dead connection
  leastBytes: 1024, // 2G brings as much in a second
  firstWaitMs: 1000,
  longestWaitMs: 60_000,
  checkpointBytes: 1024 ** 2,
  checkpointMs: 5000,
};

/**
 * Full jitter: a fleet that lost its server together does not come back together.
 * @param failures in a row, from 1. @param random from 0 to 1.
 */
export function backoffMs(failures: number, pace: DownloadPace, random = Math.random()): number {
  return random * Math.min(pace.longestWaitMs, pace.firstWaitMs * 2 ** Math.min(failures - 1, 30));
}

export type Throttle = (bytes: number) => Promise<void>;

/** Waits so long after each chunk that the rate is not exceeded. Time without bytes is not made up for. */
export function createThrottle(bytesPerSecond: number, signal: AbortSignal): Throttle {
  let freeAtMs = 0;
  return async (bytes) => {
    const nowMs = performance.now();
    freeAtMs = Math.max(freeAtMs, nowMs) + (bytes / bytesPerSecond) * 1000;
    if (freeAtMs > nowMs) await sleep(freeAtMs - nowMs, undefined, { signal });
  };
}
