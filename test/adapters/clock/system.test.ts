import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../agent/adapters/clock/system.ts';

const DAY_MS = 24 * 3_600_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a timer of 60 days fires after 60 days', () => {
  let fired = 0;
  systemClock.setTimer(60 * DAY_MS, () => fired++);
  vi.advanceTimersByTime(60 * DAY_MS - 1);
  expect(fired).toBe(0);
  vi.advanceTimersByTime(1);
  expect(fired).toBe(1);
  vi.advanceTimersByTime(60 * DAY_MS);
  expect(fired).toBe(1);
});

test('a timer of 60 days can be cancelled after 30', () => {
  let fired = 0;
  const timer = systemClock.setTimer(60 * DAY_MS, () => fired++);
  vi.advanceTimersByTime(30 * DAY_MS);
  timer.cancel();
  vi.advanceTimersByTime(60 * DAY_MS);
  expect(fired).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test('a jump of the wall clock moves no timer', () => {
  let fired = 0;
  systemClock.setTimer(1_000, () => fired++);
  vi.setSystemTime(Date.now() + 365 * DAY_MS);
  vi.advanceTimersByTime(999);
  expect(fired).toBe(0);
  vi.advanceTimersByTime(1);
  expect(fired).toBe(1);
});
