import { describe, expect, test } from 'vitest';
import type { TimerName } from '../../agent/core/effect.ts';
import type { ExecutionRecord, LivePhase, LiveRecord } from '../../agent/core/execution-record.ts';
import type { Outcome, StopReason } from '../../agent/core/outcome.ts';
import { INTERRUPTED_OUTCOME } from '../../agent/core/outcomes.ts';
import {
  createScenario,
  effectsOf,
  FAILED,
  idOf,
  job,
  NO_PROGRESS,
  REFUSED,
  requestsOf,
  runEnded,
  runIdOf,
  runVerdict,
  SUCCEEDED,
  step,
  types,
  UNKNOWN_OPERATION,
} from '../fixtures/core-states.ts';

const KEY = { jobId: 'a', executionNumber: 1, queuedAt: 1_700_000_000 };
const PLACE = { stepIndex: 1, attempt: 2 } as const;
const RUN = { ...PLACE, cleansUp: false, purpose: { kind: 'work' } } as const;
const OUTCOME: Outcome = { status: 'SUCCEEDED', statusDetails: { bytes: '12' } };
const STEPS = [step({ name: 'copy' }), step({ name: 'verify' })];

function record(phase: LivePhase, recoveries = 0): LiveRecord {
  return { v: 1, id: idOf('a'), key: KEY, versionNumber: 4, ...NO_PROGRESS, recoveries, ...phase };
}

function recovered(...records: ExecutionRecord[]) {
  const scenario = createScenario();
  const effects = scenario.tell({ type: 'journalRecovered', records });
  return { scenario, effects };
}

/** Recovered, connected, and described as still ours. */
function described(live: LiveRecord, verdict = runVerdict(STEPS)) {
  const { scenario } = recovered(live);
  const asked = requestsOf(scenario.tell({ type: 'connected' }));
  const effects = scenario.accept('check', { execution: job('a', { versionNumber: 4 }), verdict });
  return { scenario, asked, effects };
}

describe('a run that was interrupted', () => {
  const running = (onInterrupted: 'fail' | 'rerun' | 'resume') => record({ phase: 'running', onInterrupted, ...RUN });

  test('is told INTERRUPTED and not run again, journaled first', () => {
    const { scenario, effects } = recovered(running('fail'));
    expect(effects).toMatchObject([
      { type: 'journal', record: { phase: 'reporting', outcome: { status: 'FAILED' }, versionNumber: 4 } },
    ]);
    scenario.tell({ type: 'connected' });
    const told = requestsOf(scenario.accept('check', { execution: job('a', { versionNumber: 4 }) }));
    expect(told[0]).toMatchObject({ expectedVersion: 4, statusDetails: { reasonCode: 'INTERRUPTED' } });
  });

  test('is told what ended the agent, where that is known', () => {
    const scenario = createScenario();
    const effects = scenario.tell({ type: 'journalRecovered', records: [running('fail')], fault: 'boom' });
    expect(effects).toMatchObject([
      { record: { outcome: { statusDetails: { reason: expect.stringMatching(/error of its own .*: boom$/) } } } },
    ]);
  });

  test.each(['rerun', 'resume'] as const)('runs again if its author said %s and it is still ours', (onInterrupted) => {
    const { scenario, asked, effects } = described(running(onInterrupted));
    expect(asked[0]).toMatchObject({ operation: 'DescribeJobExecution', includeJobDocument: true });
    expect(types(effects).slice(0, 2)).toEqual(['journal', 'startRun']);
    expect(effects.slice(0, 2)).toMatchObject([
      { record: { phase: 'running', stepIndex: 1, attempt: 3, recoveries: 1 } },
      { runId: runIdOf('a', { stepIndex: 1, attempt: 3 }), stepIndex: 1, attempt: 3 },
    ]);
    expect(scenario.phase(job('a'))?.name).toBe('running');
  });

  test('does not run again when the service says it is over', () => {
    const { scenario } = recovered(running('rerun'));
    scenario.tell({ type: 'connected' });
    expect(types(scenario.reject('check', 'TerminalStateReached'))).toContain('cleanUp');
    expect(scenario.state.finished).toMatchObject([{ how: 'over', outcome: null }]);
  });

  test('is failed after too many recoveries', () => {
    const { effects } = recovered(record({ phase: 'running', onInterrupted: 'rerun', ...RUN }, 3));
    expect(effects).toMatchObject([
      { record: { outcome: { statusDetails: { reason: expect.stringContaining('after 3 times') } } } },
    ]);
  });

  test.each([REFUSED, UNKNOWN_OPERATION])('is refused when its handler is gone: $kind', (verdict) => {
    expect(requestsOf(described(running('rerun'), verdict).effects)[0]).toMatchObject({ status: 'REJECTED' });
  });

  test('is failed when its document has lost the step', () => {
    expect(requestsOf(described(running('rerun'), runVerdict([step()])).effects)[0]).toMatchObject({
      status: 'FAILED',
      statusDetails: { reasonCode: 'INTERRUPTED', reason: expect.stringContaining('no longer the step') },
    });
  });
});

