/** The word that a wait goes on: what is on the disk before it, and what a power cut behind it leaves to do. */
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../agent/core/effect.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import { parseRecord } from '../../agent/core/parse-record.ts';
import { type CoreSettings, initialState, type ReviewedStep } from '../../agent/core/state.ts';
import {
  effectsOf,
  IDENTITY,
  idOf,
  JOURNAL_ID,
  job,
  requestsOf,
  runEnded,
  runningScenario,
  runVerdict,
  SETTINGS,
  SUCCEEDED,
  scenarioFrom,
  step,
} from '../fixtures/core-states.ts';

const [A, B, C] = [step({ name: 'a' }), step({ name: 'b' }), step({ name: 'c' })];
const UNDO_B = step({ name: 'undo b', role: 'rollback', undoes: { index: 1, name: 'b' } });
const UNDO_A = step({ name: 'undo a', role: 'rollback', undoes: { index: 0, name: 'a' } });
const TIDY = step({ name: 'tidy', role: 'finally' });
const PROGRAMME = [A, B, C, UNDO_B, UNDO_A, TIDY];
const KEY = { jobId: 'a', executionNumber: 1, queuedAt: job('a').queuedAt };
const FAILURE = { status: 'FAILED', statusDetails: { reasonCode: 'FIRST', reason: 'it failed' } };
const CONCLUDE = { kind: 'conclude', outcome: FAILURE };
/** Two of the work have succeeded, the third has failed, and its rollbacks wait for the service's word. */
const OWING = {
  ...{ phase: 'waiting', why: 'interrupted', reason: '', stepIndex: 2, attempt: 1, next: CONCLUDE },
  ending: { state: 'begun', undoable: [0, 1], failure: null, rolledBack: [], rollbackFailed: [] },
};
const POSTPONED = { phase: 'waiting', why: 'postponed', reason: 'busy', stepIndex: 0, attempt: 1, waitMs: 60_000 };
const NEXT_BOOT = { ...IDENTITY, bootId: 'boot-2' };

/** Of the service, when the word had come there in the boot before. */
function toldBefore(start: string, versionNumber = 3) {
  return job('a', { versionNumber, statusDetails: { claimedBy: `${JOURNAL_ID}/boot-1/${start}` } });
}

interface Found {
  readonly steps?: readonly ReviewedStep[];
  readonly execution?: ReturnType<typeof job>;
  readonly settings?: Partial<CoreSettings>;
}

/** The agent starts in the next boot with that record, and the service describes the execution. */
function startedWith(members: JsonObject, { steps = PROGRAMME, execution = job('a'), settings = {} }: Found = {}) {
  const record = parseRecord({ v: 1, key: KEY, versionNumber: 2, recoveries: 0, ...members });
  if (record === null) throw new Error('not a record');
  const scenario = scenarioFrom(initialState(NEXT_BOOT, { ...SETTINGS, ...settings }));
  scenario.tell({ type: 'journalRecovered', records: [record] });
  scenario.tell({ type: 'connected' });
  if (scenario.phase(job('a'))?.name !== 'waiting') throw new Error('it does not wait');
  return { scenario, effects: scenario.accept('check', { execution, verdict: runVerdict(steps) }) };
}

/** The first thing that is asked of the service: what else follows is about other jobs. */
function toldIn(effects: readonly Effect[]) {
  return requestsOf(effects)[0];
}

function recordsIn(effects: readonly Effect[]) {
  return effectsOf(effects, 'journal').map(({ record }) => record);
}

describe('that a wait goes on', () => {
  test('is on the disk before it is told, with the step that begins then', () => {
    const { effects } = startedWith(OWING);
    expect(recordsIn(effects)).toMatchObject([{ phase: 'waiting', begins: 3, versionNumber: 2 }]);
    expect(requestsOf(effects)).toMatchObject([
      { status: 'IN_PROGRESS', statusDetails: { claimedBy: `${JOURNAL_ID}/boot-2/2.1` } },
    ]);
  });

  test('is written once, however often it is told', () => {
    const { scenario } = startedWith(OWING);
    scenario.reject('goOn', 'RequestThrottled');
    scenario.tell({ type: 'timerFired', timer: { name: 'retry', id: idOf('a') } });
    const effects = scenario.accept('check', { execution: job('a'), verdict: runVerdict(PROGRAMME) });
    expect(toldIn(effects)).toMatchObject({ status: 'IN_PROGRESS' });
    expect(recordsIn(effects)).toEqual([]);
  });

  test('is neither written nor told while an update is under way', () => {
    const { scenario } = startedWith({ ...POSTPONED, next: { kind: 'work' } }, { steps: [A] });
    scenario.tell({ type: 'timerFired', timer: { name: 'heartbeat', id: idOf('a') } });
    scenario.tell({ type: 'timerFired', timer: { name: 'poll' } });
    scenario.tell({ type: 'timerFired', timer: { name: 'due', id: idOf('a') } });
    const effects = scenario.accept('check', { execution: job('a'), verdict: runVerdict([A]) });
    expect(recordsIn(effects)).toEqual([]);
    expect(scenario.isAsking('goOn')).toBe(false);
  });

  test('is not told where nothing can begin any more', () => {
    const { scenario } = startedWith(OWING);
    scenario.reject('goOn', 'RequestThrottled');
    scenario.tell({ type: 'timerFired', timer: { name: 'retry', id: idOf('a') } });
    const requestId = scenario.requestId('check');
    const answer = { operation: 'DescribeJobExecution', execution: job('a') } as const;
    const event = { type: 'requestAccepted', requestId, answer, verdict: runVerdict(PROGRAMME) } as const;
    const effects = scenario.tell({ type: 'journalFailed', event });
    expect(toldIn(effects)).toMatchObject({
      status: 'FAILED',
      statusDetails: { reasonCode: 'FIRST', rollbackFailed: 'b (JOURNAL_FAILED), a (JOURNAL_FAILED)' },
    });
  });
});

