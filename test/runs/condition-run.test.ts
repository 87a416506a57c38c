import { afterEach, expect, test } from 'vitest';
import { startConditionRun } from '../../agent/runs/condition-run.ts';
import type { ConditionRun } from '../../agent/runs/step-runner.ts';
import {
  createStepRunnerOver,
  createStepRunnerSetup,
  type StepRunnerSetup,
  stepRun,
} from '../fixtures/step-handlers/step-runner-setup.ts';

let setup: StepRunnerSetup | undefined;
afterEach(() => setup?.remove());

function runOf(runIf: ConditionRun['step']['runIf']): ConditionRun {
  const action = { kind: 'operation', operation: 'x', parameters: {} } as const;
  const step = { name: 'x', pointer: '', action, ignoreFailure: false, ...(runIf && { runIf }) };
  return { step, purpose: 'condition' } as unknown as ConditionRun;
}

test.each([
  [{ kind: 'fileExists', path: '/etc/passwd' }, 'succeeded'],
  [{ kind: 'fileExists', path: '/etc/no-such-file' }, 'skipped'],
  [undefined, 'succeeded'],
] as const)('%j: %s', async (runIf, status) => {
  expect(await startConditionRun(runOf(runIf), '1.0.0').ended).toMatchObject({ status });
});

test('what cannot be told is a failure with a code', async () => {
  const runIf = { kind: 'freeSpace', path: '/no/such/place', bytes: 1 } as const;
  expect(await startConditionRun(runOf(runIf), '1.0.0').ended).toMatchObject({
    status: 'failed',
    reasonCode: 'CONDITION_UNKNOWN',
    message: expect.stringMatching(/^whether the step is to run here cannot be told: 1 bytes free at .*: ENOENT/),
  });
});

test('a stop ends it at once', async () => {
  const run = startConditionRun(runOf({ kind: 'package', name: 'dpkg', wanted: [] }), '1.0.0');
  await run.stop('canceled', 0);
  expect(await run.ended).toMatchObject({ status: 'failed', message: 'stopped while it was evaluated' });
});

test('the runner of steps runs nothing for it', async () => {
  setup = await createStepRunnerSetup();
  const document = { operation: 'run-command', parameters: { command: ['false'] }, runIf: { os: 'no-such-system' } };
  const run = { ...stepRun(document, {}), purpose: 'condition' } as const;
  expect(await createStepRunnerOver(setup).start(run).ended).toMatchObject({ status: 'skipped' });
});
