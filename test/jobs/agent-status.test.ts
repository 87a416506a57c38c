import { expect, test } from 'vitest';
import { renderStatus } from '../../agent/cli/status.ts';
import { initialState } from '../../agent/core/state.ts';
import { createStatusKeeper } from '../../agent/jobs/agent-status.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import {
  createScenario,
  effectsOf,
  IDENTITY,
  idOf,
  queuedJob,
  runEnded,
  runningScenario,
  runVerdict,
  type Scenario,
  SETTINGS,
  scenarioFrom,
  step,
} from '../fixtures/core-states.ts';

const BUSY = 'update-modem ended with exit code 75: modem busy';
const TAILS = { stdoutTail: '', stderrTail: '', details: {} } as const;
const LATER = runEnded('a', { status: 'later', message: BUSY, afterMs: null, ...TAILS });
const REBOOT = runEnded('a', { status: 'reboot', how: 'restart', ...TAILS });
const POWER_OFF = runEnded('a', { status: 'reboot', how: 'power-off', ...TAILS });
const DUE = { type: 'timerFired', timer: { name: 'due', id: idOf('a') } } as const;
const CONNECTION = {
  connected: true,
  connects: 1,
  lastError: null,
  failedAttempts: 0,
  missingRights: [],
} as const;

/** The status of what is in hand, as the states of a scenario and the time go by. */
function watched(scenario: Scenario) {
  const clock = createManualClock();
  const keeper = createStatusKeeper(clock);
  const tell = (act: () => unknown) => {
    const before = scenario.state;
    act();
    keeper.changed(before, scenario.state);
  };
  const status = () => keeper.status(scenario.state, CONNECTION, {});
  return { clock, tell, status, executions: () => status().executions };
}

test('a step that is tried later says when, and why', () => {
  const scenario = runningScenario();
  const { clock, tell, status, executions } = watched(scenario);
  clock.advance(100_000);
  tell(() => scenario.tell(LATER));
  clock.advance(17_000);
  tell(() => scenario.accept('progress'));
  const waiting = `to be tried again in about 43 s (attempt 2): ${BUSY}`;
  expect(executions()).toMatchObject([{ phase: 'waiting', waiting, dueInSeconds: 43 }]);
  const identity = { thingName: 'g', endpoint: 'e', agentVersion: '1', pid: 1, illness: null };
  expect(renderStatus({ ...identity, ...status() })).toContain(`\n  a #1  waiting: ${waiting}`);
  clock.advance(42_500);
  expect(executions()).toMatchObject([{ dueInSeconds: 1 }]);
});

test('a step whose time is over has no time left', () => {
  const scenario = runningScenario();
  const { tell, executions } = watched(scenario);
  tell(() => scenario.tell(LATER));
  tell(() => scenario.tell(DUE));
  expect(executions()).toMatchObject([{ waiting: `to be tried again now that its time is over (attempt 2): ${BUSY}` }]);
  expect(executions()[0]).not.toHaveProperty('dueInSeconds');
});

test('an asked restart says since when it is awaited', () => {
  const scenario = runningScenario();
  const { clock, tell, status, executions } = watched(scenario);
  clock.advance(100_000);
  tell(() => scenario.tell(REBOOT));
  clock.advance(12_900);
  expect(executions()).toMatchObject([{ waiting: 'for the restart of the gateway, asked 12 s ago' }]);
  const identity = { thingName: 'g', endpoint: 'e', agentVersion: '1', pid: 1, illness: null };
  expect(renderStatus({ ...identity, ...status() })).toContain(
    '\n  a #1  awaiting-reboot: for the restart of the gateway, asked 12 s ago',
  );
});

test('an asked power-off says since when it is awaited', () => {
  const scenario = runningScenario();
  const { clock, tell, executions } = watched(scenario);
  tell(() => scenario.tell(POWER_OFF));
  clock.advance(3_000);
  expect(executions()).toMatchObject([
    { waiting: 'for the gateway to power off, and to be switched on again, asked 3 s ago' },
  ]);
});

test('a restart that others hold up says so', () => {
  const scenario = createScenario({ capacity: 2 });
  const { tell, executions } = watched(scenario);
  scenario.tell({ type: 'connected' });
  for (const one of [queuedJob('a'), queuedJob('b')]) {
    scenario.accept('list', { queued: [one] });
    scenario.accept('check', { execution: one, verdict: runVerdict() });
    scenario.accept('take');
  }
  tell(() => scenario.tell(REBOOT));
  expect(executions()[0]?.waiting).toBe('for the restart of the gateway, which is asked for when nothing else runs');
});

test('after a restart nothing waits for it any more', () => {
  const asked = runningScenario({ steps: [step({ verifies: true })] });
  const records = effectsOf(asked.tell(REBOOT), 'journal').map(({ record }) => record);
  const scenario = scenarioFrom(initialState({ ...IDENTITY, bootId: 'boot-2' }, SETTINGS));
  const { tell, executions } = watched(scenario);
  tell(() => scenario.tell({ type: 'journalRecovered', records }));
  expect(executions()).toMatchObject([{ phase: 'waiting', waiting: 'to go on: the gateway has restarted' }]);
});
