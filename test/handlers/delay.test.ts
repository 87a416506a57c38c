import { expect, test } from 'vitest';
import type { InlineContext } from '../../agent/handler-api.ts';
import { delayHandler } from '../../handlers/delay/handler.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

const context = createRecordingContext({ workDir: '/' }).context as InlineContext;

test('it asks once to be tried later, and then it is over', async () => {
  expect(await delayHandler.run(context, { seconds: 90 })).toMatchObject({ kind: 'retry', afterSeconds: 90 });
  expect(await delayHandler.run({ ...context, attempt: 2 }, { seconds: 90 })).toEqual({
    kind: 'succeeded',
    details: { delaySeconds: 90 },
  });
});

test('the dry run says how long', async () => {
  const { facts, signal } = context;
  expect(await delayHandler.plan?.({ seconds: 90 }, { facts, signal, workDir: '/' })).toEqual({
    actions: ['wait 90 s'],
    problems: [],
  });
});
