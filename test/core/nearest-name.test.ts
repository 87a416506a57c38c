import { expect, test } from 'vitest';
import { nearestName } from '../../agent/core/nearest-name.ts';

const known = ['operation', 'parameters', 'name', 'timeoutSeconds', 'runAs', 'includeStdOut', 'steps'];

test.each([
  ['operatoin', 'operation'],
  ['op', undefined],
  ['params', 'parameters'],
  ['param', 'parameters'],
  ['para', undefined],
  ['names', 'name'],
  ['naem', 'name'],
  ['timeout', 'timeoutSeconds'],
  ['run_as', 'runAs'],
  ['INCLUDESTDOUT', 'includeStdOut'],
  ['step', 'steps'],
  ['obvrotion', 'operation'],
  ['obvrotiun', undefined],
  ['finally', undefined],
  ['', undefined],
  ['operation'.repeat(100_000), 'operation'],
])('%s is near to %s', (name, nearest) => {
  expect(nearestName(name, known)).toBe(nearest);
});

test('of two near names the nearer one is taken', () => {
  expect(nearestName('certPaht', ['caPath', 'certPath', 'certPaths'])).toBe('certPath');
  expect(nearestName('certPaths', ['certPath', 'certPaths'])).toBe('certPaths');
});

test('nothing is near where nothing is known', () => {
  expect(nearestName('x', [])).toBeUndefined();
});
