/**
 * The device's four operations over HTTP (API reference, "AWS IoT Jobs data plane"; Developer Guide, "Jobs device HTTP
 * API"): the rules are those of MQTT, the refusals AWS's exceptions, and a job document is a string.
 */
import type { RejectedErrorCode } from '../../agent/core/jobs-request.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import type { DataOperationName } from '../api-model/model.ts';
import type { ControlErrorName } from './control-error.ts';
import { ControlError } from './control-error.ts';
import type { ControlResult } from './control-request.ts';
import { runDeviceOperation, toRejection } from './device-request.ts';
import { textOf } from './encode-message.ts';
import type { JobsState, Thing } from './state.ts';
import { InvalidMember, requireMatch, THING_NAME } from './validation.ts';

/**
 * API reference, "Errors" of each operation. AWS has no exception of its own for a version that does not match; the
 * nearest is told.
 */
const EXCEPTIONS: Readonly<Partial<Record<RejectedErrorCode, ControlErrorName>>> = {
  InvalidJson: 'InvalidRequestException',
  InvalidRequest: 'InvalidRequestException',
  InvalidStateTransition: 'InvalidStateTransitionException',
  ResourceNotFound: 'ResourceNotFoundException',
  VersionMismatch: 'InvalidStateTransitionException',
  RequestThrottled: 'ThrottlingException',
  TerminalStateReached: 'TerminalStateException',
};

/**
 * Runs one operation.
 * @param request `input` has the members of path, query and body; they are checked here.
 * @throws ControlError; anything else is a fault of ours.
 */
export function handleDataRequest(
  state: JobsState,
  request: { readonly operation: DataOperationName; readonly input: JsonObject },
  nowMs: number,
): ControlResult {
  const { operation, input } = request;
  try {
    const call = { state, thing: existingThing(state, input), jobId: String(input.jobId ?? ''), body: input, nowMs };
    const { members, notifications } = runDeviceOperation(operation, call);
    return { answer: withDocumentText(members), notifications };
  } catch (error) {
    throw toException(error);
  }
}

/** Unlike over MQTT, where the broker knows the thing by its certificate, the name may be of no thing at all. */
function existingThing(state: JobsState, input: JsonObject): Thing {
  const thingName = requireMatch('thingName', input.thingName, THING_NAME);
  const thing = state.things.get(thingName);
  if (!thing) throw new ControlError('ResourceNotFoundException', `Thing ${thingName} does not exist`);
  return thing;
}

/** `jobDocument` is a string in the model of the data plane, where MQTT has an object. */
function withDocumentText(members: JsonObject): JsonObject {
  const { execution, jobDocument } = members;
  return {
    ...members,
    ...(isJsonObject(jobDocument) && { jobDocument: textOf(jobDocument) }),
    ...(isJsonObject(execution) && { execution: withDocumentText(execution) }),
  };
}

/** `executionState` goes with a refused change, as the model's description of the exception promises. */
function toException(error: unknown): unknown {
  if (error instanceof ControlError) return error;
  if (error instanceof InvalidMember) return new ControlError('InvalidRequestException', error.message);
  const { code, message, executionState } = toRejection(error);
  const name = EXCEPTIONS[code];
  return name ? new ControlError(name, message, executionState && { executionState }) : error;
}
