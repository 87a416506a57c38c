/**
 * AWS Signature Version 4 in a URL's query, made and checked (S3 API reference, "Authenticating requests: using query
 * parameters"). URLs of the SDKs' presigners pass as well as our own, whatever region they name.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { OperatorCredentials } from '../identity/data-folder.ts';
import { REGION } from '../jobs-service/state.ts';
import { S3Error } from './s3-error.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const CREDENTIAL = /^([^/]+)\/(\d{8})\/([a-z0-9-]+)\/s3\/aws4_request$/;
const TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
/** "The maximum is 604800 seconds (seven days)." */
const MAX_EXPIRY_SECONDS = 604_800;
/** A signer's clock may be ahead of ours by this much. */
const MAX_SKEW_MS = 15 * 60 * 1000;
const PARAMETERS = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
] as const;

export interface UrlToSign {
  readonly method: string;
  /** `https://host:port`, without a slash at the end. */
  readonly origin: string;
  /** Not encoded; begins with a slash. */
  readonly path: string;
  /** Further members of the query, not encoded. */
  readonly query?: Readonly<Record<string, string>>;
  readonly expiresInSec: number;
  readonly nowMs: number;
}

/** @returns the URL, all of it in ASCII. */
export function presignUrl(url: UrlToSign, { accessKeyId, secretAccessKey }: OperatorCredentials): string {
  const time = formatTime(url.nowMs);
  const scope = `${time.slice(0, 8)}/${REGION}/s3/aws4_request`;
  const query: [string, string][] = [
    ['X-Amz-Algorithm', ALGORITHM],
    ['X-Amz-Credential', `${accessKeyId}/${scope}`],
    ['X-Amz-Date', time],
    ['X-Amz-Expires', String(url.expiresInSec)],
    ['X-Amz-SignedHeaders', 'host'],
    ...Object.entries(url.query ?? {}),
  ];
  const canonical = canonicalRequest({
    method: url.method,
    path: url.path,
    query,
    signedHeaders: 'host',
    headers: { host: url.origin.replace(/^https?:\/\//, '') },
  });
  const signature = sign(secretAccessKey, { scope, time, canonical }).toString('hex');
  const pairs = [...query, ['X-Amz-Signature', signature] as const];
  const text = pairs.map(([name, value]) => `${encodeSegment(name)}=${encodeSegment(value)}`).join('&');
  return `${url.origin}${encodePath(url.path)}?${text}`;
}

export interface PresignedRequest {
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  /** Decoded, in the order they came. */
  readonly query: readonly (readonly [string, string])[];
  readonly headers: IncomingHttpHeaders;
}

/** @throws S3Error unless the request was signed with these credentials, as it came, and has not expired by `nowMs`. */
export function verifyPresigned(request: PresignedRequest, credentials: OperatorCredentials, nowMs: number): void {
  if (!request.query.some(([name]) => name.startsWith('X-Amz-'))) throw new S3Error('AccessDenied', 'Access Denied');
  const values = readParameters(request.query);
  const [, accessKeyId = '', day = '', region = ''] = CREDENTIAL.exec(values['X-Amz-Credential']) ?? [];
  if (accessKeyId === '') throw malformed('X-Amz-Credential is not KEY/DATE/REGION/s3/aws4_request');
  const time = values['X-Amz-Date'];
  const signedAtMs = parseTime(time);
  if (signedAtMs === undefined || !time.startsWith(day))
    throw malformed('X-Amz-Date is not of the day of the credential');
  const expiresInSec = readExpiry(values['X-Amz-Expires']);
  if (accessKeyId !== credentials.accessKeyId) {
    throw new S3Error('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
  }
  const signedHeaders = values['X-Amz-SignedHeaders'];
  if (!/^[a-z0-9-]+(;[a-z0-9-]+)*$/.test(signedHeaders) || !signedHeaders.split(';').includes('host')) {
    throw malformed('X-Amz-SignedHeaders must name host');
  }
  const canonical = canonicalRequest({
    method: request.method,
    path: request.path,
    query: request.query.filter(([name]) => name !== 'X-Amz-Signature'),
    signedHeaders,
    headers: request.headers,
  });
  const scope = `${day}/${region}/s3/aws4_request`;
  checkSignature(values['X-Amz-Signature'], sign(credentials.secretAccessKey, { scope, time, canonical }));
  checkTime({ signedAtMs, expiresInSec, nowMs });
}

type Parameter = (typeof PARAMETERS)[number];

function readParameters(query: PresignedRequest['query']): Readonly<Record<Parameter, string>> {
  const values = PARAMETERS.map((parameter) => {
    const [value, ...more] = query.filter(([name]) => name === parameter);
    if (value === undefined || more.length > 0) {
      throw malformed(`Query-string authentication version 4 requires the ${PARAMETERS.join(', ')} parameters.`);
    }
    return [parameter, value[1]] as const;
  });
  const read = Object.fromEntries(values) as Record<Parameter, string>;
  if (read['X-Amz-Algorithm'] !== ALGORITHM) throw malformed(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  return read;
}

function readExpiry(text: string): number {
  const seconds = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 1 && seconds <= MAX_EXPIRY_SECONDS) return seconds;
  throw malformed(`X-Amz-Expires must be a number of seconds from 1 to ${MAX_EXPIRY_SECONDS}`);
}

function checkSignature(given: string, expected: Buffer): void {
  if (/^[0-9a-f]{64}$/.test(given) && timingSafeEqual(expected, Buffer.from(given, 'hex'))) return;
  throw new S3Error(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  );
}

function checkTime(times: { signedAtMs: number; expiresInSec: number; nowMs: number }): void {
  const { signedAtMs, expiresInSec, nowMs } = times;
  const expiresAtMs = signedAtMs + expiresInSec * 1000;
  const elements = {
    'X-Amz-Expires': String(expiresInSec),
    Expires: isoSeconds(expiresAtMs),
    ServerTime: isoSeconds(nowMs),
  };
  if (nowMs >= expiresAtMs) throw new S3Error('AccessDenied', 'Request has expired', elements);
  if (signedAtMs > nowMs + MAX_SKEW_MS) throw new S3Error('AccessDenied', 'Request is not valid yet', elements);
}

function canonicalRequest(request: {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly signedHeaders: string;
  readonly headers: IncomingHttpHeaders;
}): string {
  const query = request.query.map(([name, value]) => `${encodeSegment(name)}=${encodeSegment(value)}`).sort();
  const headers = request.signedHeaders.split(';').map((name) => `${name}:${headerValue(request.headers[name])}\n`);
  return [
    request.method,
    encodePath(request.path),
    query.join('&'),
    headers.join(''),
    request.signedHeaders,
    'UNSIGNED-PAYLOAD',
  ].join('\n');
}

function sign(secret: string, signed: { scope: string; time: string; canonical: string }): Buffer {
  const { scope, time, canonical } = signed;
  const digest = createHash('sha256').update(canonical).digest('hex');
  const key = scope.split('/').reduce<string | Buffer>((from, part) => hmac(from, part), `AWS4${secret}`);
  return hmac(key, [ALGORITHM, time, scope, digest].join('\n'));
}

/** S3 signs the path encoded once, and normalises nothing in it. */
function encodePath(path: string): string {
  return path.split('/').map(encodeSegment).join('/');
}

/** RFC 3986: everything but letters, digits and `-._~`. */
function encodeSegment(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

function headerValue(value: string | string[] | undefined): string {
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text.trim().replace(/ +/g, ' ');
}

/** `20130524T000000Z` */
function formatTime(timeMs: number): string {
  return isoSeconds(timeMs).replace(/[-:]/g, '');
}

function parseTime(text: string): number | undefined {
  const [, year, month, day, hour, minute, second] = TIME.exec(text) ?? [];
  const timeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

function isoSeconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

function malformed(message: string): S3Error {
  return new S3Error('AuthorizationQueryParametersError', message);
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