describe('power lost between that word and the record of the start', () => {
  const TOLD = { ...OWING, begins: 3 };

  test('costs the step that was to begin, and nothing else', () => {
    const { scenario, effects } = startedWith(TOLD, { execution: toldBefore('2.1') });
    expect(recordsIn(effects)).toMatchObject([
      { phase: 'waiting', stepIndex: 3, attempt: 1, begins: 4, next: { kind: 'conclude' } },
    ]);
    expect(effectsOf(scenario.accept('goOn'), 'startRun')).toMatchObject([{ stepIndex: 4, purpose: 'work' }]);
    if (scenario.isAsking('progress')) scenario.accept('progress');
    scenario.tell(runEnded('a', SUCCEEDED, { stepIndex: 4 }));
    if (scenario.isAsking('progress')) scenario.accept('progress');
    const told = toldIn(scenario.tell(runEnded('a', SUCCEEDED, { stepIndex: 5 })));
    expect(told).toMatchObject({
      status: 'FAILED',
      statusDetails: { reasonCode: 'FIRST', rolledBack: 'a', rollbackFailed: 'b (INTERRUPTED)' },
    });
  });

  test('costs nothing where the word never came', () => {
    const { scenario, effects } = startedWith(TOLD);
    expect(recordsIn(effects)).toEqual([]);
    expect(effectsOf(scenario.accept('goOn'), 'startRun')).toMatchObject([{ stepIndex: 3, attempt: 1 }]);
  });

  test('nor where another client took its place', () => {
    const { scenario } = startedWith(TOLD, { execution: job('a', { versionNumber: 3, statusDetails: {} }) });
    expect(effectsOf(scenario.accept('goOn'), 'startRun')).toMatchObject([{ stepIndex: 3 }]);
  });

  test('is not taken for a wait where more has happened since than that', () => {
    const { effects } = startedWith(TOLD, { execution: job('a', { versionNumber: 4, statusDetails: {} }) });
    expect(recordsIn(effects)).toMatchObject([{ stepIndex: 3, begins: 4 }]);
  });

  test('does not come again where power is lost once more', () => {
    const { effects } = startedWith(TOLD, { execution: toldBefore('2.1') });
    const [again] = recordsIn(effects);
    const { scenario } = startedWith(JSON.parse(JSON.stringify(again)), { execution: toldBefore('2.1') });
    expect(effectsOf(scenario.accept('goOn'), 'startRun')).toMatchObject([{ stepIndex: 4 }]);
  });

  test('is forgotten by a card that lies: then nothing is begun', () => {
    const { effects } = startedWith(OWING, { execution: toldBefore('2.1') });
    expect(effectsOf(effects, 'startRun')).toEqual([]);
    expect(toldIn(effects)).toMatchObject({ status: 'FAILED', statusDetails: { reasonCode: 'STATE_LOST' } });
  });

  test('in the same boot costs nothing: the disk has kept what it took', () => {
    const statusDetails = { claimedBy: `${JOURNAL_ID}/boot-2/2.1` };
    const { effects } = startedWith(TOLD, { execution: job('a', { versionNumber: 3, statusDetails }) });
    expect(effectsOf(effects, 'startRun')).toMatchObject([{ stepIndex: 3, attempt: 1 }]);
  });

  test('when work was to be done again: it is told as interrupted', () => {
    const waiting = { ...POSTPONED, next: { kind: 'work' }, begins: 0 };
    const { effects } = startedWith(waiting, { steps: [A], execution: toldBefore('0.1') });
    expect(toldIn(effects)).toMatchObject({ status: 'FAILED', statusDetails: { reasonCode: 'INTERRUPTED' } });
  });

  test('when work was to begin: what always runs does', () => {
    const putOff = { ...POSTPONED, why: 'put-off', attempt: 0, next: { kind: 'work' }, begins: 0 };
    const { scenario } = startedWith(putOff, { steps: [A, TIDY], execution: toldBefore('0.0') });
    expect(effectsOf(scenario.accept('goOn'), 'startRun')).toMatchObject([{ stepIndex: 1, attempt: 1 }]);
    if (scenario.isAsking('progress')) scenario.accept('progress');
    const told = toldIn(scenario.tell(runEnded('a', SUCCEEDED, { stepIndex: 1 })));
    expect(told).toMatchObject({ statusDetails: { reasonCode: 'INTERRUPTED' } });
  });

  test('when what cleans up was to be done again: it is cleaned up first, under a number of its own', () => {
    const steps = [{ ...A, cleansUp: true }, TIDY];
    const waiting = { ...POSTPONED, next: { kind: 'work' }, begins: 0 };
    const { scenario, effects } = startedWith(waiting, { steps, execution: toldBefore('0.1') });
    expect(effectsOf(effects, 'startRun')).toMatchObject([{ stepIndex: 0, attempt: 3, purpose: 'clean-up' }]);
    if (scenario.isAsking('progress')) scenario.accept('progress');
    const after = scenario.tell(runEnded('a', SUCCEEDED, { attempt: 3 }));
    expect(effectsOf(after, 'startRun')).toMatchObject([{ stepIndex: 1 }]);
  });

  test('when the step after a restart was to begin: the step that restarted counts as done', () => {
    const restarted = { ...POSTPONED, why: 'rebooted', waitMs: 0, next: { kind: 'pass' }, begins: 1 };
    const steps = [A, B, UNDO_A];
    const { scenario } = startedWith(restarted, { steps, execution: toldBefore('0.1') });
    expect(effectsOf(scenario.accept('goOn'), 'startRun')).toMatchObject([{ stepIndex: 2 }]);
  });

  test('when its condition was to be asked again: it is not taken for a start of the work', () => {
    const asked = { ...A, conditional: true, retries: { count: 1, delayMs: 1_000 } };
    const waiting = { ...POSTPONED, why: 'failed', next: { kind: 'work' }, waitMs: 0 };
    const { scenario } = startedWith(waiting, { steps: [asked], execution: toldBefore('0.c1', 2) });
    expect(effectsOf(scenario.accept('goOn'), 'startRun')).toMatchObject([{ attempt: 2, purpose: 'work' }]);
  });
});

