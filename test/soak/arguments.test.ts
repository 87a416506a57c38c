import { expect, test } from 'vitest';
import { parseSoakArguments } from './arguments.ts';
import { soakJobs, unusedOperations } from './soak-jobs.ts';

test('a soak takes half an hour unless told otherwise', () => {
  expect(parseSoakArguments(['--seed', '7'])).toEqual({ minutes: 30, seed: 7 });
  expect(parseSoakArguments(['--minutes', '0.5', '--seed', '7']).minutes).toBe(0.5);
});

test.each([
  [['--minutes', 'half'], '--minutes: expected a number above 0, got half'],
  [['--minutes', '0'], '--minutes: expected a number above 0, got 0'],
  [['--seed', '0'], '--seed: expected a whole number above 0, got 0'],
])('%o is refused', (argv, message) => {
  expect(() => parseSoakArguments(argv)).toThrow(message);
});

test('every file and command handler has a soak job', () => {
  const unused = unusedOperations();
  for (const operation of ['run-command', 'write-file', 'download-file', 'system-info']) {
    expect(unused).not.toContain(operation);
  }
});

test('no two soak jobs have one name', () => {
  const names = soakJobs('http://127.0.0.1').map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
