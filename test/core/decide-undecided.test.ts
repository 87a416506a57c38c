/** A gateway that cannot find out for now whether a job can run here: that is not the job's fault, so it is looked at again. */
import { describe, expect, test } from 'vitest';
import type { PlanVerdict } from '../../agent/core/event.ts';
import {
  createScenario,
  idOf,
  job,
  queuedJob,
  requestsOf,
  runEnded,
  runningScenario,
  runVerdict,
  type Scenario,
  step,
  types,
} from '../fixtures/core-states.ts';

const NOT_NOW: PlanVerdict = { kind: 'not-now', reasonCode: 'HANDLER_NOT_ASKED', reason: 'no space left' };
const DUE = { type: 'timerFired', timer: { name: 'due', id: idOf('a') } } as const;
const RETRY = { type: 'timerFired', timer: { name: 'retry', id: idOf('a') } } as const;
const DESCRIPTION = { operation: 'DescribeJobExecution', jobId: 'a', executionNumber: 1, includeJobDocument: true };
const FAILURE = { status: 'FAILED', statusDetails: { reasonCode: 'HANDLER_NOT_ASKED', reason: 'no space left' } };
const MAX_LOOKS = 6;

function claimed(verdict: PlanVerdict, execution = job('a')): Scenario {
  const scenario = createScenario();
  scenario.tell({ type: 'connected' });
  scenario.accept('claim', { execution, verdict });
  return scenario;
}

describe('a job that was claimed', () => {
  test('is described again after a while, and runs when it can', () => {
    const scenario = createScenario();
    scenario.tell({ type: 'connected' });
    const effects = scenario.accept('claim', { execution: job('a'), verdict: NOT_NOW });
    expect(effects).toEqual([{ type: 'setTimer', timer: RETRY.timer, delay: { kind: 'backoff', attempt: 0 } }]);
    expect(requestsOf(scenario.tell(RETRY))).toEqual([DESCRIPTION]);
    const begun = scenario.accept('check', { execution: job('a'), verdict: runVerdict() });
    expect(types(begun)).toEqual(['journal', 'startRun']);
  });

  test('fails after six more looks, and is never refused', () => {
    const scenario = claimed(NOT_NOW);
    for (let attempt = 1; attempt < MAX_LOOKS; attempt++) {
      scenario.tell(RETRY);
      const [again] = scenario.accept('check', { execution: job('a'), verdict: NOT_NOW });
      expect(again).toMatchObject({ timer: RETRY.timer, delay: { attempt } });
    }
    scenario.tell(RETRY);
    const effects = scenario.accept('check', { execution: job('a'), verdict: NOT_NOW });
    expect(requestsOf(effects)[0]).toMatchObject(FAILURE);
  });

  test('is refused where it turns out that it should be', () => {
    const scenario = claimed(NOT_NOW);
    scenario.tell(RETRY);
    const verdict = {
      kind: 'reject',
      reasonCode: 'PARAMETERS_INVALID',
      rejection: { pointer: '', reason: 'x' },
    } as const;
    const effects = scenario.accept('check', { execution: job('a'), verdict });
    expect(requestsOf(effects)[0]).toMatchObject({ status: 'REJECTED' });
  });

  test('that another journal began is lost, whatever cannot be found out', () => {
    const scenario = createScenario();
    scenario.tell({ type: 'connected' });
    const execution = job('a', { statusDetails: { claimedBy: 'journal-0' } });
    const effects = scenario.accept('claim', { execution, verdict: NOT_NOW });
    expect(requestsOf(effects)[0]).toMatchObject({ statusDetails: { reasonCode: 'STATE_LOST' } });
  });

  test('is not looked at again on its own while there is no connection', () => {
    const scenario = claimed(NOT_NOW);
    scenario.tell({ type: 'disconnected' });
    expect(scenario.tell(RETRY)).toEqual([]);
    expect(requestsOf(scenario.tell({ type: 'connected' }))).toContainEqual(DESCRIPTION);
  });
});

test('a job that is still queued stays so, and is described again', () => {
  const scenario = createScenario({ capacity: 2 });
  scenario.tell({ type: 'connected' });
  scenario.accept('list', { queued: [queuedJob('a')] });
  const effects = scenario.accept('check', { execution: queuedJob('a'), verdict: NOT_NOW });
  expect(effects).toContainEqual({ type: 'setTimer', timer: RETRY.timer, delay: { kind: 'backoff', attempt: 0 } });
  expect(requestsOf(effects).filter(({ operation }) => operation === 'UpdateJobExecution')).toEqual([]);
  scenario.tell(RETRY);
  const taken = scenario.accept('check', { execution: queuedJob('a'), verdict: runVerdict() });
  expect(requestsOf(taken)[0]).toMatchObject({ status: 'IN_PROGRESS', expectedVersion: 1 });
});

test('a step that waited goes on waiting', () => {
  const scenario = runningScenario({ steps: [step({ onInterrupted: 'rerun' })] });
  const later = {
    status: 'later',
    afterMs: 5_000,
    message: 'locked',
    details: {},
    stdoutTail: '',
    stderrTail: '',
  } as const;
  scenario.tell(runEnded('a', later));
  scenario.accept('list');
  scenario.accept('progress');
  scenario.tell(DUE);
  const found = job('a', { versionNumber: 3 });
  const effects = scenario.accept('check', { execution: found, verdict: NOT_NOW });
  expect(effects[0]).toEqual({ type: 'setTimer', timer: DUE.timer, delay: { kind: 'backoff', attempt: 0 } });
  expect(requestsOf(effects)).not.toContainEqual(DESCRIPTION); // at once, and again and again
  expect(scenario.phase(job('a'))).toMatchObject({ name: 'waiting', stepIndex: 0, attempt: 1, due: false });
  scenario.tell(DUE);
  const verdict = runVerdict([step({ onInterrupted: 'rerun' })]);
  expect(types(scenario.accept('check', { execution: found, verdict }))).toContain('startRun');
});