describe('a run that was being stopped', () => {
  const stopping = (reason: StopReason, onInterrupted: 'fail' | 'rerun' = 'fail') =>
    record({ phase: 'stopping', reason, onInterrupted, ...RUN });

  test('for its time limit is told STEP_TIMED_OUT', () => {
    expect(recovered(stopping('timed-out', 'rerun')).effects).toMatchObject([
      { record: { phase: 'reporting', outcome: { statusDetails: { reasonCode: 'STEP_TIMED_OUT' } } } },
    ]);
  });

  test('for the time limit of the job is told JOB_TIMED_OUT', () => {
    expect(recovered(stopping('job-timed-out', 'rerun')).effects).toMatchObject([
      { record: { outcome: { statusDetails: { reasonCode: 'JOB_TIMED_OUT' } } } },
    ]);
  });

  test('for a shutdown is told INTERRUPTED', () => {
    expect(recovered(stopping('shutdown')).effects).toMatchObject([
      { record: { outcome: { statusDetails: { reasonCode: 'INTERRUPTED' } } } },
    ]);
  });

  test('for a shutdown may run again', () => {
    expect(types(described(stopping('shutdown', 'rerun')).effects)).toContain('startRun');
  });

  test('for a cancellation is asked about, and closed', () => {
    const { scenario } = recovered(stopping('canceled'));
    scenario.tell({ type: 'connected' });
    expect(types(scenario.reject('check', 'TerminalStateReached'))).toContain('cleanUp');
  });

  test('for a cancellation that never was is told INTERRUPTED', () => {
    expect(requestsOf(described(stopping('canceled')).effects)[0]).toMatchObject({
      statusDetails: { reasonCode: 'INTERRUPTED' },
    });
  });
});

test('a wait after orderly stops is no way round the loop breaker', () => {
  const wait = { why: 'interrupted', reason: '', waitMs: 0, next: { kind: 'work' } } as const;
  const { effects } = described(record({ phase: 'waiting', ...PLACE, ...wait }, 3));
  expect(requestsOf(effects)[0]).toMatchObject({
    status: 'FAILED',
    statusDetails: { reasonCode: 'INTERRUPTED', reason: expect.stringContaining('after 3 times') },
  });
});

