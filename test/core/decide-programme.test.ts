/** Rollbacks of what had succeeded when a later step fails, and what always runs in the end. */
import { describe, expect, test } from 'vitest';
import { MAX_ENTRY_BYTES } from '../../agent/adapters/journal/journal-state.ts';
import type { Effect } from '../../agent/core/effect.ts';
import { parseRecord } from '../../agent/core/parse-record.ts';
import { type AgentIdentity, initialState, type ReviewedStep } from '../../agent/core/state.ts';
import {
  effectsOf,
  FAILED,
  IDENTITY,
  idOf,
  job,
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
} from '../fixtures/core-states.ts';

const back = (index: number, name: string, changes: Partial<ReviewedStep> = {}) =>
  step({ name: 'back', role: 'rollback', undoes: { index, name }, ...changes });
const [A, B, C] = [step({ name: 'a' }), step({ name: 'b' }), step({ name: 'c' })] as const;
const FINALLY = step({ name: 'tidy', role: 'finally' });
/** 0 to 2: the work; 3 and 4: rollbacks of b and a; 5: always. */
const PROGRAMME = [A, B, C, back(1, 'b'), back(0, 'a'), FINALLY];
const REBOOT = { ...SUCCEEDED, status: 'reboot', how: 'restart' } as const;
const LIMIT = { type: 'timerFired', timer: { name: 'documentTimeout', id: idOf('a') } } as const;

/** Ends the runs one after the other. @returns what came of the last. */
function endAll(
  scenario: Scenario,
  ends: readonly (readonly [stepIndex: number, result: Parameters<typeof runEnded>[1]])[],
) {
  let effects: readonly Effect[] = [];
  for (const [stepIndex, result] of ends) {
    if (scenario.isAsking('progress')) scenario.accept('progress');
    effects = scenario.tell(runEnded('a', result, { stepIndex, isAsked: result.status === 'skipped' }));
  }
  return effects;
}

function startedIn(effects: readonly Effect[]) {
  return effectsOf(effects, 'startRun').map(({ stepIndex }) => stepIndex);
}

/** The agent starts again on the last record, as it is read from the disk. */
function restarted(effects: readonly Effect[], steps: readonly ReviewedStep[], identity: AgentIdentity = IDENTITY) {
  const record = parseRecord(JSON.parse(JSON.stringify(effectsOf(effects, 'journal').at(-1)?.record)));
  if (record === null) throw new Error('nothing was journaled');
  const scenario = scenarioFrom(initialState(identity, SETTINGS));
  scenario.tell({ type: 'journalRecovered', records: [record] });
  scenario.tell({ type: 'connected' });
  const goes = scenario.accept('check', { execution: job('a'), verdict: runVerdict(steps) });
  return { scenario, effects: scenario.isAsking('goOn') ? scenario.accept('goOn') : goes };
}

test('a success runs no rollback, and what always runs before it is told', () => {
  const scenario = runningScenario({ steps: PROGRAMME });
  const effects = endAll(scenario, [
    [0, SUCCEEDED],
    [1, SUCCEEDED],
    [2, SUCCEEDED],
  ]);
  expect(startedIn(effects)).toEqual([5]);
  expect(requestsOf(effects).filter((request) => 'status' in request && request.status !== 'IN_PROGRESS')).toEqual([]);
  const [told] = requestsOf(endAll(scenario, [[5, SUCCEEDED]]));
  expect(told).toMatchObject({ status: 'SUCCEEDED' });
  expect(told).not.toHaveProperty('statusDetails.rolledBack');
});

test('a failure runs the rollbacks of what had succeeded, the last first, then what always runs', () => {
  const scenario = runningScenario({ steps: PROGRAMME });
  const failed = endAll(scenario, [
    [0, SUCCEEDED],
    [1, SUCCEEDED],
    [2, FAILED],
  ]);
  expect(startedIn(failed)).toEqual([3]);
  expect(effectsOf(failed, 'journal')).toMatchObject([
    {
      record: {
        phase: 'running',
        stepIndex: 3,
        ending: { state: 'begun', undoable: [0, 1], failure: { status: 'FAILED' } },
      },
    },
  ]);
  expect(startedIn(endAll(scenario, [[3, SUCCEEDED]]))).toEqual([4]);
  expect(startedIn(endAll(scenario, [[4, SUCCEEDED]]))).toEqual([5]);
  expect(requestsOf(endAll(scenario, [[5, SUCCEEDED]]))[0]).toMatchObject({
    status: 'FAILED',
    statusDetails: { reasonCode: FAILED.reasonCode, step: '3/3 c', rolledBack: 'b, a' },
  });
});

