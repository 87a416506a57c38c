import { expect, test } from 'vitest';
import { nextCronMs, parseCron } from '../../../local-cloud/jobs-service/cron.ts';
import { InvalidMember } from '../../../local-cloud/jobs-service/validation.ts';

/** A Tuesday. */
const FROM = '2023-11-14 22:13';

test.each([
  ['cron(0 0 * * ? *)', ['2023-11-15 00:00', '2023-11-16 00:00']],
  ['cron(15 10 ? * MON-FRI *)', ['2023-11-15 10:15', '2023-11-16 10:15', '2023-11-17 10:15', '2023-11-20 10:15']],
  ['cron(0 18 ? * SUN *)', ['2023-11-19 18:00', '2023-11-26 18:00']],
  ['cron(0 18 ? * 1 *)', ['2023-11-19 18:00', '2023-11-26 18:00']],
  ['cron(0/20 22 * * ? *)', ['2023-11-14 22:20', '2023-11-14 22:40', '2023-11-15 22:00']],
  ['cron(0,30 1-2 * * ? *)', ['2023-11-15 01:00', '2023-11-15 01:30', '2023-11-15 02:00', '2023-11-15 02:30']],
  ['cron(0 8 1 * ? *)', ['2023-12-01 08:00', '2024-01-01 08:00']],
  ['cron(0 8 L * ? *)', ['2023-11-30 08:00', '2023-12-31 08:00', '2024-01-31 08:00', '2024-02-29 08:00']],
  ['cron(0 8 3W * ? *)', ['2023-12-04 08:00', '2024-01-03 08:00', '2024-02-02 08:00']],
  ['cron(0 8 ? * TUE#2 *)', ['2023-12-12 08:00', '2024-01-09 08:00']],
  ['cron(0 8 ? * 6L *)', ['2023-11-24 08:00', '2023-12-29 08:00']],
  ['cron(0 0 29 FEB ? *)', ['2024-02-29 00:00', '2028-02-29 00:00']],
  ['cron(0 0 1 JAN,JUL ? 2025)', ['2025-01-01 00:00', '2025-07-01 00:00']],
])('%s', (expression, expected) => {
  let atMs = Date.parse(`${FROM}Z`);
  const found = expected.map(() => {
    atMs = nextCronMs(expression, atMs) ?? Number.NaN;
    return new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
  });
  expect(found).toEqual(expected);
});

test('the time it is given is never the answer', () => {
  const atMs = Date.parse('2023-11-15T00:00Z');
  expect(nextCronMs('cron(0 0 * * ? *)', atMs)).toBe(atMs + 86_400_000);
  expect(nextCronMs('cron(0 0 * * ? *)', atMs - 1)).toBe(atMs);
});

test.each(['cron(0 0 30 FEB ? *)', 'cron(0 0 1 JAN ? 2001)'])('%s never comes', (expression) => {
  expect(nextCronMs(expression, Date.parse(`${FROM}Z`))).toBeUndefined();
});

test.each([
  '0 0 * * ? *',
  'cron(0 0 * * ?)',
  'cron(0 0 * * * *)',
  'cron(0 0 ? * ? *)',
  'cron(60 0 * * ? *)',
  'cron(0 24 * * ? *)',
  'cron(0 0 32 * ? *)',
  'cron(0 0 * 13 ? *)',
  'cron(0 0 ? * FOO *)',
  'cron(0 0 ? * 8 *)',
  'cron(0 0 ? * MON#6 *)',
  'cron(0/0 0 * * ? *)',
  'cron(5-1 0 * * ? *)',
  'cron(1-2-3 0 * * ? *)',
  'cron(0 0 * * ? 1969)',
  'rate(1 day)',
])('%s is refused', (expression) => {
  expect(() => parseCron(expression)).toThrow(InvalidMember);
});
