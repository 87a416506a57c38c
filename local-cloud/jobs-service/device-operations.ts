/**
 * The four operations a device asks for over MQTT (Developer Guide, "Jobs device MQTT API operations"). Each takes the
 * request as it was parsed and gives the answer's members; a refusal is thrown as `Rejection` and has changed nothing.
 */

import { isTerminal, JOB_EXECUTION_STATUSES, type JobExecutionStatus } from '../../agent/core/job-execution.ts';
import type { RejectedErrorCode } from '../../agent/core/jobs-request.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import { deliveredDocument } from '../substitution/delivered-document.ts';
import { jobExecution, jobExecutionState, pendingSummaries } from './device-shapes.ts';
import { headOf } from './pending-list.ts';
import type { ServiceOptions } from './service-options.ts';
import type { Execution, JobsState, Thing } from './state.ts';
import { findExecution } from './state.ts';
import { changeExecution, deviceMayChange, setStepTimer } from './transitions.ts';
import {
  constraint,
  JOB_ID,
  optionalBoolean,
  optionalInteger,
  optionalStatusDetails,
  optionalTimeout,
  presentMember,
  requireMatch,
} from './validation.ts';

export type DeviceOperation =
  | 'GetPendingJobExecutions'
  | 'StartNextPendingJobExecution'
  | 'DescribeJobExecution'
  | 'UpdateJobExecution';

export interface DeviceCall {
  readonly state: JobsState;
  readonly thing: Thing;
  /** From the topic; `$next` is DescribeJobExecution's alone. */
  readonly jobId: string;
  readonly body: JsonObject;
  readonly nowMs: number;
}

/** Why the service says no. `execution` is the one whose state goes with the answer. */
export class Rejection extends Error {
  override readonly name = 'Rejection';
  readonly code: RejectedErrorCode;
  readonly executionState: JsonObject | undefined;
  constructor(code: RejectedErrorCode, message: string, execution?: Execution) {
    super(message);
    this.code = code;
    this.executionState = execution && jobExecutionState(execution);
  }
}

export const DEVICE_OPERATIONS: Readonly<Record<DeviceOperation, (call: DeviceCall) => JsonObject>> = {
  GetPendingJobExecutions: getPendingJobExecutions,
  StartNextPendingJobExecution: startNextPendingJobExecution,
  DescribeJobExecution: describeJobExecution,
  UpdateJobExecution: updateJobExecution,
};

function getPendingJobExecutions({ state, thing }: DeviceCall): JsonObject {
  const { inProgress, queued } = pendingSummaries(state, thing);
  return { inProgressJobs: inProgress, queuedJobs: queued };
}

/** An execution that runs already is handed out again as it is: one call can never start a second job beside it. */
function startNextPendingJobExecution({ state, thing, body, nowMs }: DeviceCall): JsonObject {
  const statusDetails = optionalStatusDetails(body, state.options);
  const stepTimeoutInMinutes = optionalTimeout(body, 'stepTimeoutInMinutes', false);
  const head = headOf(thing);
  if (!head) return {};
  if (head.status === 'QUEUED') {
    const change = { status: 'IN_PROGRESS', by: 'device', statusDetails, stepTimeoutInMinutes } as const;
    changeExecution(state, head, change, nowMs);
  } else if (state.options.stepTimerOnRehand === 'rearm') {
    setStepTimer(state, head, stepTimeoutInMinutes, nowMs);
  }
  return { execution: jobExecution(state, head, { nowMs }) };
}

function describeJobExecution({ state, thing, jobId, body, nowMs }: DeviceCall): JsonObject {
  const executionNumber = optionalInteger(body, 'executionNumber');
  const includeJobDocument = optionalBoolean(body, 'includeJobDocument') ?? true;
  if (jobId === '$next') {
    const head = headOf(thing);
    return head ? { execution: jobExecution(state, head, { nowMs, includeJobDocument }) } : {};
  }
  const execution = existingExecution(thing, jobId, executionNumber);
  const isAllowed = state.options.describeTerminalByNumber && executionNumber !== undefined;
  if (isTerminal(execution.status) && !isAllowed) {
    throw new Rejection('TerminalStateReached', `Job execution ${jobId} is in terminal state ${execution.status}`);
  }
  return { execution: jobExecution(state, execution, { nowMs, includeJobDocument }) };
}

function updateJobExecution({ state, thing, jobId, body, nowMs }: DeviceCall): JsonObject {
  const { options } = state;
  if (jobId === '$next') throw new Rejection(options.nextUpdateCode, '$next cannot be updated; name the job');
  const status = deviceStatus(body, options);
  const statusDetails = optionalStatusDetails(body, options);
  const stepTimeoutInMinutes = optionalTimeout(body, 'stepTimeoutInMinutes', true);
  const expectedVersion = optionalInteger(body, 'expectedVersion');
  const includeJobExecutionState = optionalBoolean(body, 'includeJobExecutionState') ?? false;
  const includeJobDocument = optionalBoolean(body, 'includeJobDocument') ?? false;
  const execution = existingExecution(thing, jobId, optionalInteger(body, 'executionNumber'));

  const checks = [() => checkVersion(execution, expectedVersion), () => checkTransition(execution, status)];
  if (options.firstCheck === 'state') checks.reverse();
  for (const check of checks) check();
  changeExecution(state, execution, { status, by: 'device', statusDetails, stepTimeoutInMinutes }, nowMs);
  return {
    ...(includeJobExecutionState && { executionState: jobExecutionState(execution) }),
    ...(includeJobDocument && { jobDocument: deliveredDocument(execution, nowMs) }),
  };
}

function checkVersion(execution: Execution, expectedVersion: number | undefined): void {
  const { versionNumber } = execution;
  if (expectedVersion === undefined || expectedVersion === versionNumber) return;
  const message = `Expected version ${expectedVersion} but found version ${versionNumber}`;
  throw new Rejection('VersionMismatch', message, execution);
}

function checkTransition(execution: Execution, status: JobExecutionStatus): void {
  if (deviceMayChange(execution.status, status)) return;
  const message = `Job execution status cannot change from ${execution.status} to ${status}`;
  throw new Rejection('InvalidStateTransition', message, execution);
}

/** QUEUED is a status a device can name and never reach; the service's own statuses it cannot even name. */
function deviceStatus(
  body: JsonObject,
  options: ServiceOptions,
): 'QUEUED' | 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'REJECTED' {
  const value = presentMember(body, 'status');
  if (value === undefined) throw constraint('status', value, 'not be null');
  const status = JOB_EXECUTION_STATUSES.find((known) => known === value);
  if (!status) throw constraint('status', value, `satisfy enum value set: [${JOB_EXECUTION_STATUSES.join(', ')}]`);
  if (status === 'CANCELED' || status === 'TIMED_OUT' || status === 'REMOVED') {
    throw new Rejection(
      options.serviceOnlyStatusCode,
      `Status ${status} is set by the service; a device cannot set it`,
    );
  }
  return status;
}

function existingExecution(thing: Thing, jobId: string, executionNumber: number | undefined): Execution {
  requireMatch('jobId', jobId, JOB_ID);
  const execution = findExecution(thing, jobId, executionNumber);
  if (execution) return execution;
  const which = executionNumber === undefined ? '' : ` with execution number ${executionNumber}`;
  throw new Rejection('ResourceNotFound', `Job execution ${jobId}${which} does not exist for this thing`);
}