test('only of what had succeeded', () => {
  const scenario = runningScenario({ steps: [{ ...A, ignoreFailure: true }, ...PROGRAMME.slice(1)] });
  expect(
    startedIn(
      endAll(scenario, [
        [0, FAILED],
        [1, SUCCEEDED],
        [2, FAILED],
      ]),
    ),
  ).toEqual([3]);
  expect(startedIn(endAll(scenario, [[3, SUCCEEDED]]))).toEqual([5]);
  expect(requestsOf(endAll(scenario, [[5, SUCCEEDED]]))[0]).toMatchObject({
    statusDetails: { rolledBack: 'b', ignoredFailures: 'a' },
  });
});

test('a rollback that fails is told, and the others run all the same', () => {
  const scenario = runningScenario({ steps: PROGRAMME });
  endAll(scenario, [
    [0, SUCCEEDED],
    [1, SUCCEEDED],
    [2, FAILED],
    [3, { ...FAILED, reasonCode: 'STUCK' }],
  ]);
  expect(
    requestsOf(
      endAll(scenario, [
        [4, SUCCEEDED],
        [5, SUCCEEDED],
      ]),
    )[0],
  ).toMatchObject({
    statusDetails: { reasonCode: FAILED.reasonCode, rolledBack: 'a', rollbackFailed: 'b (STUCK)' },
  });
});

test('what is refused by a later step is rolled back as well, and told as refused', () => {
  const scenario = runningScenario({ steps: PROGRAMME });
  const refused = { ...FAILED, status: 'rejected' } as const;
  expect(
    startedIn(
      endAll(scenario, [
        [0, SUCCEEDED],
        [1, refused],
      ]),
    ),
  ).toEqual([4]);
  expect(
    requestsOf(
      endAll(scenario, [
        [4, SUCCEEDED],
        [5, SUCCEEDED],
      ]),
    )[0],
  ).toMatchObject({
    status: 'REJECTED',
    statusDetails: { rolledBack: 'a' },
  });
});

