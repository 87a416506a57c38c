/** What the exploration of `test/explore` found in the core, each as the shortest way to it. */
import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../agent/core/outcome.ts';
import type { ReviewedStep } from '../../agent/core/state.ts';
import {
  createScenario,
  effectsOf,
  FAILED,
  idOf,
  job,
  NO_PROGRESS,
  notified,
  requestsOf,
  runEnded,
  runningScenario,
  runVerdict,
  SUCCEEDED,
  step,
  types,
} from '../fixtures/core-states.ts';

describe('a job that turns out to be over while its run is being stopped', () => {
  const LIMITED = step({ timeoutMs: 1_000 });

  function stoppingScenario(steps: readonly ReviewedStep[], event: 'stepTimeout' | 'shutdown') {
    const scenario = runningScenario({ steps });
    scenario.tell(notified([]));
    const runId = scenario.phase(job('a'));
    if (runId?.name !== 'running') throw new Error('nothing runs');
    const timer = { name: 'stepTimeout', id: idOf('a'), runId: runId.runId } as const;
    scenario.tell(event === 'shutdown' ? { type: 'shutdownRequested', mode: 'stop' } : { type: 'timerFired', timer });
    return scenario;
  }

  test.each(['stepTimeout', 'shutdown'] as const)('is not reported: %s', (event) => {
    const scenario = stoppingScenario([LIMITED], event);
    expect(scenario.reject('check', 'TerminalStateReached')).toMatchObject([
      { type: 'journal', record: { phase: 'stopping', reason: 'canceled' } },
    ]);
    const effects = scenario.tell(runEnded('a', FAILED));
    expect(requestsOf(effects).filter(({ operation }) => operation === 'UpdateJobExecution')).toEqual([]);
    expect(effects).toContainEqual(expect.objectContaining({ record: expect.objectContaining({ phase: 'closed' }) }));
  });

  test('begins no further step, though a time-out would be ignored', () => {
    const scenario = stoppingScenario([{ ...LIMITED, ignoreFailure: true }, step({ name: 'next' })], 'stepTimeout');
    scenario.reject('check', 'TerminalStateReached');
    expect(types(scenario.tell(runEnded('a', FAILED)))).not.toContain('startRun');
  });
});

const LATER: RunResult = { ...SUCCEEDED, status: 'later', afterMs: null, message: 'busy' };
const REBOOT: RunResult = { ...SUCCEEDED, status: 'reboot', how: 'restart' };

describe('a job of which the service says that its time is over', () => {
  const OUT_OF_TIME = job('a', { approximateSecondsBeforeTimedOut: 0 });
  const REPORTED = { operation: 'UpdateJobExecution', status: 'FAILED' };

  test('is not begun when it is handed out', () => {
    const scenario = createScenario();
    scenario.tell({ type: 'connected' });
    const effects = scenario.accept('claim', { execution: OUT_OF_TIME, verdict: runVerdict() });
    expect(types(effects)).not.toContain('startRun');
    expect(requestsOf(effects)[0]).toMatchObject({ ...REPORTED, statusDetails: { reasonCode: 'JOB_TIMED_OUT' } });
  });

  test('is not told to go on while it waits', () => {
    const scenario = runningScenario({ settings: { stepTimeoutMinutes: 5 } });
    scenario.tell(runEnded('a', LATER));
    scenario.accept('progress');
    scenario.tell({ type: 'timerFired', timer: { name: 'poll' } });
    const effects = scenario.accept('check', { execution: OUT_OF_TIME });
    expect(requestsOf(effects)).toMatchObject([{ ...REPORTED, statusDetails: { reasonCode: 'JOB_TIMED_OUT' } }]);
  });
});

test('a job that is due and finds no room is kept alive', () => {
  const scenario = createScenario({ stepTimeoutMinutes: 5 });
  const { id, ...key } = { id: idOf('a'), jobId: 'a', executionNumber: 1, queuedAt: job('a').queuedAt };
  const place = {
    stepIndex: 0,
    attempt: 1,
    waitMs: 0,
    why: 'interrupted',
    reason: '',
    next: { kind: 'work' },
  } as const;
  const base = { v: 1, versionNumber: 2, ...NO_PROGRESS } as const;
  scenario.tell({
    type: 'journalRecovered',
    records: [
      { ...base, id, key, phase: 'waiting', ...place },
      { ...base, id: idOf('b'), key: { ...key, jobId: 'b' }, phase: 'claiming' },
    ],
  });
  scenario.tell({ type: 'connected' });
  const effects = scenario.accept('check', { execution: job('a'), verdict: runVerdict() });
  expect(requestsOf(effects)).toMatchObject([{ status: 'IN_PROGRESS', stepTimeoutInMinutes: 5 }]);
  expect(effectsOf(effects, 'setTimer')).toContainEqual(
    expect.objectContaining({ timer: { name: 'heartbeat', id: idOf('a') } }),
  );
});

test('a job that has gone on is not begun again, though an update was lost', () => {
  const scenario = createScenario();
  const place = { stepIndex: 0, attempt: 1, waitMs: 0, why: 'rebooted', reason: '', next: { kind: 'pass' } } as const;
  const key = { jobId: 'a', executionNumber: 1, queuedAt: job('a').queuedAt };
  // The update that was under way never arrived, and the word that it goes on took its version.
  const record = { v: 1, id: idOf('a'), key, ...NO_PROGRESS, versionNumber: 2, isUpdating: true } as const;
  scenario.tell({ type: 'journalRecovered', records: [{ ...record, phase: 'waiting', ...place }] });
  scenario.tell({ type: 'connected' });
  const execution = job('a', { versionNumber: 3, statusDetails: { claimedBy: 'journal-1/boot-0/0.1' } });
  const effects = scenario.accept('check', { execution, verdict: runVerdict([step(), step({ name: 'next' })]) });
  expect(requestsOf(effects)[0]).toMatchObject({ status: 'FAILED', statusDetails: { reasonCode: 'STATE_LOST' } });
});

describe('a job that is over while the restart it asked for is under way', () => {
  const NEXT = { execution: job('b'), verdict: runVerdict() };

  function overWhileRestarting() {
    const scenario = runningScenario();
    scenario.tell(runEnded('a', REBOOT));
    scenario.reject('progress', 'ResourceNotFound');
    return scenario;
  }

  test('lets nothing begin before that', () => {
    const scenario = overWhileRestarting();
    scenario.tell(notified([job('b')]));
    expect(scenario.isAsking('claim')).toBe(false);
  });

  test.each([
    { type: 'rebootFailed', message: 'refused' },
    { type: 'timerFired', timer: { name: 'reboot' } },
  ] as const)('lets others begin where it does not come: $type', (event) => {
    const scenario = overWhileRestarting();
    scenario.tell(event);
    expect(types(scenario.accept('claim', NEXT))).toContain('startRun');
  });
});

test('a job that goes on and turns out to be over is not told of any more', () => {
  const scenario = runningScenario();
  scenario.tell(runEnded('a', LATER));
  scenario.accept('progress');
  scenario.tell({ type: 'timerFired', timer: { name: 'due', id: idOf('a') } });
  scenario.accept('check', { execution: job('a', { versionNumber: 3 }), verdict: runVerdict() });
  const executionState = { status: 'CANCELED', statusDetails: {}, versionNumber: 4 } as const;
  scenario.reject('goOn', 'VersionMismatch', executionState);
  expect(scenario.phase(job('a'))).toBeUndefined();
});
