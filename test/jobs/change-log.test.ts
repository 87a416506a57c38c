import { describe, expect, test } from 'vitest';
import { closedRecordOf } from '../../agent/core/execution-record.ts';
import { initialState } from '../../agent/core/state.ts';
import { logChanges } from '../../agent/jobs/change-log.ts';
import {
  createScenario,
  effectsOf,
  FAILED,
  IDENTITY,
  idOf,
  job,
  notified,
  queuedJob,
  runEnded,
  runningScenario,
  runProgressed,
  runVerdict,
  type Scenario,
  SETTINGS,
  SUCCEEDED,
  scenarioFrom,
  step,
} from '../fixtures/core-states.ts';
import { createLogLines } from '../fixtures/log-lines.ts';

/** What is logged of what `act` brings about, event by event. */
function linesOf(scenario: Scenario, ...acts: readonly ((scenario: Scenario) => unknown)[]) {
  const { log, lines } = createLogLines();
  let loggers = 0;
  for (const act of acts) {
    const before = scenario.state;
    act(scenario);
    logChanges(before, scenario.state, (execution) => {
      loggers += 1;
      return log.child(execution);
    });
  }
  expect(loggers).toBe(lines.length);
  return lines.map(({ time: _time, pid: _pid, hostname: _hostname, queuedAt: _queuedAt, ...line }) => line);
}

const stopped = { type: 'shutdownRequested', mode: 'stop' } as const;

test('the life of a job is one line a phase', () => {
  const scenario = createScenario();
  scenario.tell({ type: 'connected' });
  const lines = linesOf(
    scenario,
    () => scenario.accept('claim', { execution: job('a'), verdict: runVerdict([step(), step({ name: 'verify' })]) }),
    () => scenario.tell(runEnded('a', SUCCEEDED)),
    () => scenario.accept('progress'),
    () => scenario.tell(runEnded('a', FAILED, { stepIndex: 1 })),
    () => scenario.accept('report'),
  );
  expect(lines).toMatchObject([
    { level: 30, jobId: 'a', executionNumber: 1, msg: 'step started', step: 0, stepName: 'work', steps: 2, attempt: 1 },
    { level: 30, msg: 'step started', step: 1, stepName: 'verify' },
    { level: 40, msg: 'job execution ended, reporting', status: 'FAILED', reasonCode: 'HANDLER_EXIT_CODE' },
    { level: 30, msg: 'job execution closed', status: 'FAILED', how: 'accepted' },
  ]);
});

test('what changes no phase logs nothing', () => {
  const scenario = runningScenario();
  const lines = linesOf(
    scenario,
    () => scenario.tell(runProgressed('a', { percent: '5' })),
    () => scenario.accept('progress'),
    () => scenario.tell({ type: 'timerFired', timer: { name: 'poll' } }),
    () => scenario.accept('check', { execution: job('a') }),
    () => scenario.tell({ type: 'disconnected' }),
    () => scenario.tell({ type: 'connected' }),
  );
  expect(lines).toEqual([]);
});

test('a report that is told again is no news', () => {
  const scenario = runningScenario();
  scenario.tell(runEnded('a', SUCCEEDED));
  const lines = linesOf(
    scenario,
    () => scenario.reject('report', 'InvalidRequest'),
    () => scenario.tell({ type: 'timerFired', timer: { name: 'retry', id: idOf('a') } }),
  );
  expect(lines).toEqual([]);
});

test('a job that succeeds is no warning', () => {
  const scenario = runningScenario();
  const lines = linesOf(scenario, () => scenario.tell(runEnded('a', SUCCEEDED)));
  expect(lines).toMatchObject([{ level: 30, msg: 'job execution ended, reporting', status: 'SUCCEEDED' }]);
});

