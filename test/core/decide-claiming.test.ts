import { describe, expect, test } from 'vitest';
import { claimMark } from '../../agent/core/claim-mark.ts';
import { REJECTION_MEANINGS } from '../../agent/core/rejection.ts';
import {
  createScenario,
  effectsOf,
  FAILED,
  IDENTITY,
  idOf,
  job,
  notified,
  notifiedNext,
  queuedJob,
  REFUSED,
  requestsOf,
  runEnded,
  runIdOf,
  runningScenario,
  runVerdict,
  SUCCEEDED,
  step,
  types,
  UNKNOWN_OPERATION,
} from '../fixtures/core-states.ts';

const CLAIM = { operation: 'StartNextPendingJobExecution', statusDetails: { claimedBy: claimMark(IDENTITY) } };
const CODES = Object.keys(REJECTION_MEANINGS) as (keyof typeof REJECTION_MEANINGS)[];

function connected(settings = {}) {
  const scenario = createScenario(settings);
  scenario.tell({ type: 'connected' });
  return scenario;
}

describe('with room for one', () => {
  test('a connection claims with the journal id', () => {
    expect(requestsOf(createScenario().tell({ type: 'connected' }))).toEqual([CLAIM]);
  });

  test('a second connected event claims nothing more', () => {
    expect(requestsOf(connected().tell({ type: 'connected' }))).toEqual([]);
  });

  test('an empty queue is not asked again', () => {
    const scenario = connected();
    expect(scenario.accept('claim')).toEqual([]);
    expect(scenario.state.executions).toEqual({});
  });

  test('a claimed job is journaled, then started', () => {
    const effects = connected().accept('claim', { execution: job('a'), verdict: runVerdict() });
    expect(types(effects)).toEqual(['journal', 'startRun']);
    expect(effects).toMatchObject([
      { record: { phase: 'running', stepIndex: 0, attempt: 1, onInterrupted: 'fail', versionNumber: 2 } },
      { id: idOf('a'), runId: runIdOf('a'), stepIndex: 0, attempt: 1 },
    ]);
  });

  test('a running job leaves no room', () => {
    const scenario = runningScenario();
    expect(scenario.isAsking('claim')).toBe(false);
    expect(requestsOf(scenario.tell(notified([job('a')], [queuedJob('b')])))).toEqual([]);
  });

  test('the report and the next claim go out together', () => {
    const requests = requestsOf(runningScenario().tell(runEnded('a', SUCCEEDED)));
    expect(requests.map(({ operation }) => operation)).toEqual(['UpdateJobExecution', 'StartNextPendingJobExecution']);
  });

  test('the head that is handed out again changes nothing', () => {
    const scenario = runningScenario();
    scenario.tell(runEnded('a', SUCCEEDED));
    const { executions } = scenario.state;
    expect(scenario.accept('claim', { execution: job('a'), verdict: runVerdict() })).toEqual([]);
    expect(scenario.state.executions).toBe(executions);
  });

  test('a refused document is reported REJECTED, and the next claimed', () => {
    const effects = connected().accept('claim', { execution: job('a'), verdict: REFUSED });
    expect(types(effects)).toEqual(['journal', 'request', 'request']);
    expect(requestsOf(effects)[0]).toMatchObject({
      status: 'REJECTED',
      expectedVersion: 2,
      statusDetails: { reasonCode: 'PARAMETERS_INVALID', path: '/parameters/url' },
    });
  });

  test('an unknown operation is reported REJECTED', () => {
    const effects = connected().accept('claim', { execution: job('a'), verdict: UNKNOWN_OPERATION });
    expect(requestsOf(effects)[0]).toMatchObject({
      status: 'REJECTED',
      statusDetails: { reasonCode: 'UNKNOWN_OPERATION' },
    });
  });

  test('an answer without a verdict is left for later', () => {
    expect(connected().accept('claim', { execution: job('a') })).toEqual([]);
  });
});

describe('a job in progress that our journal does not know', () => {
  test.each([
    ['another journal claimed it', { claimedBy: 'journal-0' }],
    ['nobody says who claimed it', {}],
    ['a step had told of itself', { step: '1/2 copy' }],
  ])('is told STATE_LOST and not run: %s', (_, statusDetails) => {
    const effects = connected().accept('claim', { execution: job('a', { statusDetails }), verdict: runVerdict() });
    expect(types(effects)).toEqual(['journal', 'request', 'request']);
    expect(requestsOf(effects)[0]).toMatchObject({
      status: 'FAILED',
      statusDetails: { reasonCode: 'STATE_LOST', reason: expect.stringContaining('not run again') },
    });
  });
});

