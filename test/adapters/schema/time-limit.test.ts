import { execFileSync } from 'node:child_process';
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

test('work that waits for the processor is given longer', () => {
  let tries = 0;
  const work = () => {
    tries += 1;
    execFileSync('sleep', ['0.3']); // another process: none of it is our time on the processor
    return 'done';
  };
  expect(withinTime(200, work)).toBe('done');
  expect(tries).toBeGreaterThan(1);
});
