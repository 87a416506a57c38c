/** A job that was deleted and made anew under the same id while we had the old one in hand. */
import { describe, expect, test } from 'vitest';
import {
  createScenario,
  FAILED,
  idOf,
  job,
  notified,
  notifiedNext,
  queuedJob,
  requestsOf,
  runEnded,
  runningScenario,
  runVerdict,
  SUCCEEDED,
  types,
} from '../fixtures/core-states.ts';

const LATER = { queuedAt: 1_700_000_999 };
const EARLIER = { queuedAt: 1_600_000_000 };

describe('the old one is stopped', () => {
  test.each([
    ['notify', notified([], [queuedJob('a', LATER)])],
    ['notify-next', notifiedNext(queuedJob('a', LATER))],
  ])('when a %s names the new one', (_, event) => {
    expect(types(runningScenario().tell(event)).slice(0, 2)).toEqual(['journal', 'stopRun']);
  });

  test('when a list names the new one', () => {
    const scenario = createScenario({ capacity: 2 });
    scenario.tell({ type: 'connected' });
    scenario.accept('list', { queued: [queuedJob('a')] });
    scenario.accept('check', { execution: queuedJob('a'), verdict: runVerdict() });
    scenario.accept('take');
    expect(types(scenario.accept('list', { queued: [queuedJob('a', LATER)] }))).toContain('stopRun');
    scenario.tell(runEnded('a', FAILED));
    expect(scenario.state.finished).toMatchObject([{ id: idOf('a'), how: 'over', outcome: null }]);
  });
});

test('the old one is told nothing more when the new one is handed out', () => {
  const scenario = runningScenario();
  scenario.tell(runEnded('a', SUCCEEDED));
  scenario.unanswered('report');
  const effects = scenario.accept('claim', { execution: job('a', LATER), verdict: runVerdict() });
  expect(types(effects)).toContain('startRun');
  expect(scenario.phase(job('a'))).toBeUndefined();
  expect(scenario.tell({ type: 'timerFired', timer: { name: 'retry', id: idOf('a') } })).toEqual([]);
});

test.each([
  ['an earlier one', EARLIER],
  ['another number', { ...LATER, executionNumber: 2 }],
  ['another job', { ...LATER, jobId: 'b' }],
])('a message about %s stops nothing', (_, changes) => {
  const scenario = runningScenario();
  expect(types(scenario.tell(notified([job('a'), job('a', changes)])))).not.toContain('stopRun');
  expect(requestsOf(scenario.tell(notified([job('a')])))).toEqual([]);
});
