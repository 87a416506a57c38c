/** A step that has failed is run again where its document says so, and nothing else is. */
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../agent/core/effect.ts';
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
  type Scenario,
  SETTINGS,
  SUCCEEDED,
  scenarioFrom,
  step,
  types,
} from '../fixtures/core-states.ts';

const TWICE = step({ retries: { count: 2, delayMs: 30_000 } });
const DUE = { type: 'timerFired', timer: { name: 'due', id: idOf('a') } } as const;
const NEXT = step({ name: 'next' });

/** The step runs and fails. */
function failedScenario(steps: readonly ReviewedStep[] = [TWICE]) {
  const scenario = runningScenario({ steps });
  const effects = scenario.tell(runEnded('a', FAILED));
  return { scenario, effects };
}

/** Its time has come, it is still ours, and the service has heard that it goes on. */
function goesOn(scenario: Scenario, steps: readonly ReviewedStep[] = [TWICE], event = DUE): readonly Effect[] {
  if (scenario.isAsking('progress')) scenario.accept('progress');
  if (!scenario.isAsking('check')) scenario.tell(event);
  scenario.accept('check', { execution: job('a', { versionNumber: 3 }), verdict: runVerdict(steps) });
  return scenario.isAsking('goOn') ? scenario.accept('goOn') : [];
}

test('is written down, then waited for, then run as another attempt', () => {
  const { scenario, effects } = failedScenario();
  expect(types(effects)).toEqual(['clearTimer', 'journal', 'setTimer', 'request', 'setTimer', 'request']);
  expect(effects[1]).toMatchObject({
    record: { phase: 'waiting', why: 'failed', attempt: 1, failures: 1, waitMs: 30_000, next: { kind: 'work' } },
  });
  expect(effects[2]).toMatchObject({ timer: { name: 'due' }, delay: { kind: 'exactly', ms: 30_000 } });
  const waiting = 'to be tried again 30 s later: it has failed 1 of 3 times: HANDLER_EXIT_CODE: exit 3';
  expect(requestsOf(effects)).toMatchObject([{ statusDetails: { waiting } }, { operation: 'GetPendingJobExecutions' }]);
  const [begun] = effectsOf(goesOn(scenario), 'startRun');
  expect(begun).toMatchObject({ stepIndex: 0, attempt: 2, runId: runIdOf('a', { attempt: 2 }), purpose: 'work' });
});

test('lets other jobs run meanwhile', () => {
  const { scenario } = failedScenario();
  scenario.accept('progress');
  expect(scenario.isAsking('list')).toBe(true);
});

test('without a wait goes on as soon as the service says that it is still ours', () => {
  const steps = [step({ retries: { count: 1, delayMs: 0 } })];
  const { scenario, effects } = failedScenario(steps);
  expect(effectsOf(effects, 'setTimer').map(({ timer }) => timer.name)).not.toContain('due');
  expect(effectsOf(goesOn(scenario, steps), 'startRun')).toMatchObject([{ attempt: 2 }]);
});

test('succeeds when it succeeds at last, and the next step has failed not at all', () => {
  const steps = [TWICE, TWICE];
  const { scenario } = failedScenario(steps);
  goesOn(scenario, steps);
  const effects = scenario.tell(runEnded('a', SUCCEEDED, { attempt: 2 }));
  expect(effectsOf(effects, 'journal')).toMatchObject([{ record: { phase: 'running', stepIndex: 1, failures: 0 } }]);
});

test('fails with its last failure when it has failed too often', () => {
  const { scenario } = failedScenario();
  goesOn(scenario);
  scenario.tell(runEnded('a', FAILED, { attempt: 2 }));
  goesOn(scenario);
  const last = { ...FAILED, reasonCode: 'LAST', message: 'no more' };
  const effects = scenario.tell(runEnded('a', last, { attempt: 3 }));
  expect(requestsOf(effects)[0]).toMatchObject({ status: 'FAILED', statusDetails: { reasonCode: 'LAST' } });
});

test('that may fail lets the next step run only then', () => {
  const steps = [step({ retries: { count: 1, delayMs: 1_000 }, ignoreFailure: true }), NEXT];
  const { scenario, effects } = failedScenario(steps);
  expect(types(effects)).not.toContain('startRun');
  goesOn(scenario, steps);
  const next = scenario.tell(runEnded('a', FAILED, { attempt: 2 }));
  expect(effectsOf(next, 'startRun')).toMatchObject([{ stepIndex: 1, attempt: 1 }]);
  if (scenario.isAsking('progress')) scenario.accept('progress');
  const end = scenario.tell(runEnded('a', SUCCEEDED, { stepIndex: 1 }));
  expect(requestsOf(end)[0]).toMatchObject({ status: 'SUCCEEDED', statusDetails: { ignoredFailures: 'work' } });
});

test('counts on after a restart of the agent', () => {
  const { effects } = failedScenario();
  const written = effectsOf(effects, 'journal').at(-1)?.record;
  const record = parseRecord(JSON.parse(JSON.stringify(written)));
  if (record === null) throw new Error('it was not written as it is read');
  const scenario = scenarioFrom(initialState(IDENTITY, SETTINGS));
  const recovered = scenario.tell({ type: 'journalRecovered', records: [record] });
  expect(effectsOf(recovered, 'setTimer')).toMatchObject([{ timer: { name: 'due' }, delay: { ms: 30_000 } }]);
  scenario.tell({ type: 'connected' });
  const execution = job('a', { versionNumber: 3, statusDetails: { waiting: 'reason' in record ? record.reason : '' } });
  scenario.accept('check', { execution });
  scenario.tell(DUE);
  scenario.accept('check', { execution, verdict: runVerdict([TWICE]) });
  expect(effectsOf(scenario.accept('goOn'), 'startRun')).toMatchObject([{ attempt: 2 }]);
  scenario.tell(runEnded('a', FAILED, { attempt: 2 }));
  expect(scenario.state.executions[idOf('a')]).toMatchObject({ failures: 2, phase: { name: 'waiting' } });
});

