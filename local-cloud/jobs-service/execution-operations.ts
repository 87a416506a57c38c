/** The operator's side of single executions: `iot` operations that describe, cancel and delete them. */
import { isTerminal } from '../../agent/core/job-execution.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import { ControlError } from './control-error.ts';
import type { ControlResult } from './control-request.ts';
import { describedExecution } from './control-shapes.ts';
import { existingExecution, existingJob } from './existing.ts';
import { settle } from './settle.ts';
import type { JobsState } from './state.ts';
import { changeExecution, deleteExecution } from './transitions.ts';
import { optionalBoolean, optionalInteger, optionalStatusDetails } from './validation.ts';

/** In whatever status it is, by number or the latest. */
export function describeJobExecution(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const execution = existingExecution(state, input);
  return { answer: { execution: describedExecution(execution, nowMs) }, notifications: [] };
}

/** The latest execution; what is IN_PROGRESS only with `force`. */
export function cancelJobExecution(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const force = optionalBoolean(input, 'force') ?? false;
  const expectedVersion = optionalInteger(input, 'expectedVersion');
  const statusDetails = optionalStatusDetails(input, state.options);
  const execution = existingExecution(state, input);
  const { status, versionNumber } = execution;
  if (isTerminal(status) || (status === 'IN_PROGRESS' && !force)) {
    const advice = isTerminal(status) ? '' : '; set force to cancel it anyway';
    throw new ControlError('InvalidStateTransitionException', `Job execution is ${status}${advice}`);
  }
  if (expectedVersion !== undefined && expectedVersion !== versionNumber) {
    const message = `Expected version ${expectedVersion} but found version ${versionNumber}`;
    throw new ControlError('VersionConflictException', message);
  }
  const change = { status: 'CANCELED', by: 'operator', statusDetails, forceCanceled: force } as const;
  changeExecution(state, execution, change, nowMs);
  return { answer: {}, notifications: settle(state, nowMs) };
}

/** One that has ended; another only with `force`. Its number may be used again. */
export function deleteJobExecution(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const force = optionalBoolean(input, 'force') ?? false;
  const execution = existingExecution(state, input);
  existingJob(state, input);
  const { status } = execution;
  const isFree = isTerminal(status) || (status === 'QUEUED' && state.options.deleteQueuedWithoutForce);
  if (!isFree && !force) {
    const message = `Job execution is ${status}; set force to delete it anyway`;
    throw new ControlError('InvalidStateTransitionException', message);
  }
  deleteExecution(state, execution, nowMs);
  return { answer: {}, notifications: settle(state, nowMs) };
}
