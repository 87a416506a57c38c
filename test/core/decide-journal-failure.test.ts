import { expect, test } from 'vitest';
import type { AgentEvent } from '../../agent/core/event.ts';
import { begin, firstRun } from '../../agent/core/running.ts';
import {
  createScenario,
  idOf,
  job,
  queuedJob,
  REFUSED,
  requestsOf,
  runEnded,
  runningScenario,
  runProgressed,
  runVerdict,
  SUCCEEDED,
  step,
  types,
} from '../fixtures/core-states.ts';

function failed(event: AgentEvent): AgentEvent {
  return { type: 'journalFailed', event };
}

const HANDED_OUT = {
  type: 'requestAccepted',
  requestId: 1,
  answer: { operation: 'StartNextPendingJobExecution', execution: job('a') },
  verdict: runVerdict(),
} as const;

function claiming(settings = {}) {
  const scenario = createScenario(settings);
  scenario.tell({ type: 'connected' });
  return scenario;
}

test('a claimed job is told JOURNAL_FAILED and not run', () => {
  const effects = claiming().tell(failed(HANDED_OUT));
  expect(types(effects)).toEqual(['request']);
  expect(requestsOf(effects)).toMatchObject([{ status: 'FAILED', statusDetails: { reasonCode: 'JOURNAL_FAILED' } }]);
});

test('nothing is written any more', () => {
  const scenario = claiming();
  scenario.tell(failed(HANDED_OUT));
  expect(types(scenario.accept('report'))).toEqual(['cleanUp']);
});

test('nothing is claimed any more', () => {
  const scenario = claiming();
  scenario.tell(failed({ type: 'disconnected' }));
  expect(requestsOf(scenario.tell({ type: 'connected' }))).toEqual([]);
});

test('the end of a run is told all the same', () => {
  const scenario = runningScenario();
  const effects = scenario.tell(failed(runEnded('a', SUCCEEDED)));
  expect(types(effects)).toEqual(['clearTimer', 'request']);
  expect(requestsOf(effects)).toMatchObject([{ status: 'SUCCEEDED' }]);
});

test('progress is told all the same', () => {
  const scenario = runningScenario();
  scenario.tell(failed({ type: 'disconnected' }));
  scenario.tell({ type: 'connected' });
  scenario.accept('check', { execution: job('a') });
  expect(requestsOf(scenario.tell(runProgressed('a', { percent: '1' })))).toMatchObject([{ status: 'IN_PROGRESS' }]);
});

test('the next step is not begun', () => {
  const scenario = runningScenario({ steps: [step(), step({ name: 'verify' })] });
  expect(types(scenario.tell(failed(runEnded('a', SUCCEEDED))))).toEqual(['clearTimer']);
  expect(requestsOf(scenario.accept('progress'))).toMatchObject([
    { status: 'FAILED', statusDetails: { reasonCode: 'JOURNAL_FAILED' } },
  ]);
});

test('a run is stopped all the same', () => {
  expect(types(runningScenario().tell(failed({ type: 'shutdownRequested', mode: 'stop' })))).toEqual(['stopRun']);
});

test('a job we chose stays QUEUED', () => {
  const scenario = claiming({ capacity: 2 });
  scenario.accept('list', { queued: [queuedJob('a')] });
  const described = {
    type: 'requestAccepted',
    requestId: scenario.requestId('check'),
    answer: { operation: 'DescribeJobExecution', execution: queuedJob('a') },
    verdict: runVerdict(),
  } as const;
  expect(scenario.tell(failed(described))).toEqual([]);
  expect(scenario.state.executions).toEqual({});
});

test('a document that is refused is told all the same', () => {
  const effects = claiming().tell(failed({ ...HANDED_OUT, verdict: REFUSED }));
  expect(requestsOf(effects)).toMatchObject([{ status: 'REJECTED' }]);
});

test('a clean-up that cannot begin ends as the run before it did', () => {
  const { state } = runningScenario();
  const plan = { includeStdOut: false, steps: [step()] };
  const outcome = { status: 'FAILED', statusDetails: { reasonCode: 'INTERRUPTED' } } as const;
  const begun = { plan, stepIndex: 0, attempt: 2, purpose: { kind: 'clean-up', outcome } } as const;
  const { effects } = begin({ ...state, journalUsable: false }, idOf('a'), begun);
  expect(requestsOf(effects)).toMatchObject([{ status: 'FAILED', statusDetails: { reasonCode: 'INTERRUPTED' } }]);
});

test('what is over by then is not begun either', () => {
  const state = { ...runningScenario().state, journalUsable: false, executions: {} };
  const plan = { includeStdOut: false, steps: [step()] };
  expect(begin(state, idOf('a'), firstRun(plan, 0))).toEqual({ state, effects: [] });
});
