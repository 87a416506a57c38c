/** Timers of the service: the step timer that is renewed while a handler lives, and the limit of the whole job. */
import { describe, expect, test } from 'vitest';
import {
  createScenario,
  effectsOf,
  FAILED,
  idOf,
  job,
  NO_PROGRESS,
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

const HEARTBEAT = { type: 'timerFired', timer: { name: 'heartbeat', id: idOf('a') } } as const;
const JOB_TIMEOUT = { type: 'timerFired', timer: { name: 'jobTimeout', id: idOf('a') } } as const;
const WITH_TIMER = { stepTimeoutMinutes: 30 };

function timersOf(effects: Parameters<typeof effectsOf>[0], name: string) {
  return effectsOf(effects, 'setTimer').filter(({ timer }) => timer.name === name);
}

describe('a step timer', () => {
  test('is asked for with the claim, and renewed before a half of it is over', () => {
    const scenario = createScenario(WITH_TIMER);
    expect(requestsOf(scenario.tell({ type: 'connected' }))).toMatchObject([{ stepTimeoutInMinutes: 30 }]);
    const effects = scenario.accept('claim', { execution: job('a'), verdict: runVerdict() });
    expect(timersOf(effects, 'heartbeat')).toMatchObject([{ delay: { kind: 'exactly', ms: 600_000 } }]);
  });

  test('is asked for when we choose a job ourselves', () => {
    const scenario = createScenario({ ...WITH_TIMER, capacity: 2 });
    scenario.tell({ type: 'connected' });
    scenario.accept('list', { queued: [queuedJob('a')] });
    const effects = scenario.accept('check', { execution: queuedJob('a'), verdict: runVerdict() });
    expect(requestsOf(effects)[0]).toMatchObject({ status: 'IN_PROGRESS', stepTimeoutInMinutes: 30 });
  });

  test('is renewed though there is nothing new to tell', () => {
    const scenario = runningScenario({ settings: WITH_TIMER });
    const effects = scenario.tell(HEARTBEAT);
    expect(requestsOf(effects)).toMatchObject([{ status: 'IN_PROGRESS', stepTimeoutInMinutes: 30 }]);
    expect(timersOf(effects, 'heartbeat')).not.toEqual([]);
  });

  test('is renewed after an outage as soon as it is still ours', () => {
    const scenario = runningScenario({ settings: WITH_TIMER });
    scenario.tell({ type: 'disconnected' });
    expect(requestsOf(scenario.tell(HEARTBEAT))).toEqual([]);
    scenario.tell({ type: 'connected' });
    const effects = scenario.accept('check', { execution: job('a', { versionNumber: 3 }) });
    expect(requestsOf(effects)[0]).toMatchObject({ stepTimeoutInMinutes: 30, expectedVersion: 3 });
  });

  test('is renewed while a run is being stopped, unless the service ended it', () => {
    const limited = { settings: WITH_TIMER, steps: [step({ timeoutMs: 1_000 })] };
    const scenario = runningScenario(limited);
    scenario.tell({ type: 'timerFired', timer: { name: 'stepTimeout', id: idOf('a'), runId: runIdOf('a') } });
    expect(requestsOf(scenario.tell(HEARTBEAT))).toMatchObject([{ stepTimeoutInMinutes: 30 }]);
    const over = runningScenario(limited);
    over.tell({ type: 'timerFired', timer: { name: 'poll' } });
    over.reject('check', 'TerminalStateReached');
    expect(requestsOf(over.tell(HEARTBEAT))).toEqual([]);
  });

  test('is let alone by the last report', () => {
    const scenario = runningScenario({ settings: WITH_TIMER });
    expect(requestsOf(scenario.tell(runEnded('a', SUCCEEDED)))[0]).not.toHaveProperty('stepTimeoutInMinutes');
  });

  test('is nobody’s once the execution is over', () => {
    const scenario = runningScenario({ settings: WITH_TIMER });
    scenario.tell(runEnded('a', SUCCEEDED));
    scenario.accept('report');
    expect(scenario.tell(HEARTBEAT)).toEqual([]);
  });

  test('is not asked for unless it is configured', () => {
    const scenario = createScenario();
    expect(requestsOf(scenario.tell({ type: 'connected' }))[0]).not.toHaveProperty('stepTimeoutInMinutes');
    const effects = scenario.accept('claim', { execution: job('a'), verdict: runVerdict() });
    expect(timersOf(effects, 'heartbeat')).toEqual([]);
  });
});

describe('the time that the document gives all steps together', () => {
  const LIMIT = { name: 'documentTimeout', id: idOf('a') } as const;
  const LIMITED = { kind: 'run', plan: { includeStdOut: false, timeoutMs: 60_000, steps: [step(), step()] } } as const;

  function limited() {
    const scenario = createScenario();
    scenario.tell({ type: 'connected' });
    return { scenario, effects: scenario.accept('claim', { execution: job('a'), verdict: LIMITED }) };
  }

  test('is measured once, from the first step', () => {
    const { scenario, effects } = limited();
    expect(timersOf(effects, LIMIT.name)).toMatchObject([{ delay: { kind: 'exactly', ms: 60_000 } }]);
    scenario.accept('progress');
    expect(timersOf(scenario.tell(runEnded('a', SUCCEEDED)), LIMIT.name)).toEqual([]);
  });

  test('stops the step that runs', () => {
    const { scenario } = limited();
    scenario.accept('progress');
    expect(effectsOf(scenario.tell({ type: 'timerFired', timer: LIMIT }), 'stopRun')).toMatchObject([
      { reason: 'job-timed-out' },
    ]);
    expect(requestsOf(scenario.tell(runEnded('a', FAILED)))[0]).toMatchObject({
      statusDetails: { reasonCode: 'JOB_TIMED_OUT', step: '1/2 work' },
    });
  });
});

test.each(['documentTimeout', 'jobTimeout'] as const)(
  'a step that is being stopped for its own limit is not run again, nor passed by, after the job’s: %s',
  (name) => {
    const retries = { count: 1, delayMs: 1_000 };
    const scenario = runningScenario({
      steps: [step({ timeoutMs: 1_000, retries, ignoreFailure: true }), step({ name: 'tidy', role: 'finally' })],
    });
    if (scenario.isAsking('progress')) scenario.accept('progress');
    scenario.tell({ type: 'timerFired', timer: { name: 'stepTimeout', id: idOf('a'), runId: runIdOf('a') } });
    const over = scenario.tell({ type: 'timerFired', timer: { name, id: idOf('a') } });
    expect(over).toMatchObject([{ type: 'journal', record: { phase: 'stopping', reason: 'job-timed-out' } }]);
    expect(effectsOf(scenario.tell(runEnded('a', FAILED)), 'startRun')).toMatchObject([{ stepIndex: 1 }]);
    expect(requestsOf(scenario.tell(runEnded('a', SUCCEEDED, { stepIndex: 1 })))[0]).toMatchObject({
      statusDetails: { reasonCode: 'JOB_TIMED_OUT' },
    });
  },
);

describe('the time that the service gives a job', () => {
  test('is our own timer, from what is left of it', () => {
    const scenario = createScenario();
    scenario.tell({ type: 'connected' });
    const execution = job('a', { approximateSecondsBeforeTimedOut: 90 });
    const effects = scenario.accept('claim', { execution, verdict: runVerdict() });
    expect(timersOf(effects, 'jobTimeout')).toMatchObject([{ delay: { kind: 'exactly', ms: 90_000 } }]);
  });

  test('stops the run, and says so where the service does not', () => {
    const scenario = runningScenario({ steps: [step({ ignoreFailure: true }), step()] });
    while (scenario.isAsking('progress')) scenario.accept('progress');
    expect(effectsOf(scenario.tell(JOB_TIMEOUT), 'stopRun')).toMatchObject([{ reason: 'job-timed-out' }]);
    expect(requestsOf(scenario.tell(runEnded('a', FAILED)))[0]).toMatchObject({
      status: 'FAILED',
      statusDetails: { reasonCode: 'JOB_TIMED_OUT' },
    });
  });

  test('is over at once when nothing of it is left', () => {
    const scenario = runningScenario();
    scenario.tell({ type: 'timerFired', timer: { name: 'poll' } });
    const execution = job('a', { approximateSecondsBeforeTimedOut: 0 });
    expect(types(scenario.accept('check', { execution }))).toContain('stopRun');
  });

  test('ends a wait too', () => {
    const scenario = runningScenario();
    const waits = {
      status: 'later',
      afterMs: 1_000,
      message: 'busy',
      details: {},
      stdoutTail: '',
      stderrTail: '',
    } as const;
    scenario.tell(runEnded('a', waits));
    scenario.accept('progress');
    expect(requestsOf(scenario.tell(JOB_TIMEOUT))[0]).toMatchObject({
      status: 'FAILED',
      statusDetails: { reasonCode: 'JOB_TIMED_OUT' },
    });
  });

  test('ends a job that waits for others before the restart, and not one whose restart comes', () => {
    const scenario = runningScenario();
    const reboot = { ...SUCCEEDED, status: 'reboot', how: 'restart' } as const;
    scenario.tell(runEnded('a', reboot));
    scenario.accept('progress');
    expect(scenario.tell(JOB_TIMEOUT)).toEqual([]);
    scenario.tell({ type: 'shutdownRequested', mode: 'wait' });
    const stopping = runningScenario();
    stopping.tell({ type: 'shutdownRequested', mode: 'wait' });
    stopping.tell(runEnded('a', reboot));
    stopping.accept('progress');
    expect(requestsOf(stopping.tell(JOB_TIMEOUT))[0]).toMatchObject({
      statusDetails: { reasonCode: 'JOB_TIMED_OUT', reason: expect.stringContaining('for the restart') },
    });
  });

  test('is asked about before anything is stopped, where the step timer may be meant', () => {
    const scenario = runningScenario({ settings: WITH_TIMER });
    expect(requestsOf(scenario.tell(JOB_TIMEOUT))).toMatchObject([{ operation: 'DescribeJobExecution' }]);
    const execution = job('a', { approximateSecondsBeforeTimedOut: 1_200 });
    const effects = scenario.accept('check', { execution });
    expect(types(effects)).not.toContain('stopRun');
    expect(timersOf(effects, 'jobTimeout')).toMatchObject([{ delay: { ms: 1_200_000 } }]);
  });

  test('is over offline, whichever timer it was', () => {
    const scenario = runningScenario({ settings: WITH_TIMER });
    scenario.tell({ type: 'disconnected' });
    expect(types(scenario.tell(JOB_TIMEOUT))).toContain('stopRun');
  });

  test('ends an interrupted run that waits for the word of the service', () => {
    const scenario = createScenario();
    const run = { onInterrupted: 'rerun', cleansUp: false, purpose: { kind: 'work' } } as const;
    const key = { jobId: 'a', executionNumber: 1, queuedAt: 1_700_000_000 };
    const record = { v: 1, id: idOf('a'), key, versionNumber: 2, ...NO_PROGRESS } as const;
    const records = [{ ...record, phase: 'running', stepIndex: 0, attempt: 1, ...run } as const];
    scenario.tell({ type: 'journalRecovered', records });
    expect(scenario.tell(JOB_TIMEOUT)).toMatchObject([
      {
        record: {
          outcome: { statusDetails: { reason: 'the time limit of the job was over while it waited to go on' } },
        },
      },
    ]);
  });

  test('means nothing once the execution is over, or told', () => {
    const scenario = runningScenario();
    scenario.tell(runEnded('a', SUCCEEDED));
    expect(types(scenario.tell(JOB_TIMEOUT))).toEqual([]);
    scenario.accept('report');
    expect(types(scenario.tell(JOB_TIMEOUT))).toEqual([]);
    const document = { type: 'timerFired', timer: { name: 'documentTimeout', id: idOf('a') } } as const;
    expect(types(scenario.tell(document))).toEqual([]);
  });
});

test('the limit of the job changes nothing where the run is being stopped for the service’s word', () => {
  const scenario = runningScenario();
  scenario.tell({ type: 'timerFired', timer: { name: 'poll' } });
  scenario.reject('check', 'TerminalStateReached');
  expect(scenario.tell({ type: 'timerFired', timer: { name: 'documentTimeout', id: idOf('a') } })).toEqual([]);
  expect(scenario.phase(job('a'))).toMatchObject({ name: 'stopping', reason: 'canceled' });
});
