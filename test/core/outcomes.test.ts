import { describe, expect, test } from 'vitest';
import {
  failure,
  newestFirst,
  outcomeOfPlan,
  outcomeOfRun,
  plainDetails,
  progressDetails,
  rejection,
} from '../../agent/core/outcomes.ts';
import type { ExecutionState, ReviewedStep, Run } from '../../agent/core/state.ts';
import { FAILED, idOf, runningScenario, SUCCEEDED, step } from '../fixtures/core-states.ts';

const SECRET_URL = 'https://bucket.s3.amazonaws.com/fw.bin?X-Amz-Signature=abcdef0123456789&X-Amz-Expires=60';

function runOf(steps: readonly ReviewedStep[], { stepIndex = 0, includeStdOut = false } = {}): Run {
  const current = steps[stepIndex] ?? step();
  const plan = { includeStdOut, steps };
  return { plan, stepIndex, step: current, attempt: 1, runId: 'r', purpose: { kind: 'work' } };
}

function execution(changes: Partial<ExecutionState> = {}): ExecutionState {
  const running = runningScenario().state.executions[idOf('a')];
  if (running === undefined) throw new Error('the scenario has no execution');
  return { ...running, ...changes };
}

const ONE = runOf([step()]);
const SECOND = runOf([step({ name: 'copy' }), step({ name: 'verify' })], { stepIndex: 1 });

describe('a run', () => {
  test('that succeeded without a word has no details', () => {
    expect(outcomeOfPlan(execution(), ONE.plan, SUCCEEDED)).toEqual({ status: 'SUCCEEDED', statusDetails: {} });
  });

  test('that succeeded keeps its output to itself', () => {
    const { statusDetails } = outcomeOfPlan(execution(), ONE.plan, {
      ...SUCCEEDED,
      stdoutTail: 'out',
      stderrTail: 'err',
    });
    expect(statusDetails).toEqual({});
  });

  test('that succeeded shows stdout where the document asks for it', () => {
    const run = runOf([step()], { includeStdOut: true });
    const { statusDetails } = outcomeOfPlan(execution(), run.plan, {
      ...SUCCEEDED,
      stdoutTail: 'out',
      stderrTail: 'err',
    });
    expect(statusDetails).toEqual({ stdout: 'out' });
  });

  test('that failed says why first, then the end of stderr', () => {
    const { status, statusDetails } = outcomeOfRun(execution(), ONE, { ...FAILED, stderrTail: 'boom' });
    expect(status).toBe('FAILED');
    expect(Object.entries(statusDetails)).toEqual([
      ['reasonCode', 'HANDLER_EXIT_CODE'],
      ['reason', 'exit 3'],
      ['stderr', 'boom'],
    ]);
  });

  test('that failed names its step where there are several', () => {
    expect(outcomeOfRun(execution(), SECOND, FAILED).statusDetails).toMatchObject({ step: '2/2 verify' });
  });

  test('that its handler rejected is REJECTED', () => {
    expect(outcomeOfRun(execution(), ONE, { ...FAILED, status: 'rejected' }).status).toBe('REJECTED');
  });

  test('names the failures that were ignored', () => {
    const ignoring = execution({ ignoredFailures: ['copy', 'notify'] });
    expect(outcomeOfPlan(ignoring, SECOND.plan, SUCCEEDED).statusDetails).toEqual({ ignoredFailures: 'copy, notify' });
    expect(outcomeOfRun(ignoring, SECOND, FAILED).statusDetails).toMatchObject({ ignoredFailures: 'copy, notify' });
  });

  test('tells the reason however many details its handler told', () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`key-${index}`, 'x']));
    const { statusDetails } = outcomeOfRun(execution({ details: many }), ONE, FAILED);
    expect(Object.keys(statusDetails)).toHaveLength(10);
    expect(statusDetails).toMatchObject({ reasonCode: 'HANDLER_EXIT_CODE', reason: 'exit 3' });
  });

  test('shows no signature of a URL, neither in output nor in details', () => {
    const result = {
      ...FAILED,
      message: `GET ${SECRET_URL} failed`,
      details: { url: SECRET_URL },
      stderrTail: `${'x'.repeat(2_000)} ${SECRET_URL}`,
      stdoutTail: SECRET_URL,
    };
    const outcome = outcomeOfRun(execution(), runOf([step()], { includeStdOut: true }), result);
    expect(JSON.stringify(outcome)).not.toContain('abcdef0123456789');
  });
});

test('a failure has its code, its reason, and more where there is more', () => {
  expect(failure('INTERRUPTED', 'power was lost', [['step', '1/2']])).toEqual({
    status: 'FAILED',
    statusDetails: { reasonCode: 'INTERRUPTED', reason: 'power was lost', step: '1/2' },
  });
});

test.each([
  ['/steps/0', '/steps/0: expected text', { path: '/steps/0' }],
  ['', 'the job document: expected text', {}],
])('a rejection names the place %j', (pointer, reason, path) => {
  expect(rejection('JOB_DOCUMENT_INVALID', { pointer, reason: 'expected text' })).toEqual({
    status: 'REJECTED',
    statusDetails: { reasonCode: 'JOB_DOCUMENT_INVALID', reason, ...path },
  });
});

test('progress names the step before what the handler told', () => {
  expect(
    Object.entries(progressDetails(execution({ details: { percent: '5' }, phase: { name: 'running', ...SECOND } }))),
  ).toEqual([
    ['step', '2/2 verify'],
    ['percent', '5'],
  ]);
});

test('progress shows no signature of a URL', () => {
  const told = progressDetails(execution({ details: { url: SECRET_URL } }));
  expect(told.url).toMatch(/^https:/);
  expect(JSON.stringify(told)).not.toContain('abcdef0123456789');
});

test('plain details say the status and where the rest is', () => {
  expect(plainDetails({ status: 'FAILED', statusDetails: { odd: 'x' } })).toEqual({
    reason: expect.stringMatching(/^FAILED\. .* log of the gateway/),
  });
});

test('what was told last comes first, each key once', () => {
  expect(newestFirst({ a: '1', b: '1' }, { b: '2', c: '2' })).toEqual([
    ['b', '2'],
    ['c', '2'],
    ['a', '1'],
  ]);
});
