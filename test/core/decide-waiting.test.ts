/** Steps that ask to be tried later: they wait, block nobody, and do not ask for ever. */
import { describe, expect, test } from 'vitest';
import { claimMark } from '../../agent/core/claim-mark.ts';
import { withExecution } from '../../agent/core/decision.ts';
import { toldToGoOn } from '../../agent/core/going-on.ts';
import type { LaterRun } from '../../agent/core/outcome.ts';
import type { WaitingPhase } from '../../agent/core/state.ts';
import { reasonWithoutTime } from '../../agent/core/waiting.ts';
import {
  createScenario,
  effectsOf,
  IDENTITY,
  idOf,
  job,
  NO_PROGRESS,
  queuedJob,
  requestsOf,
  runEnded,
  runIdOf,
  runningScenario,
  runVerdict,
  type Scenario,
  SUCCEEDED,
  step,
  types,
} from '../fixtures/core-states.ts';

const DUE = { type: 'timerFired', timer: { name: 'due', id: idOf('a') } } as const;
const LIST = { operation: 'GetPendingJobExecutions' };

function later(afterMs: number | null, message = 'the package database is locked'): LaterRun {
  return { status: 'later', afterMs, message, details: {}, stdoutTail: '', stderrTail: '' };
}

/** Job a waits, and the service has heard why. */
function waiting(afterMs: number | null = 5_000): Scenario {
  const scenario = runningScenario();
  scenario.tell(runEnded('a', later(afterMs)));
  scenario.accept('list');
  scenario.accept('progress');
  return scenario;
}

function due(scenario: Scenario, attempt: number) {
  scenario.tell(DUE);
  scenario.accept('check', { execution: job('a', { versionNumber: 3 }), verdict: runVerdict() });
  scenario.accept('goOn');
  if (scenario.isAsking('progress')) scenario.accept('progress');
  return runIdOf('a', { attempt });
}

