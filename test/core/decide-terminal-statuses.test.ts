import { describe, expect, test } from 'vitest';
import { isTerminal, JOB_EXECUTION_STATUSES } from '../../agent/core/job-execution.ts';
import type { Phase } from '../../agent/core/state.ts';
import {
  createScenario,
  effectsOf,
  job,
  queuedJob,
  requestsOf,
  runEnded,
  runningScenario,
  runProgressed,
  type Scenario,
  SUCCEEDED,
  step,
  types,
} from '../fixtures/core-states.ts';

const TERMINAL = JOB_EXECUTION_STATUSES.filter(isTerminal);
const OUTPUT = { details: {}, stdoutTail: '', stderrTail: '' } as const;
const LATER = { status: 'later', afterMs: 60_000, message: 'locked', ...OUTPUT } as const;

/** Each phase that an execution of ours can be in. */
const IN_PHASE: Readonly<Record<Phase['name'], () => Scenario>> = {
  claiming() {
    const scenario = createScenario({ capacity: 2 });
    scenario.tell({ type: 'connected' });
    scenario.accept('list', { queued: [queuedJob('a')] });
    return scenario;
  },
  running: () => runningScenario(),
  stopping: () => after(runningScenario(), { type: 'shutdownRequested', mode: 'stop' }),
  waiting: () => after(runningScenario(), runEnded('a', LATER)),
  'awaiting-reboot': () => after(runningScenario(), runEnded('a', { status: 'reboot', how: 'restart', ...OUTPUT })),
  reporting: () => after(runningScenario(), runEnded('a', SUCCEEDED)),
};

function after(scenario: Scenario, event: Parameters<Scenario['tell']>[0]): Scenario {
  scenario.tell(event);
  return scenario;
}

function inPhase(name: Phase['name']): Scenario {
  const scenario = IN_PHASE[name]();
  expect(scenario.phase(job('a'))?.name).toBe(name);
  return scenario;
}

describe.each(TERMINAL)('an execution that is %s in the cloud', (status) => {
  const found = { status, statusDetails: {}, versionNumber: 9 } as const;

  /** It is described, as after each connect. */
  function describedAs(scenario: Scenario) {
    scenario.tell({ type: 'connected' });
    return scenario.accept('check', { execution: job('a', found) });
  }

  test.each(['claiming', 'waiting', 'awaiting-reboot'] as const)('is closed while %s, and not run', (name) => {
    const scenario = inPhase(name);
    const effects = describedAs(scenario);
    expect(effectsOf(effects, 'journal')).toMatchObject([{ record: { phase: 'closed', how: 'over', outcome: null } }]);
    expect(types(effects)).not.toContain('startRun');
    expect(requestsOf(effects).map(({ operation }) => operation)).not.toContain('UpdateJobExecution');
    expect(scenario.phase(job('a'))).toBeUndefined();
  });

  test.each(['running', 'stopping'] as const)('is ended while %s, and nothing is reported', (name) => {
    const scenario = inPhase(name);
    const effects = describedAs(scenario);
    expect(effectsOf(effects, 'stopRun')).toHaveLength(name === 'running' ? 1 : 0);
    expect(scenario.phase(job('a'))).toMatchObject({ name: 'stopping', reason: 'canceled' });
    const ended = scenario.tell(runEnded('a', SUCCEEDED));
    expect(effectsOf(ended, 'journal')).toMatchObject([{ record: { phase: 'closed', how: 'over', outcome: null } }]);
    expect(requestsOf(ended).map(({ operation }) => operation)).not.toContain('UpdateJobExecution');
  });

  test('is closed while reporting, as told if it is what we told', () => {
    const scenario = inPhase('reporting');
    const how = status === 'SUCCEEDED' ? 'accepted' : 'over';
    expect(effectsOf(describedAs(scenario), 'journal')).toMatchObject([{ record: { phase: 'closed', how } }]);
    expect(scenario.isAsking('check')).toBe(false);
    expect(scenario.state.finished).toMatchObject([{ how, outcome: { status: 'SUCCEEDED' } }]);
  });

  test.each(['InvalidStateTransition', 'VersionMismatch'] as const)('is known by a refused update: %s', (code) => {
    const running = inPhase('running');
    running.tell(runProgressed('a', { percent: '1' }));
    running.reject('progress', code, found);
    expect(running.phase(job('a'))).toMatchObject({ name: 'stopping', reason: 'canceled' });
    const reporting = inPhase('reporting');
    reporting.reject('report', code, found);
    expect(reporting.state.finished).toMatchObject([{ how: status === 'SUCCEEDED' ? 'accepted' : 'over' }]);
  });
});

test('a handler that may run again does not when it is over', () => {
  const scenario = runningScenario({ steps: [step({ onInterrupted: 'rerun' })] });
  scenario.tell({ type: 'shutdownRequested', mode: 'stop' });
  scenario.tell(runEnded('a', SUCCEEDED));
  expect(scenario.phase(job('a'))).toMatchObject({ name: 'waiting', why: 'interrupted' });
  scenario.tell({ type: 'connected' });
  const effects = scenario.accept('check', { execution: job('a', { status: 'TIMED_OUT' }) });
  expect(types(effects)).not.toContain('startRun');
  expect(scenario.state.finished).toMatchObject([{ how: 'over', outcome: null }]);
});
