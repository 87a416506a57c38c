import { expect, test } from 'vitest';
import { nearestName } from '../../agent/config/nearest-name.ts';
import { SETTINGS } from '../../agent/config/setting.ts';

const NAMES = SETTINGS.map(({ name }) => name);

test('a slip of the finger finds the name', () => {
  expect(nearestName('keepAliveSecond', NAMES)).toBe('keepAliveSeconds');
  expect(nearestName('thing_name', NAMES)).toBe('thingName');
  expect(nearestName('certpaht', NAMES)).toBe('certPath');
});

test('a name without its unit finds the name', () => {
  expect(nearestName('keepAlive', NAMES)).toBe('keepAliveSeconds');
});

test('a name like none finds nothing', () => {
  expect(nearestName('colour', NAMES)).toBe(undefined);
  expect(nearestName('', NAMES)).toBe(undefined);
  expect(nearestName('x'.repeat(100_000), NAMES)).toBe(undefined);
});

test('every name is nearest to itself', () => {
  expect(NAMES.map((name) => nearestName(name.toUpperCase(), NAMES))).toEqual(NAMES);
});
