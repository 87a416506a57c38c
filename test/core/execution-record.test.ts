import { describe, expect, test } from 'vitest';
import { closedRecordOf, RECORD_VERSION, recordOf } from '../../agent/core/execution-record.ts';
import { parseExecutionId } from '../../agent/core/job-execution.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import { INTERRUPTED_OUTCOME } from '../../agent/core/outcomes.ts';
import { parseRecord } from '../../agent/core/parse-record.ts';
import type { ExecutionState, Phase, Resumption } from '../../agent/core/state.ts';
import { idOf, job, NO_PROGRESS, runningScenario, step } from '../fixtures/core-states.ts';

const WORK = { kind: 'work' } as const;
const PLACE = { stepIndex: 1, attempt: 2 } as const;
const RUN = {
  plan: { includeStdOut: false, steps: [step()] },
  stepIndex: 0,
  step: step(),
  attempt: 2,
  runId: 'r',
  purpose: WORK,
};
const OUTCOME = { status: 'FAILED', statusDetails: { reasonCode: 'X' } } as const;
const KEY = { jobId: 'a', executionNumber: 1, queuedAt: 1_700_000_000 };
const BASE = { v: RECORD_VERSION, id: idOf('a'), key: KEY };
const LIVE = { ...BASE, versionNumber: 2, ...NO_PROGRESS };
const RECORDED = { stepIndex: 0, attempt: 2, onInterrupted: 'fail', cleansUp: false, purpose: WORK };
const WAIT = { why: 'postponed', reason: 'locked', stepIndex: 3, attempt: 1, waitMs: 5_000 } as const;
const UNRECORDED = { due: false, exclusive: false, recordedVersion: null, begins: null, plan: null };
const CLEAN_UP = { kind: 'clean-up', outcome: OUTCOME } as const;

const PHASES: readonly (readonly [Phase, JsonObject])[] = [
  [{ name: 'claiming', plan: null }, { phase: 'claiming' }],
  [
    { name: 'running', ...RUN },
    { phase: 'running', ...RECORDED },
  ],
  [
    { name: 'stopping', reason: 'timed-out', ...RUN },
    { phase: 'stopping', reason: 'timed-out', ...RECORDED },
  ],
  ...[WORK, CLEAN_UP, { kind: 'verify' }, { kind: 'pass' }, { kind: 'conclude', outcome: OUTCOME } as const].map(
    (next): [Phase, JsonObject] => [
      { name: 'waiting', ...WAIT, next: next as Resumption, ...UNRECORDED },
      { phase: 'waiting', ...WAIT, next: next as Resumption },
    ],
  ),
  [
    { name: 'waiting', ...WAIT, next: WORK, ...UNRECORDED, begins: 3 },
    { phase: 'waiting', ...WAIT, next: WORK, begins: 3 },
  ],
  [
    { name: 'running', ...RUN, purpose: CLEAN_UP },
    { phase: 'running', ...RECORDED, purpose: CLEAN_UP },
  ],
  [
    { ...PLACE, name: 'awaiting-reboot', how: 'power-off', verifies: true, bootId: 'boot-1', requested: true },
    { ...PLACE, phase: 'awaiting-reboot', how: 'power-off', verifies: true, bootId: 'boot-1' },
  ],
  [
    { name: 'reporting', outcome: OUTCOME, plain: true },
    { phase: 'reporting', outcome: OUTCOME },
  ],
];

function executionIn(phase: Phase): ExecutionState {
  const running = runningScenario().state.executions[idOf('a')];
  if (running === undefined) throw new Error('the scenario has no execution');
  return { ...running, phase };
}

