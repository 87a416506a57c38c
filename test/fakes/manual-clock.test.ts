import { expect, test } from 'vitest';
import { createManualClock } from './manual-clock.ts';

test('each timer sees its own moment', () => {
  const clock = createManualClock();
  const seen: number[] = [];
  for (const ms of [30, 10, 20]) clock.setTimer(ms, () => seen.push(clock.monotonicMs()));
  clock.advance(25);
  expect(seen).toEqual([10, 20]);
  expect(clock.nextTimerInMs()).toBe(5);
});

test('a jump of the wall clock moves nothing else', () => {
  const clock = createManualClock(1_000);
  clock.setTimer(10, () => {});
  clock.setWallMs(0);
  expect([clock.wallMs(), clock.monotonicMs(), clock.nextTimerInMs()]).toEqual([0, 0, 10]);
  clock.advance(5);
  expect(clock.wallMs()).toBe(5);
});
