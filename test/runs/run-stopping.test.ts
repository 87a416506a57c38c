import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HandlerContext, type HandlerResult, type JobHandler, succeeded, Type } from '../../agent/handler-api.ts';
import type { ProcessRunner } from '../../agent/ports/process-runner.ts';
import {
  createStepRunnerSetup,
  EXECUTION_ID,
  type StepRunnerSetup,
} from '../fixtures/step-handlers/step-runner-setup.ts';

let begun: Promise<void>;
let begin: () => void;
let setup: StepRunnerSetup;

beforeEach(() => {
  begun = new Promise((resolve) => {
    begin = resolve;
  });
});
afterEach(() => setup.remove());

test('an inline handler hears of the stop', async () => {
  setup = await setupWith(async ({ signal }) => {
    begin();
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return succeeded({ heard: 'yes' });
  });
  const running = setup.start({ operation: 'inline-handler' });
  await begun;
  await running.stop('canceled', 60_000);
  expect(await running.ended).toMatchObject({ status: 'succeeded', details: { heard: 'yes' } });
});

test('an inline handler that will not stop is left behind', async () => {
  setup = await setupWith(() => {
    begin();
    return new Promise(() => undefined);
  });
  const running = setup.start({ operation: 'inline-handler' });
  await begun;
  await running.stop('canceled', 10);
  expect(await running.ended).toMatchObject({ status: 'failed', reasonCode: 'HANDLER_NOT_STOPPED' });
});

test('an inline handler that throws has failed', async () => {
  setup = await setupWith(({ progress }) => {
    progress({ percent: 5 });
    throw new Error('thrown on purpose');
  });
  expect(await setup.run({ operation: 'inline-handler' })).toMatchObject({
    status: 'failed',
    reasonCode: 'HANDLER_ERROR',
    message: 'thrown on purpose',
    details: { percent: '5' },
  });
});

test('a checkpoint of an inline handler is restored', async () => {
  setup = await setupWith(
    async ({ checkpoint, restored }) => {
      await checkpoint({ page: 2 });
      return succeeded({ restored: JSON.stringify(restored ?? null) });
    },
    { onInterrupted: 'resume' },
  );
  expect((await setup.run({ operation: 'inline-handler' })).details).toEqual({ restored: 'null' });
  const second = await setup.run({ operation: 'inline-handler' }, { attempt: 2 });
  expect(second.details).toEqual({ restored: '{"page":2}' });
});

test('a rerun begins without a checkpoint', async () => {
  setup = await setupWith(
    async ({ checkpoint, restored }) => {
      await checkpoint(1);
      return succeeded({ restored: String(restored) });
    },
    { onInterrupted: 'rerun' },
  );
  await setup.run({ operation: 'inline-handler' });
  const second = await setup.run({ operation: 'inline-handler' }, { attempt: 2 });
  expect(second.details).toEqual({ restored: 'undefined' });
});

test('a process that outlives KILL does not hold the agent', async () => {
  setup = await createStepRunnerSetup({ runner: unstoppable() });
  const running = setup.start({ operation: 'run-command', parameters: { command: ['sleep', '1'] } });
  await begun;
  await running.stop('timed-out', 10);
  expect(await running.ended).toMatchObject({ status: 'failed', reasonCode: 'HANDLER_NOT_STOPPED' });
  expect(await readdir(join(setup.runtimeDir, 'runs'))).toEqual([]);
});

test('a runner that throws is a failed run', async () => {
  const runner = {
    ...unstoppable(),
    start: () => {
      throw new Error('no more processes');
    },
  };
  setup = await createStepRunnerSetup({ runner });
  const result = await setup.run({ operation: 'run-command', parameters: { command: ['true'] } });
  expect(result).toMatchObject({ status: 'failed', reasonCode: 'HANDLER_NOT_STARTED', message: 'no more processes' });
  expect(await readdir(join(setup.stateDir, 'work'))).toEqual([EXECUTION_ID]);
});

function setupWith(
  run: (context: HandlerContext) => Promise<HandlerResult>,
  more: Partial<JobHandler> = {},
): Promise<StepRunnerSetup> {
  const parameters = Type.Object({}, { additionalProperties: false });
  const handler = { operation: 'inline-handler', kind: 'inline', summary: 'x', parameters, run, ...more };
  return createStepRunnerSetup({ handlers: [handler as JobHandler] });
}

/** Stuck in the kernel, as behind a dead network disk: no signal reaches it. */
function unstoppable(): ProcessRunner {
  return {
    start() {
      begin();
      return { ended: new Promise(() => undefined), stop: async () => undefined };
    },
    endLeftovers: async () => [],
  };
}
