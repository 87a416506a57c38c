/** Restarts of the machine: written down first, proved by the boot id, and never without end. */
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../agent/core/effect.ts';
import { initialState } from '../../agent/core/state.ts';
import {
  createScenario,
  effectsOf,
  FAILED,
  IDENTITY,
  idOf,
  job,
  notified,
  queuedJob,
  REFUSED,
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

const REBOOT = { status: 'reboot', how: 'restart', details: { slot: 'B' }, stdoutTail: '', stderrTail: '' } as const;
const POWER_OFF = { ...REBOOT, how: 'power-off' } as const;
const OVERDUE = { type: 'timerFired', timer: { name: 'reboot' } } as const;
const NEXT_BOOT = { ...IDENTITY, bootId: 'boot-2' };
const PLAIN = [step()];
const VERIFIED = [step({ verifies: true })];

function asked(steps = PLAIN): { scenario: Scenario; effects: readonly Effect[] } {
  const scenario = runningScenario({ steps });
  return { scenario, effects: scenario.tell(runEnded('a', REBOOT)) };
}

/** The agent starts again on what was journaled, in this boot or another. */
function restarted(
  effects: readonly Effect[],
  identity = NEXT_BOOT,
): { scenario: Scenario; effects: readonly Effect[] } {
  const record = effectsOf(effects, 'journal').at(-1)?.record;
  if (record === undefined) throw new Error('nothing was journaled');
  const scenario = scenarioFrom(initialState(identity, SETTINGS));
  return { scenario, effects: scenario.tell({ type: 'journalRecovered', records: [record] }) };
}

/** In another boot, and described as still ours. */
function rebooted(steps = PLAIN) {
  const { scenario, effects } = restarted(asked(steps).effects);
  scenario.tell({ type: 'connected' });
  const going = scenario.accept('check', { execution: job('a', { versionNumber: 3 }), verdict: runVerdict(steps) });
  return { scenario, recovered: effects, effects: going };
}

describe('a step that asks for a restart', () => {
  test('is written down with the boot id before the machine is asked', () => {
    const { effects } = asked();
    expect(types(effects)).toEqual(['clearTimer', 'journal', 'request', 'setTimer', 'setTimer', 'reboot']);
    expect(effects[1]).toMatchObject({ record: { phase: 'awaiting-reboot', bootId: 'boot-1', reboots: 1 } });
    expect(requestsOf(effects)[0]).toMatchObject({ statusDetails: { waiting: 'for the restart of the gateway' } });
  });

  test('lets nothing begin until the machine has restarted', () => {
    const { scenario } = asked();
    expect(scenario.isAsking('claim') || scenario.isAsking('list')).toBe(false);
  });

  test('succeeds in another boot, with both boot ids', () => {
    const { recovered, effects } = rebooted();
    expect(recovered).toMatchObject([{ record: { phase: 'waiting', why: 'rebooted', next: { kind: 'pass' } } }]);
    expect(requestsOf(effects)[0]).toMatchObject({
      status: 'SUCCEEDED',
      statusDetails: { bootIdBefore: 'boot-1', bootIdAfter: 'boot-2', slot: 'B' },
    });
  });

  test('keeps its proof, however much the next step tells', () => {
    const steps = [step({ name: 'install' }), step({ name: 'inventory' })];
    const { scenario } = rebooted(steps);
    scenario.accept('goOn');
    const details = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`fact-${index}`, 'x']));
    while (scenario.isAsking('progress')) scenario.accept('progress');
    const effects = scenario.tell(runEnded('a', { ...SUCCEEDED, details }, { stepIndex: 1 }));
    expect(requestsOf(effects)[0]).toMatchObject({ statusDetails: { bootIdBefore: 'boot-1', bootIdAfter: 'boot-2' } });
  });

  test('is followed by the next step of its document', () => {
    const steps = [step({ name: 'install' }), step({ name: 'report' })];
    const { scenario } = rebooted(steps);
    expect(effectsOf(scenario.accept('goOn'), 'startRun')).toMatchObject([
      { stepIndex: 1, attempt: 1, purpose: 'work' },
    ]);
  });

  test('asks again after a start in the same boot', () => {
    const { scenario, effects } = restarted(asked().effects, IDENTITY);
    expect(types(effects)).toEqual(['journal', 'setTimer', 'reboot']);
    expect(effects[0]).toMatchObject({ record: { phase: 'awaiting-reboot', recoveries: 1 } });
    expect(scenario.phase(job('a'))?.name).toBe('awaiting-reboot');
  });

  test('fails when starts in the same boot do not end', () => {
    let { effects } = asked();
    for (const _ of [1, 2, 3]) ({ effects } = restarted(effects, IDENTITY));
    expect(types(effects)).toContain('reboot');
    const statusDetails = {
      reasonCode: 'REBOOT_FAILED',
      reason: expect.stringMatching(/ after 4 starts of the agent during this step; .* rebootCommand /),
      bootIdBefore: 'boot-1',
    };
    expect(restarted(effects, IDENTITY).effects).toMatchObject([{ record: { outcome: { statusDetails } } }]);
  });

  test('fails when the machine cannot be asked', () => {
    const { scenario } = asked();
    scenario.accept('progress');
    const effects = scenario.tell({ type: 'rebootFailed', message: 'systemctl is not there' });
    expect(requestsOf(effects)[0]).toMatchObject({
      status: 'FAILED',
      statusDetails: { reasonCode: 'REBOOT_FAILED', reason: 'systemctl is not there', bootIdBefore: 'boot-1' },
    });
  });

  test('fails when the machine has not restarted in time', () => {
    const { scenario } = asked();
    scenario.accept('progress');
    expect(requestsOf(scenario.tell(OVERDUE))[0]).toMatchObject({
      statusDetails: { reason: 'the gateway had not restarted 600 s after it was asked to' },
    });
    expect(scenario.tell(OVERDUE)).toMatchObject([{ type: 'clearTimer' }]);
  });

  test('fails when it asks too often in a row', () => {
    let { effects } = asked(VERIFIED);
    for (const attempt of [2, 3]) {
      const { scenario } = restarted(effects, { ...IDENTITY, bootId: `boot-${attempt}` });
      scenario.tell({ type: 'connected' });
      scenario.accept('check', { execution: job('a', { versionNumber: 3 }), verdict: runVerdict(VERIFIED) });
      scenario.accept('progress');
      effects = scenario.tell(runEnded('a', REBOOT, { attempt }));
    }
    expect(requestsOf(effects)[0]).toMatchObject({ status: 'FAILED', statusDetails: { reasonCode: 'REBOOT_LOOP' } });
  });

  test('fails without a journal: nobody could tell what the restart was for', () => {
    const scenario = runningScenario();
    const effects = scenario.tell({ type: 'journalFailed', event: runEnded('a', REBOOT) });
    expect(types(effects)).not.toContain('reboot');
    expect(requestsOf(effects)[0]).toMatchObject({ statusDetails: { reasonCode: 'JOURNAL_FAILED' } });
  });

  test('is refused when its document does not run here any more', () => {
    const { scenario } = restarted(asked().effects);
    scenario.tell({ type: 'connected' });
    const effects = scenario.accept('check', { execution: job('a', { versionNumber: 3 }), verdict: REFUSED });
    expect(requestsOf(effects)[0]).toMatchObject({ status: 'REJECTED' });
  });

  test('waits for the next start when the agent is being stopped', () => {
    const scenario = runningScenario();
    scenario.tell({ type: 'shutdownRequested', mode: 'stop' });
    const effects = scenario.tell(runEnded('a', REBOOT));
    expect(types(effects)).not.toContain('reboot');
    expect(types(restarted(effects, IDENTITY).effects)).toContain('reboot');
  });

  test('tells what its handler had told, though the restart fails', () => {
    const { scenario } = asked();
    scenario.accept('progress');
    const effects = scenario.tell({ type: 'rebootFailed', message: 'no' });
    expect(requestsOf(effects)[0]).toMatchObject({ statusDetails: { slot: 'B', reason: 'no' } });
  });

  test('that was cancelled meanwhile is closed', () => {
    const { scenario } = asked();
    expect(types(scenario.reject('progress', 'InvalidStateTransition', over('CANCELED')))).toContain('cleanUp');
  });
});

