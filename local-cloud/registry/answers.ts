/** What the operations of the registry answer with, and refuse with. */
import type { JsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { ControlResult } from '../jobs-service/control-request.ts';
import type { Notification } from '../jobs-service/state.ts';

export function answerWith(answer: JsonObject, notifications: readonly Notification[] = []): ControlResult {
  return { answer, notifications };
}

export function invalidRequest(message: string): ControlError {
  return new ControlError('InvalidRequestException', message);
}

/** @param what As `Thing gw-1`. */
export function notFound(what: string): ControlError {
  return new ControlError('ResourceNotFoundException', `${what} does not exist`);
}

export function alreadyExists(message: string, resource: { resourceId: string; resourceArn: string }): ControlError {
  return new ControlError('ResourceAlreadyExistsException', message, resource);
}

/** @param what As `thing gw-1`. */
export function versionConflict(what: string, versions: { expected: unknown; found: number }): ControlError {
  const { expected, found } = versions;
  const message = `The version for ${what} does not match the expected version: expected ${expected}, found ${found}`;
  return new ControlError('VersionConflictException', message);
}

/** A JSON number in seconds, with milliseconds as its fraction: what the SDKs make a date of. */
export function seconds(timeMs: number): number {
  return Math.round(timeMs) / 1000;
}

/** A member that is there only where it has a value. */
export function optional(name: string, value: JsonObject[string] | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}
