import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentLog } from '../../agent/handler-api.ts';
import { setLogLevelHandler } from '../../handlers/set-log-level/handler.ts';
import type { SetLogLevelParameters } from '../../handlers/set-log-level/parameters.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { createStepRunnerSetup, type StepRunnerSetup } from '../fixtures/step-handlers/step-runner-setup.ts';

describe('in the agent', () => {
  let setup: StepRunnerSetup;
  beforeEach(async () => {
    setup = await createStepRunnerSetup();
  });
  afterEach(() => setup.remove());

  test('the level of what it logs changes, and the steps after it are told by it', async () => {
    expect((await run({ level: 'error' })).details).toEqual({ oldLevel: 'debug', newLevel: 'error' });
    const quiet = setup.logLines.length;
    await setup.run({ operation: 'run-command', parameters: { command: ['echo', 'not seen'] } });
    expect(setup.logLines.length).toBe(quiet);
    const { details } = await run({ level: 'debug', forSeconds: 3600 });
    expect(details).toEqual({ oldLevel: 'error', newLevel: 'debug', backTo: 'error', backInSeconds: '3600' });
    await setup.run({ operation: 'run-command', parameters: { command: ['echo', 'seen'] } });
    expect(setup.logLines.map(({ line }) => line)).toContain('seen');
    expect(setup.logLines.map(({ line }) => line)).not.toContain('not seen');
  });

  test('configured is what the agent began with', async () => {
    await run({ level: 'error' });
    expect((await run({ level: 'configured' })).details).toEqual({ oldLevel: 'error', newLevel: 'debug' });
  });

  function run(parameters: SetLogLevelParameters) {
    return setup.run({ operation: 'set-log-level', parameters: { ...parameters } });
  }
});

test('the time goes to the agent, which says what the level goes back to', async () => {
  const calls: Parameters<AgentLog['setLevel']>[] = [];
  const agentLog: AgentLog = {
    level: 'warn',
    configuredLevel: 'info',
    setLevel(...call) {
      calls.push(call);
      return 'error';
    },
  };
  const { context } = createRecordingContext({ workDir: '/' });
  const result = await setLogLevelHandler.run({ ...context, agentLog }, { level: 'trace', forSeconds: 5 });
  expect(result).toEqual({
    kind: 'succeeded',
    details: { oldLevel: 'warn', newLevel: 'trace', backTo: 'error', backInSeconds: 5 },
  });
  expect(calls).toEqual([['trace', 5]]);
});

test('a time for the configured level is refused', () => {
  const { facts } = createRecordingContext({ workDir: '/' }).context;
  expect(setLogLevelHandler.check?.({ level: 'configured', forSeconds: 5 }, facts)?.pointer).toBe('/forSeconds');
  expect(setLogLevelHandler.check?.({ level: 'debug', forSeconds: 5 }, facts)).toBeUndefined();
});

test.each([
  [{ level: 'debug' }, 'set the level of the agent’s log to debug until the agent is restarted'],
  [{ level: 'debug', forSeconds: 60 }, 'set the level of the agent’s log to debug for 60 s'],
  [{ level: 'configured' }, 'set the level of the agent’s log back to logLevel of the configuration'],
] as const)('the dry run of %j says so', async (parameters, action) => {
  const { facts, signal } = createRecordingContext({ workDir: '/' }).context;
  const plan = await setLogLevelHandler.plan?.(parameters, { facts, workDir: '/', signal });
  expect(plan).toEqual({ actions: [action], problems: [] });
});
