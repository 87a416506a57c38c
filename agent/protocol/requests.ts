/** Requests as the payloads AWS documents (https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-api.html). */
import type { JobsRequest } from '../core/jobs-request.ts';

/**
 * The payload of `request`: JSON with the members that are set. Thing and job are in the topic and not repeated.
 * @param clientToken comes back in the answer; Embedded C's client keeps it within 128 characters, so should we.
 */
export function encodeRequest(request: JobsRequest, clientToken: string): string {
  return JSON.stringify({ ...payloadMembers(request), clientToken });
}

/** Members that are undefined vanish in JSON. */
function payloadMembers(request: JobsRequest): Readonly<Record<string, unknown>> {
  switch (request.operation) {
    case 'StartNextPendingJobExecution':
      return { statusDetails: request.statusDetails, stepTimeoutInMinutes: request.stepTimeoutInMinutes };
    case 'GetPendingJobExecutions':
      return {};
    case 'DescribeJobExecution':
      return { executionNumber: request.executionNumber, includeJobDocument: request.includeJobDocument };
    case 'UpdateJobExecution':
      return {
        status: request.status,
        statusDetails: request.statusDetails,
        stepTimeoutInMinutes: request.stepTimeoutInMinutes,
        expectedVersion: request.expectedVersion,
        executionNumber: request.executionNumber,
        includeJobExecutionState: request.includeJobExecutionState,
        includeJobDocument: request.includeJobDocument,
      };
  }
}
