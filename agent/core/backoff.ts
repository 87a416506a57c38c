/**
 * Exponential backoff with full jitter: the delay is anywhere between nothing and the step's ceiling, so that a fleet
 * that lost its service at one moment does not come back at one moment
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export interface BackoffRange {
  /** Ceiling of the first delay; it doubles with each attempt. */
  readonly firstMs: number;
  /** Ceiling of all delays. */
  readonly maxMs: number;
}

/**
 * @param attempt counts from 0; any number of them is fine.
 * @param random as Math.random: at least 0, less than 1.
 * @returns whole milliseconds from 0 to the ceiling.
 */
export function backoffMs(attempt: number, { firstMs, maxMs }: BackoffRange, random: () => number): number {
  const ceilingMs = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, MAX_DOUBLINGS));
  return Math.floor(random() * ceilingMs);
}

/**
 * How long to wait before a connection is made again: at least a second, at most 120 unless `maxMs` says otherwise. AWS
 * IoT Device Advisor's reconnect tests want the second and the jitter; AWS closes connections that come faster than one
 * a second a client id.
 */
export function reconnectDelayMs(attempt: number, random: () => number, maxMs = MAX_RECONNECT_MS): number {
  return MIN_RECONNECT_MS + backoffMs(attempt, { firstMs: 1_000, maxMs: maxMs - MIN_RECONNECT_MS }, random);
}

/**
 * How long to leave the client id to the other client that uses it too: at least a minute, growing to ten. Whoever
 * comes back sooner throws the other one out, and is thrown out in turn.
 */
export function kickedDelayMs(attempt: number, random: () => number): number {
  return MIN_KICKED_MS + backoffMs(attempt, { firstMs: MIN_KICKED_MS, maxMs: MAX_KICKED_MS - MIN_KICKED_MS }, random);
}

/** Beyond it every ceiling is reached, and 2 to the power of a large attempt would be Infinity. */
const MAX_DOUBLINGS = 52;

const MIN_RECONNECT_MS = 1_000;
const MAX_RECONNECT_MS = 120_000;
const MIN_KICKED_MS = 60_000;
const MAX_KICKED_MS = 600_000;
