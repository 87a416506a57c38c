import { expect, test } from 'vitest';
import { CALL_KINDS, createKillSchedule, type KillPoint } from './system-calls.ts';

const [WRITE, SYNC, OPEN] = CALL_KINDS;

function take(count: number, reach: readonly number[], seed = 1): readonly KillPoint[] {
  const kinds = [WRITE, SYNC, OPEN].flatMap((kind, index) => (kind ? [[kind, reach[index] ?? 0] as const] : []));
  const schedule = createKillSchedule(new Map(kinds), seed);
  return Array.from({ length: count }, () => schedule.next());
}

test.each([1, 2, 3, 7, 12, 60, 137])('of %i points each is met before one is met twice', (points) => {
  const met = take(points, [points]).map(({ nth }) => nth);
  expect([...met].sort((a, b) => a - b)).toEqual(Array.from({ length: points }, (_, index) => index + 1));
});

test('a few kills reach late points too', () => {
  const met = take(8, [100]).map(({ nth }) => nth);
  expect(Math.max(...met)).toBeGreaterThan(75);
  expect(Math.min(...met)).toBeLessThan(25);
});

test('kinds with more points have more turns, and each has some', () => {
  const kinds = take(40, [3, 100, 0]).map(({ kind }) => kind);
  const turns = (kind: typeof WRITE) => kinds.filter((one) => one === kind).length;
  expect(turns(WRITE)).toBeGreaterThan(5);
  expect(turns(SYNC)).toBeGreaterThan(2 * turns(WRITE));
  expect(turns(OPEN)).toBe(0);
});

test('another seed begins at another point', () => {
  expect(take(5, [50], 1)).not.toEqual(take(5, [50], 2));
});
