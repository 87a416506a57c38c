import { expect, test } from 'vitest';
import { createTimeLimit, TimeLimitError } from '../../../agent/adapters/schema/time-limit.ts';

const withinTime = createTimeLimit();

test('work gives what it gives', () => {
  expect(withinTime(1_000, () => 7)).toBe(7);
  expect(() =>
    withinTime(1_000, () => {
      throw new RangeError('its own');
    }),
  ).toThrow(new RangeError('its own'));
});

test.each<[string, () => unknown]>([
  ['a pattern that backtracks', () => /^(a+)+$/.test(`${'a'.repeat(64)}!`)],
  [
    'a loop',
    () => {
      for (;;);
    },
  ],
])('%s is ended, and more work can be done', (_, work) => {
  expect(() => withinTime(50, work)).toThrow(TimeLimitError);
  expect(withinTime(1_000, () => 'well')).toBe('well');
});