describe('what always runs', () => {
  const TWO = [A, FINALLY, { ...FINALLY, name: 'tell' }];

  test('makes a success FAILED when it fails, and the next of it runs', () => {
    const scenario = runningScenario({ steps: TWO });
    expect(
      startedIn(
        endAll(scenario, [
          [0, SUCCEEDED],
          [1, FAILED],
        ]),
      ),
    ).toEqual([2]);
    expect(requestsOf(endAll(scenario, [[2, SUCCEEDED]]))[0]).toMatchObject({
      status: 'FAILED',
      statusDetails: { step: 'finally tidy' },
    });
  });

  test('does not where its failure is to be ignored', () => {
    const scenario = runningScenario({ steps: [A, { ...FINALLY, ignoreFailure: true }] });
    expect(
      requestsOf(
        endAll(scenario, [
          [0, SUCCEEDED],
          [1, FAILED],
        ]),
      )[0],
    ).toMatchObject({
      status: 'SUCCEEDED',
      statusDetails: { ignoredFailures: 'tidy' },
    });
  });

  test('does not change which failure is told: the first', () => {
    const scenario = runningScenario({ steps: TWO });
    const effects = endAll(scenario, [
      [0, { ...FAILED, reasonCode: 'FIRST' }],
      [1, FAILED],
      [2, FAILED],
    ]);
    expect(requestsOf(effects)[0]).toMatchObject({ statusDetails: { reasonCode: 'FIRST' } });
  });

  test('runs after the time limit of the job, which does not hold for it', () => {
    const scenario = runningScenario({ steps: [A, FINALLY] });
    scenario.tell(LIMIT);
    expect(startedIn(endAll(scenario, [[0, FAILED]]))).toEqual([1]);
    expect(scenario.tell(LIMIT)).toEqual([]);
    expect(requestsOf(endAll(scenario, [[1, SUCCEEDED]]))[0]).toMatchObject({
      statusDetails: { reasonCode: 'JOB_TIMED_OUT' },
    });
  });

  test('runs when the limit is over while the job waits, once its document is there', () => {
    const steps = [A, FINALLY];
    const scenario = runningScenario({ steps });
    endAll(scenario, [[0, { ...SUCCEEDED, status: 'later', afterMs: null, message: 'busy' }]]);
    if (scenario.isAsking('progress')) scenario.accept('progress');
    scenario.tell(LIMIT);
    scenario.accept('check', { execution: job('a', { versionNumber: 3 }), verdict: runVerdict(steps) });
    expect(startedIn(scenario.accept('goOn'))).toEqual([1]);
    expect(requestsOf(endAll(scenario, [[1, SUCCEEDED]]))[0]).toMatchObject({
      statusDetails: { reasonCode: 'JOB_TIMED_OUT' },
    });
  });

  test('is not run of a job that never began', () => {
    const scenario = runningScenario({
      steps: [A, FINALLY],
      execution: job('a', { approximateSecondsBeforeTimedOut: 0 }),
    });
    expect(scenario.phase(job('a'))).toMatchObject({ name: 'reporting' });
  });

  test('is not run when the service has ended the job', () => {
    const scenario = runningScenario({ steps: PROGRAMME });
    endAll(scenario, [[0, SUCCEEDED]]);
    scenario.tell({ type: 'timerFired', timer: { name: 'poll' } });
    scenario.reject('check', 'TerminalStateReached');
    const effects = scenario.tell(runEnded('a', FAILED, { stepIndex: 1 }));
    expect(startedIn(effects)).toEqual([]);
    expect(effectsOf(effects, 'journal')).toMatchObject([{ record: { phase: 'closed' } }]);
  });

  test('is not run twice when it is interrupted', () => {
    const steps = [A, FINALLY];
    const scenario = runningScenario({ steps });
    const { scenario: next, effects } = restarted(endAll(scenario, [[0, SUCCEEDED]]), steps);
    expect(startedIn(effects)).toEqual([]);
    expect(next.phase(job('a'))).toMatchObject({
      outcome: { status: 'FAILED', statusDetails: { reasonCode: 'INTERRUPTED' } },
    });
  });
});

