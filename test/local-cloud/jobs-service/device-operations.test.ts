import { describe, expect, test } from 'vitest';
import { START_SECONDS, startService } from './service-harness.ts';

const at = START_SECONDS;

describe('GetPendingJobExecutions', () => {
  test('nothing pending is two empty lists', () => {
    const service = startService();
    expect(service.device('get', { clientToken: 't' })).toEqual({
      operation: 'GetPendingJobExecutions',
      accepted: true,
      code: undefined,
      topic: '$aws/things/gw-1/jobs/get/accepted',
      message: { clientToken: 't', timestamp: at, inProgressJobs: [], queuedJobs: [] },
    });
  });

  test('what runs comes apart from what waits', () => {
    const service = startService();
    for (const jobId of ['a', 'b', 'c']) service.createJob(jobId);
    service.advance(5);
    service.device('b/update', { status: 'IN_PROGRESS', statusDetails: { step: '1' } });
    const { message } = service.device('get');
    expect(message.inProgressJobs).toEqual([
      { jobId: 'b', queuedAt: at, lastUpdatedAt: at + 5, startedAt: at + 5, executionNumber: 1, versionNumber: 2 },
    ]);
    expect(message.queuedJobs).toMatchObject([{ jobId: 'a' }, { jobId: 'c' }]);
    expect(message.queuedJobs).not.toHaveProperty('0.startedAt');
  });

  test('ten are listed of eleven, what runs first', () => {
    const service = startService();
    for (let index = 1; index <= 11; index++) service.createJob(`job-${index}`);
    service.device('job-11/update', { status: 'IN_PROGRESS' });
    const { message } = service.device('get');
    expect(message.inProgressJobs).toMatchObject([{ jobId: 'job-11' }]);
    expect(message.queuedJobs).toHaveLength(9);
    expect(message.queuedJobs).toMatchObject({ 8: { jobId: 'job-9' } });
  });

  test("another thing's jobs are not listed", () => {
    const service = startService(['gw-1', 'gw-2']);
    service.createJob('a', {}, ['gw-2']);
    expect(service.device('get').message.queuedJobs).toEqual([]);
    expect(service.device('a/get')).toMatchObject({ code: 'ResourceNotFound' });
  });
});

describe('StartNextPendingJobExecution', () => {
  test('the first in line starts, with its document', () => {
    const service = startService();
    for (const jobId of ['a', 'b']) service.createJob(jobId);
    service.advance(3);
    expect(service.device('start-next', { statusDetails: { step: '1' } }).message).toEqual({
      timestamp: at + 3,
      execution: {
        jobId: 'a',
        status: 'IN_PROGRESS',
        statusDetails: { step: '1' },
        queuedAt: at,
        startedAt: at + 3,
        lastUpdatedAt: at + 3,
        versionNumber: 2,
        executionNumber: 1,
        jobDocument: { operation: 'x' },
      },
    });
  });

  test('one that runs is handed out again unchanged', () => {
    const service = startService();
    for (const jobId of ['a', 'b']) service.createJob(jobId);
    const first = service.device('start-next', { statusDetails: { step: '1' } });
    service.advance(9);
    const again = service.device('start-next', { statusDetails: { step: '2' } });
    expect(again.message.execution).toEqual(first.message.execution);
  });

  test('nothing pending is accepted without an execution', () => {
    expect(startService().device('start-next').message).toEqual({ timestamp: at });
  });

  test('no bytes at all are a request', () => {
    const service = startService();
    service.createJob('a');
    expect(service.device('start-next', '')).toMatchObject({ accepted: true, message: { execution: { jobId: 'a' } } });
  });

  test('-1 is no step timeout to start with', () => {
    const service = startService();
    service.createJob('a');
    expect(service.device('start-next', { stepTimeoutInMinutes: -1 })).toMatchObject({ code: 'InvalidRequest' });
    expect(service.device('a/get').message).toMatchObject({ execution: { status: 'QUEUED', versionNumber: 1 } });
  });
});

describe('DescribeJobExecution', () => {
  test('$next is described and not started', () => {
    const service = startService();
    service.createJob('a');
    const answer = service.device('$next/get');
    expect(answer.topic).toBe('$aws/things/gw-1/jobs/$next/get/accepted');
    expect(answer.message).toMatchObject({ execution: { jobId: 'a', status: 'QUEUED', versionNumber: 1 } });
    expect(service.device('$next/get').message).toMatchObject({ execution: { status: 'QUEUED', versionNumber: 1 } });
  });

  test('$next with nothing pending has no execution', () => {
    expect(startService().device('$next/get').message).toEqual({ timestamp: at });
  });

  test('the document is left out only when asked', () => {
    const service = startService();
    service.createJob('a');
    expect(service.device('a/get').message.execution).toHaveProperty('jobDocument');
    expect(service.device('a/get', { includeJobDocument: false }).message.execution).not.toHaveProperty('jobDocument');
  });

  test('a terminal execution is TerminalStateReached', () => {
    const service = startService();
    service.createJob('a');
    service.device('a/update', { status: 'SUCCEEDED' });
    const answer = service.device('a/get', { clientToken: 't' });
    expect(answer).toMatchObject({ code: 'TerminalStateReached', topic: '$aws/things/gw-1/jobs/a/get/rejected' });
    expect(answer.message).toEqual({
      code: 'TerminalStateReached',
      message: expect.any(String),
      clientToken: 't',
      timestamp: at,
    });
  });

  test('an execution number that was never given is ResourceNotFound', () => {
    const service = startService();
    service.createJob('a');
    expect(service.device('a/get', { executionNumber: '1' }).accepted).toBe(true);
    expect(service.device('a/get', { executionNumber: 2 })).toMatchObject({ code: 'ResourceNotFound' });
  });
});