function over(status: 'CANCELED') {
  return { status, statusDetails: {}, versionNumber: 4 };
}

describe('a step that asks for a power-off', () => {
  const off = (steps = PLAIN) => {
    const scenario = runningScenario({ steps });
    return { scenario, effects: scenario.tell(runEnded('a', POWER_OFF)) };
  };

  test('is written down with the boot id before the machine is asked', () => {
    const { effects } = off();
    expect(types(effects)).toEqual(['clearTimer', 'journal', 'request', 'setTimer', 'setTimer', 'reboot']);
    expect(effects[1]).toMatchObject({ record: { phase: 'awaiting-reboot', how: 'power-off', bootId: 'boot-1' } });
    expect(effects.at(-1)).toEqual({ type: 'reboot', how: 'power-off' });
    const waiting = 'for the gateway to power off, and to be switched on again';
    expect(requestsOf(effects)[0]).toMatchObject({ statusDetails: { waiting } });
  });

  test('succeeds when the gateway is on again', () => {
    const { scenario, effects } = restarted(off().effects);
    expect(effects).toMatchObject([{ record: { phase: 'waiting', why: 'rebooted', next: { kind: 'pass' } } }]);
    scenario.tell({ type: 'connected' });
    const going = scenario.accept('check', { execution: job('a', { versionNumber: 3 }), verdict: runVerdict() });
    expect(requestsOf(going)[0]).toMatchObject({
      status: 'SUCCEEDED',
      statusDetails: { bootIdBefore: 'boot-1', bootIdAfter: 'boot-2' },
    });
  });

  test('asks again after a start in the same boot, and fails when such starts do not end', () => {
    let { effects } = off();
    for (const _ of [1, 2, 3]) {
      ({ effects } = restarted(effects, IDENTITY));
      expect(effects.at(-1)).toEqual({ type: 'reboot', how: 'power-off' });
    }
    const reason = expect.stringMatching(/^the gateway did not power off: .* in the setting shutdownCommand does$/);
    const statusDetails = { reasonCode: 'POWER_OFF_FAILED', reason, bootIdBefore: 'boot-1' };
    expect(restarted(effects, IDENTITY).effects).toMatchObject([{ record: { outcome: { statusDetails } } }]);
  });

  test.each([
    [{ type: 'rebootFailed', message: 'Access denied' }, 'Access denied'],
    [OVERDUE, 'the gateway had not powered off 600 s after it was asked to'],
  ] as const)('fails where the gateway stays on: %j', (event, reason) => {
    const { scenario } = off();
    scenario.accept('progress');
    expect(requestsOf(scenario.tell(event))[0]).toMatchObject({
      status: 'FAILED',
      statusDetails: { reasonCode: 'POWER_OFF_FAILED', reason, bootIdBefore: 'boot-1', slot: 'B' },
    });
  });

  test('says why it is over where the time limit of the job is', () => {
    const scenario = taking();
    scenario.accept('take');
    scenario.tell(runEnded('a', POWER_OFF));
    scenario.accept('progress');
    const effects = scenario.tell({ type: 'timerFired', timer: { name: 'documentTimeout', id: idOf('a') } });
    const reason = expect.stringMatching(/ while it waited to go on: for the gateway to power off, /);
    expect(requestsOf(effects)[0]).toMatchObject({ statusDetails: { reasonCode: 'JOB_TIMED_OUT', reason } });
  });

  test('is asked for where another job asked for a restart: that ends the boot for both', () => {
    const scenario = taking();
    scenario.accept('take');
    scenario.tell(runEnded('a', REBOOT));
    const effects = scenario.tell(runEnded('b', POWER_OFF));
    expect(effectsOf(effects, 'reboot')).toEqual([{ type: 'reboot', how: 'power-off' }]);
    scenario.accept('progress');
    scenario.accept('progress');
    const failed = requestsOf(scenario.tell({ type: 'rebootFailed', message: 'no' }));
    expect(failed).toMatchObject([
      { jobId: 'a', statusDetails: { reasonCode: 'REBOOT_FAILED' } },
      { jobId: 'b', statusDetails: { reasonCode: 'POWER_OFF_FAILED' } },
      { operation: 'GetPendingJobExecutions' },
    ]);
  });
});