describe('power is lost', () => {
  test('in the work: what had succeeded is rolled back after the next start, once it is known to be ours', () => {
    const scenario = runningScenario({ steps: PROGRAMME });
    const { scenario: next, effects } = restarted(endAll(scenario, [[0, SUCCEEDED]]), PROGRAMME);
    expect(startedIn(effects)).toEqual([4]);
    expect(
      requestsOf(
        endAll(next, [
          [4, SUCCEEDED],
          [5, SUCCEEDED],
        ]),
      )[0],
    ).toMatchObject({
      statusDetails: { reasonCode: 'INTERRUPTED', rolledBack: 'a' },
    });
  });

  test('in a rollback: that one has failed, and the next runs', () => {
    const scenario = runningScenario({ steps: PROGRAMME });
    const failed = endAll(scenario, [
      [0, SUCCEEDED],
      [1, SUCCEEDED],
      [2, FAILED],
    ]);
    const { scenario: next, effects } = restarted(failed, PROGRAMME);
    expect(startedIn(effects)).toEqual([4]);
    expect(
      requestsOf(
        endAll(next, [
          [4, SUCCEEDED],
          [5, SUCCEEDED],
        ]),
      )[0],
    ).toMatchObject({
      statusDetails: { reasonCode: FAILED.reasonCode, rolledBack: 'a', rollbackFailed: 'b (INTERRUPTED)' },
    });
  });

  test('in a rollback that may run again: it does', () => {
    const steps = [A, B, back(0, 'a', { onInterrupted: 'rerun' }), FINALLY];
    const scenario = runningScenario({ steps });
    const { effects } = restarted(
      endAll(scenario, [
        [0, SUCCEEDED],
        [1, FAILED],
      ]),
      steps,
    );
    expect(effectsOf(effects, 'startRun')).toMatchObject([{ stepIndex: 2, attempt: 2 }]);
  });

  test('in work that is cleaned up: the clean-up comes first', () => {
    const steps = [{ ...A, cleansUp: true }, FINALLY];
    const started = createdRecord(steps);
    const { scenario, effects } = restarted(started, steps);
    expect(effectsOf(effects, 'startRun')).toMatchObject([{ stepIndex: 0, purpose: 'clean-up' }]);
    const after = scenario.tell(runEnded('a', SUCCEEDED, { attempt: 2 }));
    expect(startedIn(after)).toEqual([1]);
  });

  test('in work that is cleaned up: so it is though the time of the job is over, and that is not what is told', () => {
    const steps = [{ ...A, cleansUp: true }, FINALLY];
    const record = parseRecord(JSON.parse(JSON.stringify(effectsOf(createdRecord(steps), 'journal').at(-1)?.record)));
    if (record === null) throw new Error('nothing was journaled');
    const scenario = scenarioFrom(initialState(IDENTITY, SETTINGS));
    scenario.tell({ type: 'journalRecovered', records: [record] });
    scenario.tell({ type: 'connected' });
    const execution = job('a', { approximateSecondsBeforeTimedOut: 0 });
    const effects = scenario.accept('check', { execution, verdict: runVerdict(steps) });
    expect(effectsOf(effects, 'startRun')).toMatchObject([{ stepIndex: 0, purpose: 'clean-up' }]);
    expect(scenario.tell(LIMIT)).toEqual([]);
    expect(startedIn(scenario.tell(runEnded('a', SUCCEEDED, { attempt: 2 })))).toEqual([1]);
    expect(requestsOf(endAll(scenario, [[1, SUCCEEDED]]))[0]).toMatchObject({
      statusDetails: { reasonCode: 'INTERRUPTED' },
    });
  });

  test('too often: it has failed', () => {
    const steps = [{ ...A, onInterrupted: 'rerun' as const }, FINALLY];
    let effects = createdRecord(steps);
    for (let start = 0; start <= SETTINGS.maxRecoveries; start += 1) ({ effects } = restarted(effects, steps));
    expect(startedIn(effects)).toEqual([1]);
  });
});

/** The record of the first run of a job. */
function createdRecord(steps: readonly ReviewedStep[]): readonly Effect[] {
  const scenario = runningScenario({ steps: [step({ name: 'before' }), ...steps] });
  const effects = endAll(scenario, [[0, SUCCEEDED]]);
  const [journaled] = effectsOf(effects, 'journal');
  if (journaled === undefined) throw new Error('nothing was journaled');
  return [{ ...journaled, record: { ...journaled.record, stepIndex: 0 } as typeof journaled.record }];
}

describe('a restart of the machine', () => {
  test('that has happened is a step that can be rolled back', () => {
    const steps = [A, B, back(0, 'a'), FINALLY];
    const asked = runningScenario({ steps }).tell(runEnded('a', REBOOT));
    const { scenario, effects } = restarted(asked, steps, { ...IDENTITY, bootId: 'boot-2' });
    expect(startedIn(effects)).toEqual([1]);
    expect(startedIn(endAll(scenario, [[1, FAILED]]))).toEqual([2]);
  });

  test('that fails is not taken for gone on, though the service was told of it since', () => {
    const steps = [A, B, back(0, 'a'), FINALLY];
    const scenario = runningScenario({ steps });
    endAll(scenario, [[0, SUCCEEDED]]);
    if (scenario.isAsking('progress')) scenario.accept('progress');
    scenario.tell(runEnded('a', REBOOT, { stepIndex: 1 }));
    const failed = scenario.tell({ type: 'timerFired', timer: { name: 'reboot' } });
    const record = parseRecord(JSON.parse(JSON.stringify(effectsOf(failed, 'journal').at(-1)?.record)));
    if (record?.phase !== 'waiting') throw new Error('it does not wait');
    const next = scenarioFrom(initialState({ ...IDENTITY, bootId: 'boot-2' }, SETTINGS));
    next.tell({ type: 'journalRecovered', records: [record] });
    next.tell({ type: 'connected' });
    const execution = job('a', { versionNumber: 9, statusDetails: { waiting: record.reason } });
    next.accept('check', { execution, verdict: runVerdict(steps) });
    expect(startedIn(next.accept('goOn'))).toEqual([2]);
  });

  test('that fails is a failure like others', () => {
    const steps = [A, B, back(0, 'a'), FINALLY];
    const scenario = runningScenario({ steps });
    endAll(scenario, [
      [0, SUCCEEDED],
      [1, REBOOT],
    ]);
    if (scenario.isAsking('progress')) scenario.accept('progress');
    scenario.tell({ type: 'rebootFailed', message: 'no' });
    scenario.accept('check', { execution: job('a', { versionNumber: 3 }), verdict: runVerdict(steps) });
    expect(startedIn(scenario.accept('goOn'))).toEqual([2]);
  });
});

