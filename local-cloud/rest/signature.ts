/**
 * AWS Signature Version 4, checked
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; the refusals:
 * reference_sigv-troubleshooting.html beside it). Any region will do here, as any endpoint override does.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { KeyPair } from '../identity/key-pairs.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { ApiRequest } from './api-exchange.ts';
import { canonicalRequest, sha256 } from './canonical-request.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';
/** AWS: "within five minutes of the time stamp in the request". */
const MAX_SKEW_MS = 5 * 60 * 1000;
/** Signing names: `iot` by current SDKs, `execute-api` by older ones and `aws` version 2. */
const SERVICES = new Set(['iot', 'execute-api', 'iot-jobs-data']);

interface Authorization {
  readonly accessKeyId: string;
  /** `YYYYMMDD`. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: string;
  readonly signature: string;
}

/** The service a request says it was signed for (`iot`, `execute-api`, `iot-jobs-data`), or undefined. Checks nothing. */
export function signedService({ authorization }: IncomingHttpHeaders): string | undefined {
  return /\bCredential=[^/,\s]*\/[^/,\s]*\/[^/,\s]*\/([^/,\s]+)\/aws4_request\b/.exec(authorization ?? '')?.[1];
}

/**
 * Whose request it is.
 * @param nowMs by the machine's clock, even where the Jobs service's own is turned: clients sign by theirs.
 * @throws ControlError when the request was not signed with one of these key pairs, just now, as it came.
 */
export function verifySignature(request: ApiRequest, keyPairs: readonly KeyPair[], nowMs: number): KeyPair {
  const authorization = readAuthorization(request.headers);
  const keyPair = keyPairs.find(({ accessKeyId }) => accessKeyId === authorization.accessKeyId);
  // A token of other credentials is as wrong as another key.
  if (!keyPair || request.headers['x-amz-security-token'] !== keyPair.sessionToken) {
    throw new ControlError('UnrecognizedClientException', 'The security token included in the request is invalid.');
  }
  const { day, region, service, signedHeaders, signature } = authorization;
  const time = signingTime(request.headers, authorization);
  refuseSkew(time, nowMs);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const stringToSign = [ALGORITHM, time, scope, sha256(canonicalRequest(request, signedHeaders))].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${keyPair.secretAccessKey}`,
  );
  if (timingSafeEqual(hmac(key, stringToSign), Buffer.from(signature, 'hex'))) return keyPair;
  throw mismatch();
}

function readAuthorization(headers: IncomingHttpHeaders): Authorization {
  const { authorization } = headers;
  if (authorization === undefined) {
    throw new ControlError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  const [scheme = '', ...rest] = authorization.trim().split(/\s+/);
  if (scheme !== ALGORITHM) {
    throw incomplete(`Unsupported AWS 'algorithm': '${shorten(scheme)}'.`);
  }
  const given = rest
    .join('')
    .split(',')
    .map((part): [string, string] => {
      const at = part.indexOf('=');
      return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
    });
  const parts = new Map(given);
  // One decides which face answers (signedService) and another would say who asks.
  const doubled = given.find(([name], index) => given.findIndex(([other]) => other === name) < index);
  if (doubled !== undefined)
    throw incomplete(`Authorization header has more than one '${shorten(doubled[0])}' parameter.`);
  const missing = ['Credential', 'Signature', 'SignedHeaders'].filter((name) => !parts.get(name));
  if (missing.length > 0) {
    throw incomplete(missing.map((name) => `Authorization header requires '${name}' parameter.`).join(' '));
  }
  const signedHeaders = parts.get('SignedHeaders') ?? '';
  if (!/^[!#$%&'*+.^_`|~a-z0-9;-]+$/.test(signedHeaders) || !signedHeaders.split(';').includes('host')) {
    throw invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  const signature = parts.get('Signature') ?? '';
  if (!/^[0-9a-f]{64}$/.test(signature)) throw mismatch();
  return { ...readCredential(parts.get('Credential') ?? ''), signedHeaders, signature };
}

function readCredential(credential: string): Pick<Authorization, 'accessKeyId' | 'day' | 'region' | 'service'> {
  const [accessKeyId = '', day = '', region = '', service = '', terminator, ...more] = credential.split('/');
  if (terminator === undefined || more.length > 0) {
    throw incomplete(
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${shorten(credential)}'.`,
    );
  }
  if (!SERVICES.has(service)) {
    throw invalid("Credential should be scoped to correct service: 'iot'.");
  }
  if (terminator !== 'aws4_request') {
    throw invalid(`Credential should be scoped with a valid terminator: 'aws4_request', not '${shorten(terminator)}'.`);
  }
  return { accessKeyId, day, region, service };
}

/** The request's time stamp in ISO 8601's basic form; of the day that the key was derived for. */
function signingTime(headers: IncomingHttpHeaders, { day }: Authorization): string {
  const stamp = headers['x-amz-date'] ?? headers.date;
  if (stamp === undefined) {
    throw incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  const time = String(stamp);
  if (Number.isNaN(timeMs(time))) {
    throw incomplete(`Date must be in ISO-8601 'basic format'. Got '${shorten(time)}'.`);
  }
  if (time.slice(0, 8) === day) return time;
  throw invalid(
    'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
      `'${shorten(day)}' != '${time.slice(0, 8)}', from '${time}'.`,
  );
}

function refuseSkew(time: string, nowMs: number): void {
  const signedMs = timeMs(time);
  const now = basicTime(nowMs);
  if (signedMs < nowMs - MAX_SKEW_MS) {
    throw invalid(`Signature expired: ${time} is now earlier than ${basicTime(nowMs - MAX_SKEW_MS)} (${now} - 5 min.)`);
  }
  if (signedMs > nowMs + MAX_SKEW_MS) {
    throw invalid(
      `Signature not yet current: ${time} is still later than ${basicTime(nowMs + MAX_SKEW_MS)} (${now} + 5 min.)`,
    );
  }
}

/** NaN for what is no such time. */
function timeMs(time: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(time) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function basicTime(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

function invalid(message: string): ControlError {
  return new ControlError('InvalidSignatureException', message);
}

function incomplete(message: string): ControlError {
  return new ControlError('IncompleteSignatureException', message);
}

function mismatch(): ControlError {
  return invalid(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
      'and signing method. Consult the service documentation for details.',
  );
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
