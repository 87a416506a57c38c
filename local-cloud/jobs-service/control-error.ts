/** Refusals over HTTP: AWS's exception names with the statuses its API models give them. */
import type { JsonObject } from '../../agent/core/json.ts';

/** API reference of the `iot` service, "Errors" of each operation; IAM's for those on signatures and permissions. */
export const CONTROL_ERRORS = {
  InvalidRequestException: 400,
  ValidationException: 400,
  MalformedPolicyException: 400,
  CertificateValidationException: 400,
  /** Of the control plane; on the device's plane it is 429. */
  ThrottlingException: 400,
  InvalidJobDocumentException: 400,
  UnauthorizedException: 401,
  ServiceQuotaExceededException: 402,
  AccessDeniedException: 403,
  ForbiddenException: 403,
  IncompleteSignatureException: 403,
  InvalidSignatureException: 403,
  UnrecognizedClientException: 403,
  MissingAuthenticationTokenException: 403,
  ResourceNotFoundException: 404,
  UnknownOperationException: 404,
  CertificateStateException: 406,
  ConflictException: 409,
  DeleteConflictException: 409,
  InvalidStateTransitionException: 409,
  ResourceAlreadyExistsException: 409,
  VersionConflictException: 409,
  LimitExceededException: 410,
  TerminalStateException: 410,
  RequestEntityTooLargeException: 413,
  InternalFailureException: 500,
  InternalServerException: 500,
  ServiceUnavailableException: 503,
} as const;

export type ControlErrorName = keyof typeof CONTROL_ERRORS;

export class ControlError extends Error {
  override readonly name: ControlErrorName;
  readonly httpStatus: number;
  /** Further members of the error's body, as `resourceId` of ResourceAlreadyExistsException. */
  readonly members: JsonObject;
  constructor(name: ControlErrorName, message: string, members: JsonObject = {}, httpStatus?: number) {
    super(message);
    this.name = name;
    this.httpStatus = httpStatus ?? CONTROL_ERRORS[name];
    this.members = members;
  }
}
