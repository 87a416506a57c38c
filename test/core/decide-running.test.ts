import { describe, expect, test } from 'vitest';
import {
  effectsOf,
  FAILED,
  idOf,
  job,
  requestsOf,
  runEnded,
  runIdOf,
  runningScenario,
  runProgressed,
  SUCCEEDED,
  step,
  types,
} from '../fixtures/core-states.ts';

const COPY = step({ name: 'copy' });
const VERIFY = step({ name: 'verify' });
const TIMEOUT = { name: 'stepTimeout', id: idOf('a'), runId: runIdOf('a') } as const;

describe('one step', () => {
  test('that succeeds is reported SUCCEEDED with what it told', () => {
    const scenario = runningScenario();
    const effects = scenario.tell(runEnded('a', { ...SUCCEEDED, details: { bytes: '12' } }));
    expect(types(effects)).toEqual(['clearTimer', 'journal', 'request', 'request']);
    expect(effects[1]).toMatchObject({ record: { phase: 'reporting', outcome: { status: 'SUCCEEDED' } } });
    expect(requestsOf(effects)[0]).toEqual({
      operation: 'UpdateJobExecution',
      jobId: 'a',
      executionNumber: 1,
      expectedVersion: 2,
      status: 'SUCCEEDED',
      statusDetails: { bytes: '12' },
    });
  });

  test('that fails is reported FAILED with the reason', () => {
    const [update] = requestsOf(runningScenario().tell(runEnded('a', { ...FAILED, stderrTail: 'boom' })));
    expect(update).toMatchObject({
      status: 'FAILED',
      statusDetails: { reasonCode: 'HANDLER_EXIT_CODE', reason: 'exit 3', stderr: 'boom' },
    });
  });

  test('that its handler rejects is reported REJECTED', () => {
    const [update] = requestsOf(runningScenario().tell(runEnded('a', { ...FAILED, status: 'rejected' })));
    expect(update).toMatchObject({ status: 'REJECTED', statusDetails: { reasonCode: 'HANDLER_EXIT_CODE' } });
  });

  test('that ends twice is reported once', () => {
    const scenario = runningScenario();
    scenario.tell(runEnded('a', SUCCEEDED));
    expect(requestsOf(scenario.tell(runEnded('a', FAILED)))).toEqual([]);
    expect(scenario.phase(job('a'))).toMatchObject({ outcome: { status: 'SUCCEEDED' } });
  });

  test.each([
    ['another execution', { ...runEnded('b', SUCCEEDED) }],
    ['another run of it', { ...runEnded('a', SUCCEEDED, { attempt: 2 }) }],
  ])('is not ended by the end of %s', (_, event) => {
    const scenario = runningScenario();
    expect(scenario.tell(event)).toEqual([]);
    expect(scenario.phase(job('a'))?.name).toBe('running');
  });
});

