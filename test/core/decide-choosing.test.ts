/** Claiming where more than one may run, or where the thing is shared with another agent. */
import { describe, expect, test } from 'vitest';
import { claimMark } from '../../agent/core/claim-mark.ts';
import {
  createScenario,
  IDENTITY,
  idOf,
  job,
  queuedJob,
  REFUSED,
  requestsOf,
  runEnded,
  runVerdict,
  SUCCEEDED,
  scenarioFrom,
  types,
  UNKNOWN_OPERATION,
} from '../fixtures/core-states.ts';

const LIST = { operation: 'GetPendingJobExecutions' };

function connected(settings = {}) {
  const scenario = createScenario({ capacity: 2, ...settings });
  scenario.tell({ type: 'connected' });
  return scenario;
}

/** Listed and described; the update to IN_PROGRESS is under way. */
function taking(settings = {}) {
  const scenario = connected(settings);
  scenario.accept('list', { queued: [queuedJob('a')] });
  scenario.accept('check', { execution: queuedJob('a'), verdict: runVerdict() });
  return scenario;
}

const MARK = claimMark(IDENTITY);

describe('with room for two', () => {
  test('list, describe, journal, take, then run', () => {
    const scenario = createScenario({ capacity: 2 });
    expect(requestsOf(scenario.tell({ type: 'connected' }))).toEqual([LIST]);
    const describing = scenario.accept('list', { queued: [queuedJob('a'), queuedJob('b')] });
    expect(requestsOf(describing)).toEqual([
      { operation: 'DescribeJobExecution', jobId: 'a', executionNumber: 1, includeJobDocument: true },
    ]);
    const effects = scenario.accept('check', { execution: queuedJob('a'), verdict: runVerdict() });
    expect(types(effects)).toEqual(['journal', 'request', 'request']);
    expect(effects[0]).toMatchObject({ record: { phase: 'claiming', versionNumber: 1 } });
    expect(requestsOf(effects)).toMatchObject([
      { status: 'IN_PROGRESS', expectedVersion: 1, executionNumber: 1, statusDetails: { claimedBy: MARK } },
      LIST,
    ]);
    expect(types(scenario.accept('take'))).toEqual(['journal', 'startRun']);
    expect(scenario.state.executions[idOf('a')]?.versionNumber).toBe(2);
  });

  test('two jobs run at a time, and no third', () => {
    const scenario = taking();
    scenario.accept('list', { queued: [queuedJob('a'), queuedJob('b')] });
    scenario.accept('check', { execution: queuedJob('b'), verdict: runVerdict() });
    scenario.accept('take');
    scenario.accept('take');
    expect([scenario.phase(job('a'))?.name, scenario.phase(job('b'))?.name]).toEqual(['running', 'running']);
    expect(scenario.isAsking('list')).toBe(false);
    expect(requestsOf(scenario.tell(runEnded('a', SUCCEEDED)))).toMatchObject([{ status: 'SUCCEEDED' }, LIST]);
  });

  test('an empty list is not asked again', () => {
    expect(connected().accept('list')).toEqual([]);
  });

  test('a list that comes when there is no room is let be', () => {
    const scenario = connected();
    const shared = { ...scenario.state, settings: { ...scenario.state.settings, capacity: 0 } };
    expect(scenarioFrom(shared).accept('list', { queued: [queuedJob('a')] })).toEqual([]);
  });

  test('a document we refuse is reported from QUEUED', () => {
    const scenario = connected();
    scenario.accept('list', { queued: [queuedJob('a')] });
    const effects = scenario.accept('check', { execution: queuedJob('a'), verdict: REFUSED });
    expect(requestsOf(effects)).toMatchObject([{ status: 'REJECTED', expectedVersion: 1 }, LIST]);
  });

  test('a description without a document is asked for again', () => {
    const scenario = connected();
    scenario.accept('list', { queued: [queuedJob('a')] });
    expect(types(scenario.accept('check', { execution: queuedJob('a') }))).toContain('setTimer');
    const retry = { type: 'timerFired', timer: { name: 'retry', id: idOf('a') } } as const;
    expect(requestsOf(scenario.tell(retry))).toMatchObject([{ operation: 'DescribeJobExecution' }]);
  });

  test('a job in progress that our journal does not know is told STATE_LOST', () => {
    const scenario = connected();
    scenario.accept('list', { inProgress: [job('a')] });
    const lost = job('a', { statusDetails: { claimedBy: 'journal-0' } });
    const effects = scenario.accept('check', { execution: lost, verdict: runVerdict() });
    expect(requestsOf(effects)).toMatchObject([
      { status: 'FAILED', statusDetails: { reasonCode: 'STATE_LOST' }, expectedVersion: 2 },
      LIST,
    ]);
  });
});

