/** The text that a Signature Version 4 is over (IAM User Guide, "Create a canonical request"). */
import { createHash } from 'node:crypto';
import { ControlError } from '../jobs-service/control-error.ts';
import type { ApiRequest } from './api-exchange.ts';

/** @throws ControlError when the body is not the one whose hash the client states. */
export function canonicalRequest(request: ApiRequest, signedHeaders: string): string {
  const headers = signedHeaders.split(';').map((name) => `${name}:${headerValue(request.headerLines[name])}\n`);
  const [path, query] = splitTarget(request.target);
  return [
    request.method,
    canonicalPath(path),
    canonicalQuery(query),
    headers.join(''),
    signedHeaders,
    payloadHash(request),
  ].join('\n');
}

/** As lower-case hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** A hash that the client states must be the body's: signing the statement alone would leave the body open. */
function payloadHash(request: ApiRequest): string {
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

/** Sorted by name, then by value, both encoded. */
function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .map((pair): [string, string] => {
      const at = pair.indexOf('=');
      const [name, value] = at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
      return [encode(decode(name)), encode(decode(value))];
    })
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function headerValue(values: readonly string[] | undefined): string {
  return (values ?? []).map((value) => value.trim().replace(/\s+/g, ' ')).join(',');
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
