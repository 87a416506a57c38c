import { describe, expect, test } from 'vitest';
import { isQuiet } from '../../agent/core/state.ts';
import {
  createScenario,
  FAILED,
  idOf,
  job,
  notified,
  queuedJob,
  requestsOf,
  runEnded,
  runIdOf,
  runningScenario,
  runVerdict,
  SUCCEEDED,
  step,
  types,
} from '../fixtures/core-states.ts';

const STOP = { type: 'shutdownRequested', mode: 'stop' } as const;
const WAIT = { type: 'shutdownRequested', mode: 'wait' } as const;
const TWO_STEPS = [step({ name: 'copy', timeoutMs: 1_000, ignoreFailure: true }), step({ name: 'verify' })];

function claiming() {
  const scenario = createScenario();
  scenario.tell({ type: 'connected' });
  return scenario;
}

describe('while we wait for runs to end', () => {
  test('a run goes on, its next steps too', () => {
    const scenario = runningScenario({ steps: TWO_STEPS });
    expect(scenario.tell(WAIT)).toEqual([]);
    expect(isQuiet(scenario.state)).toBe(false);
    expect(types(scenario.tell(runEnded('a', SUCCEEDED)))).toContain('startRun');
  });

  test('the end is reported and nothing more is claimed', () => {
    const scenario = runningScenario();
    scenario.tell(WAIT);
    expect(requestsOf(scenario.tell(runEnded('a', SUCCEEDED)))).toMatchObject([{ status: 'SUCCEEDED' }]);
    expect(isQuiet(scenario.state)).toBe(false);
    expect(requestsOf(scenario.accept('report'))).toEqual([]);
    expect(isQuiet(scenario.state)).toBe(true);
  });

  test('a job handed out late is left for the next start', () => {
    const scenario = claiming();
    scenario.tell(WAIT);
    const effects = scenario.accept('claim', { execution: job('a'), verdict: runVerdict() });
    expect(effects).toMatchObject([{ type: 'journal', record: { phase: 'waiting', why: 'put-off', attempt: 0 } }]);
  });

  test('a list that comes late is let be', () => {
    const scenario = createScenario({ capacity: 2 });
    scenario.tell({ type: 'connected' });
    scenario.tell(WAIT);
    expect(scenario.accept('list', { queued: [queuedJob('a')] })).toEqual([]);
  });

  test('a description that comes late begins nothing', () => {
    const scenario = createScenario({ capacity: 2 });
    scenario.tell({ type: 'connected' });
    scenario.accept('list', { queued: [queuedJob('a')] });
    scenario.tell(WAIT);
    expect(scenario.accept('check', { execution: queuedJob('a'), verdict: runVerdict() })).toEqual([]);
  });

  test('news of work asks nothing', () => {
    const scenario = claiming();
    scenario.accept('claim');
    scenario.tell(WAIT);
    expect(scenario.tell(notified([], [queuedJob('a')]))).toEqual([]);
  });

  test('a report without a connection keeps nobody', () => {
    const scenario = runningScenario();
    scenario.tell({ type: 'disconnected' });
    scenario.tell(WAIT);
    scenario.tell(runEnded('a', SUCCEEDED));
    expect(isQuiet(scenario.state)).toBe(true);
  });
});

describe('when runs are stopped', () => {
  test('each is journaled, then stopped', () => {
    const effects = runningScenario().tell(STOP);
    expect(effects).toMatchObject([
      { type: 'journal', record: { phase: 'stopping', reason: 'shutdown' } },
      { type: 'stopRun', reason: 'shutdown' },
    ]);
  });

  test.each([SUCCEEDED, FAILED])('one that may not run again is told AGENT_STOPPED: %j', (result) => {
    const scenario = runningScenario();
    scenario.tell(STOP);
    expect(requestsOf(scenario.tell(runEnded('a', result)))).toMatchObject([
      { status: 'FAILED', statusDetails: { reasonCode: 'AGENT_STOPPED' } },
    ]);
  });

  test.each(['rerun', 'resume'] as const)('one that may run again waits for the next start: %s', (onInterrupted) => {
    const scenario = runningScenario({ steps: [step({ onInterrupted })] });
    scenario.tell(STOP);
    const effects = scenario.tell(runEnded('a', FAILED));
    expect(types(effects)).toEqual(['clearTimer', 'journal']);
    expect(effects[1]).toMatchObject({
      record: { phase: 'waiting', why: 'interrupted', stepIndex: 0, attempt: 1, next: { kind: 'work' } },
    });
    expect(isQuiet(scenario.state)).toBe(true);
  });

  test('a step that was timing out is not followed by the next one', () => {
    const scenario = runningScenario({ steps: TWO_STEPS });
    scenario.tell({ type: 'timerFired', timer: { name: 'stepTimeout', id: idOf('a'), runId: runIdOf('a') } });
    expect(scenario.tell(STOP)).toEqual([]);
    const effects = scenario.tell(runEnded('a', FAILED));
    expect(types(effects)).not.toContain('startRun');
    expect(scenario.phase(job('a'))).toMatchObject({ name: 'waiting', why: 'put-off', stepIndex: 1, attempt: 0 });
  });

  test('asking for it after a wait counts, asking to wait after it does not', () => {
    const scenario = runningScenario();
    scenario.tell(WAIT);
    expect(types(scenario.tell(STOP))).toContain('stopRun');
    scenario.tell(WAIT);
    expect(scenario.state.shutdown).toBe('stop');
  });

  test('a description of what waits begins nothing', () => {
    const scenario = runningScenario({ steps: [step({ onInterrupted: 'rerun' })] });
    scenario.tell(STOP);
    scenario.tell(runEnded('a', FAILED));
    scenario.tell({ type: 'connected' });
    expect(scenario.accept('check', { execution: job('a'), verdict: runVerdict() })).toEqual([]);
  });
});
