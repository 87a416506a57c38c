import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { STEP_FAILED } from '../fakes/scripted-step-runner.ts';
import { type AgentInMemory, createAgentInMemory, TWO_STEPS, WORK } from '../fixtures/agent-in-memory.ts';
import { promisesSettled } from '../fixtures/log-lines.ts';

let site: AgentInMemory;

beforeEach(() => {
  site = createAgentInMemory();
});

afterEach(() => site.stop('stop'));

describe('jobs', () => {
  test('that wait are run one after the other and told', async () => {
    site.service.createJob('a', WORK);
    site.service.createJob('b', WORK);
    await site.boot();
    expect(site.started).toEqual(['a work 1']);
    await site.endRun(0);
    expect(site.started).toEqual(['a work 1', 'b work 1']);
    await site.endRun(1, STEP_FAILED);
    expect(site.service.told).toEqual(['a SUCCEEDED', 'b FAILED']);
    expect(site.stepRunner.cleanedUp).toHaveLength(2);
  });

  test('that come later are started by the notification', async () => {
    await site.boot();
    await site.create('a');
    expect(site.started).toEqual(['a work 1']);
    expect(site.service.execution('a')).toMatchObject({ status: 'IN_PROGRESS' });
  });

  test('of several steps tell which one runs', async () => {
    await site.boot();
    await site.create('a', TWO_STEPS);
    expect(site.service.execution('a')?.statusDetails).toMatchObject({ step: '1/2 copy' });
    await site.endRun(0);
    await site.pass(1_000);
    expect(site.service.execution('a')?.statusDetails).toMatchObject({ step: '2/2 verify' });
    await site.endRun(1);
    expect(site.service.told.at(-1)).toBe('a SUCCEEDED');
  });

  test.each([
    ['unknown', 'UNKNOWN_OPERATION'],
    ['refused', 'PARAMETERS_INVALID'],
  ])('nobody can run are REJECTED: %s', async (operation, reasonCode) => {
    await site.boot();
    await site.create('a', { operation });
    expect(site.started).toEqual([]);
    expect(site.service.execution('a')).toMatchObject({ status: 'REJECTED', statusDetails: { reasonCode } });
  });

  test('run two at a time where there is room', async () => {
    await site.boot({ core: { capacity: 2 } });
    for (const jobId of ['a', 'b', 'c']) await site.create(jobId);
    expect(site.started).toEqual(['a work 1', 'b work 1']);
    await site.endRun(1);
    expect(site.started).toEqual(['a work 1', 'b work 1', 'c work 1']);
    expect(site.service.told).toEqual(['a IN_PROGRESS', 'b IN_PROGRESS', 'b SUCCEEDED', 'c IN_PROGRESS']);
  });

  test('that nobody here handles are left QUEUED on a shared thing', async () => {
    await site.boot({ core: { unknownOperation: 'leave' } });
    await site.create('theirs', { operation: 'unknown' });
    await site.create('a');
    expect(site.service.execution('theirs')).toMatchObject({ status: 'QUEUED' });
    expect(site.started).toEqual(['a work 1']);
  });

  test('over their time limit are stopped and told', async () => {
    await site.boot();
    await site.create('a', { operation: 'work', timeoutSeconds: 60 });
    await site.pass(60_000);
    expect(site.stepRunner.runs[0]?.stops).toEqual([{ reason: 'timed-out', graceMs: 10_000 }]);
    expect(site.service.execution('a')).toMatchObject({ statusDetails: { reasonCode: 'STEP_TIMED_OUT' } });
  });
});

test('a cancelled job is stopped, closed without a report, and followed by the next', async () => {
  await site.boot();
  await site.create('a');
  await site.create('b');
  site.service.cancelJob('a');
  await promisesSettled();
  expect(site.stepRunner.runs[0]?.stops).toMatchObject([{ reason: 'canceled' }]);
  expect(site.started).toEqual(['a work 1', 'b work 1']);
  expect(site.service.told).toEqual([]);
  expect(site.agent.status().counts).toMatchObject({ 'ended-by-service': 1 });
});