describe.each(PHASES)('phase $name', (phase, recorded) => {
  test('is recorded without document or plan', () => {
    expect(recordOf(executionIn(phase))).toEqual({ ...LIVE, ...recorded });
  });

  test('is read back as it was written', () => {
    const record = recordOf(executionIn(phase));
    expect(parseRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
  });
});

test.each([
  { id: idOf('a'), key: KEY, outcome: OUTCOME, how: 'accepted' },
  { id: idOf('a'), key: KEY, outcome: null, how: 'over' },
] as const)('a closed execution is read back: $how', (finished) => {
  const record = closedRecordOf(finished);
  expect(parseRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
});

test('that an update may have landed unheard is read back', () => {
  const record = recordOf({ ...executionIn({ name: 'claiming', plan: null }), toldVersion: 3 });
  expect(record.isUpdating).toBe(true);
  expect(parseRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
});

test('an id says which execution it is', () => {
  expect(parseExecutionId(idOf('a'))).toEqual(KEY);
});

test('the id comes from the key', () => {
  expect(parseRecord({ ...LIVE, phase: 'claiming', id: 'other' })?.id).toBe(idOf('a'));
});

test('an unknown declaration of interruption counts as fail', () => {
  const record = { ...LIVE, phase: 'running', ...RECORDED, onInterrupted: 'whatever' };
  expect(parseRecord(record)).toMatchObject({ onInterrupted: 'fail' });
});

test('every reason to stop is read back', () => {
  for (const reason of ['canceled', 'timed-out', 'job-timed-out', 'shutdown']) {
    expect(parseRecord({ ...LIVE, phase: 'stopping', ...RECORDED, reason })).toMatchObject({ reason });
  }
});

describe('a record of the first form is read', () => {
  const first = { ...BASE, versionNumber: 2, recoveries: 1 };
  test('of a run', () => {
    const record = { ...first, phase: 'running', stepIndex: 0, attempt: 2, onInterrupted: 'rerun' };
    const { recoveries, ...rest } = NO_PROGRESS;
    expect(parseRecord(record)).toEqual({ ...record, ...rest, cleansUp: false, purpose: WORK });
  });

  test.each([
    ['rerun', WORK],
    ['fail', { kind: 'conclude', outcome: INTERRUPTED_OUTCOME }],
  ])('of a wait: %s', (onInterrupted, next) => {
    const record = { ...first, phase: 'waiting', stepIndex: 0, attempt: 2, onInterrupted };
    expect(parseRecord(record)).toMatchObject({ why: 'interrupted', reason: '', waitMs: 0, next });
  });
});

test('an end of the boot that earlier versions recorded is a restart', () => {
  const record = { ...LIVE, ...PLACE, phase: 'awaiting-reboot', verifies: true, bootId: 'boot-1' };
  expect(parseRecord(record)).toEqual({ ...record, how: 'restart' });
});

test('of the failures that were ignored only names are read', () => {
  const record = { ...LIVE, phase: 'running', ...RECORDED, ignoredFailures: ['copy', 7] };
  expect(parseRecord(record)).toMatchObject({ ignoredFailures: ['copy'] });
});

describe('what is not a record of ours is null', () => {
  const running = { ...LIVE, phase: 'running', ...RECORDED };
  const reporting = { ...LIVE, phase: 'reporting', outcome: OUTCOME };
  test.each<[string, unknown]>([
    ['null', null],
    ['text', 'x'],
    ['a list', []],
    ['another version', { ...running, v: 2 }],
    ['no version', { ...running, v: undefined }],
    ['no key', { ...running, key: undefined }],
    ['a key without job', { ...running, key: { ...KEY, jobId: 7 } }],
    ['a key without number', { ...running, key: { ...KEY, executionNumber: '1' } }],
    ['a key without time', { ...running, key: { ...KEY, queuedAt: -1 } }],
    ['no version number', { ...running, versionNumber: 1.5 }],
    ['no recoveries', { ...running, recoveries: undefined }],
    ['no step', { ...running, stepIndex: null }],
    ['no attempt', { ...running, attempt: undefined }],
    ['an unknown phase', { ...running, phase: 'dreaming' }],
    ['no phase', { ...running, phase: undefined }],
    ['an unknown reason', { ...running, phase: 'stopping', reason: 'bored' }],
    ['no outcome', { ...reporting, outcome: undefined }],
    ['an outcome of another status', { ...reporting, outcome: { ...OUTCOME, status: 'CANCELED' } }],
    ['an outcome without details', { ...reporting, outcome: { status: 'FAILED' } }],
    ['a purpose we do not know', { ...running, purpose: { kind: 'dream' } }],
    ['a purpose that is only text', { ...running, purpose: 'work' }],
    ['a clean-up after nothing', { ...running, purpose: { kind: 'clean-up' } }],
    ['a wait for nothing we know', { ...LIVE, phase: 'waiting', ...WAIT, next: { kind: 'dream' } }],
    ['a wait for what is no object', { ...LIVE, phase: 'waiting', ...WAIT, next: 'work' }],
    ['a conclusion without outcome', { ...LIVE, phase: 'waiting', ...WAIT, next: { kind: 'conclude' } }],
    ['a wait of no length', { ...LIVE, phase: 'waiting', ...WAIT, next: WORK, waitMs: 'long' }],
    ['a restart in no boot', { ...LIVE, phase: 'awaiting-reboot', stepIndex: 0, attempt: 1, verifies: true }],
    ['postponements that are no number', { ...running, postponements: 'many' }],
    ['failures that are no number', { ...running, failures: 'many' }],
    ['details that are not text', { ...reporting, outcome: { status: 'FAILED', statusDetails: { n: 1 } } }],
  ])('%s', (_, value) => {
    expect(parseRecord(value)).toBeNull();
  });
});

test('a job document never gets into a record', () => {
  const { state } = runningScenario({ execution: job('a', { jobDocument: { secret: 'hunter2' } }) });
  const execution = state.executions[idOf('a')];
  expect(JSON.stringify(execution && recordOf(execution))).not.toContain('hunter2');
});
