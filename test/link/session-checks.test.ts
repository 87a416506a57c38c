import { describe, expect, test } from 'vitest';
import { jobViolations, waitViolations } from './session-checks.ts';

describe('the check of jobs', () => {
  const check = (runs: string[], told: string[]) => jobViolations(['a'], { runs, told });

  test('one run that was told once is well, whatever others did', () => {
    expect(check(['b', 'a'], ['a SUCCEEDED', 'b FAILED'])).toEqual([]);
  });

  test.each([
    [[], ['a SUCCEEDED'], 'a ran 0 times'],
    [['a', 'a'], ['a SUCCEEDED'], 'a ran 2 times'],
    [['a'], [], 'a was told as []'],
    [['a'], ['a SUCCEEDED', 'a SUCCEEDED'], 'a was told as [SUCCEEDED, SUCCEEDED]'],
    [['a'], ['a FAILED'], 'a was told as [FAILED]'],
  ])('runs %j told as %j: %s', (runs, told, violation) => {
    expect(check(runs, told)).toEqual([violation]);
  });
});

test('connects less than a second after a loss are told', () => {
  expect(waitViolations([1_000, 1_500])).toEqual([]);
  expect(waitViolations([1_000, 999])).toEqual(['connected again after 999 ms']);
});