describe('a handler that verifies', () => {
  test('is asked after the restart whether it worked', () => {
    const { effects } = rebooted(VERIFIED);
    expect(effectsOf(effects, 'startRun')).toMatchObject([
      { purpose: 'verify', attempt: 2, runId: runIdOf('a', { attempt: 2 }) },
    ]);
  });

  test.each([
    ['SUCCEEDED', SUCCEEDED],
    ['FAILED', FAILED],
  ])('decides what is told: %s', (status, result) => {
    const { scenario, effects: begun } = rebooted(VERIFIED);
    expect(requestsOf(begun)).toMatchObject([{ statusDetails: { runs: 'a check after the restart' } }]);
    scenario.accept('progress');
    const effects = scenario.tell(runEnded('a', result, { attempt: 2 }));
    expect(requestsOf(effects)[0]).toMatchObject({ status, statusDetails: { bootIdAfter: 'boot-2' } });
  });

  test('verifies again when that was interrupted', () => {
    const { effects } = rebooted(VERIFIED);
    const again = restarted(effects, { ...IDENTITY, bootId: 'boot-3' });
    expect(again.effects).toMatchObject([{ record: { phase: 'waiting', next: { kind: 'verify' } } }]);
  });

  test('verifies again when the agent was stopped', () => {
    const { scenario } = rebooted(VERIFIED);
    scenario.tell({ type: 'shutdownRequested', mode: 'stop' });
    scenario.tell(runEnded('a', FAILED, { attempt: 2 }));
    expect(scenario.phase(job('a'))).toMatchObject({ name: 'waiting', next: { kind: 'verify' } });
  });
});

