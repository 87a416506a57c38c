import { describe, expect, test } from 'vitest';
import {
  createScenario,
  FAILED,
  idOf,
  job,
  notified,
  notifiedNext,
  queuedJob,
  REFUSED,
  requestsOf,
  runEnded,
  runningScenario,
  runProgressed,
  runVerdict,
  SUCCEEDED,
  types,
} from '../fixtures/core-states.ts';

const DESCRIBE = {
  operation: 'DescribeJobExecution',
  jobId: 'a',
  executionNumber: 1,
  includeJobDocument: false,
};
const CANCELED = { status: 'CANCELED', statusDetails: {}, versionNumber: 3 } as const;

describe('a running job that is missing where it belongs is asked about', () => {
  test.each([
    ['an empty notify', notified([])],
    ['a notify of others', notified([], [queuedJob('b')])],
    ['a notify-next of another', notifiedNext(queuedJob('b'))],
    ['an empty notify-next', notifiedNext(null)],
  ])('%s', (_, event) => {
    expect(requestsOf(runningScenario().tell(event))).toEqual([DESCRIBE]);
  });

  test('once, however often it is missing', () => {
    const scenario = runningScenario();
    scenario.tell(notified([]));
    expect(requestsOf(scenario.tell(notified([])))).toEqual([]);
  });

  test('but not when the list may have been cut off', () => {
    const others = Array.from({ length: 10 }, (_, index) => queuedJob(`other-${index}`));
    expect(requestsOf(runningScenario().tell(notified([], others)))).toEqual([]);
  });

  test('but not for a notify-next where two may run', () => {
    const scenario = createScenario({ capacity: 2 });
    scenario.tell({ type: 'connected' });
    scenario.accept('list', { queued: [queuedJob('a')] });
    scenario.accept('check', { execution: queuedJob('a'), verdict: runVerdict() });
    scenario.accept('take');
    expect(requestsOf(scenario.tell(notifiedNext(job('b'))))).toEqual([]);
  });

  test('but not once it has ended', () => {
    const scenario = runningScenario();
    scenario.tell(runEnded('a', SUCCEEDED));
    expect(requestsOf(scenario.tell(notified([])))).toEqual([]);
  });
});

describe('a running job that the service says is over', () => {
  test.each([
    ['TerminalStateReached', undefined],
    ['ResourceNotFound', undefined],
    ['InvalidStateTransition', CANCELED],
  ] as const)('is stopped: %s to a description', (code, state) => {
    const scenario = runningScenario();
    scenario.tell(notified([]));
    expect(scenario.reject('check', code, state)).toMatchObject([
      { type: 'journal', record: { phase: 'stopping', reason: 'canceled' } },
      { type: 'stopRun', reason: 'canceled' },
    ]);
  });

  test.each([
    ['ResourceNotFound', undefined],
    ['InvalidStateTransition', CANCELED],
    ['VersionMismatch', CANCELED],
    ['TerminalStateReached', undefined],
  ] as const)('is stopped: %s to progress', (code, state) => {
    const scenario = runningScenario();
    scenario.tell(runProgressed('a', { percent: '1' }));
    expect(types(scenario.reject('progress', code, state))).toEqual(['journal', 'stopRun']);
  });

  test('is stopped when it is described in a terminal status', () => {
    const scenario = runningScenario();
    scenario.tell(notified([]));
    expect(types(scenario.accept('check', { execution: job('a', { status: 'TIMED_OUT' }) }))).toContain('stopRun');
  });

  test('is stopped when another has its job id and number', () => {
    const scenario = runningScenario();
    scenario.tell(notified([]));
    const another = queuedJob('a', { queuedAt: 1_700_000_999 });
    expect(types(scenario.accept('check', { execution: another }))).toContain('stopRun');
  });

  test('is closed when it has stopped, with nothing reported, and the next claimed', () => {
    const scenario = runningScenario();
    scenario.tell(notified([]));
    scenario.reject('check', 'TerminalStateReached');
    const effects = scenario.tell(runEnded('a', FAILED));
    expect(types(effects)).toEqual(['clearTimer', 'journal', 'cleanUp', 'request']);
    expect(effects[1]).toMatchObject({ record: { phase: 'closed', how: 'over', outcome: null } });
    expect(requestsOf(effects)).toMatchObject([{ operation: 'StartNextPendingJobExecution' }]);
  });

  test('is stopped once, however often it is said', () => {
    const scenario = runningScenario();
    scenario.tell(runProgressed('a', { percent: '1' }));
    scenario.tell(notified([]));
    scenario.reject('check', 'TerminalStateReached');
    expect(scenario.reject('progress', 'InvalidStateTransition', CANCELED)).toEqual([]);
    expect(scenario.phase(job('a'))).toMatchObject({ name: 'stopping', reason: 'canceled' });
  });
});