test('a job that fails says what its handler said last', () => {
  const scenario = runningScenario();
  const stderrTail = `no room\nhttps://host/file?X-Amz-Signature=abc\n${'x'.repeat(5_000)}\nmodem busy\n`;
  const secret = `https://host/file?X-Amz-Signature=abc ${stderrTail.slice(-30)}`;
  const lines = linesOf(scenario, () => scenario.tell(runEnded('a', { ...FAILED, stderrTail })));
  expect(lines).toMatchObject([{ level: 40, reasonCode: 'HANDLER_EXIT_CODE' }]);
  expect(lines[0]?.stderr).toMatch(/^x{1000,1013} modem busy$/);
  const again = runningScenario();
  const [line] = linesOf(again, () => again.tell(runEnded('a', { ...FAILED, stderrTail: secret })));
  expect(line?.stderr).toMatch(/^https:\/\/host\/file\?… x+ modem busy$/);
});

test('a cancelled job says that it is stopped, and that it is over', () => {
  const scenario = runningScenario();
  const lines = linesOf(
    scenario,
    () => scenario.tell(notified([])),
    () => scenario.reject('check', 'TerminalStateReached'),
    () => scenario.tell(runEnded('a', FAILED)),
  );
  expect(lines).toMatchObject([
    { msg: 'step is being stopped', reason: 'canceled' },
    { msg: 'job execution closed: the service says it is over', status: null, how: 'over' },
  ]);
});

test('a job that is found, and one that waits, are told', () => {
  const scenario = createScenario({ capacity: 2 });
  scenario.tell({ type: 'connected' });
  const found = linesOf(scenario, () => scenario.accept('list', { queued: [queuedJob('a')] }));
  expect(found).toMatchObject([{ msg: 'job execution found', versionNumber: 1 }]);
  const again = runningScenario({ steps: [step({ onInterrupted: 'rerun' })] });
  again.tell(stopped);
  const waits = linesOf(again, () => again.tell(runEnded('a', FAILED)));
  expect(waits).toMatchObject([{ msg: 'step waits', why: 'interrupted', step: 0 }]);
});

describe('a restart of the gateway', () => {
  const REBOOT = runEnded('a', { status: 'reboot', how: 'restart', details: {}, stdoutTail: '', stderrTail: '' });

  /** What is logged by the agent that starts after the step has asked for the restart. */
  function linesAfter(bootId: string, event = REBOOT) {
    const asked = runningScenario();
    const records = effectsOf(asked.tell(event), 'journal').map(({ record }) => record);
    const scenario = scenarioFrom(initialState({ ...IDENTITY, bootId }, SETTINGS));
    return linesOf(scenario, () => scenario.tell({ type: 'journalRecovered', records }));
  }

  test('is told when the step asks for it', () => {
    const scenario = runningScenario();
    const lines = linesOf(scenario, () => scenario.tell(REBOOT));
    expect(lines).toMatchObject([{ level: 40, msg: 'step asked for a restart of the gateway', bootId: 'boot-1' }]);
  });

  test('that has happened is told with both boots', () => {
    expect(linesAfter('boot-2')).toMatchObject([
      {
        level: 30,
        msg: 'gateway has restarted, as the step asked',
        bootIdBefore: 'boot-1',
        bootIdAfter: 'boot-2',
      },
    ]);
  });

  test('that has not happened is told as asked for again', () => {
    const msg = 'agent started again, but the gateway did not restart: its restart is asked for again';
    expect(linesAfter('boot-1')).toMatchObject([{ level: 40, msg, bootId: 'boot-1' }]);
  });

  test('or a power-off is told likewise', () => {
    const off = runEnded('a', { status: 'reboot', how: 'power-off', details: {}, stdoutTail: '', stderrTail: '' });
    const scenario = runningScenario();
    const [asked] = linesOf(scenario, () => scenario.tell(off));
    expect(asked).toMatchObject({ level: 40, msg: 'step asked for the gateway to be powered off', bootId: 'boot-1' });
    const msg = 'agent started again, but the gateway did not power off: it is asked for again';
    expect(linesAfter('boot-1', off)).toMatchObject([{ level: 40, msg }]);
  });
});

test('what the journal brings back as closed is no news', () => {
  const { id, key } = { id: idOf('a'), key: { jobId: 'a', executionNumber: 1, queuedAt: 1_700_000_000 } };
  const scenario = createScenario();
  const records = [closedRecordOf({ id, key, outcome: null, how: 'over' })];
  expect(linesOf(scenario, () => scenario.tell({ type: 'journalRecovered', records }))).toEqual([]);
});
