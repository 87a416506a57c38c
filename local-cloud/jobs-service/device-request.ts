/** One MQTT message from a device: which operation its topic means, and the answer with its topic. */
import type { RejectedErrorCode } from '../../agent/core/jobs-request.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import type { DeviceCall, DeviceOperation } from './device-operations.ts';
import { DEVICE_OPERATIONS, Rejection } from './device-operations.ts';
import { epochSeconds } from './device-shapes.ts';
import { settle } from './settle.ts';
import type { JobsState, Notification, Thing } from './state.ts';
import { InvalidMember, presentMember } from './validation.ts';

export interface DeviceRequest {
  readonly thingName: string;
  readonly topic: string;
  readonly payload: Uint8Array;
}

export interface DeviceAnswer {
  /** `InvalidTopic` where the topic means no operation. */
  readonly operation: DeviceOperation | 'InvalidTopic';
  readonly accepted: boolean;
  readonly code: RejectedErrorCode | undefined;
  /** `<request topic>/accepted` or `/rejected`. */
  readonly topic: string;
  readonly message: JsonObject;
}

export interface HandledDeviceRequest {
  readonly answer: DeviceAnswer;
  readonly notifications: readonly Notification[];
  /** What went wrong in here, where the answer is InternalError; for the caller's log. */
  readonly fault?: unknown;
}

/** Answers one request. Never throws: whatever a device sends, it gets an answer. */
export function handleDeviceRequest(state: JobsState, request: DeviceRequest, nowMs: number): HandledDeviceRequest {
  const route = routeTopic(request);
  const timestamp = epochSeconds(nowMs);
  let clientToken: { clientToken?: string } = {};
  try {
    if (!route) throw new Rejection('InvalidTopic', `No Jobs operation has the topic ${request.topic}`);
    const body = parseBody(request.payload);
    clientToken = readClientToken(body);
    const thing = existingThing(state, request.thingName);
    const call: DeviceCall = { state, thing, jobId: route.jobId, body, nowMs };
    const { members, notifications } = runDeviceOperation(route.operation, call);
    const answer: DeviceAnswer = {
      operation: route.operation,
      accepted: true,
      code: undefined,
      topic: `${request.topic}/accepted`,
      message: { ...clientToken, timestamp, ...members },
    };
    return { answer, notifications };
  } catch (error) {
    const { code, message, executionState } = toRejection(error);
    const answer: DeviceAnswer = {
      operation: route?.operation ?? 'InvalidTopic',
      accepted: false,
      code,
      topic: `${request.topic}/rejected`,
      message: { code, message, ...clientToken, timestamp, ...(executionState && { executionState }) },
    };
    return { answer, notifications: [], ...(code === 'InternalError' && { fault: error }) };
  }
}

/** A deleted thing does not come back because its device asks. AWS does not say what the device is told. */
function existingThing(state: JobsState, thingName: string): Thing {
  const thing = state.things.get(thingName);
  if (!thing) throw new Rejection('ResourceNotFound', `Thing ${thingName} does not exist`);
  return thing;
}

/**
 * One operation, however it was asked for, and whom to notify of what it changed.
 * @throws Rejection, InvalidMember
 */
export function runDeviceOperation(
  operation: DeviceOperation,
  call: DeviceCall,
): { members: JsonObject; notifications: readonly Notification[] } {
  const members = DEVICE_OPERATIONS[operation](call);
  return { members, notifications: settle(call.state, call.nowMs) };
}

/** Told apart by the number of segments: a job may be called `get` or `start-next`. */
export function routeTopic(request: DeviceRequest): { operation: DeviceOperation; jobId: string } | undefined {
  const prefix = `$aws/things/${request.thingName}/jobs/`;
  if (!request.topic.startsWith(prefix)) return undefined;
  const [first = '', second, ...more] = request.topic.slice(prefix.length).split('/');
  if (more.length > 0) return undefined;
  if (second === undefined) {
    if (first === 'get') return { operation: 'GetPendingJobExecutions', jobId: '' };
    if (first === 'start-next') return { operation: 'StartNextPendingJobExecution', jobId: '' };
    return undefined;
  }
  if (second === 'get') return { operation: 'DescribeJobExecution', jobId: first };
  if (second === 'update') return { operation: 'UpdateJobExecution', jobId: first };
  return undefined;
}

/** No bytes at all mean `{}`: AWS's C demo sends none with start-next. */
function parseBody(payload: Uint8Array): JsonObject {
  if (payload.byteLength === 0) return {};
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload));
  } catch {
    throw new Rejection('InvalidJson', 'The payload is not valid UTF-8 encoded JSON');
  }
  if (!isJsonObject(body)) throw new Rejection('InvalidJson', 'The payload is not a JSON object');
  return body;
}

function readClientToken(body: JsonObject): { clientToken?: string } {
  const clientToken = presentMember(body, 'clientToken');
  if (clientToken === undefined) return {};
  if (typeof clientToken !== 'string') throw new Rejection('InvalidRequest', 'clientToken must be a string');
  return { clientToken };
}

export function toRejection(error: unknown): Rejection {
  if (error instanceof Rejection) return error;
  if (error instanceof InvalidMember) return new Rejection('InvalidRequest', error.message);
  // A fault of ours: the device is told to try again.
  return new Rejection('InternalError', error instanceof Error ? error.message : 'Internal error');
}