test('a stop of the agent leaves rollbacks to the next start', () => {
  const steps = [A, B, back(0, 'a'), FINALLY];
  const scenario = runningScenario({ steps });
  endAll(scenario, [[0, SUCCEEDED]]);
  scenario.tell({ type: 'shutdownRequested', mode: 'stop' });
  const stopped = endAll(scenario, [[1, FAILED]]);
  expect(startedIn(stopped)).toEqual([]);
  const { effects } = restarted(stopped, steps);
  expect(effectsOf(effects, 'startRun')).toMatchObject([{ stepIndex: 2, attempt: 1 }]);
});

test('a document that does not run here any more is not held back by what it owes', () => {
  const steps = [A, FINALLY];
  const scenario = scenarioFrom(initialState(IDENTITY, SETTINGS));
  const key = { jobId: 'a', executionNumber: 1, queuedAt: job('a').queuedAt };
  const failure = { status: 'FAILED', statusDetails: { reasonCode: 'FIRST', reason: 'it failed', stderr: 'x' } };
  const ending = { state: 'begun', undoable: [], failure, rolledBack: ['z'], rollbackFailed: [] };
  const wait = { phase: 'waiting', why: 'put-off', stepIndex: 1, attempt: 0, next: { kind: 'work' } };
  const record = parseRecord({ v: 1, key, versionNumber: 2, recoveries: 0, ending, ...wait });
  if (record === null) throw new Error('not a record');
  scenario.tell({ type: 'journalRecovered', records: [record] });
  scenario.tell({ type: 'connected' });
  const effects = scenario.accept('check', { execution: job('a'), verdict: REFUSED });
  expect(requestsOf(effects)[0]).toMatchObject({
    statusDetails: { reasonCode: 'FIRST', rolledBack: 'z', stderr: 'x' },
  });
  expect(steps).toHaveLength(2);
});

test('what a step told stands for nothing that is told of the failure of a later one', () => {
  const details = { reason: 'all is well', reasonCode: 'FINE', step: '9/9', skippedSteps: 'none', percent: '100' };
  const scenario = runningScenario({ steps: [step({ name: 's', conditional: true }), B, C] });
  endAll(scenario, [
    [0, { ...SUCCEEDED, status: 'skipped' }],
    [1, { ...SUCCEEDED, details }],
  ]);
  expect(requestsOf(endAll(scenario, [[2, FAILED]]))[0]).toMatchObject({
    status: 'FAILED',
    statusDetails: {
      reasonCode: FAILED.reasonCode,
      reason: FAILED.message,
      ...{ step: '3/3 c', skippedSteps: 's', percent: '100' },
    },
  });
});

