/** A step with a condition: asked once before it begins, never again after that. */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../agent/core/json.ts';
import type { RunResult } from '../../agent/core/outcome.ts';
import { parseRecord } from '../../agent/core/parse-record.ts';
import { initialState, type ReviewedStep } from '../../agent/core/state.ts';
import {
  effectsOf,
  FAILED,
  IDENTITY,
  idOf,
  job,
  requestsOf,
  runEnded,
  runIdOf,
  runningScenario,
  runVerdict,
  SETTINGS,
  SUCCEEDED,
  scenarioFrom,
  step,
} from '../fixtures/core-states.ts';

const ASKED = step({ name: 'asked', conditional: true });
const SKIPPED = { ...SUCCEEDED, status: 'skipped' } as const;
const UNKNOWN = { ...FAILED, reasonCode: 'CONDITION_UNKNOWN' };
const answered = (result: RunResult) => runEnded('a', result, { isAsked: true });
const OVER_TIME = {
  type: 'timerFired',
  timer: { name: 'stepTimeout', id: idOf('a'), runId: runIdOf('a', { isAsked: true }) },
} as const;

test('is asked before it begins, journaled first', () => {
  const scenario = runningScenario({ steps: [ASKED] });
  expect(scenario.phase(job('a'))).toMatchObject({ name: 'running', attempt: 1, purpose: { kind: 'condition' } });
  const effects = scenario.tell(answered(SUCCEEDED));
  expect(effectsOf(effects, 'journal')).toMatchObject([{ record: { attempt: 1, purpose: { kind: 'work' } } }]);
  expect(effectsOf(effects, 'startRun')).toMatchObject([{ purpose: 'work', attempt: 1, runId: runIdOf('a') }]);
});

test('is no attempt of the work, and no run of it', () => {
  const scenario = runningScenario({ steps: [ASKED] });
  const asked = scenario.phase(job('a'));
  scenario.tell(answered(SUCCEEDED));
  const works = scenario.phase(job('a'));
  if (asked?.name !== 'running' || works?.name !== 'running') throw new Error('nothing runs');
  expect(works.runId).not.toBe(asked.runId);
});

test('is not told any more once the only step begins', () => {
  const scenario = runningScenario({ steps: [ASKED] });
  expect(scenario.isAsking('progress')).toBe(false);
  scenario.tell(answered(SUCCEEDED));
  expect(scenario.isAsking('progress')).toBe(true);
});

test('that does not hold lets the next one run, and says so at the end', () => {
  const scenario = runningScenario({ steps: [ASKED, step({ name: 'next' })] });
  const effects = scenario.tell(answered(SKIPPED));
  expect(effectsOf(effects, 'startRun')).toMatchObject([{ stepIndex: 1, attempt: 1, purpose: 'work' }]);
  if (scenario.isAsking('progress')) scenario.accept('progress');
  const end = scenario.tell(runEnded('a', SUCCEEDED, { stepIndex: 1 }));
  expect(requestsOf(end)[0]).toMatchObject({ status: 'SUCCEEDED', statusDetails: { skippedSteps: 'asked' } });
});

test('names what was skipped in a failure as well', () => {
  const scenario = runningScenario({ steps: [ASKED, step({ name: 'next' })] });
  scenario.tell(answered(SKIPPED));
  if (scenario.isAsking('progress')) scenario.accept('progress');
  const end = scenario.tell(runEnded('a', FAILED, { stepIndex: 1 }));
  expect(requestsOf(end)[0]).toMatchObject({ status: 'FAILED', statusDetails: { skippedSteps: 'asked' } });
});

test('of which nothing can be told fails the step', () => {
  const scenario = runningScenario({ steps: [ASKED] });
  const effects = scenario.tell(answered(UNKNOWN));
  expect(requestsOf(effects)[0]).toMatchObject({ statusDetails: { reasonCode: 'CONDITION_UNKNOWN' } });
});

test('is asked once more where its document has retries', () => {
  const steps = [{ ...ASKED, retries: { count: 1, delayMs: 1_000 } }];
  const scenario = runningScenario({ steps });
  scenario.tell(answered(UNKNOWN));
  expect(scenario.phase(job('a'))).toMatchObject({ why: 'failed', next: { kind: 'condition' } });
});

test('is not asked again when the work has failed', () => {
  const steps = [{ ...ASKED, retries: { count: 1, delayMs: 1_000 } }];
  const scenario = runningScenario({ steps });
  scenario.tell(answered(SUCCEEDED));
  scenario.tell(runEnded('a', FAILED));
  expect(scenario.phase(job('a'))).toMatchObject({ why: 'failed', next: { kind: 'work' } });
});

test('has a minute, whatever the step has', () => {
  const scenario = runningScenario({ steps: [{ ...ASKED, timeoutMs: 5_000 }] });
  scenario.tell(OVER_TIME);
  const effects = scenario.tell(answered(FAILED));
  const reason = 'whether step asked is to run here could not be told within 60 s';
  expect(requestsOf(effects)[0]).toMatchObject({ statusDetails: { reasonCode: 'CONDITION_UNKNOWN', reason } });
});