describe('a job that this journal claimed before the machine restarted', () => {
  test.each([
    ['by an earlier boot', { claimedBy: claimMark({ ...IDENTITY, bootId: 'boot-0' }) }],
    ['by a version that did not say the boot', { claimedBy: IDENTITY.journalId }],
  ])('may have begun, and is not run: claimed %s', (_, statusDetails) => {
    const effects = connected().accept('claim', { execution: job('a', { statusDetails }), verdict: runVerdict() });
    expect(types(effects)).not.toContain('startRun');
    expect(requestsOf(effects)[0]).toMatchObject({
      statusDetails: { reasonCode: 'STATE_LOST', reason: expect.stringContaining('before the gateway restarted') },
    });
  });

  test('runs where each of its steps may run again', () => {
    const statusDetails = { claimedBy: claimMark({ ...IDENTITY, bootId: 'boot-0' }) };
    const execution = job('a', { statusDetails });
    const twice = runVerdict([step({ onInterrupted: 'rerun' }), step({ onInterrupted: 'resume' })]);
    expect(types(connected().accept('claim', { execution, verdict: twice }))).toContain('startRun');
    const once = runVerdict([step({ onInterrupted: 'rerun' }), step()]);
    expect(types(connected().accept('claim', { execution, verdict: once }))).not.toContain('startRun');
  });

  test('is refused where its document does not run here', () => {
    const statusDetails = { claimedBy: claimMark({ ...IDENTITY, bootId: 'boot-0' }) };
    const effects = connected().accept('claim', { execution: job('a', { statusDetails }), verdict: REFUSED });
    expect(requestsOf(effects)[0]).toMatchObject({ status: 'REJECTED' });
  });
});

describe('a finished job that is handed out again', () => {
  function finished() {
    const scenario = runningScenario();
    scenario.tell(runEnded('a', SUCCEEDED));
    return scenario;
  }

  test('is asked about once more if it was open when we asked', () => {
    const scenario = finished();
    scenario.accept('report');
    expect(requestsOf(scenario.accept('claim', { execution: job('a'), verdict: runVerdict() }))).toEqual([CLAIM]);
    expect(scenario.state.executions).toEqual({});
  });

  test('is told again, not run again, if it was over before', () => {
    const scenario = finished();
    scenario.accept('claim');
    scenario.accept('report');
    const effects = scenario.accept('claim', { execution: job('a', { versionNumber: 7 }), verdict: runVerdict() });
    expect(types(effects)).toEqual(['setTimer', 'journal', 'request']);
    expect(requestsOf(effects)).toMatchObject([{ status: 'SUCCEEDED', expectedVersion: 7, executionNumber: 1 }]);
    scenario.accept('report');
    expect(scenario.state.finished.map(({ id }) => id)).toEqual([idOf('a')]);
  });

  test('is told STATE_LOST if the service had ended it', () => {
    const scenario = runningScenario();
    scenario.tell(notified([]));
    scenario.reject('check', 'TerminalStateReached');
    scenario.tell(runEnded('a', FAILED));
    const effects = scenario.accept('claim', { execution: job('a'), verdict: runVerdict() });
    expect(requestsOf(effects)).toMatchObject([{ status: 'FAILED', statusDetails: { reasonCode: 'STATE_LOST' } }]);
  });

  test('keeps the next claim waiting, longer each time', () => {
    const scenario = finished();
    scenario.accept('claim');
    scenario.reject('report', 'ResourceNotFound');
    for (const attempt of [0, 1, 2]) {
      const effects = scenario.accept('claim', { execution: job('a'), verdict: runVerdict() });
      expect(effectsOf(effects, 'setTimer')).toMatchObject([{ timer: { name: 'claim' }, delay: { attempt } }]);
      const ended = scenario.reject('report', 'ResourceNotFound');
      expect(requestsOf(ended)).toEqual([]);
      scenario.tell({ type: 'timerFired', timer: { name: 'claim' } });
    }
    scenario.accept('claim', { execution: job('b'), verdict: runVerdict() });
    expect(scenario.state.claimRetries).toBe(0);
  });
});