test('a journal record holds what comes of them, whatever their names and messages are', () => {
  const name = '€'.repeat(20_000);
  const long = '€'.repeat(50_000);
  const details = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`key-${index}`, long]));
  const told = { details, message: long, reasonCode: long, stderrTail: long };
  const retries = { count: 1, delayMs: 1_000 };
  const scenario = runningScenario({
    steps: [
      step({ name: `1${name}`, ignoreFailure: true }),
      step({ name: `2${name}`, ignoreFailure: true }),
      step({ name: `3${name}`, conditional: true }),
      step({ name: `4${name}`, conditional: true }),
      ...[step({ name: `5${name}` }), step({ name: `6${name}` }), step({ name: `7${name}` })],
      step({ name: '8' }),
      ...[back(6, `7${name}`), back(5, `6${name}`), back(4, `5${name}`), { ...FINALLY, retries }],
    ],
  });
  const failed = { ...FAILED, ...told };
  const effects = [
    ...endAll(
      scenario,
      [0, 1].map((index) => [index, failed] as const),
    ),
    ...endAll(
      scenario,
      [2, 3].map((index) => [index, { ...SUCCEEDED, status: 'skipped' }] as const),
    ),
    ...endAll(
      scenario,
      [4, 5, 6].map((index) => [index, { ...SUCCEEDED, details }] as const),
    ),
    ...[7, 8, 9].flatMap((index) => endAll(scenario, [[index, failed]])),
    ...endAll(scenario, [[10, { ...SUCCEEDED, details }]]),
    ...endAll(scenario, [[11, failed]]),
  ];
  const bytes = effectsOf(effects, 'journal').map(({ record }) => Buffer.byteLength(JSON.stringify(record)));
  expect(scenario.phase(job('a'))).toMatchObject({ name: 'waiting', why: 'failed' });
  expect(Math.max(...bytes)).toBeLessThan(MAX_ENTRY_BYTES);
});

test('where the journal cannot be written nothing more begins, and the first failure is told', () => {
  const scenario = runningScenario({ steps: [A, FINALLY] });
  scenario.accept('progress');
  const effects = scenario.tell({ type: 'journalFailed', event: runEnded('a', FAILED) });
  expect(startedIn(effects)).toEqual([]);
  expect(requestsOf(effects)[0]).toMatchObject({ statusDetails: { reasonCode: FAILED.reasonCode } });
});

test('rollbacks that cannot begin for that reason are told as failed', () => {
  const scenario = runningScenario({ steps: PROGRAMME });
  endAll(scenario, [
    [0, SUCCEEDED],
    [1, SUCCEEDED],
  ]);
  if (scenario.isAsking('progress')) scenario.accept('progress');
  const effects = scenario.tell({ type: 'journalFailed', event: runEnded('a', FAILED, { stepIndex: 2 }) });
  expect(startedIn(effects)).toEqual([]);
  expect(requestsOf(effects)[0]).toMatchObject({
    statusDetails: { reasonCode: FAILED.reasonCode, rollbackFailed: 'b (JOURNAL_FAILED), a (JOURNAL_FAILED)' },
  });
});

test('a step that cannot begin for that reason is the failure of the job', () => {
  const scenario = runningScenario({ steps: PROGRAMME });
  scenario.accept('progress');
  const effects = scenario.tell({ type: 'journalFailed', event: runEnded('a', SUCCEEDED) });
  expect(requestsOf(effects)[0]).toMatchObject({
    status: 'FAILED',
    statusDetails: { reasonCode: 'JOURNAL_FAILED', rollbackFailed: 'a (JOURNAL_FAILED)' },
  });
});

test('what runs is told by its role', () => {
  const scenario = runningScenario({ steps: PROGRAMME });
  endAll(scenario, [
    [0, SUCCEEDED],
    [1, FAILED],
  ]);
  if (scenario.isAsking('progress')) scenario.accept('progress');
  const effects = scenario.tell({ type: 'timerFired', timer: { name: 'progress', id: idOf('a') } });
  expect(requestsOf(effects)).toMatchObject([{ statusDetails: { step: 'rollback of a' } }]);
  expect(runIdOf('a', { stepIndex: 4 })).toContain('.4.1.');
});

test.each([
  ['no object', 'x'],
  ['no list', { state: 'owed', undoable: 1, failure: null }],
  ['an index that is none', { state: 'owed', undoable: ['0'], failure: null }],
  ['a state that we do not know', { state: 'odd', undoable: [], failure: null }],
  ['a failure that is none', { state: 'begun', undoable: [], failure: 'FAILED' }],
])('a record whose ending is %s cannot be acted on', (_, ending) => {
  const key = { jobId: 'a', executionNumber: 1, queuedAt: 1 };
  expect(parseRecord({ v: 1, key, versionNumber: 1, recoveries: 0, phase: 'claiming', ending })).toBeNull();
});