test('an update that landed unheard is not taken for a word that it goes on', () => {
  const scenario = runningScenario({ steps: [A, B] });
  scenario.reject('progress', 'InternalError');
  const [waits] = recordsIn(
    scenario.tell(runEnded('a', { ...SUCCEEDED, status: 'later', afterMs: null, message: 'busy' })),
  );
  expect(waits).toMatchObject({ phase: 'waiting', versionNumber: 2, isUpdating: true });
  const execution = job('a', { versionNumber: 3, statusDetails: { step: '1/2 a' } });
  const found = { steps: [A, B], execution };
  const { scenario: next } = startedWith({ ...JSON.parse(JSON.stringify(waits)), waitMs: 0 }, found);
  expect(effectsOf(next.accept('goOn'), 'startRun')).toMatchObject([{ stepIndex: 0, attempt: 2 }]);
});

test('what ran before the power was lost twice may have told more since: what is owed is done all the same', () => {
  const execution = job('a', { versionNumber: 5, statusDetails: { step: '3/3 c', percent: '50' } });
  const { scenario } = startedWith(OWING, { execution });
  expect(effectsOf(scenario.accept('goOn'), 'startRun')).toMatchObject([{ stepIndex: 3, attempt: 1 }]);
});

test('a wait that goes on was over, and is not waited for again', () => {
  const waiting = { ...POSTPONED, next: { kind: 'work' }, begins: 0 };
  const { scenario } = startedWith(waiting, { steps: [A] });
  expect(scenario.isAsking('goOn')).toBe(true);
});

test('the time of a job that is over while it is told that it goes on: the start that was told of is not made', () => {
  const ending = { ...OWING.ending, state: 'owed', undoable: [] };
  const waiting = { ...POSTPONED, next: { kind: 'work' }, waitMs: 0, ending };
  const { scenario } = startedWith(waiting, { steps: [A, TIDY] });
  const effects = scenario.tell({ type: 'timerFired', timer: { name: 'documentTimeout', id: idOf('a') } });
  const [limited] = recordsIn(effects);
  expect(limited).toMatchObject({ phase: 'waiting', attempt: 2, next: { kind: 'conclude' } });
  expect(limited).not.toHaveProperty('begins');
  const { scenario: next } = startedWith(JSON.parse(JSON.stringify(limited)), {
    steps: [A, TIDY],
    execution: toldBefore('0.1'),
  });
  expect(effectsOf(next.accept('goOn'), 'startRun')).toMatchObject([{ stepIndex: 1 }]);
});

test.each([-1, 0.5, '0', null])('a record that begins at %j cannot be acted on', (begins) => {
  expect(parseRecord({ v: 1, key: KEY, versionNumber: 2, recoveries: 0, ...OWING, begins })).toBeNull();
});
