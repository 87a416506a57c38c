import { expect, test } from 'vitest';
import { nextCronMs } from '../../../local-cloud/jobs-service/cron.ts';
import { nextBoundaryMs } from '../../../local-cloud/jobs-service/schedule.ts';

const NOW_MS = Date.UTC(2026, 0, 1);

test('a time in the last year that a cron expression can name is found', () => {
  expect(nextCronMs('cron(0 0 1 1 ? 2199)', NOW_MS)).toBe(Date.UTC(2199, 0, 1));
});

test.each(['cron(0 0 30 2 ? *)', 'cron(0 0 1 1 ? 1999)'])('%s never comes', (expression) => {
  expect(nextCronMs(expression, NOW_MS)).toBeUndefined();
});

test('what was found before does not hold for a time before it', () => {
  const expression = 'cron(0 12 * * ? *)';
  expect(nextCronMs(expression, Date.UTC(2026, 5, 10))).toBe(Date.UTC(2026, 5, 10, 12));
  expect(nextCronMs(expression, Date.UTC(2026, 5, 2))).toBe(Date.UTC(2026, 5, 2, 12));
  expect(nextCronMs(expression, Date.UTC(2026, 5, 10, 12))).toBe(Date.UTC(2026, 5, 11, 12));
});

test.each(['cron(0/0x5 * * * ? *)', 'cron(? * * * ? *)', 'cron(0 0 ? * 2,? *)'])('%s is refused', (expression) => {
  expect(() => nextCronMs(expression, NOW_MS)).toThrow('cron expression');
});

test('windows that follow each other without a gap have no boundary between them', () => {
  const everyMinute = { start: 'cron(* * * * ? *)', durationMs: 60_000 };
  const schedule = {
    startsAtMs: NOW_MS,
    endsAtMs: undefined,
    endBehavior: 'STOP_ROLLOUT',
    windows: [everyMinute],
  } as const;
  expect(nextBoundaryMs(schedule, NOW_MS) ?? 0).toBeGreaterThan(NOW_MS + 900 * 60_000);
  const hourly = { start: 'cron(0 * * * ? *)', durationMs: 20 * 60_000 };
  expect(nextBoundaryMs({ ...schedule, windows: [hourly] }, NOW_MS)).toBe(NOW_MS + 20 * 60_000);
});
