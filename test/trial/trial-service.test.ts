import { expect, test } from 'vitest';
import type { UpdateJobExecution } from '../../agent/core/jobs-request.ts';
import { createTrialService } from '../../agent/trial/trial-service.ts';

const KEY = { jobId: 'exec', executionNumber: 1, queuedAt: 1_700_000_000 };
const DOCUMENT = { operation: 'work' };

function serve() {
  const told: string[] = [];
  const service = createTrialService({ key: KEY, jobDocument: DOCUMENT, onUpdate: (status) => told.push(status) });
  const update = (more: Partial<UpdateJobExecution> = {}) =>
    service.answer({
      operation: 'UpdateJobExecution',
      jobId: 'exec',
      executionNumber: 1,
      expectedVersion: service.execution().versionNumber,
      status: 'IN_PROGRESS',
      ...more,
    });
  return { service, told, update };
}

test('the execution is handed out in progress, with its document and the claim', () => {
  const { service } = serve();
  const answer = service.answer({ operation: 'StartNextPendingJobExecution', statusDetails: { claimedBy: 'me' } });
  expect(answer).toMatchObject({
    kind: 'accepted',
    answer: {
      execution: { status: 'IN_PROGRESS', versionNumber: 2, statusDetails: { claimedBy: 'me' }, jobDocument: DOCUMENT },
    },
  });
});

test('one in progress is handed out again unchanged', () => {
  const { service } = serve();
  service.answer({ operation: 'StartNextPendingJobExecution', statusDetails: { claimedBy: 'me' } });
  service.answer({ operation: 'StartNextPendingJobExecution', statusDetails: { claimedBy: 'another' } });
  expect(service.execution()).toMatchObject({ versionNumber: 2, statusDetails: { claimedBy: 'me' } });
});

test('an update without details keeps those that are stored', () => {
  const { service, update } = serve();
  update({ statusDetails: { a: '1' } });
  update({ status: 'SUCCEEDED' });
  expect(service.execution()).toMatchObject({ status: 'SUCCEEDED', statusDetails: { a: '1' } });
});

test('an update that expects another version changes nothing', () => {
  const { service, update } = serve();
  expect(update({ expectedVersion: 7 })).toMatchObject({
    kind: 'rejected',
    rejection: { code: 'VersionMismatch', executionState: { versionNumber: 1 } },
  });
  expect(service.execution().status).toBe('QUEUED');
});

test('nothing is told of an execution that is over', () => {
  const { service, told, update } = serve();
  service.cancel();
  expect(update({ status: 'SUCCEEDED' })).toMatchObject({
    kind: 'rejected',
    rejection: { code: 'InvalidStateTransition', executionState: { status: 'CANCELED' } },
  });
  service.cancel();
  expect(told).toEqual(['CANCELED']);
  expect(service.answer({ operation: 'StartNextPendingJobExecution' })).toMatchObject({ answer: { execution: null } });
});

test('another job is not known', () => {
  const { service, update } = serve();
  expect(update({ jobId: 'other' })).toMatchObject({ rejection: { code: 'ResourceNotFound' } });
  expect(service.answer({ operation: 'DescribeJobExecution', jobId: 'other' })).toMatchObject({
    rejection: { code: 'ResourceNotFound' },
  });
});
