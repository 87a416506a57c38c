/** Steps that have to run alone keep their place in the queue, and run beside nothing. */
import { expect, test } from 'vitest';
import {
  createScenario,
  FAILED,
  idOf,
  job,
  NO_PROGRESS,
  notified,
  queuedJob,
  requestsOf,
  runEnded,
  runVerdict,
  type Scenario,
  SUCCEEDED,
  step,
  types,
} from '../fixtures/core-states.ts';

const ALONE = runVerdict([step({ exclusive: true })]);
const BESIDE = runVerdict();

function connected(): Scenario {
  const scenario = createScenario({ capacity: 2 });
  scenario.tell({ type: 'connected' });
  return scenario;
}

/** Listed, described and taken; it runs. */
function run(scenario: Scenario, jobId: string, verdict = BESIDE): void {
  scenario.accept('list', { queued: [queuedJob(jobId)] });
  scenario.accept('check', { execution: queuedJob(jobId), verdict });
  scenario.accept('take');
}

test('nothing is asked for while one runs', () => {
  const scenario = connected();
  run(scenario, 'a', ALONE);
  expect(scenario.phase(job('a'))?.name).toBe('running');
  if (scenario.isAsking('list')) scenario.accept('list', { queued: [queuedJob('b')] });
  expect(scenario.state.executions[idOf('b')]).toBeUndefined();
  expect(requestsOf(scenario.tell(runEnded('a', SUCCEEDED)))).toMatchObject([
    { status: 'SUCCEEDED' },
    { operation: 'GetPendingJobExecutions' },
  ]);
});

test('one that comes beside another stays queued, and holds back those behind it', () => {
  const scenario = connected();
  run(scenario, 'a');
  scenario.accept('list', { inProgress: [job('a')], queued: [queuedJob('b'), queuedJob('c')] });
  expect(scenario.accept('check', { execution: queuedJob('b'), verdict: ALONE })).toEqual([]);
  expect(Object.keys(scenario.state.executions)).toEqual([idOf('a')]);
  scenario.tell({ type: 'timerFired', timer: { name: 'claim' } });
  expect(scenario.isAsking('list')).toBe(false);
});

test.each([
  ['a notification', notified([job('a')], [queuedJob('c')])],
  ['the poll', { type: 'timerFired', timer: { name: 'poll' } }],
] as const)('those behind it are taken when it is gone, by %s', (_, event) => {
  const scenario = connected();
  run(scenario, 'a');
  scenario.accept('list', { inProgress: [job('a')], queued: [queuedJob('b'), queuedJob('c')] });
  scenario.accept('check', { execution: queuedJob('b'), verdict: ALONE });
  scenario.tell(event);
  scenario.accept('list', { inProgress: [job('a')], queued: [queuedJob('c')] });
  expect(scenario.state.executions[idOf('c')]?.phase.name).toBe('claiming');
});

test('it is chosen as soon as nothing else runs', () => {
  const scenario = connected();
  run(scenario, 'a');
  scenario.accept('list', { inProgress: [job('a')], queued: [queuedJob('b'), queuedJob('c')] });
  scenario.accept('check', { execution: queuedJob('b'), verdict: ALONE });
  scenario.tell(runEnded('a', SUCCEEDED));
  scenario.accept('list', { queued: [queuedJob('b'), queuedJob('c')] });
  const effects = scenario.accept('check', { execution: queuedJob('b'), verdict: ALONE });
  expect(requestsOf(effects)[0]).toMatchObject({ jobId: 'b', status: 'IN_PROGRESS' });
  expect(types(scenario.accept('take'))).toContain('startRun');
});

test('one that was interrupted waits for the others, and is not asked about in vain', () => {
  const scenario = connected();
  const steps = [step({ exclusive: true, onInterrupted: 'rerun' })];
  run(scenario, 'a');
  scenario.tell({ type: 'shutdownRequested', mode: 'wait' });
  scenario.tell({ type: 'disconnected' });
  const restarted = createScenario({ capacity: 2 });
  const place = {
    stepIndex: 0,
    attempt: 1,
    onInterrupted: 'rerun',
    cleansUp: false,
    purpose: { kind: 'work' },
  } as const;
  const progress = { versionNumber: 2, ...NO_PROGRESS };
  const records = ['a', 'b'].map((jobId) => {
    const key = { jobId, executionNumber: 1, queuedAt: 1_700_000_000 };
    return { v: 1, id: idOf(jobId), key, ...progress, phase: 'running', ...place } as const;
  });
  restarted.tell({ type: 'journalRecovered', records });
  restarted.tell({ type: 'connected' });
  restarted.accept('check', { execution: job('a'), verdict: runVerdict([step({ onInterrupted: 'rerun' })]) });
  expect(types(restarted.accept('check', { execution: job('b'), verdict: runVerdict(steps) }))).not.toContain(
    'startRun',
  );
  restarted.tell({ type: 'timerFired', timer: { name: 'claim' } });
  expect(restarted.isAsking('check')).toBe(false);
  const effects = restarted.tell(runEnded('a', FAILED, { attempt: 2 }));
  expect(requestsOf(effects)).toContainEqual(
    expect.objectContaining({ operation: 'DescribeJobExecution', jobId: 'b' }),
  );
  expect(types(restarted.accept('check', { execution: job('b'), verdict: runVerdict(steps) }))).toContain('startRun');
});