describe('a handler that cleans up', () => {
  const CLEANING = [step({ name: 'copy' }), step({ name: 'verify', cleansUp: true })];
  const running = (changes: Partial<Extract<LivePhase, { phase: 'running' }>> = {}, recoveries = 0) =>
    record({ phase: 'running', onInterrupted: 'fail', ...RUN, cleansUp: true, ...changes }, recoveries);
  const CLEAN_UP = { kind: 'clean-up', outcome: INTERRUPTED_OUTCOME } as const;

  test('does so before its interruption is told', () => {
    const { scenario, effects } = described(running(), runVerdict(CLEANING));
    expect(effects).toMatchObject([
      { record: { phase: 'running', attempt: 3, purpose: CLEAN_UP } },
      { type: 'startRun', purpose: 'clean-up', stepIndex: 1 },
      { timer: { name: 'stepTimeout' }, delay: { ms: 60_000 } },
      {},
      {},
    ]);
    const ended = scenario.tell(runEnded('a', SUCCEEDED, { stepIndex: 1, attempt: 3 }));
    expect(ended[1]).toMatchObject({ record: { phase: 'reporting', outcome: INTERRUPTED_OUTCOME } });
  });

  test.each([
    ['its time limit', 'stepTimeout'],
    ['the time limit of the job', 'jobTimeout'],
  ])('is told INTERRUPTED when that takes longer than %s', (_, name) => {
    const { scenario } = described(running(), runVerdict(CLEANING));
    const runId = runIdOf('a', { stepIndex: 1, attempt: 3 });
    scenario.tell({ type: 'timerFired', timer: { name, id: idOf('a'), runId } as TimerName });
    const ended = scenario.tell(runEnded('a', FAILED, { stepIndex: 1, attempt: 3 }));
    expect(ended[1]).toMatchObject({ record: { phase: 'reporting', outcome: INTERRUPTED_OUTCOME } });
  });

  test('is told INTERRUPTED without it where its document does not run any more', () => {
    expect(requestsOf(described(running(), REFUSED).effects)[0]).toMatchObject({
      status: 'FAILED',
      statusDetails: { reasonCode: 'INTERRUPTED' },
    });
  });

  test('does so again when that was interrupted, but not for ever', () => {
    const cleaning = { purpose: CLEAN_UP };
    expect(recovered(running(cleaning, 2)).effects).toMatchObject([{ record: { phase: 'waiting', next: CLEAN_UP } }]);
    expect(recovered(running(cleaning, 3)).effects).toMatchObject([
      { record: { phase: 'reporting', outcome: INTERRUPTED_OUTCOME } },
    ]);
  });

  test('does so too when it was interrupted too often to run again', () => {
    const often = running({ onInterrupted: 'rerun' }, 3);
    expect(recovered(often).effects).toMatchObject([
      {
        record: {
          next: { kind: 'clean-up', outcome: { statusDetails: { reason: expect.stringContaining('after 3') } } },
        },
      },
    ]);
  });

  test('does so again after the agent was stopped', () => {
    const { scenario } = described(running(), runVerdict(CLEANING));
    scenario.tell({ type: 'shutdownRequested', mode: 'stop' });
    scenario.tell(runEnded('a', FAILED, { stepIndex: 1, attempt: 3 }));
    expect(scenario.phase(job('a'))).toMatchObject({ name: 'waiting', next: CLEAN_UP });
  });

  test('does so after a cancellation that never was', () => {
    const stopping = record({ phase: 'stopping', reason: 'canceled', onInterrupted: 'fail', ...RUN, cleansUp: true });
    expect(effectsOf(described(stopping, runVerdict(CLEANING)).effects, 'startRun')).toMatchObject([
      { purpose: 'clean-up' },
    ]);
  });

  test('does so after a time-out that was interrupted', () => {
    const stopping = record({ phase: 'stopping', reason: 'timed-out', onInterrupted: 'rerun', ...RUN, cleansUp: true });
    expect(recovered(stopping).effects).toMatchObject([
      { record: { next: { kind: 'clean-up', outcome: { statusDetails: { reasonCode: 'STEP_TIMED_OUT' } } } } },
    ]);
  });

  test('is told why it was cleaned up, when that timed out and was interrupted', () => {
    const stopping = record({
      phase: 'stopping',
      reason: 'timed-out',
      onInterrupted: 'fail',
      ...RUN,
      purpose: CLEAN_UP,
    });
    expect(recovered(stopping).effects).toMatchObject([{ record: { outcome: INTERRUPTED_OUTCOME } }]);
  });
});

