/** Whatever the expression and the time: what `nextCronMs` says agrees with itself, and with a look at every minute. */
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { nextCronMs } from '../../../local-cloud/jobs-service/cron.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const minute = fc.integer({ min: 0, max: 59 });
const hour = fc.integer({ min: 0, max: 23 });
/** Ten years of milliseconds, a leap year's 29th of February among them. */
const time = fc.integer({ min: Date.parse('2020-01-01T00:00Z'), max: Date.parse('2030-01-01T00:00Z') });
const day = fc.constantFrom(
  ...['* * ?', 'L * ?', '15W * ?', '31W * ?', '1,10-12 * ?', '29 FEB ?', '? * MON-FRI', '? * 2#1', '? * FRI#5'],
  ...['? * 6L', '? * L', '5/9 JAN-MAR/2 ?'],
);

test('a time of the expression is the next one all the way from the one before it', () => {
  fc.assert(
    fc.property(minute, hour, day, time, fc.double({ min: 0, max: 1, noNaN: true }), (at, hours, days, from, part) => {
      const expression = `cron(${at} ${hours} ${days} *)`;
      const next = nextCronMs(expression, from) ?? Number.NaN;
      expect(next).toBeGreaterThan(from);
      const between = Math.min(Math.floor(from + (next - from) * part), next - 1);
      expect(nextCronMs(expression, between)).toBe(next);
      expect(nextCronMs(expression, next)).toBeGreaterThan(next);
      expect([new Date(next).getUTCHours(), new Date(next).getUTCMinutes()]).toEqual([hours, at]);
    }),
  );
});

test('steps and lists of a day are the minutes that a look at each of them finds', () => {
  const step = fc.integer({ min: 1, max: 40 });
  const hours = fc.uniqueArray(hour, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(minute, step, hours, time, (first, stride, listed, from) => {
      const expression = `cron(${first}/${stride} ${listed.join(',')} * * ? *)`;
      let atMs = Math.floor(from / MINUTE_MS) * MINUTE_MS;
      const isDue = () => {
        const now = new Date(atMs);
        const past = now.getUTCMinutes() - first;
        return listed.includes(now.getUTCHours()) && past >= 0 && past % stride === 0;
      };
      do atMs += MINUTE_MS;
      while (!isDue());
      expect(nextCronMs(expression, from)).toBe(atMs);
    }),
  );
});

test('where clocks are put forward and back, a day of UTC has 24 hours all the same', () => {
  const before = process.env.TZ;
  process.env.TZ = 'Europe/Vienna';
  onTestFinished(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });
  // The zone is in effect: its clock shows another distance from UTC in July than in January.
  const offsets = ['2024-01-01T00:00Z', '2024-07-01T00:00Z'].map((day) => new Date(day).getTimezoneOffset());
  expect(offsets).toEqual([-60, -120]);
  for (const from of ['2024-03-30T02:30Z', '2024-10-26T02:30Z']) {
    const times = [Date.parse(from)];
    for (let day = 0; day < 3; day++) times.push(nextCronMs('cron(30 2 * * ? *)', times.at(-1) ?? 0) ?? 0);
    expect(times.map((atMs) => (atMs - Date.parse(from)) / HOUR_MS)).toEqual([0, 24, 48, 72]);
  }
});

test.each([
  [
    '1W of months that begin on a weekend is in them',
    '1W * ?',
    '2024-05-31',
    ['2024-06-03', '2024-07-01', '2024-08-01', '2024-09-02'],
  ],
  [
    '30W of a month whose last day is a Sunday is its last Friday',
    '30W JUN ?',
    '2024-01-01',
    ['2024-06-28', '2025-06-30'],
  ],
  [
    'the fifth Friday is in months that have one',
    '? * FRI#5',
    '2024-01-01',
    ['2024-03-29', '2024-05-31', '2024-08-30'],
  ],
  ['L among the days of the week is Saturday', '? * L', '2024-01-01', ['2024-01-06', '2024-01-13']],
  ['a 29th of February is in leap years, and 2100 is none', '29 FEB ?', '2096-01-01', ['2096-02-29', '2104-02-29']],
])('%s', (_what, days, from, expected) => {
  let atMs = Date.parse(`${from}T12:00Z`);
  const found = expected.map(() => {
    atMs = nextCronMs(`cron(0 8 ${days} *)`, atMs) ?? Number.NaN;
    return new Date(atMs).toISOString().slice(0, 10);
  });
  expect(found).toEqual(expected);
});
