import { expect, test } from 'vitest';
import {
  effectsOf,
  FAILED,
  idOf,
  job,
  requestsOf,
  runEnded,
  runningScenario,
  runProgressed,
  SUCCEEDED,
} from '../fixtures/core-states.ts';

const TIMER = { name: 'progress', id: idOf('a') } as const;
const heldOver = { type: 'timerFired', timer: TIMER } as const;

/** The first progress is under way. */
function telling() {
  const scenario = runningScenario();
  scenario.tell(runProgressed('a', { percent: '1' }));
  return scenario;
}

test('the first progress is told at once', () => {
  const effects = runningScenario().tell(runProgressed('a', { percent: '1' }));
  expect(requestsOf(effects)).toEqual([
    {
      operation: 'UpdateJobExecution',
      jobId: 'a',
      executionNumber: 1,
      expectedVersion: 2,
      status: 'IN_PROGRESS',
      statusDetails: { percent: '1' },
    },
  ]);
  expect(effectsOf(effects, 'setTimer')).toEqual([
    { type: 'setTimer', timer: TIMER, delay: { kind: 'exactly', ms: 1_000 } },
  ]);
});

test('of what comes within the interval the last is told', () => {
  const scenario = telling();
  scenario.accept('progress');
  for (const percent of ['2', '3', '4']) expect(scenario.tell(runProgressed('a', { percent }))).toEqual([]);
  expect(requestsOf(scenario.tell(heldOver))).toMatchObject([{ statusDetails: { percent: '4' }, expectedVersion: 3 }]);
});

test('nothing is told where nothing is new', () => {
  const scenario = telling();
  scenario.accept('progress');
  expect(scenario.tell(heldOver)).toEqual([]);
});

test('a second update waits for the answer to the first', () => {
  const scenario = telling();
  scenario.tell(runProgressed('a', { percent: '2' }));
  expect(scenario.tell(heldOver)).toEqual([]);
  expect(requestsOf(scenario.accept('progress'))).toMatchObject([
    { statusDetails: { percent: '2' }, expectedVersion: 3 },
  ]);
});

test.each(['RequestThrottled', 'InternalError', 'InvalidRequest', 'InvalidJson', 'InvalidTopic'] as const)(
  'progress that is refused is forgotten, what came since is told: %s',
  (code) => {
    const scenario = telling();
    scenario.tell(runProgressed('a', { percent: '2' }));
    expect(scenario.tell(heldOver)).toEqual([]);
    const requests = requestsOf(scenario.reject('progress', code));
    expect(requests).toMatchObject([{ statusDetails: { percent: '2' }, expectedVersion: 2 }]);
  },
);

test('progress that is not answered is forgotten', () => {
  const scenario = telling();
  expect(scenario.unanswered('progress')).toEqual([]);
  expect(scenario.phase(job('a'))?.name).toBe('running');
});

test('another version is adopted after a look at the execution', () => {
  const scenario = telling();
  const state = { status: 'IN_PROGRESS', statusDetails: {}, versionNumber: 9 } as const;
  expect(requestsOf(scenario.reject('progress', 'VersionMismatch', state))).toMatchObject([
    { operation: 'DescribeJobExecution' },
  ]);
  scenario.accept('check', { execution: job('a', { versionNumber: 9 }) });
  expect(requestsOf(scenario.tell(runEnded('a', SUCCEEDED)))[0]).toMatchObject({ expectedVersion: 9 });
});

test('what was told while offline is told after the next connect', () => {
  const scenario = runningScenario();
  scenario.tell({ type: 'disconnected' });
  expect(scenario.tell(runProgressed('a', { percent: '7' }))).toEqual([]);
  scenario.tell({ type: 'connected' });
  expect(requestsOf(scenario.accept('check', { execution: job('a') }))).toMatchObject([
    { status: 'IN_PROGRESS', statusDetails: { percent: '7' } },
  ]);
});

test('an update accepted after it was described is not counted twice', () => {
  const scenario = telling();
  scenario.tell({ type: 'timerFired', timer: { name: 'poll' } });
  scenario.accept('check', { execution: job('a', { versionNumber: 3 }) });
  scenario.accept('progress');
  expect(scenario.state.executions[idOf('a')]?.versionNumber).toBe(3);
});

test('the report waits for the answer to the progress', () => {
  const scenario = telling();
  expect(requestsOf(scenario.tell(runEnded('a', FAILED)))).toEqual([]);
  expect(requestsOf(scenario.unanswered('progress'))).toMatchObject([
    { status: 'FAILED' },
    { operation: 'StartNextPendingJobExecution' },
  ]);
});

test('progress of another run is let be', () => {
  const scenario = runningScenario();
  const other = { ...runProgressed('a', { percent: '1' }), runId: 'another' };
  expect(scenario.tell(other)).toEqual([]);
});

test.each([heldOver, { type: 'timerFired', timer: { name: 'progress', id: idOf('b') } } as const])(
  'a timer with nothing to tell asks nothing',
  (event) => {
    expect(runningScenario().tell(event)).toEqual([]);
  },
);

test('a signature of a URL is not even kept', () => {
  const scenario = runningScenario();
  scenario.tell(runProgressed('a', { url: 'https://b.s3.amazonaws.com/f?X-Amz-Signature=abcdef0123456789' }));
  expect(JSON.stringify(scenario.state)).not.toContain('abcdef0123456789');
});
