import { describe, expect, test } from 'vitest';
import type { TerminalStatus } from '../../agent/core/job-execution.ts';
import {
  idOf,
  job,
  queuedJob,
  requestsOf,
  runEnded,
  runningScenario,
  type Scenario,
  SUCCEEDED,
  types,
} from '../fixtures/core-states.ts';

const RETRY = { type: 'timerFired', timer: { name: 'retry', id: idOf('a') } } as const;

/** Ended, the report under way, and the service has nothing else to do. */
function reporting() {
  const scenario = runningScenario();
  scenario.tell(runEnded('a', { ...SUCCEEDED, details: { bytes: '12' } }));
  scenario.accept('claim');
  return scenario;
}

/** The wait is over, and the execution is found as it was. */
function lookAgain(scenario: Scenario) {
  scenario.tell(RETRY);
  return scenario.accept('check', { execution: job('a') });
}

function stateOf(status: TerminalStatus | 'IN_PROGRESS' | 'QUEUED', versionNumber = 3) {
  return { status, statusDetails: {}, versionNumber } as const;
}

test('an accepted report closes the execution, and work is asked for', () => {
  const effects = reporting().accept('report');
  expect(types(effects)).toEqual(['journal', 'cleanUp', 'request']);
  expect(effects[0]).toMatchObject({
    record: { phase: 'closed', how: 'accepted', outcome: { status: 'SUCCEEDED', statusDetails: { bytes: '12' } } },
  });
});

describe('the service says that it is over', () => {
  test.each([
    ['ResourceNotFound', undefined, 'over'],
    ['TerminalStateReached', undefined, 'over'],
    ['InvalidStateTransition', stateOf('CANCELED'), 'over'],
    ['InvalidStateTransition', stateOf('SUCCEEDED'), 'accepted'],
    ['VersionMismatch', stateOf('TIMED_OUT'), 'over'],
    ['VersionMismatch', stateOf('SUCCEEDED'), 'accepted'],
  ] as const)('%s %j: closed as %s', (code, state, how) => {
    const scenario = reporting();
    expect(types(scenario.reject('report', code, state))).toContain('cleanUp');
    expect(scenario.state.finished).toMatchObject([{ how, outcome: { status: 'SUCCEEDED' } }]);
  });

  test('a description in a terminal status closes it too', () => {
    const scenario = reporting();
    scenario.tell({ type: 'connected' });
    scenario.accept('check', { execution: job('a', { status: 'SUCCEEDED' }) });
    expect(scenario.state.finished).toMatchObject([{ how: 'accepted' }]);
  });
});

describe('a report is told again', () => {
  test.each(['RequestThrottled', 'InternalError'] as const)('after a growing while: %s', (code) => {
    const scenario = reporting();
    for (const attempt of [0, 1, 2, 3, 4, 5]) {
      expect(scenario.reject('report', code)).toMatchObject([{ type: 'setTimer', delay: { attempt } }]);
      expect(requestsOf(scenario.tell(RETRY))).toMatchObject([{ operation: 'DescribeJobExecution' }]);
      expect(requestsOf(scenario.accept('check', { execution: job('a') }))[0]).toMatchObject({ status: 'SUCCEEDED' });
    }
  });

  test('after silence', () => {
    const scenario = reporting();
    expect(types(scenario.unanswered('report'))).toEqual(['setTimer']);
    expect(requestsOf(lookAgain(scenario))[0]).toMatchObject({ status: 'SUCCEEDED', statusDetails: { bytes: '12' } });
  });

  test.each(['InvalidRequest', 'InvalidJson', 'InvalidTopic'] as const)(
    'without details when they are refused: %s',
    (code) => {
      const scenario = reporting();
      scenario.reject('report', code);
      expect(requestsOf(lookAgain(scenario))[0]).toMatchObject({
        status: 'SUCCEEDED',
        statusDetails: { reason: expect.stringContaining('refused the details') },
      });
      scenario.reject('report', code);
      expect(requestsOf(lookAgain(scenario))[0]).toMatchObject({ status: 'SUCCEEDED' });
    },
  );

  test('after the next connect, once it was described', () => {
    const scenario = reporting();
    scenario.tell({ type: 'disconnected' });
    expect(scenario.unanswered('report')).toEqual([]);
    expect(scenario.tell(RETRY)).toEqual([]);
    expect(requestsOf(scenario.tell({ type: 'connected' }))).toMatchObject([{ operation: 'DescribeJobExecution' }]);
    expect(requestsOf(scenario.accept('check', { execution: job('a', { versionNumber: 5 }) }))).toMatchObject([
      { status: 'SUCCEEDED', expectedVersion: 5 },
      { operation: 'StartNextPendingJobExecution' },
    ]);
  });
});

describe('another version than expected', () => {
  test.each([
    ['VersionMismatch', stateOf('IN_PROGRESS', 4)],
    ['InvalidStateTransition', stateOf('QUEUED', 4)],
  ] as const)('is looked at, then reported upon: %s', (code, state) => {
    const scenario = reporting();
    expect(requestsOf(scenario.reject('report', code, state))).toMatchObject([{ operation: 'DescribeJobExecution' }]);
    expect(requestsOf(scenario.accept('check', { execution: job('a', { versionNumber: 4 }) }))[0]).toMatchObject({
      status: 'SUCCEEDED',
      expectedVersion: 4,
    });
  });

  test('may be lower than ours', () => {
    const scenario = reporting();
    scenario.reject('report', 'VersionMismatch', stateOf('IN_PROGRESS', 1));
    expect(requestsOf(scenario.accept('check', { execution: job('a', { versionNumber: 1 }) }))[0]).toMatchObject({
      expectedVersion: 1,
    });
  });

  test('may belong to another execution, which is not reported upon', () => {
    const scenario = reporting();
    scenario.reject('report', 'VersionMismatch', stateOf('QUEUED', 1));
    const effects = scenario.accept('check', { execution: queuedJob('a', { queuedAt: 1_700_000_999 }) });
    expect(requestsOf(effects)).toMatchObject([{ operation: 'StartNextPendingJobExecution' }]);
    expect(scenario.state.finished).toMatchObject([{ id: idOf('a'), how: 'over' }]);
  });

  test('without a word on which one is looked at too', () => {
    expect(requestsOf(reporting().reject('report', 'VersionMismatch'))).toMatchObject([
      { operation: 'DescribeJobExecution' },
    ]);
  });

  test.each([stateOf('IN_PROGRESS', 4), undefined])('named again and again is slowed down: %j', (state) => {
    const scenario = reporting();
    let lookedAtOnce = 0;
    for (let round = 0; round < 20; round += 1) {
      const effects = scenario.reject('report', 'VersionMismatch', state);
      if (types(effects).includes('setTimer')) scenario.tell(RETRY);
      else lookedAtOnce += 1;
      scenario.accept('check', { execution: job('a') });
    }
    expect(lookedAtOnce).toBe(5);
  });
});

test('a report under way is not doubled by a timer', () => {
  const scenario = reporting();
  expect(requestsOf(scenario.tell(RETRY))).toMatchObject([{ operation: 'DescribeJobExecution' }]);
  expect(requestsOf(scenario.accept('check', { execution: job('a') }))).toMatchObject([
    { operation: 'StartNextPendingJobExecution' },
  ]);
});
