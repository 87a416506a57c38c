import { beforeEach, describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../agent/core/event.ts';
import type { ExecutionRecord } from '../../agent/core/execution-record.ts';
import { initialState } from '../../agent/core/state.ts';
import { createLoop, type Loop, type PerformedEffect } from '../../agent/jobs/loop.ts';
import { createManualClock, type ManualClock } from '../fakes/manual-clock.ts';
import {
  IDENTITY,
  job,
  NO_PROGRESS,
  runEnded,
  runningScenario,
  runVerdict,
  SETTINGS,
  SUCCEEDED,
  step,
} from '../fixtures/core-states.ts';
import { createLogLines, type LogLines, promisesSettled } from '../fixtures/log-lines.ts';

const HANDED_OUT: AgentEvent = {
  type: 'requestAccepted',
  requestId: 1,
  answer: { operation: 'StartNextPendingJobExecution', execution: job('a') },
  verdict: runVerdict(),
};

let clock: ManualClock;
let logLines: LogLines;
/** What happened, in order: `wrote …`, `performed …`, `changed`. */
let story: string[];
let faults: unknown[];
let append: (record: ExecutionRecord) => Promise<void>;
let perform: (effect: PerformedEffect) => void;
let onChange: () => void;

beforeEach(() => {
  clock = createManualClock();
  logLines = createLogLines();
  story = [];
  faults = [];
  append = async (record) => {
    await promisesSettled();
    story.push(`wrote ${record.phase}`);
  };
  perform = ({ type }) => void story.push(`performed ${type}`);
  onChange = () => void story.push('changed');
});

function start(initial = initialState(IDENTITY, SETTINGS)): Loop {
  return createLoop({
    initial,
    append: (record) => append(record),
    perform: (effect) => perform(effect),
    onFault: (error) => faults.push(error),
    onChange: () => onChange(),
    monotonicMs: clock.monotonicMs,
    log: logLines.log,
  });
}

test('what is journaled is written before anything is performed', async () => {
  const loop = start();
  loop.dispatch({ type: 'connected' });
  loop.dispatch(HANDED_OUT);
  await loop.settled();
  expect(story).toEqual([
    'changed',
    'performed request',
    'performed setTimer',
    'wrote running',
    'changed',
    'performed startRun',
  ]);
});

test('the state is the old one until it is written', async () => {
  let release = () => {};
  append = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  const loop = start();
  loop.dispatch({ type: 'connected' });
  loop.dispatch(HANDED_OUT);
  await promisesSettled();
  expect(loop.state().executions).toEqual({});
  release();
  await loop.settled();
  expect(Object.keys(loop.state().executions)).toHaveLength(1);
});

test('events are taken one at a time, in their order', async () => {
  const loop = start(runningScenario({ steps: [step(), step()] }).state);
  loop.dispatch(runEnded('a', SUCCEEDED));
  loop.dispatch(runEnded('a', SUCCEEDED, { stepIndex: 1 }));
  loop.dispatch({ type: 'shutdownRequested', mode: 'wait' });
  await loop.settled();
  expect(story.filter((line) => line.startsWith('wrote'))).toEqual(['wrote running', 'wrote reporting']);
  expect(loop.state().shutdown).toBe('wait');
});

test('what performing brings about waits for its turn', async () => {
  const loop = start();
  perform = (effect) => {
    story.push(`performed ${effect.type}`);
    if (effect.type === 'request') loop.dispatch({ type: 'disconnected' });
  };
  loop.dispatch({ type: 'connected' });
  await loop.settled();
  expect(story).toEqual(['changed', 'performed request', 'performed setTimer', 'changed']);
  expect(loop.state().connected).toBe(false);
});

describe('a journal that fails', () => {
  beforeEach(() => {
    append = () => Promise.reject(new Error('EIO'));
  });

  test('starts nothing and says so', async () => {
    const loop = start();
    loop.dispatch({ type: 'connected' });
    loop.dispatch(HANDED_OUT);
    await loop.settled();
    expect(story).not.toContain('performed startRun');
    expect(story.filter((line) => line === 'performed request')).toHaveLength(2);
    expect(loop.state().journalUsable).toBe(false);
    expect(logLines.messages).toEqual(['journal failed: nothing new is started']);
  });

  test('is not asked again', async () => {
    let asked = 0;
    append = () => {
      asked += 1;
      return Promise.reject(new Error('EIO'));
    };
    const loop = start(runningScenario().state);
    loop.dispatch(runEnded('a', SUCCEEDED));
    loop.dispatch({ type: 'shutdownRequested', mode: 'stop' });
    await loop.settled();
    expect(asked).toBe(1);
  });

  test('of two records that belong together none is acted on', async () => {
    let written = 0;
    append = async () => {
      written += 1;
      if (written === 2) throw new Error('EIO');
    };
    const loop = start();
    const record = { v: 1, versionNumber: 2, ...NO_PROGRESS, phase: 'running' } as const;
    const declared = { onInterrupted: 'fail', cleansUp: false, purpose: { kind: 'work' } } as const;
    const run = { stepIndex: 0, attempt: 1, ...declared };
    const records = ['a', 'b'].map((jobId) => {
      const key = { jobId, executionNumber: 1, queuedAt: 1 };
      return { ...record, ...run, id: `${jobId}.1.1`, key };
    });
    loop.dispatch({ type: 'journalRecovered', records });
    await loop.settled();
    expect(Object.values(loop.state().executions).map(({ phase }) => phase.name)).toEqual(['reporting', 'reporting']);
    expect(loop.state().journalUsable).toBe(false);
  });
});

test('an event that cannot be handled costs that event only', async () => {
  const loop = start();
  loop.dispatch({ type: 'somethingElse' } as unknown as AgentEvent);
  loop.dispatch({ type: 'connected' });
  await loop.settled();
  expect(loop.state().connected).toBe(true);
  expect(logLines.messages).toEqual(['event could not be handled']);
  expect(faults).toHaveLength(1);
  expect(loop.busySinceMs()).toBeNull();
});

test('how long an event is in hand can be seen', async () => {
  let release = () => {};
  append = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  const loop = start(runningScenario().state);
  clock.advance(7);
  loop.dispatch(runEnded('a', SUCCEEDED));
  await promisesSettled();
  clock.advance(31_000);
  expect(loop.busySinceMs()).toBe(7);
  release();
  await loop.settled();
  expect(loop.busySinceMs()).toBeNull();
});

test('a loop with nothing to do is settled', async () => {
  await expect(start().settled()).resolves.toBeUndefined();
});

test('a fault of ours makes the loop ill, a change that cannot be shown does not', async () => {
  const loop = start();
  onChange = () => {
    throw new Error('no log');
  };
  loop.dispatch({ type: 'connected' });
  await loop.settled();
  expect(story).toEqual(['performed request', 'performed setTimer']);
  expect(loop.fault()).toBeNull();
  perform = () => {
    throw new Error('no performer');
  };
  loop.dispatch({ type: 'timerFired', timer: { name: 'poll' } });
  await loop.settled();
  expect(loop.fault()).toBe('no performer');
});