test('a time limit of the step is a failure like others', () => {
  const steps = [step({ timeoutMs: 5_000, retries: { count: 1, delayMs: 1_000 } })];
  const scenario = runningScenario({ steps });
  scenario.tell({ type: 'timerFired', timer: { name: 'stepTimeout', id: idOf('a'), runId: runIdOf('a') } });
  scenario.tell(runEnded('a', FAILED));
  expect(scenario.phase(job('a'))).toMatchObject({ name: 'waiting', why: 'failed', reason: /STEP_TIMED_OUT/ });
});

test('a check after a restart of the machine that fails makes the work be done again', () => {
  const steps = [step({ verifies: true, retries: { count: 1, delayMs: 1_000 } })];
  const reboot = { ...SUCCEEDED, status: 'reboot', how: 'restart' } as const;
  const asked = runningScenario({ steps }).tell(runEnded('a', reboot));
  const scenario = scenarioFrom(initialState({ ...IDENTITY, bootId: 'boot-2' }, SETTINGS));
  const records = effectsOf(asked, 'journal').map(({ record }) => record);
  scenario.tell({ type: 'journalRecovered', records });
  scenario.tell({ type: 'connected' });
  goesOn(scenario, steps);
  scenario.accept('progress');
  scenario.tell(runEnded('a', FAILED, { attempt: 2 }));
  expect(scenario.phase(job('a'))).toMatchObject({ why: 'failed', next: { kind: 'work' } });
});

describe('is not run again', () => {
  test('what was refused', () => {
    const scenario = runningScenario({ steps: [TWICE] });
    const effects = scenario.tell(runEnded('a', { ...FAILED, status: 'rejected' }));
    expect(requestsOf(effects)[0]).toMatchObject({ status: 'REJECTED' });
  });

  test('what was over the limit of the whole job', () => {
    const scenario = runningScenario({ steps: [TWICE] });
    scenario.tell({ type: 'timerFired', timer: { name: 'documentTimeout', id: idOf('a') } });
    const effects = scenario.tell(runEnded('a', FAILED));
    expect(requestsOf(effects)[0]).toMatchObject({ statusDetails: { reasonCode: 'JOB_TIMED_OUT' } });
  });

  test.each([
    ['RETRIES_EXHAUSTED', { ...SUCCEEDED, status: 'later', afterMs: null, message: 'busy' } as const],
    ['REBOOT_LOOP', { ...SUCCEEDED, status: 'reboot', how: 'restart' } as const],
  ])('what has asked too often: %s', (reasonCode, result) => {
    const scenario = runningScenario({ steps: [TWICE], settings: { maxPostponements: 0, maxReboots: 0 } });
    const effects = scenario.tell(runEnded('a', result));
    expect(requestsOf(effects)[0]).toMatchObject({ status: 'FAILED', statusDetails: { reasonCode } });
  });

  test('what was cancelled, running or waiting', () => {
    const running = runningScenario({ steps: [TWICE] });
    running.tell({ type: 'timerFired', timer: { name: 'poll' } });
    running.reject('check', 'TerminalStateReached');
    expect(effectsOf(running.tell(runEnded('a', FAILED)), 'journal')).toMatchObject([{ record: { phase: 'closed' } }]);
    const { scenario: waiting } = failedScenario();
    waiting.accept('progress');
    waiting.tell(DUE);
    waiting.reject('check', 'TerminalStateReached');
    expect(waiting.phase(job('a'))).toBeUndefined();
  });

  test('what ended because the agent was stopped', () => {
    const scenario = runningScenario({ steps: [TWICE] });
    scenario.tell({ type: 'shutdownRequested', mode: 'stop' });
    const effects = scenario.tell(runEnded('a', FAILED));
    expect(requestsOf(effects)[0]).toMatchObject({ statusDetails: { reasonCode: 'AGENT_STOPPED' } });
  });

  test('what a power cut interrupted', () => {
    const scenario = scenarioFrom(initialState(IDENTITY, SETTINGS));
    const begun = runningScenario({ steps: [TWICE] }).state.executions[idOf('a')];
    expect(begun?.phase.name).toBe('running');
    const key = { jobId: 'a', executionNumber: 1, queuedAt: job('a').queuedAt };
    const record = parseRecord({
      ...{ v: 1, key, versionNumber: 2, recoveries: 0, phase: 'running' },
      ...{ stepIndex: 0, attempt: 1, onInterrupted: 'fail' },
    });
    if (record === null) throw new Error('not a record');
    scenario.tell({ type: 'journalRecovered', records: [record] });
    expect(scenario.phase(job('a'))).toMatchObject({ name: 'reporting' });
  });

  test('anything where the journal cannot be written', () => {
    const scenario = runningScenario({ steps: [TWICE] });
    const effects = scenario.tell({ type: 'journalFailed', event: runEnded('a', FAILED) });
    expect(requestsOf(effects)[0]).toMatchObject({
      status: 'FAILED',
      statusDetails: { reasonCode: FAILED.reasonCode },
    });
  });
});
