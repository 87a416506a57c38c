import { beforeEach, describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../agent/core/event.ts';
import type { JobExecution } from '../../agent/core/job-execution.ts';
import type { JobsRequest } from '../../agent/core/jobs-request.ts';
import { createEffectPerformer, type EffectPerformer } from '../../agent/jobs/effects.ts';
import type { Answer, JobsClient } from '../../agent/jobs/jobs-client.ts';
import { createManualClock, type ManualClock } from '../fakes/manual-clock.ts';
import {
  createScriptedStepRunner,
  type ScriptedStepRunner,
  STEP_FAILED,
  STEP_SUCCEEDED,
} from '../fakes/scripted-step-runner.ts';
import { idOf, job, runIdOf } from '../fixtures/core-states.ts';
import { promisesSettled } from '../fixtures/log-lines.ts';

const CLAIM: JobsRequest = { operation: 'StartNextPendingJobExecution' };
const RUN_ID = runIdOf('a');
const START = { type: 'startRun', id: idOf('a'), runId: RUN_ID, stepIndex: 0, attempt: 1, purpose: 'work' } as const;
const RETRY = { name: 'retry', id: idOf('a') } as const;

let clock: ManualClock;
let stepRunner: ScriptedStepRunner;
let events: AgentEvent[];
let failures: unknown[];
let answers: Answer[];
let abandoned: string[];
let open: Set<string>;
let effects: EffectPerformer;
let boot: Record<'reboot' | 'powerOff', () => Promise<void>>;

beforeEach(() => {
  clock = createManualClock();
  stepRunner = createScriptedStepRunner();
  events = [];
  failures = [];
  answers = [];
  open = new Set();
  boot = { reboot: async () => undefined, powerOff: async () => undefined };
  abandoned = [];
  const client = {
    request: async () => answers.shift() ?? { kind: 'unanswered' },
    abandonUpdates: (jobId, executionNumber) => void abandoned.push(`${jobId} ${executionNumber}`),
  } satisfies Pick<JobsClient, 'request' | 'abandonUpdates'>;
  effects = createEffectPerformer({
    client: client as unknown as JobsClient,
    stepRunner,
    clock,
    random: () => 0.5,
    stopGraceMs: 10_000,
    boot: { reboot: () => boot.reboot(), powerOff: () => boot.powerOff() },
    dispatch: (event) => events.push(event),
    isOpen: (id) => open.has(id),
    onCleanUpFailed: (error) => failures.push(error),
  });
});

async function ask(answer: Answer, requestId = 7): Promise<AgentEvent | undefined> {
  answers.push(answer);
  effects.perform({ type: 'request', requestId, request: CLAIM });
  await promisesSettled();
  return events.at(-1);
}

function handedOut(execution: JobExecution | null): Answer {
  return { kind: 'accepted', answer: { operation: 'StartNextPendingJobExecution', execution } };
}

function described(execution: JobExecution | null): Answer {
  return { kind: 'accepted', answer: { operation: 'DescribeJobExecution', execution } };
}

const WITHOUT_DOCUMENT = (({ jobDocument: _, ...rest }) => rest)(job('a'));

describe('a request', () => {
  test('without an answer says so', async () => {
    expect(await ask({ kind: 'unanswered' })).toEqual({ type: 'requestUnanswered', requestId: 7 });
  });

  test('that is rejected hands the rejection on', async () => {
    const rejection = { code: 'VersionMismatch', message: '' } as const;
    expect(await ask({ kind: 'rejected', rejection })).toEqual({ type: 'requestRejected', requestId: 7, rejection });
  });

  test('that brings a document brings a verdict on it', async () => {
    expect(await ask(handedOut(job('a')))).toMatchObject({ type: 'requestAccepted', verdict: { kind: 'run' } });
    expect(await ask(described(job('a', { jobDocument: { operation: 'unknown' } })))).toMatchObject({
      verdict: { kind: 'unknown-operation' },
    });
  });

  test('that should bring a document and does not is refused', async () => {
    expect(await ask(handedOut(WITHOUT_DOCUMENT))).toMatchObject({
      verdict: { kind: 'reject', reasonCode: 'JOB_DOCUMENT_INVALID' },
    });
  });

  test.each([
    ['nothing handed out', handedOut(null)],
    ['a description without document', described(WITHOUT_DOCUMENT)],
    ['an empty description', described(null)],
    ['an update', { kind: 'accepted', answer: { operation: 'UpdateJobExecution' } } as Answer],
  ])('brings no verdict: %s', async (_, answer) => {
    expect(await ask(answer)).not.toHaveProperty('verdict');
  });
});

describe('a run', () => {
  beforeEach(async () => {
    await ask(handedOut(job('a', { jobDocument: { operation: 'work', parameters: { depth: 1 } } })));
    open.add(idOf('a'));
    events.length = 0;
  });

  test('starts the step of the document that was reviewed', () => {
    effects.perform(START);
    expect(stepRunner.runs).toMatchObject([
      { run: { runId: RUN_ID, stepIndex: 0, attempt: 1, execution: { jobId: 'a' }, step: { name: 'work' } } },
    ]);
  });

  test('tells its progress and its end as events', async () => {
    effects.perform(START);
    stepRunner.runs[0]?.run.onProgress({ percent: '5' });
    stepRunner.runs[0]?.end(STEP_SUCCEEDED);
    await promisesSettled();
    expect(events).toEqual([
      { type: 'runProgressed', id: idOf('a'), runId: RUN_ID, details: { percent: '5' } },
      { type: 'runEnded', id: idOf('a'), runId: RUN_ID, result: STEP_SUCCEEDED },
    ]);
  });

  test('is stopped with its reason and the grace', async () => {
    effects.perform(START);
    effects.perform({ type: 'stopRun', id: idOf('a'), runId: RUN_ID, reason: 'canceled' });
    await promisesSettled();
    expect(stepRunner.runs[0]?.stops).toEqual([{ reason: 'canceled', graceMs: 10_000 }]);
    expect(events).toMatchObject([{ type: 'runEnded', result: STEP_FAILED }]);
  });

  test('that has ended is not stopped', async () => {
    effects.perform(START);
    stepRunner.runs[0]?.end();
    await promisesSettled();
    effects.perform({ type: 'stopRun', id: idOf('a'), runId: RUN_ID, reason: 'canceled' });
    expect(stepRunner.runs[0]?.stops).toEqual([]);
  });

  test.each([
    ['of a job whose document is not known', { ...START, id: idOf('b') }],
    ['of a step that the document does not have', { ...START, stepIndex: 1 }],
    ['of a job that was cleaned up after', START],
  ])('fails: %s', async (what, effect) => {
    if (what.includes('cleaned')) effects.perform({ type: 'cleanUp', id: idOf('a') });
    effects.perform(effect);
    await promisesSettled();
    expect(stepRunner.runs).toEqual([]);
    expect(events).toMatchObject([
      { type: 'runEnded', runId: RUN_ID, result: { status: 'failed', reasonCode: 'HANDLER_NOT_STARTED' } },
    ]);
  });

  test('keeps its document however many others are handed out', async () => {
    for (let index = 0; index < 40; index += 1) await ask(handedOut(job(`other-${index}`)));
    effects.perform(START);
    effects.perform({ ...START, id: idOf('other-0') });
    effects.perform({ ...START, id: idOf('other-39') });
    expect(stepRunner.runs.map(({ run }) => run.execution.jobId)).toEqual(['a', 'other-39']);
  });
});

test('of documents handed out again the newest counts as new', async () => {
  await ask(handedOut(job('a')));
  for (let index = 0; index < 15; index += 1) await ask(handedOut(job(`other-${index}`)));
  await ask(handedOut(job('a')));
  await ask(handedOut(job('last')));
  effects.perform(START);
  expect(stepRunner.runs).toHaveLength(1);
});

describe('a timer', () => {
  test('fires once, at its time', () => {
    effects.perform({ type: 'setTimer', timer: RETRY, delay: { kind: 'exactly', ms: 500 } });
    clock.advance(499);
    expect(events).toEqual([]);
    clock.advance(1_000);
    expect(events).toEqual([{ type: 'timerFired', timer: RETRY }]);
  });

  test('that is set again replaces the one before', () => {
    effects.perform({ type: 'setTimer', timer: RETRY, delay: { kind: 'exactly', ms: 500 } });
    effects.perform({ type: 'setTimer', timer: RETRY, delay: { kind: 'exactly', ms: 900 } });
    clock.advance(899);
    expect(events).toEqual([]);
    clock.advance(1);
    expect(events).toHaveLength(1);
  });

  test('is another for another job', () => {
    effects.perform({ type: 'setTimer', timer: RETRY, delay: { kind: 'exactly', ms: 500 } });
    effects.perform({ type: 'setTimer', timer: { ...RETRY, id: 'b' }, delay: { kind: 'exactly', ms: 500 } });
    effects.perform({ type: 'clearTimer', timer: RETRY });
    clock.advance(500);
    expect(events).toEqual([{ type: 'timerFired', timer: { ...RETRY, id: 'b' } }]);
  });

  test.each([
    [0, 1_000],
    [3, 8_000],
    [50, 150_000],
  ])('that backs off waits up to a growing bound: attempt %i', (attempt, delayMs) => {
    effects.perform({ type: 'setTimer', timer: RETRY, delay: { kind: 'backoff', attempt } });
    expect(clock.nextTimerInMs()).toBe(delayMs);
  });

  test('does not outlive the stop', () => {
    effects.perform({ type: 'setTimer', timer: RETRY, delay: { kind: 'exactly', ms: 500 } });
    effects.stop();
    expect(clock.nextTimerInMs()).toBeUndefined();
  });
});

describe('cleaning up', () => {
  test('removes what the steps left', () => {
    effects.perform({ type: 'cleanUp', id: idOf('a') });
    expect(stepRunner.cleanedUp).toEqual([idOf('a')]);
  });

  test('is waited for by whoever stops', async () => {
    let removed = () => {};
    stepRunner.cleanUp = () =>
      new Promise((resolve) => {
        removed = resolve;
      });
    effects.perform({ type: 'cleanUp', id: idOf('a') });
    let isOver = false;
    const waiting = effects.cleanedUp().then(() => {
      isOver = true;
    });
    await promisesSettled();
    expect(isOver).toBe(false);
    removed();
    await waiting;
  });

  test('that fails is told, and nothing else', async () => {
    stepRunner.failNextCleanUp('EACCES');
    effects.perform({ type: 'cleanUp', id: idOf('a') });
    await promisesSettled();
    expect(failures).toEqual([new Error('EACCES')]);
    expect(events).toEqual([]);
  });
});

test.each([
  ['restart', 'reboot', 'the gateway cannot be restarted: Access denied'],
  ['power-off', 'powerOff', 'the gateway cannot be powered off: Access denied'],
] as const)('a %s that is refused is told with its reason', async (how, method, message) => {
  boot[method] = async () => Promise.reject(new Error('Access denied'));
  effects.perform({ type: 'reboot', how });
  await promisesSettled();
  expect(events).toEqual([{ type: 'rebootFailed', message }]);
});
