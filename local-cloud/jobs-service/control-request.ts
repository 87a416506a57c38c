/** One request of the control plane: which operation it is, its input checked by AWS's model, and what came of it. */
import type { JsonObject } from '../../agent/core/json.ts';
import { type ControlOperationName, IOT } from '../api-model/model.ts';
import { readInput } from '../api-model/read-input.ts';
import { PACKAGE_OPERATIONS } from '../packages/package-operations.ts';
import { REGISTRY_OPERATIONS } from '../registry/registry-operations.ts';
import { TEMPLATE_OPERATIONS } from '../templates/template-operations.ts';
import { ControlError } from './control-error.ts';
import { JOB_OPERATIONS } from './control-operations.ts';
import type { JobsState, Notification } from './state.ts';
import { InvalidMember } from './validation.ts';

export interface ControlResult {
  readonly answer: JsonObject;
  readonly notifications: readonly Notification[];
}

/**
 * One operation. Its input is checked: types, lengths, patterns and enumerations are AWS's.
 * A refusal is thrown and has changed nothing.
 */
export type ControlOperation = (state: JobsState, input: JsonObject, nowMs: number) => ControlResult;

export type ControlOperations = Readonly<Partial<Record<ControlOperationName, ControlOperation>>>;

const OPERATIONS: ControlOperations = {
  ...JOB_OPERATIONS,
  ...TEMPLATE_OPERATIONS,
  ...REGISTRY_OPERATIONS,
  ...PACKAGE_OPERATIONS,
};

/**
 * Runs one operation.
 * @throws ControlError
 */
export function handleControlRequest(
  state: JobsState,
  request: { readonly operation: ControlOperationName; readonly input: JsonObject },
  nowMs: number,
): ControlResult {
  const { operation } = request;
  const perform = OPERATIONS[operation];
  if (!perform) throw new ControlError('UnknownOperationException', `job-cloud does not serve ${operation}`);
  const input = readControlInput(operation, request.input);
  try {
    return perform(state, input, nowMs);
  } catch (error) {
    if (error instanceof InvalidMember) throw new ControlError(invalidInputError(operation), error.message);
    throw error;
  }
}

/** The members of a request, checked by AWS's model. @throws ControlError */
export function readControlInput(operation: ControlOperationName, members: JsonObject): JsonObject {
  try {
    return readInput(IOT, operation, members);
  } catch (error) {
    if (error instanceof InvalidMember) throw new ControlError(invalidInputError(operation), error.message);
    throw error;
  }
}

/** The operations of the package catalog have another name for it. */
function invalidInputError(operation: ControlOperationName): 'InvalidRequestException' | 'ValidationException' {
  const { errors } = IOT.operations[operation];
  return 'ValidationException' in errors && !('InvalidRequestException' in errors)
    ? 'ValidationException'
    : 'InvalidRequestException';
}
