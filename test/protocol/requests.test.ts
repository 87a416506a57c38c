import { expect, test } from 'vitest';
import type { JobsRequest } from '../../agent/core/jobs-request.ts';
import { encodeRequest } from '../../agent/protocol/requests.ts';

const update = {
  operation: 'UpdateJobExecution',
  jobId: 'a',
  executionNumber: 1,
  expectedVersion: 2,
  status: 'SUCCEEDED',
} as const;

const payloads: [JobsRequest, Record<string, unknown>][] = [
  [{ operation: 'GetPendingJobExecutions' }, {}],
  [{ operation: 'StartNextPendingJobExecution' }, {}],
  [{ operation: 'StartNextPendingJobExecution', statusDetails: { a: '1' } }, { statusDetails: { a: '1' } }],
  [{ operation: 'DescribeJobExecution', jobId: 'a' }, {}],
  [
    { operation: 'DescribeJobExecution', jobId: '$next', executionNumber: 2, includeJobDocument: false },
    { executionNumber: 2, includeJobDocument: false },
  ],
  [update, { executionNumber: 1, expectedVersion: 2, status: 'SUCCEEDED' }],
  [
    { ...update, statusDetails: {}, includeJobExecutionState: true, includeJobDocument: false },
    {
      executionNumber: 1,
      expectedVersion: 2,
      status: 'SUCCEEDED',
      statusDetails: {},
      includeJobExecutionState: true,
      includeJobDocument: false,
    },
  ],
];

test.each(payloads)('%j carries only what is set', (request, members) => {
  expect(JSON.parse(encodeRequest(request, 'token-1'))).toEqual({ ...members, clientToken: 'token-1' });
});

test('members of no request stay out of the payload', () => {
  const request = { ...update, thingName: 'gw', secret: 'x' };
  expect(encodeRequest(request, 't')).not.toMatch(/gw|secret|jobId|operation/);
});
