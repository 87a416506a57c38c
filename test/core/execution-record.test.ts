import { describe, expect, test } from 'vitest';
import { closedRecordOf, parseRecord, RECORD_VERSION, recordOf } from '../../agent/core/execution-record.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import type { ExecutionState, Phase } from '../../agent/core/state.ts';
import { idOf, job, runningScenario, step } from '../fixtures/core-states.ts';

const RUN = { plan: { includeStdOut: false, steps: [step()] }, stepIndex: 0, step: step(), attempt: 2, runId: 'r' };
const OUTCOME = { status: 'FAILED', statusDetails: { reasonCode: 'X' } } as const;
const KEY = { jobId: 'a', executionNumber: 1, queuedAt: 1_700_000_000 };
const BASE = { v: RECORD_VERSION, id: idOf('a'), key: KEY };
const LIVE = { ...BASE, versionNumber: 2, recoveries: 0 };
const RECORDED = { stepIndex: 0, attempt: 2, onInterrupted: 'fail' };

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
  [
    { name: 'waiting', stepIndex: 3, attempt: 1, onInterrupted: 'resume' },
    { phase: 'waiting', stepIndex: 3, attempt: 1, onInterrupted: 'resume' },
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

test('the id comes from the key', () => {
  expect(parseRecord({ ...LIVE, phase: 'claiming', id: 'other' })?.id).toBe(idOf('a'));
});

test('an unknown declaration of interruption counts as fail', () => {
  const record = { ...LIVE, phase: 'running', ...RECORDED, onInterrupted: 'whatever' };
  expect(parseRecord(record)).toMatchObject({ onInterrupted: 'fail' });
});

test('every reason to stop is read back', () => {
  for (const reason of ['canceled', 'timed-out', 'shutdown']) {
    expect(parseRecord({ ...LIVE, phase: 'stopping', ...RECORDED, reason })).toMatchObject({ reason });
  }
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
