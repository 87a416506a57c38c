import { expect, test } from 'vitest';
import type { PlannedStep } from '../../agent/core/job-plan.ts';
import { type StepReportOptions, stepReport } from '../../agent/dry-run/step-report.ts';

const STEP: PlannedStep = {
  name: 'undo',
  pointer: '/steps/0/rollback',
  ignoreFailure: false,
  action: { kind: 'operation', operation: 'absent', parameters: {} },
};

const OPTIONS = {
  finder: {
    resolve: async () => ({ ok: false, problem: { verdict: 'unknown-operation', reason: 'no handler does absent' } }),
  },
} as unknown as StepReportOptions;

test('a step that is not the work of the job is told as what it is', async () => {
  const rollback = { ...STEP, role: 'rollback' } as const;
  expect(await stepReport(rollback, OPTIONS)).toMatchObject({ role: 'rollback', refused: 'no handler does absent' });
  expect(await stepReport(STEP, OPTIONS)).not.toHaveProperty('role');
});
