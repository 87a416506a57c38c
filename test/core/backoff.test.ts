import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs, kickedDelayMs, reconnectDelayMs } from '../../agent/core/backoff.ts';
import { checkProperty } from '../fixtures/check-property.ts';

const range = { firstMs: 1_000, maxMs: 60_000 };
const ALMOST_ONE = 1 - Number.EPSILON;

test('the ceiling doubles up to the maximum', () => {
  const ceilings = [0, 1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(attempt, range, () => ALMOST_ONE));
  expect(ceilings).toEqual([999, 1_999, 3_999, 7_999, 15_999, 31_999, 59_999, 59_999]);
});

test('jitter reaches down to no delay', () => {
  expect(backoffMs(5, range, () => 0)).toBe(0);
  expect(backoffMs(5, range, () => 0.5)).toBe(16_000);
});

test('ten thousand attempts overflow nothing', () => {
  expect(backoffMs(10_000, range, () => 0.5)).toBe(30_000);
  expect(backoffMs(10_000, { firstMs: 0, maxMs: 60_000 }, () => 0.5)).toBe(0);
});

test('any delay is whole and within its range', () => {
  checkProperty(
    fc.property(fc.nat(), fc.nat(1_000_000), fc.nat(1_000_000), fraction(), (attempt, firstMs, maxMs, random) => {
      const delayMs = backoffMs(attempt, { firstMs, maxMs }, () => random);
      expect(Number.isInteger(delayMs)).toBe(true);
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(delayMs).toBeLessThanOrEqual(maxMs);
    }),
  );
});

test('reconnecting waits one to 120 seconds', () => {
  expect(reconnectDelayMs(0, () => 0)).toBe(1_000);
  expect(reconnectDelayMs(0, () => ALMOST_ONE)).toBe(1_999);
  checkProperty(
    fc.property(fc.nat(), fraction(), (attempt, random) => {
      const delayMs = reconnectDelayMs(attempt, () => random);
      expect(delayMs).toBeGreaterThanOrEqual(1_000);
      expect(delayMs).toBeLessThanOrEqual(120_000);
    }),
  );
});

test('a long outage spreads reconnects over two minutes', () => {
  expect(reconnectDelayMs(10_000, () => 0.5)).toBe(60_500);
  expect(reconnectDelayMs(10_000, () => ALMOST_ONE)).toBe(119_999);
});

test('a client id that another uses is left to it for a minute to ten', () => {
  expect([kickedDelayMs(0, () => 0), kickedDelayMs(0, () => ALMOST_ONE)]).toEqual([60_000, 119_999]);
  expect(kickedDelayMs(10_000, () => ALMOST_ONE)).toBe(599_999);
});

/** What Math.random gives. */
function fraction(): fc.Arbitrary<number> {
  return fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
}
