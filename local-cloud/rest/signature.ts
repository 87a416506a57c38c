/**
 * AWS Signature Version 4, checked
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html). Region and service are taken from the
 * request's own scope: any region will do here, and clients disagree on the service's signing name.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { OperatorCredentials } from '../identity/data-folder.ts';
import { ControlError } from '../jobs-service/control-error.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request,\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})$/;
/** AWS: "within five minutes of the time stamp in the request". */
const MAX_SKEW_MS = 5 * 60 * 1000;

export interface SignedRequest {
  readonly method: string;
  /** Path and query as they came, not decoded. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** The service a request was signed for (`iot`, `execute-api`, `iot-jobs-data`), or undefined when it is not signed. */
export function signedService(headers: IncomingHttpHeaders): string | undefined {
  return AUTHORIZATION.exec(headers.authorization ?? '')?.[4];
}

/** @throws ControlError when the request was not signed with these credentials, just now, as it came. */
export function verifySignature(request: SignedRequest, credentials: OperatorCredentials, nowMs: number): void {
  const { authorization } = request.headers;
  if (authorization === undefined) {
    throw new ControlError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  const [, accessKeyId = '', day = '', region = '', service = '', signedHeaders = '', signature = ''] =
    AUTHORIZATION.exec(authorization) ?? [];
  if (signature === '') {
    throw new ControlError('InvalidSignatureException', `The Authorization header is not one of ${ALGORITHM}`);
  }
  if (accessKeyId !== credentials.accessKeyId) {
    throw new ControlError('UnrecognizedClientException', 'The security token included in the request is invalid.');
  }
  const time = signingTime(request, day, nowMs);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const stringToSign = [ALGORITHM, time, scope, sha256(canonicalRequest(request, signedHeaders))].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${credentials.secretAccessKey}`,
  );
  if (timingSafeEqual(hmac(key, stringToSign), Buffer.from(signature, 'hex'))) return;
  throw new ControlError(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
  );
}

/** The request's time stamp, when it is near enough and of the day that the key was derived for. */
function signingTime({ headers }: SignedRequest, day: string, nowMs: number): string {
  const time = String(headers['x-amz-date'] ?? '');
  const [, date = '', hour = '', minute = '', second = ''] = /^(\d{8})T(\d{2})(\d{2})(\d{2})Z$/.exec(time) ?? [];
  const iso = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T${hour}:${minute}:${second}Z`;
  if (date !== day || !(Math.abs(Date.parse(iso) - nowMs) <= MAX_SKEW_MS)) {
    throw new ControlError('InvalidSignatureException', `Signature expired: x-amz-date is ${time || 'missing'}`);
  }
  return time;
}

function canonicalRequest(request: SignedRequest, signedHeaders: string): string {
  const names = signedHeaders.split(';');
  if (!names.includes('host')) throw new ControlError('InvalidSignatureException', "'Host' must be a signed header");
  const headers = names.map((name) => `${name}:${headerValue(request.headers[name])}\n`).join('');
  const [path = '', query = ''] = splitTarget(request.target);
  return [
    request.method,
    canonicalPath(path),
    canonicalQuery(query),
    headers,
    signedHeaders,
    payloadHash(request),
  ].join('\n');
}

/** A hash that the client states must be the body's: signing the statement alone would leave the body open. */
function payloadHash(request: SignedRequest): string {
  const actual = sha256(request.body);
  const stated = request.headers['x-amz-content-sha256'];
  if (stated === undefined || stated === actual) return actual;
  throw new ControlError('InvalidSignatureException', 'x-amz-content-sha256 is not the hash of the body');
}

function splitTarget(target: string): [string, string] {
  const at = target.indexOf('?');
  return at === -1 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}

/** Every service but S3 signs the path as it was sent, encoded once more. */
function canonicalPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(encode(segment));
  }
  const trailing = kept.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${kept.join('/')}${trailing}`;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .map((pair) => {
      const at = pair.indexOf('=');
      const [name, value] = at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
      return `${encode(decode(name))}=${encode(decode(value))}`;
    })
    .sort()
    .join('&');
}

function headerValue(value: string | string[] | undefined): string {
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text.trim().replace(/\s+/g, ' ');
}

/** RFC 3986: everything but letters, digits and `-._~`. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