describe('with another job running', () => {
  test('the machine is asked when that has ended', () => {
    const scenario = taking();
    scenario.accept('take');
    expect(types(scenario.tell(runEnded('a', REBOOT)))).not.toContain('reboot');
    expect(types(scenario.tell(runEnded('b', SUCCEEDED)))).toContain('reboot');
  });

  test('the machine is not asked when the job is cancelled before', () => {
    const scenario = taking();
    scenario.accept('take');
    scenario.tell(runEnded('a', REBOOT));
    scenario.accept('progress');
    expect(requestsOf(scenario.tell(notified([job('b')])))).toMatchObject([
      { operation: 'DescribeJobExecution', jobId: 'a' },
    ]);
    scenario.reject('check', 'TerminalStateReached');
    expect(types(scenario.tell(runEnded('b', SUCCEEDED)))).not.toContain('reboot');
  });

  test('what is claimed meanwhile begins after the restart', () => {
    const scenario = taking();
    expect(types(scenario.tell(runEnded('a', REBOOT)))).toContain('reboot');
    expect(types(scenario.accept('take'))).not.toContain('startRun');
    expect(scenario.state.executions[idOf('b')]?.phase).toMatchObject({ name: 'waiting', why: 'put-off' });
  });

  test('what was put off begins when the restart fails', () => {
    const scenario = taking();
    scenario.tell(runEnded('a', REBOOT));
    scenario.accept('take');
    const effects = scenario.tell({ type: 'rebootFailed', message: 'no' });
    expect(requestsOf(effects)).toContainEqual(
      expect.objectContaining({ operation: 'DescribeJobExecution', jobId: 'b' }),
    );
    scenario.accept('check', { execution: job('b'), verdict: runVerdict() });
    expect(types(scenario.accept('goOn'))).toContain('startRun');
  });
});

/** Job a runs, and job b is being taken. */
function taking(): Scenario {
  const scenario = createScenario({ capacity: 2 });
  scenario.tell({ type: 'connected' });
  const queued = [queuedJob('a'), queuedJob('b')];
  scenario.accept('list', { queued });
  scenario.accept('check', { execution: queuedJob('a'), verdict: runVerdict() });
  scenario.accept('take');
  scenario.accept('list', { inProgress: [job('a')], queued });
  scenario.accept('check', { execution: queuedJob('b'), verdict: runVerdict() });
  return scenario;
}
