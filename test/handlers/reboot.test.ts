import { expect, test } from 'vitest';
import { rebootHandler } from '../../handlers/reboot/handler.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

test('it asks for a restart and does nothing else', async () => {
  const { context, progress, checkpoints } = createRecordingContext({ workDir: '/' });
  expect(await rebootHandler.run(context, {})).toEqual({ kind: 'reboot', details: {} });
  expect([progress, checkpoints]).toEqual([[], []]);
});

test('it runs alone, and again when it was interrupted', () => {
  expect(rebootHandler).toMatchObject({ exclusive: true, onInterrupted: 'rerun' });
});

test('the dry run restarts nothing', async () => {
  const { context } = createRecordingContext({ workDir: '/' });
  expect(await rebootHandler.plan?.({}, context)).toEqual({
    actions: ['restart the gateway by the setting rebootCommand, once nothing else runs; the job goes on after it'],
    problems: [],
  });
});

test('AWS-Reboot has no arguments', () => {
  expect(rebootHandler.managedTemplates?.[0]?.parametersOf([])).toEqual({});
  expect(rebootHandler.managedTemplates?.[0]?.parametersOf(['now'])).toBe('expected no arguments, got 1');
});
