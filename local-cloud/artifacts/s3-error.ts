/** Refusals of the artifact store, in the codes, statuses and XML of Amazon S3 (API reference, "Error responses"). */

const STATUSES = {
  AccessDenied: 403,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  EntityTooLarge: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidDigest: 400,
  InvalidRange: 416,
  InvalidURI: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchVersion: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
  SignatureDoesNotMatch: 403,
} as const;

export type S3ErrorCode = keyof typeof STATUSES;

export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly code: S3ErrorCode;
  readonly httpStatus: number;
  /** Further elements of the answer, as `Key` of NoSuchKey. */
  readonly elements: Readonly<Record<string, string>>;
  constructor(code: S3ErrorCode, message: string, elements: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.httpStatus = STATUSES[code];
    this.elements = elements;
  }
}

export function errorXml(error: S3Error, requestId: string): string {
  const elements = { Code: error.code, Message: error.message, ...error.elements, RequestId: requestId };
  const body = Object.entries(elements).map(([name, text]) => `<${name}>${escapeXml(text)}</${name}>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${body.join('')}</Error>`;
}

/** XML 1.0 has no way to write most control characters, nor half a surrogate pair. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
}
