import { expect, test } from 'vitest';
import { progressOf } from '../../../local-cloud/console/page/progress-of.ts';

test.each([
  [{ percent: '0' }, 0],
  [{ percent: '45' }, 45],
  [{ percent: ' 99.5 % ' }, 99.5],
  [{ progress: '100' }, 100],
  [{ percentComplete: '7%' }, 7],
  [{ percent: 'downloading', progress: '30' }, 30],
  [{ percent: '10', progress: '90' }, 10],
])('%j is %d percent', (statusDetails, percent) => {
  expect(progressOf(statusDetails)).toBe(percent);
});

const SILENT: readonly Readonly<Record<string, string>>[] = [
  {},
  { percent: '' },
  { percent: '101' },
  { percent: '-1' },
  { percent: '1e1' },
  { percent: '<b>50</b>' },
  { percent: '50 of 100' },
  { Percent: '50' },
  { toString: '50' },
  { bytesReceived: '50' },
];

test.each(SILENT)('%j tells no progress', (statusDetails) => {
  expect(progressOf(statusDetails)).toBeUndefined();
});