describe('a claim that comes to nothing', () => {
  test.each(CODES)('is made again after a growing while: %s', (code) => {
    const scenario = connected();
    for (const attempt of [0, 1, 2]) {
      expect(scenario.reject('claim', code)).toEqual([
        { type: 'setTimer', timer: { name: 'claim' }, delay: { kind: 'backoff', attempt } },
      ]);
      expect(requestsOf(scenario.tell(notified([], [queuedJob('a')])))).toEqual([]);
      expect(requestsOf(scenario.tell({ type: 'timerFired', timer: { name: 'claim' } }))).toEqual([CLAIM]);
    }
  });

  test('is made again after silence', () => {
    expect(types(connected().unanswered('claim'))).toEqual(['setTimer']);
  });

  test('waits for the connection when there is none', () => {
    const scenario = connected();
    scenario.tell({ type: 'disconnected' });
    expect(scenario.unanswered('claim')).toEqual([]);
    expect(requestsOf(scenario.tell({ type: 'connected' }))).toEqual([CLAIM]);
  });
});

describe('a notification', () => {
  test.each([
    ['notify', notified([], [queuedJob('b')])],
    ['notify-next', notifiedNext(queuedJob('b'))],
  ])('of a job that is news claims: %s', (_, event) => {
    const scenario = connected();
    scenario.accept('claim');
    expect(requestsOf(scenario.tell(event))).toEqual([CLAIM]);
  });

  test.each([
    ['notify', notified([])],
    ['notify-next', notifiedNext(null)],
  ])('of nothing asks nothing: %s', (_, event) => {
    const scenario = connected();
    scenario.accept('claim');
    expect(scenario.tell(event)).toEqual([]);
  });

  test('that comes while a claim is under way is asked about after it', () => {
    const scenario = connected();
    expect(scenario.tell(notified([], [queuedJob('b')]))).toEqual([]);
    expect(requestsOf(scenario.accept('claim'))).toEqual([CLAIM]);
  });

  test('of a job that is not handed out is followed up a few times', () => {
    const scenario = connected();
    scenario.accept('claim');
    scenario.tell(notified([], [queuedJob('b')]));
    for (const attempt of [0, 1, 2, 3, 4]) {
      expect(scenario.accept('claim')).toMatchObject([{ type: 'setTimer', delay: { kind: 'backoff', attempt } }]);
      scenario.tell({ type: 'timerFired', timer: { name: 'claim' } });
    }
    expect(scenario.accept('claim')).toEqual([]);
    expect(scenario.state).toMatchObject({ claimRetries: 0, offer: 'none' });
  });

  test('that takes the offer back ends the asking', () => {
    const scenario = connected();
    scenario.accept('claim');
    scenario.tell(notified([], [queuedJob('b')]));
    scenario.tell(notified([]));
    expect(scenario.accept('claim')).toEqual([]);
  });

  test('of a job that is over asks nothing', () => {
    const scenario = runningScenario();
    scenario.tell(runEnded('a', SUCCEEDED));
    scenario.accept('claim');
    scenario.accept('report');
    scenario.accept('claim');
    expect(requestsOf(scenario.tell(notifiedNext(job('a'))))).toEqual([]);
  });

  test('of a job in hand asks nothing', () => {
    expect(runningScenario().tell(notifiedNext(job('a')))).toEqual([]);
  });
});

test('the poll asks for work and about the running job', () => {
  const idle = connected();
  idle.accept('claim');
  const poll = { type: 'timerFired', timer: { name: 'poll' } } as const;
  expect(requestsOf(idle.tell(poll))).toEqual([CLAIM]);
  const effects = runningScenario().tell(poll);
  expect(requestsOf(effects)).toMatchObject([{ operation: 'DescribeJobExecution', includeJobDocument: false }]);
  expect(effectsOf(effects, 'setTimer')).toMatchObject([{ timer: { name: 'poll' }, delay: { ms: 60_000 } }]);
});

test('reports that pile up hold back further claims', () => {
  const scenario = connected();
  for (const jobId of ['a', 'b', 'c', 'd', 'e']) {
    scenario.accept('claim', { execution: job(jobId), verdict: REFUSED });
  }
  expect(scenario.isAsking('claim')).toBe(false);
  scenario.accept('report');
  expect(scenario.isAsking('claim')).toBe(true);
});

test('a finished list is bounded, the oldest go first', () => {
  const scenario = connected();
  for (let index = 0; index < 300; index += 1) {
    scenario.accept('claim', { execution: job(`job-${index}`), verdict: REFUSED });
    scenario.accept('report');
  }
  expect(scenario.state.finished).toHaveLength(256);
  expect(scenario.state.finished.at(0)?.key.jobId).toBe('job-44');
});