describe('an update to IN_PROGRESS', () => {
  test('that landed unheard is recognised as ours, and the job begins', () => {
    const scenario = taking();
    const found = { status: 'IN_PROGRESS', statusDetails: { claimedBy: MARK }, versionNumber: 2 } as const;
    expect(types(scenario.reject('take', 'VersionMismatch', found))).toEqual(['setTimer']);
    scenario.tell({ type: 'timerFired', timer: { name: 'retry', id: idOf('a') } });
    const effects = scenario.accept('check', { execution: job('a'), verdict: runVerdict() });
    expect(types(effects).slice(0, 2)).toEqual(['journal', 'startRun']);
  });

  test('that another agent was faster with is let go', () => {
    const scenario = taking({ unknownOperation: 'leave' });
    scenario.reject('take', 'VersionMismatch');
    scenario.tell({ type: 'timerFired', timer: { name: 'retry', id: idOf('a') } });
    const theirs = job('a', { statusDetails: {} });
    const effects = scenario.accept('check', { execution: theirs, verdict: REFUSED });
    expect(types(effects)).not.toContain('request: UpdateJobExecution');
    expect(effects[0]).toMatchObject({ type: 'journal', record: { phase: 'closed', how: 'over', outcome: null } });
  });

  test.each(['ResourceNotFound', 'TerminalStateReached', 'InvalidRequest', 'InvalidJson', 'InvalidTopic'] as const)(
    'that is refused is let go: %s',
    (code) => {
      const scenario = taking();
      expect(types(scenario.reject('take', code))).toContain('cleanUp');
      expect(scenario.state.executions).toEqual({});
    },
  );

  test.each(['InternalError', 'RequestThrottled', 'VersionMismatch', 'InvalidStateTransition'] as const)(
    'that may have been early is followed by another look: %s',
    (code) => {
      const scenario = taking();
      expect(types(scenario.reject('take', code))).toEqual(['setTimer']);
      const retry = { type: 'timerFired', timer: { name: 'retry', id: idOf('a') } } as const;
      expect(requestsOf(scenario.tell(retry))).toMatchObject([{ operation: 'DescribeJobExecution' }]);
    },
  );

  test('is never under way twice', () => {
    const scenario = taking();
    scenario.tell({ type: 'connected' });
    const effects = scenario.accept('check', { execution: queuedJob('a'), verdict: runVerdict() });
    expect(requestsOf(effects)).not.toContainEqual(expect.objectContaining({ operation: 'UpdateJobExecution' }));
  });

  test('whose refusal comes after the job began does not close it', () => {
    const scenario = taking();
    scenario.tell({ type: 'connected' });
    scenario.accept('check', { execution: job('a'), verdict: runVerdict() });
    expect(scenario.phase(job('a'))?.name).toBe('running');
    scenario.reject('take', 'InvalidRequest');
    expect(scenario.phase(job('a'))?.name).toBe('running');
  });

  test('whose answer comes after the job ended is followed by the report', () => {
    const scenario = taking();
    scenario.tell({ type: 'connected' });
    scenario.accept('check', { execution: job('a'), verdict: runVerdict() });
    expect(scenario.isAsking('report')).toBe(false);
    scenario.tell(runEnded('a', SUCCEEDED));
    expect(scenario.isAsking('report')).toBe(false);
    expect(requestsOf(scenario.accept('take'))).toMatchObject([{ status: 'SUCCEEDED', expectedVersion: 2 }]);
  });

  test('accepted while shutting down is begun by the next start', () => {
    const scenario = taking();
    scenario.tell({ type: 'shutdownRequested', mode: 'wait' });
    expect(scenario.accept('take')).toMatchObject([{ type: 'journal', record: { phase: 'waiting', why: 'put-off' } }]);
    expect(scenario.phase(job('a'))?.name).toBe('waiting');
  });
});

describe('a thing shared with another agent', () => {
  const shared = { capacity: 1, unknownOperation: 'leave' } as const;

  test('a job nobody here handles stays QUEUED, and the next is tried', () => {
    const scenario = connected(shared);
    scenario.accept('list', { queued: [queuedJob('theirs'), queuedJob('a')] });
    const left = scenario.accept('check', { execution: queuedJob('theirs'), verdict: UNKNOWN_OPERATION });
    expect(requestsOf(left)).toEqual([LIST]);
    const next = scenario.accept('list', { queued: [queuedJob('theirs'), queuedJob('a')] });
    expect(requestsOf(next)).toMatchObject([{ operation: 'DescribeJobExecution', jobId: 'a' }]);
    scenario.accept('check', { execution: queuedJob('a'), verdict: runVerdict() });
    expect(types(scenario.accept('take'))).toEqual(['journal', 'startRun']);
  });

  test('a job left is not described again', () => {
    const scenario = connected(shared);
    scenario.accept('list', { queued: [queuedJob('theirs')] });
    scenario.accept('check', { execution: queuedJob('theirs'), verdict: UNKNOWN_OPERATION });
    expect(scenario.accept('list', { queued: [queuedJob('theirs')] })).toEqual([]);
    expect(scenario.state.left).toEqual([idOf('theirs')]);
  });

  test('a job in progress elsewhere is not looked at', () => {
    expect(connected(shared).accept('list', { inProgress: [job('theirs')] })).toEqual([]);
  });

  test('a job taken elsewhere meanwhile is not refused', () => {
    const scenario = connected(shared);
    scenario.accept('list', { queued: [queuedJob('theirs')] });
    const taken = job('theirs', { statusDetails: {} });
    const effects = scenario.accept('check', { execution: taken, verdict: REFUSED });
    expect(requestsOf(effects)).toEqual([LIST]);
  });

  test('a job we claimed is refused when its handler is gone', () => {
    const scenario = taking(shared);
    scenario.unanswered('take');
    scenario.tell({ type: 'timerFired', timer: { name: 'retry', id: idOf('a') } });
    const effects = scenario.accept('check', { execution: job('a'), verdict: UNKNOWN_OPERATION });
    expect(requestsOf(effects)).toMatchObject([{ status: 'REJECTED' }, LIST]);
  });

  test('the jobs left are remembered up to a bound', () => {
    const scenario = connected(shared);
    for (let index = 0; index < 300; index += 1) {
      const theirs = queuedJob(`theirs-${index}`);
      scenario.accept('list', { queued: [theirs] });
      scenario.accept('check', { execution: theirs, verdict: UNKNOWN_OPERATION });
    }
    expect(scenario.state.left).toHaveLength(256);
  });
});