describe('several steps', () => {
  const two = () => runningScenario({ steps: [COPY, VERIFY] });

  test('begin with telling which one runs', () => {
    const scenario = two();
    expect(scenario.isAsking('progress')).toBe(true);
    expect(scenario.state.executions[idOf('a')]?.progressPending).toBe(false);
  });

  test('run one after the other, each journaled first', () => {
    const effects = two().tell(runEnded('a', SUCCEEDED));
    expect(types(effects)).toEqual(['clearTimer', 'journal', 'startRun']);
    expect(effects.slice(1)).toMatchObject([
      { record: { phase: 'running', stepIndex: 1, attempt: 1 } },
      { runId: runIdOf('a', { stepIndex: 1 }), stepIndex: 1 },
    ]);
  });

  test('end with the first that fails', () => {
    const scenario = two();
    expect(types(scenario.tell(runEnded('a', FAILED)))).not.toContain('startRun');
    expect(requestsOf(scenario.accept('progress'))[0]).toMatchObject({
      status: 'FAILED',
      statusDetails: { step: '1/2 copy', reason: 'exit 3' },
    });
  });

  test('hand their details on to the report', () => {
    const scenario = two();
    scenario.tell(runEnded('a', { ...SUCCEEDED, details: { copied: '3', size: '1' } }));
    scenario.tell(runEnded('a', { ...SUCCEEDED, details: { size: '2' } }, { stepIndex: 1 }));
    expect(scenario.phase(job('a'))).toMatchObject({ outcome: { statusDetails: { copied: '3', size: '2' } } });
  });

  test('go on after a failure that is to be ignored, and say so', () => {
    const scenario = runningScenario({ steps: [{ ...COPY, ignoreFailure: true }, VERIFY] });
    expect(types(scenario.tell(runEnded('a', FAILED)))).toContain('startRun');
    scenario.tell(runEnded('a', SUCCEEDED, { stepIndex: 1 }));
    expect(scenario.phase(job('a'))).toMatchObject({
      outcome: { status: 'SUCCEEDED', statusDetails: { ignoredFailures: 'copy' } },
    });
  });

  test('succeed when the last failure is to be ignored', () => {
    const scenario = runningScenario({ steps: [{ ...COPY, ignoreFailure: true }] });
    const [update] = requestsOf(scenario.tell(runEnded('a', FAILED)));
    expect(update).toMatchObject({ status: 'SUCCEEDED', statusDetails: { ignoredFailures: 'copy' } });
  });

  test('end with a rejection even where failures are ignored', () => {
    const scenario = runningScenario({ steps: [{ ...COPY, ignoreFailure: true }] });
    const [update] = requestsOf(scenario.tell(runEnded('a', { ...FAILED, status: 'rejected' })));
    expect(update).toMatchObject({ status: 'REJECTED' });
  });
});

describe('a time limit', () => {
  const limited = (ignoreFailure = false) =>
    runningScenario({ steps: [step({ timeoutMs: 90_000, ignoreFailure }), VERIFY] });

  test('starts with the step and ends with it', () => {
    const scenario = runningScenario({ steps: [step({ timeoutMs: 90_000 })] });
    expect(effectsOf(scenario.tell(runEnded('a', SUCCEEDED)), 'clearTimer')).toEqual([
      { type: 'clearTimer', timer: TIMEOUT },
    ]);
  });

  test('that is over stops the run, journaled first', () => {
    const effects = limited().tell({ type: 'timerFired', timer: TIMEOUT });
    expect(effects).toMatchObject([
      { type: 'journal', record: { phase: 'stopping', reason: 'timed-out' } },
      { type: 'stopRun', runId: TIMEOUT.runId, reason: 'timed-out' },
    ]);
  });

  test.each([SUCCEEDED, FAILED])('makes the step STEP_TIMED_OUT however it then ends: $status', (result) => {
    const scenario = limited();
    scenario.tell({ type: 'timerFired', timer: TIMEOUT });
    scenario.tell(runEnded('a', result));
    expect(scenario.phase(job('a'))).toMatchObject({
      outcome: {
        status: 'FAILED',
        statusDetails: { reasonCode: 'STEP_TIMED_OUT', reason: expect.stringContaining('limit of 90 s') },
      },
    });
  });

  test('whose failure is to be ignored lets the next step run', () => {
    const scenario = limited(true);
    scenario.tell({ type: 'timerFired', timer: TIMEOUT });
    expect(types(scenario.tell(runEnded('a', FAILED)))).toContain('startRun');
  });

  test.each([
    ['another run', { ...TIMEOUT, runId: runIdOf('a', { attempt: 2 }) }],
    ['a job that is over', { ...TIMEOUT, id: idOf('b') }],
  ])('of %s stops nothing', (_, timer) => {
    expect(limited().tell({ type: 'timerFired', timer })).toEqual([]);
  });

  test('that is over while the run is being stopped changes nothing', () => {
    const scenario = limited();
    scenario.tell({ type: 'shutdownRequested', mode: 'stop' });
    expect(scenario.tell({ type: 'timerFired', timer: TIMEOUT })).toEqual([]);
  });
});

test('what a run tells while it is being stopped is let be', () => {
  const scenario = runningScenario();
  scenario.tell({ type: 'shutdownRequested', mode: 'stop' });
  expect(scenario.tell(runProgressed('a', { percent: '50' }))).toEqual([]);
});