describe('a step that asks to be tried later', () => {
  test('is written down, then waited for, then told', () => {
    const effects = runningScenario().tell(runEnded('a', later(5_000)));
    expect(types(effects)).toEqual(['clearTimer', 'journal', 'setTimer', 'request', 'setTimer', 'request']);
    expect(effects[1]).toMatchObject({
      record: { phase: 'waiting', why: 'postponed', waitMs: 5_000, postponements: 1 },
    });
    expect(effects[2]).toEqual({ type: 'setTimer', timer: DUE.timer, delay: { kind: 'exactly', ms: 5_000 } });
    expect(requestsOf(effects)).toMatchObject([
      {
        status: 'IN_PROGRESS',
        statusDetails: { waiting: 'to be tried again 5 s later: the package database is locked' },
      },
      LIST,
    ]);
  });

  test('lets another job be chosen and run meanwhile', () => {
    const scenario = runningScenario();
    scenario.tell(runEnded('a', later(5_000)));
    expect(requestsOf(scenario.accept('list', { inProgress: [job('a')], queued: [queuedJob('b')] }))).toMatchObject([
      { operation: 'DescribeJobExecution', jobId: 'b' },
    ]);
    scenario.accept('check', { execution: queuedJob('b'), verdict: runVerdict() });
    scenario.accept('take');
    expect([scenario.phase(job('a'))?.name, scenario.phase(job('b'))?.name]).toEqual(['waiting', 'running']);
  });

  test('is asked about when its time has come, then runs as another attempt', () => {
    const scenario = waiting();
    expect(requestsOf(scenario.tell(DUE))).toEqual([
      { operation: 'DescribeJobExecution', jobId: 'a', executionNumber: 1, includeJobDocument: true },
    ]);
    const told = scenario.accept('check', { execution: job('a', { versionNumber: 3 }), verdict: runVerdict() });
    expect(requestsOf(told)).toMatchObject([
      { status: 'IN_PROGRESS', expectedVersion: 3, statusDetails: { claimedBy: `${claimMark(IDENTITY)}/0.1` } },
    ]);
    const effects = scenario.accept('goOn');
    expect(types(effects).slice(0, 2)).toEqual(['journal', 'startRun']);
    expect(effects.slice(0, 2)).toMatchObject([
      { record: { phase: 'running', attempt: 2, recoveries: 0 } },
      { runId: runIdOf('a', { attempt: 2 }), purpose: 'work' },
    ]);
  });

  test('waits on while another runs, and goes before what is queued', () => {
    const scenario = runningScenario();
    scenario.tell(runEnded('a', later(5_000)));
    scenario.accept('list', { queued: [queuedJob('b'), queuedJob('c')] });
    scenario.accept('check', { execution: queuedJob('b'), verdict: runVerdict() });
    scenario.accept('take');
    scenario.accept('progress');
    expect(requestsOf(scenario.tell(DUE))).toEqual([]);
    const effects = scenario.tell(runEnded('b', SUCCEEDED));
    expect(requestsOf(effects)).toMatchObject([
      { jobId: 'b', status: 'SUCCEEDED' },
      { jobId: 'a', operation: 'DescribeJobExecution' },
    ]);
  });

  test('is not described with its document before its time', () => {
    const scenario = waiting();
    const asked = requestsOf(scenario.tell({ type: 'timerFired', timer: { name: 'poll' } }));
    expect(asked[0]).toMatchObject({ operation: 'DescribeJobExecution', includeJobDocument: false });
    expect(types(scenario.accept('check', { execution: job('a', { versionNumber: 3 }) }))).not.toContain('startRun');
    expect(scenario.phase(job('a'))?.name).toBe('waiting');
  });

  test('has a timer that means nothing once it runs again', () => {
    const scenario = waiting();
    due(scenario, 2);
    expect(types(scenario.tell(DUE))).toEqual([]);
    expect(scenario.phase(job('a'))?.name).toBe('running');
  });

  test('is given up when it is cancelled meanwhile', () => {
    const scenario = waiting();
    scenario.tell(DUE);
    expect(types(scenario.reject('check', 'TerminalStateReached'))).toContain('cleanUp');
  });

  test('fails when it asks too often, with its reason', () => {
    const scenario = waiting();
    for (const attempt of [2, 3]) {
      due(scenario, attempt);
      scenario.tell({ type: 'timerFired', timer: { name: 'progress', id: idOf('a') } });
      if (scenario.isAsking('progress')) scenario.accept('progress');
      scenario.tell({ type: 'timerFired', timer: { name: 'progress', id: idOf('a') } });
      const effects = scenario.tell(runEnded('a', later(5_000, 'still locked'), { attempt }));
      if (attempt === 2) scenario.accept('progress');
      else {
        expect(requestsOf(effects)[0]).toMatchObject({
          status: 'FAILED',
          statusDetails: {
            reasonCode: 'RETRIES_EXHAUSTED',
            reason: 'the handler asked 3 times to be tried later, the last time because: still locked',
          },
        });
      }
    }
  });

  test('starts counting anew with its next step', () => {
    const scenario = runningScenario({ steps: [step({ name: 'copy' }), step({ name: 'verify' })] });
    scenario.tell(runEnded('a', later(1_000)));
    scenario.accept('progress');
    scenario.tell(DUE);
    scenario.accept('check', {
      execution: job('a', { versionNumber: 3 }),
      verdict: runVerdict([step({ name: 'copy' }), step({ name: 'verify' })]),
    });
    scenario.accept('goOn');
    const effects = scenario.tell(runEnded('a', SUCCEEDED, { attempt: 2 }));
    expect(effects[1]).toMatchObject({ record: { stepIndex: 1, attempt: 1, postponements: 0 } });
  });

  test('shows no secret of what it waits for, in any place', () => {
    const url = 'https://bucket.s3.amazonaws.com/x?X-Amz-Signature=abcdef0123456789';
    const effects = runningScenario().tell(runEnded('a', later(5_000, `cannot fetch ${url}`)));
    expect(JSON.stringify(effects)).not.toContain('abcdef0123456789');
  });

  test('is told by us what it waits for, whatever its handler calls its own details', () => {
    const scenario = runningScenario();
    const details = { waiting: 'for the modem', claimedBy: 'me' };
    const effects = scenario.tell(runEnded('a', { ...later(5_000), details }));
    expect(requestsOf(effects)[0]).toMatchObject({ statusDetails: { waiting: expect.stringContaining('later') } });
    scenario.accept('list');
    scenario.accept('progress');
    scenario.tell(DUE);
    const told = scenario.accept('check', { execution: job('a', { versionNumber: 3 }), verdict: runVerdict() });
    expect(requestsOf(told)).toMatchObject([{ statusDetails: { claimedBy: `${claimMark(IDENTITY)}/0.1` } }]);
  });

  test('whose failure may be ignored is followed by the next when it asked too often', () => {
    const steps = [step({ name: 'try', ignoreFailure: true }), step({ name: 'next' })];
    const scenario = runningScenario({ steps, settings: { maxPostponements: 0 } });
    const effects = scenario.tell(runEnded('a', later(1_000)));
    expect(effectsOf(effects, 'startRun')).toMatchObject([{ stepIndex: 1 }]);
  });

  test('may ask again while the agent stops', () => {
    const scenario = runningScenario();
    scenario.tell({ type: 'shutdownRequested', mode: 'stop' });
    scenario.tell(runEnded('a', later(null)));
    expect(scenario.phase(job('a'))).toMatchObject({ name: 'waiting', why: 'postponed', waitMs: 60_000 });
  });

  test('is a time-out when it is stopped for one', () => {
    const scenario = runningScenario({ steps: [step({ timeoutMs: 1_000 })] });
    scenario.tell({ type: 'timerFired', timer: { name: 'stepTimeout', id: idOf('a'), runId: runIdOf('a') } });
    const effects = scenario.tell(runEnded('a', later(null)));
    expect(requestsOf(effects)[0]).toMatchObject({ status: 'FAILED', statusDetails: { reasonCode: 'STEP_TIMED_OUT' } });
  });
});