describe('a running job is left alone', () => {
  test.each([
    'InternalError',
    'RequestThrottled',
    'InvalidJson',
    'InvalidRequest',
    'InvalidTopic',
    'VersionMismatch',
  ] as const)('when a description is refused for another reason: %s', (code) => {
    const scenario = runningScenario();
    scenario.tell(notified([]));
    expect(scenario.reject('check', code)).toMatchObject([
      { type: 'setTimer', timer: { name: 'retry', id: idOf('a') }, delay: { kind: 'backoff', attempt: 0 } },
    ]);
    expect(scenario.phase(job('a'))?.name).toBe('running');
    const retry = { type: 'timerFired', timer: { name: 'retry', id: idOf('a') } } as const;
    expect(requestsOf(scenario.tell(retry))).toEqual([DESCRIBE]);
  });

  test('when the description is empty', () => {
    const scenario = runningScenario();
    scenario.tell(notified([]));
    expect(types(scenario.accept('check'))).toEqual(['setTimer']);
    expect(scenario.phase(job('a'))?.name).toBe('running');
  });

  test('when it is still there', () => {
    const scenario = runningScenario();
    scenario.tell(notified([]));
    expect(scenario.accept('check', { execution: job('a'), verdict: REFUSED })).toEqual([]);
    expect(scenario.phase(job('a'))?.name).toBe('running');
  });
});

test('what the service says of a job being stopped changes nothing', () => {
  const scenario = runningScenario();
  scenario.tell(notified([]));
  scenario.tell({ type: 'shutdownRequested', mode: 'stop' });
  expect(scenario.accept('check', { execution: job('a') })).toEqual([]);
  expect(scenario.phase(job('a'))).toMatchObject({ name: 'stopping', reason: 'shutdown' });
});

test('a timer or answer about a job that is over does nothing', () => {
  const scenario = runningScenario();
  scenario.tell(runEnded('a', SUCCEEDED));
  scenario.tell({ type: 'connected' });
  scenario.accept('report');
  expect(scenario.tell({ type: 'timerFired', timer: { name: 'retry', id: idOf('a') } })).toEqual([]);
  expect(requestsOf(scenario.accept('check', { execution: job('a') }))).toEqual([]);
  expect(scenario.state.executions).toEqual({});
});

test('a refusal about a job that is over does nothing', () => {
  const scenario = runningScenario();
  scenario.tell(runEnded('a', SUCCEEDED));
  scenario.tell({ type: 'connected' });
  scenario.accept('report');
  expect(scenario.reject('check', 'TerminalStateReached')).toEqual([]);
});

test('an update accepted for a job that is over does nothing', () => {
  const scenario = runningScenario();
  scenario.tell(runProgressed('a', { percent: '1' }));
  scenario.tell(notified([]));
  scenario.reject('check', 'TerminalStateReached');
  scenario.tell(runEnded('a', FAILED));
  expect(scenario.accept('progress')).toEqual([]);
});