test('is told while it is asked', () => {
  const scenario = runningScenario({ steps: [step({ name: 'first' }), ASKED] });
  scenario.accept('progress');
  scenario.tell(runEnded('a', SUCCEEDED));
  const effects = scenario.tell({ type: 'timerFired', timer: { name: 'progress', id: idOf('a') } });
  expect(requestsOf(effects)).toMatchObject([{ statusDetails: { runs: 'a check whether the step is to run here' } }]);
});

describe('that was interrupted', () => {
  function recovered(steps: readonly ReviewedStep[], purpose: 'condition' | 'work', more: JsonObject = {}) {
    const key = { jobId: 'a', executionNumber: 1, queuedAt: job('a').queuedAt };
    const record = parseRecord({
      ...{ v: 1, key, versionNumber: 2, recoveries: 0, phase: 'running', purpose: { kind: purpose }, ...more },
      ...{ stepIndex: 0, attempt: 1, onInterrupted: 'fail', cleansUp: purpose === 'work' && steps[0]?.cleansUp },
    });
    if (record === null) throw new Error('not a record');
    const scenario = scenarioFrom(initialState(IDENTITY, SETTINGS));
    scenario.tell({ type: 'journalRecovered', records: [record] });
    scenario.tell({ type: 'connected' });
    return scenario;
  }

  test('is asked again: nothing had begun', () => {
    const scenario = recovered([ASKED], 'condition');
    const effects = scenario.accept('check', { execution: job('a'), verdict: runVerdict([ASKED]) });
    expect(effectsOf(effects, 'startRun')).toMatchObject([{ attempt: 2, purpose: 'condition' }]);
  });

  test('is not asked again when the work had begun', () => {
    const scenario = recovered([ASKED], 'work');
    expect(scenario.phase(job('a'))).toMatchObject({ name: 'reporting' });
  });

  test('when its minute was over is asked again as well, and not for ever', () => {
    const stopping = { phase: 'stopping', reason: 'timed-out' };
    const scenario = recovered([ASKED], 'condition', stopping);
    const effects = scenario.accept('check', { execution: job('a'), verdict: runVerdict([ASKED]) });
    expect(effectsOf(effects, 'startRun')).toMatchObject([{ attempt: 2, purpose: 'condition' }]);
    const tooOften = recovered([ASKED], 'condition', { ...stopping, recoveries: SETTINGS.maxRecoveries });
    tooOften.accept('check', { execution: job('a') });
    expect(tooOften.phase(job('a'))).toMatchObject({ outcome: { statusDetails: { reasonCode: 'INTERRUPTED' } } });
  });

  test('when the time of its job was over is not asked again', () => {
    const scenario = recovered([ASKED], 'condition', { phase: 'stopping', reason: 'job-timed-out' });
    expect(scenario.phase(job('a'))).toMatchObject({ outcome: { statusDetails: { reasonCode: 'JOB_TIMED_OUT' } } });
  });

  test('leaves nothing to clean up', () => {
    const scenario = runningScenario({ steps: [{ ...ASKED, cleansUp: true }] });
    const execution = scenario.state.executions[idOf('a')];
    expect(execution?.phase).toMatchObject({ purpose: { kind: 'condition' } });
    scenario.tell({ type: 'shutdownRequested', mode: 'stop' });
    const effects = scenario.tell(answered(FAILED));
    expect(effectsOf(effects, 'journal')).toMatchObject([
      { record: { phase: 'waiting', next: { kind: 'condition' } } },
    ]);
  });
});

test('is asked of a step that was put off', () => {
  const scenario = runningScenario({ steps: [step({ name: 'first' }), ASKED] });
  scenario.tell({ type: 'shutdownRequested', mode: 'wait' });
  const effects = scenario.tell({ type: 'shutdownRequested', mode: 'stop' });
  expect(effectsOf(effects, 'stopRun')).toHaveLength(1);
  const key = { jobId: 'a', executionNumber: 1, queuedAt: job('a').queuedAt };
  const wait = { phase: 'waiting', why: 'put-off', reason: '', stepIndex: 1, attempt: 0, next: { kind: 'work' } };
  const record = parseRecord({ v: 1, key, versionNumber: 2, recoveries: 0, ...wait });
  if (record === null) throw new Error('not a record');
  const next = scenarioFrom(initialState(IDENTITY, SETTINGS));
  next.tell({ type: 'journalRecovered', records: [record] });
  next.tell({ type: 'connected' });
  next.accept('check', { execution: job('a'), verdict: runVerdict([step(), ASKED]) });
  expect(effectsOf(next.accept('goOn'), 'startRun')).toMatchObject([
    { stepIndex: 1, attempt: 1, purpose: 'condition' },
  ]);
});