describe('the wait', () => {
  const waitOf = (afterMs: number | null) => {
    const [, , timer] = runningScenario().tell(runEnded('a', later(afterMs)));
    return timer?.type === 'setTimer' && timer.delay.kind === 'exactly' ? timer.delay.ms : undefined;
  };

  test.each([
    ['a minute where the handler leaves it to us', null, 60_000],
    ['what the handler asks for', 90_000, 90_000],
    ['a second at least', 0, 1_000],
    ['a day at most', 1e12, 86_400_000],
  ])('is %s', (_, afterMs, expected) => {
    expect(waitOf(afterMs)).toBe(expected);
  });

  test('grows with each time, up to an hour', () => {
    const scenario = runningScenario({ settings: { maxPostponements: 9 } });
    const waits = [];
    for (let attempt = 1; attempt <= 9; attempt += 1) {
      const effects = scenario.tell(runEnded('a', later(null), { attempt }));
      waits.push(effectsOf(effects, 'setTimer').map(({ delay }) => delay.kind === 'exactly' && delay.ms / 60_000)[0]);
      if (scenario.isAsking('progress')) scenario.accept('progress');
      due(scenario, attempt + 1);
      scenario.tell({ type: 'timerFired', timer: { name: 'progress', id: idOf('a') } });
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });
});

test('so many may wait that no more is taken', () => {
  const scenario = runningScenario();
  scenario.tell(runEnded('a', later(5_000)));
  for (let index = 1; index < 9; index += 1) {
    const jobId = `job-${index}`;
    scenario.accept('list', { queued: [queuedJob(jobId)] });
    scenario.accept('check', { execution: queuedJob(jobId), verdict: runVerdict() });
    scenario.accept('take');
    scenario.tell(runEnded(jobId, later(5_000)));
  }
  expect(scenario.isAsking('list')).toBe(false);
});

describe('the word that it goes on', () => {
  function telling() {
    const scenario = waiting();
    scenario.tell(DUE);
    scenario.accept('check', { execution: job('a', { versionNumber: 3 }), verdict: runVerdict() });
    return scenario;
  }

  test.each(['RequestThrottled', 'VersionMismatch', 'InvalidRequest'] as const)(
    'that is refused is followed by another look: %s',
    (code) => {
      const scenario = telling();
      expect(types(scenario.reject('goOn', code))).toEqual(['setTimer']);
      const asked = requestsOf(scenario.tell({ type: 'timerFired', timer: { name: 'retry', id: idOf('a') } }));
      expect(asked).toMatchObject([{ operation: 'DescribeJobExecution', includeJobDocument: true }]);
    },
  );

  test('that landed unheard is recognised, and the step begins', () => {
    const scenario = telling();
    scenario.unanswered('goOn');
    scenario.tell({ type: 'timerFired', timer: { name: 'retry', id: idOf('a') } });
    const statusDetails = { claimedBy: `${claimMark(IDENTITY)}/0.1` };
    const execution = job('a', { versionNumber: 4, statusDetails });
    expect(types(scenario.accept('check', { execution, verdict: runVerdict() }))).toContain('startRun');
  });

  test('that meets the end of the job ends it', () => {
    expect(types(telling().reject('goOn', 'ResourceNotFound'))).toContain('cleanUp');
  });

  test('begins nothing when the agent has to stop meanwhile', () => {
    const scenario = telling();
    scenario.tell({ type: 'shutdownRequested', mode: 'wait' });
    expect(types(scenario.accept('goOn'))).not.toContain('startRun');
  });

  test('is forgotten when the job is over its limit meanwhile', () => {
    const scenario = telling();
    scenario.tell({ type: 'timerFired', timer: { name: 'jobTimeout', id: idOf('a') } });
    expect(requestsOf(scenario.accept('goOn'))).toMatchObject([{ status: 'FAILED' }]);
  });

  test('is not needed by a step that may run again', () => {
    const twice = [step({ onInterrupted: 'rerun' })];
    const scenario = runningScenario({ steps: twice });
    scenario.tell(runEnded('a', later(5_000)));
    scenario.accept('list');
    scenario.accept('progress');
    scenario.tell(DUE);
    const execution = job('a', { versionNumber: 3 });
    expect(types(scenario.accept('check', { execution, verdict: runVerdict(twice) }))).toContain('startRun');
  });
});

describe('a wait that the journal gives back', () => {
  const RECORD = {
    v: 1,
    id: idOf('a'),
    key: { jobId: 'a', executionNumber: 1, queuedAt: 1_700_000_000 },
    ...NO_PROGRESS,
    versionNumber: 3,
    phase: 'waiting',
    stepIndex: 0,
    attempt: 1,
    why: 'postponed',
    reason: 'locked',
    waitMs: 0,
    next: { kind: 'work' },
  } as const;

  function found(changes: Parameters<typeof job>[1], record: object = {}) {
    const scenario = createScenario();
    scenario.tell({ type: 'journalRecovered', records: [{ ...RECORD, ...record }] });
    scenario.tell({ type: 'connected' });
    return requestsOf(scenario.accept('check', { execution: job('a', changes), verdict: runVerdict() }));
  }

  test.each([
    ['nothing was accepted since', { versionNumber: 3 }, {}],
    ['what was under way has arrived', { versionNumber: 4 }, { isUpdating: true }],
    ['the service was told that it waits', { versionNumber: 5, statusDetails: { waiting: 'locked' } }, {}],
  ])('goes on when %s', (_, changes, record) => {
    expect(found(changes, record)).toMatchObject([{ status: 'IN_PROGRESS' }]);
  });

  test.each([
    ['told something else', { versionNumber: 4, statusDetails: { percent: '5' } }],
    ['told that it goes on', { versionNumber: 4, statusDetails: { claimedBy: `${claimMark(IDENTITY)}0/0.1` } }],
  ])('has gone on, by what a lying card forgot, when the service was %s', (_, changes) => {
    expect(found(changes)[0]).toMatchObject({
      status: 'FAILED',
      statusDetails: { reasonCode: 'STATE_LOST', reason: expect.stringContaining('has gone on since') },
    });
  });
});

test('what the service has accepted of a step that is to be concluded concludes it', () => {
  const outcome = { status: 'FAILED', statusDetails: { reasonCode: 'X' } } as const;
  const { state } = waiting();
  const verdict = runVerdict();
  const plan = verdict.kind === 'run' ? verdict.plan : null;
  const changed = withExecution(state, idOf('a'), ({ phase }) => ({
    phase: { ...(phase as WaitingPhase), plan, next: { kind: 'conclude', outcome } },
  }));
  expect(toldToGoOn(changed, idOf('a')).effects).toMatchObject([
    { type: 'journal', record: { phase: 'reporting', outcome } },
    { type: 'request', request: { status: 'FAILED' } },
  ]);
});

test('the reason of a wait is told without its time, in the words of earlier versions too', () => {
  const phase = { reason: 'to be tried again 60 s later: locked' } as WaitingPhase;
  expect(reasonWithoutTime(phase)).toBe('locked');
  expect(reasonWithoutTime({ ...phase, reason: 'tried again 5 s later: locked' })).toBe('locked');
});