describe('UpdateJobExecution', () => {
  test('the plain answer has a timestamp and nothing more', () => {
    const service = startService();
    service.createJob('a');
    expect(service.device('a/update', { status: 'IN_PROGRESS' }).message).toEqual({ timestamp: at });
  });

  test('state and document come when asked for', () => {
    const service = startService();
    service.createJob('a');
    const { message } = service.device('a/update', {
      status: 'IN_PROGRESS',
      includeJobExecutionState: true,
      includeJobDocument: true,
    });
    expect(message).toEqual({
      timestamp: at,
      executionState: { status: 'IN_PROGRESS', versionNumber: 2 },
      jobDocument: { operation: 'x' },
    });
  });

  test('every accepted update adds one to the version', () => {
    const service = startService();
    service.createJob('a');
    const versions = ['IN_PROGRESS', 'IN_PROGRESS', 'IN_PROGRESS', 'SUCCEEDED'].map((status) => {
      const { message } = service.device('a/update', { status, includeJobExecutionState: true });
      return message.executionState;
    });
    expect(versions).toMatchObject([2, 3, 4, 5].map((versionNumber) => ({ versionNumber })));
  });

  test('progress moves the last update and not the start', () => {
    const service = startService();
    service.createJob('a');
    service.advance(1);
    service.device('start-next');
    service.advance(1);
    service.device('a/update', { status: 'IN_PROGRESS' });
    expect(service.device('a/get').message).toMatchObject({
      execution: { queuedAt: at, startedAt: at + 1, lastUpdatedAt: at + 2 },
    });
  });

  test('a stale version changes nothing and tells the state', () => {
    const service = startService();
    service.createJob('a');
    service.device('start-next', { statusDetails: { step: '1' } });
    const answer = service.device('a/update', { status: 'SUCCEEDED', expectedVersion: 1, clientToken: 't' });
    expect(answer.message).toEqual({
      code: 'VersionMismatch',
      message: 'Expected version 1 but found version 2',
      clientToken: 't',
      timestamp: at,
      executionState: { status: 'IN_PROGRESS', statusDetails: { step: '1' }, versionNumber: 2 },
    });
    expect(service.device('a/get').message).toMatchObject({ execution: { status: 'IN_PROGRESS', versionNumber: 2 } });
  });

  test('a quoted version is a version', () => {
    const service = startService();
    service.createJob('a');
    expect(service.device('a/update', { status: 'IN_PROGRESS', expectedVersion: '1' }).accepted).toBe(true);
    expect(service.device('a/update', { status: 'IN_PROGRESS', expectedVersion: '1' }).code).toBe('VersionMismatch');
    expect(service.device('a/update', { status: 'IN_PROGRESS', expectedVersion: 'two' }).code).toBe('InvalidRequest');
  });

  test('details given replace, left out stay, empty clear', () => {
    const service = startService();
    service.createJob('a');
    const details = (update: object) => {
      const body = { status: 'IN_PROGRESS', includeJobExecutionState: true, ...update };
      return service.device('a/update', body).message.executionState;
    };
    expect(details({ statusDetails: { a: '1', b: '2' } })).toMatchObject({ statusDetails: { a: '1', b: '2' } });
    expect(details({ statusDetails: { c: '3' } })).toMatchObject({ statusDetails: { c: '3' } });
    expect(details({})).toMatchObject({ statusDetails: { c: '3' } });
    expect(details({ statusDetails: {} })).not.toHaveProperty('statusDetails');
  });

  test('a QUEUED execution can end at once and has then started', () => {
    const service = startService();
    service.createJob('a');
    service.advance(4);
    service.device('a/update', { status: 'FAILED' });
    expect(service.control('DescribeJobExecution', { thingName: 'gw-1', jobId: 'a' }).execution).toMatchObject({
      status: 'FAILED',
      startedAt: at + 4,
      lastUpdatedAt: at + 4,
      versionNumber: 2,
    });
  });

  const terminal = ['SUCCEEDED', 'FAILED', 'REJECTED'] as const;
  test.each(terminal.flatMap((from) => [...terminal, 'IN_PROGRESS'].map((to) => [from, to])))(
    '%s does not become %s',
    (from, to) => {
      const service = startService();
      service.createJob('a');
      service.device('a/update', { status: from });
      const answer = service.device('a/update', { status: to });
      expect(answer.message).toMatchObject({
        code: 'InvalidStateTransition',
        executionState: { status: from, versionNumber: 2 },
      });
    },
  );

  test.each([
    ['CANCELED', 'InvalidRequest'],
    ['TIMED_OUT', 'InvalidRequest'],
    ['REMOVED', 'InvalidRequest'],
    ['DONE', 'InvalidRequest'],
    ['in_progress', 'InvalidRequest'],
    [7, 'InvalidRequest'],
    ['QUEUED', 'InvalidStateTransition'],
  ])('a device does not set %s: %s', (status, code) => {
    const service = startService();
    service.createJob('a');
    const answer = service.device('a/update', { status });
    expect(answer).toMatchObject({ accepted: false, code });
    expect('executionState' in answer.message).toBe(code === 'InvalidStateTransition');
  });

  test("a missing status is named in AWS's words", () => {
    const service = startService();
    service.createJob('a');
    expect(service.device('a/update').message.message).toBe(
      "Value null at 'status' failed to satisfy constraint: Member must not be null",
    );
  });
});
