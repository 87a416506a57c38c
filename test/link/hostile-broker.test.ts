import { expect, test } from 'vitest';
import { createTestPki } from '../fixtures/mqtt-brokers/test-pki.ts';
import { runHostile } from './hostile-run.ts';

test('after 3,000 packets of a hostile broker jobs still run once', async () => {
  const report = await runHostile({ pki: await createTestPki(), packets: 3_000, seed: 1, every: 1_000 });
  expect(report.violations).toEqual([]);
  expect(report.packets).toBeGreaterThanOrEqual(3_000);
  expect(report.connects).toBeGreaterThan(10);
  expect(report.jobs).toBe(3);
});
