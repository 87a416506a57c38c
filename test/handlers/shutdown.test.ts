import { expect, test } from 'vitest';
import { shutdownHandler } from '../../handlers/shutdown/handler.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

test('it asks for a power-off and does nothing else', async () => {
  const { context, progress, checkpoints } = createRecordingContext({ workDir: '/' });
  expect(await shutdownHandler.run(context, {})).toEqual({ kind: 'power-off', details: {} });
  expect([progress, checkpoints]).toEqual([[], []]);
});

test('it runs alone, and again when it was interrupted', () => {
  expect(shutdownHandler).toMatchObject({ exclusive: true, onInterrupted: 'rerun' });
});