test('a verification that is interrupted too often is given up', () => {
  const verifying = { phase: 'running', onInterrupted: 'fail', ...RUN, purpose: { kind: 'verify' } } as const;
  expect(recovered(record(verifying, 2)).effects).toMatchObject([{ record: { phase: 'waiting' } }]);
  expect(recovered(record(verifying, 3)).effects).toMatchObject([{ record: { phase: 'reporting' } }]);
});

test('a wait for a time is waited anew, and its reason kept', () => {
  const wait = { why: 'postponed', reason: 'locked', waitMs: 5_000, next: { kind: 'work' } } as const;
  const { scenario, effects } = recovered(record({ phase: 'waiting', ...PLACE, ...wait }));
  expect(effects).toEqual([
    { type: 'setTimer', timer: { name: 'due', id: idOf('a') }, delay: { kind: 'exactly', ms: 5_000 } },
  ]);
  expect(scenario.phase(job('a'))).toMatchObject({ name: 'waiting', due: false, reason: 'locked' });
});

test('what the steps before had told is told at the end', () => {
  const progress = { details: { copied: '12' }, ignoredFailures: ['copy'] };
  const waiting = { why: 'put-off', reason: '', waitMs: 0, next: { kind: 'work' } } as const;
  const live = record({ phase: 'waiting', stepIndex: 1, attempt: 0, ...waiting });
  const { scenario } = described({ ...live, ...progress });
  scenario.accept('goOn');
  while (scenario.isAsking('progress')) scenario.accept('progress');
  expect(requestsOf(scenario.tell(runEnded('a', SUCCEEDED, { stepIndex: 1 })))[0]).toMatchObject({
    status: 'SUCCEEDED',
    statusDetails: { copied: '12', ignoredFailures: 'copy' },
  });
});

test('a claim that was never begun begins', () => {
  const { effects } = described(record({ phase: 'claiming' }));
  expect(types(effects).slice(0, 2)).toEqual(['journal', 'startRun']);
  expect(effects[0]).toMatchObject({ record: { attempt: 1, stepIndex: 0 } });
});

test('a step that waited for this start begins', () => {
  const waiting = record({
    phase: 'waiting',
    stepIndex: 1,
    attempt: 0,
    why: 'put-off',
    reason: '',
    waitMs: 0,
    next: { kind: 'work' },
  });
  expect(described(waiting).scenario.accept('goOn').slice(0, 2)).toMatchObject([
    { record: { attempt: 1, stepIndex: 1 } },
    { type: 'startRun', attempt: 1, stepIndex: 1 },
  ]);
});

test('an outcome that was not told is told', () => {
  const { scenario, effects } = recovered(record({ phase: 'reporting', outcome: OUTCOME }));
  expect(effects).toEqual([]);
  scenario.tell({ type: 'connected' });
  expect(requestsOf(scenario.accept('check', { execution: job('a', { versionNumber: 5 }) }))[0]).toMatchObject({
    status: 'SUCCEEDED',
    statusDetails: { bytes: '12' },
    expectedVersion: 5,
  });
});

test('a closed execution is recognised, not run', () => {
  const closed = { v: 1, id: idOf('a'), key: KEY, phase: 'closed', outcome: OUTCOME, how: 'accepted' } as const;
  const { scenario, effects } = recovered(closed);
  expect(effects).toEqual([]);
  scenario.tell({ type: 'connected' });
  const again = scenario.accept('claim', { execution: job('a'), verdict: runVerdict() });
  expect(types(again)).not.toContain('startRun');
  expect(requestsOf(again)[0]).toMatchObject({ status: 'SUCCEEDED' });
});

test('of the closed executions only the newest are kept', () => {
  const records = Array.from({ length: 300 }, (_, index): ExecutionRecord => {
    const key = { ...KEY, jobId: `job-${index}` };
    return { v: 1, id: `job-${index}.1.${KEY.queuedAt}`, key, phase: 'closed', outcome: null, how: 'over' };
  });
  const { finished } = recovered(...records).scenario.state;
  expect(finished).toHaveLength(256);
  expect(finished.at(-1)?.key.jobId).toBe('job-299');
});