test('a cancellation that nobody told us of is found by the poll', async () => {
  await site.boot();
  await site.create('a');
  site.service.loseNotifications(true);
  site.service.cancelJob('a');
  await site.pass(59_000);
  expect(site.stepRunner.runs[0]?.stops).toEqual([]);
  await site.pass(1_000);
  expect(site.stepRunner.runs[0]?.stops).toMatchObject([{ reason: 'canceled' }]);
});

test('a cancellation during an outage is found after the next connect', async () => {
  await site.boot();
  await site.create('a');
  site.service.broker.kick();
  site.service.cancelJob('a');
  await promisesSettled();
  await site.pass(2_000);
  expect(site.stepRunner.runs[0]?.stops).toMatchObject([{ reason: 'canceled' }]);
});

describe('an outage', () => {
  test('lets the run go on, and is followed by the report', async () => {
    await site.boot();
    await site.create('a');
    site.service.broker.refuseConnections('NAME_NOT_RESOLVED');
    site.service.broker.kick();
    await promisesSettled();
    await site.endRun(0);
    expect(site.agent.status().connection).toMatchObject({ connected: false });
    await site.pass(30_000);
    site.service.broker.refuseConnections(undefined);
    await site.pass(120_000);
    expect(site.service.told).toEqual(['a SUCCEEDED']);
    expect(site.agent.status()).toMatchObject({ connection: { connected: true, connects: 2 }, executions: [] });
  });

  test('of the answers leads to one report all the same', async () => {
    await site.boot();
    await site.create('a');
    site.service.loseAnswers(true);
    await site.endRun(0);
    await site.pass(5_000);
    site.service.loseAnswers(false);
    await site.pass(60_000);
    expect(site.service.told).toEqual(['a SUCCEEDED']);
    expect(site.agent.status()).toMatchObject({ executions: [], counts: { SUCCEEDED: 1 } });
  });
});

describe('health', () => {
  test('a dead disk starts nothing, tells so, and is an illness', async () => {
    await site.boot();
    site.journal.failNextAppend('EIO');
    await site.create('a');
    expect(site.started).toEqual([]);
    expect(site.service.execution('a')).toMatchObject({ statusDetails: { reasonCode: 'JOURNAL_FAILED' } });
    expect(site.agent.illness()).toBe('the journal cannot be written');
    expect(site.agent.status().journalUsable).toBe(false);
  });

  test('a disk that hangs is an illness after 30 s', async () => {
    await site.boot();
    const release = site.journal.hold();
    await site.create('a');
    await site.pass(30_000);
    expect(site.agent.illness()).toBeNull();
    await site.pass(1);
    expect(site.agent.illness()).toBe('the event loop hangs on the journal');
    release();
    await promisesSettled();
    expect(site.agent.illness()).toBeNull();
  });

  test('folders that cannot be removed are a warning', async () => {
    await site.boot();
    await site.create('a');
    site.stepRunner.failNextCleanUp('EACCES');
    await site.endRun(0);
    expect(site.logLines.messages).toContain('folders of a closed execution could not be removed');
  });

  test('the status tells what runs, what ran and what was ignored', async () => {
    await site.boot();
    await site.create('a', TWO_STEPS);
    site.stepRunner.runs[0]?.run.onProgress({ percent: '5' });
    site.service.broker.publish('$aws/things/gateway-1/jobs/notify', 'nonsense');
    await site.pass(2_000);
    expect(site.agent.status()).toMatchObject({
      uptimeSeconds: 2,
      executions: [{ jobId: 'a', phase: 'running', step: '1/2 copy', details: { percent: '5' } }],
      ignoredMessages: { 'message that cannot be read': 1 },
    });
    await site.endRun(0, STEP_FAILED);
    expect(site.agent.status()).toMatchObject({
      executions: [],
      recent: [{ jobId: 'a', executionNumber: 1, status: 'FAILED', reason: 'exit 3' }],
      counts: { SUCCEEDED: 0, FAILED: 1, REJECTED: 0, 'ended-by-service': 0 },
    });
  });

  test('no more than twenty of what ran are told', async () => {
    await site.boot();
    for (let index = 0; index < 22; index += 1) {
      await site.create(`job-${index}`);
      await site.endRun(index);
    }
    expect(site.agent.status().recent).toHaveLength(20);
    expect(site.agent.status().recent[0]).toMatchObject({ jobId: 'job-21' });
    expect(site.agent.status().counts.SUCCEEDED).toBe(22);
  });
});
