import { describe, expect, test } from 'vitest';
import type { KeyPair } from '../../../local-cloud/identity/key-pairs.ts';
import { ControlError } from '../../../local-cloud/jobs-service/control-error.ts';
import type { ApiRequest } from '../../../local-cloud/rest/api-exchange.ts';
import { verifySignature } from '../../../local-cloud/rest/signature.ts';
import { signRequest } from '../../fixtures/sign-request.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const KEY_PAIR: KeyPair = {
  profile: 'default',
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'secret',
  sessionToken: undefined,
};
const TEMPORARY: KeyPair = { ...KEY_PAIR, profile: 'visitor', accessKeyId: 'ASIAEXAMPLE', sessionToken: 'token' };

describe('what is taken', () => {
  test.each([
    ['a plain path', { target: '/jobs/a' }],
    ['an escaped path', { target: '/things/plant%3Agw/jobs/%24next' }],
    ['a $ as it is', { method: 'PUT', target: '/things/gw/jobs/$next', body: '{}' }],
    ['a query whose names sort otherwise than its pairs', { target: '/tags?a-b=1&a=2&a=1&empty' }],
    ['a body', { method: 'PUT', target: '/jobs/a', body: '{"document":"é"}' }],
  ])('%s', (_what, request) => {
    expect(verify(signRequest(request, KEY_PAIR, { atMs: NOW }))).toBe(KEY_PAIR);
  });

  test('a header that came twice, and one with spaces in it', () => {
    const headers = { 'x-amzn-principal': ['a', '  b   c '] };
    expect(verify(signRequest({ target: '/principals/things', headers }, KEY_PAIR, { atMs: NOW }))).toBe(KEY_PAIR);
  });

  test('the Authorization header’s parts in another order and spacing', () => {
    const request = signRequest({ target: '/jobs' }, KEY_PAIR, { atMs: NOW });
    const [, credential, headers, signature] =
      /^\S+ (Cred[^,]+), (Signed[^,]+), (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    const authorization = `AWS4-HMAC-SHA256 ${signature},${credential} , ${headers}`;
    expect(verify({ ...request, headers: { ...request.headers, authorization } })).toBe(KEY_PAIR);
  });

  test.each([-5, 5])('a time stamp %i minutes away', (minutes) => {
    expect(verify(signRequest({ target: '/jobs' }, KEY_PAIR, { atMs: NOW + minutes * 60_000 }))).toBe(KEY_PAIR);
  });

  test('temporary credentials with their session token', () => {
    const headers = { 'x-amz-security-token': ['token'] };
    expect(verify(signRequest({ target: '/jobs', headers }, TEMPORARY, { atMs: NOW }))).toBe(TEMPORARY);
  });
});

describe('what is refused', () => {
  test.each<[string, (request: ApiRequest) => Partial<ApiRequest>]>([
    ['another method', () => ({ method: 'DELETE' })],
    ['another path', () => ({ target: '/jobs/b?status=QUEUED' })],
    ['another query', () => ({ target: '/jobs/a?status=CANCELED' })],
    ['one more query member', () => ({ target: '/jobs/a?status=QUEUED&maxResults=1' })],
    ['another body', () => ({ body: Buffer.from('{"a":2}') })],
    ['another host', ({ headerLines }) => ({ headerLines: { ...headerLines, host: ['evil'] } })],
    ['a header sent once more', ({ headerLines }) => ({ headerLines: { ...headerLines, host: ['localhost', 'x'] } })],
  ])('%s than was signed', (_what, alter) => {
    const signed = signRequest({ method: 'PUT', target: '/jobs/a?status=QUEUED', body: '{"a":1}' }, KEY_PAIR, {
      atMs: NOW,
    });
    expect(refusalOf({ ...signed, ...alter(signed) })).toMatchObject({
      name: 'InvalidSignatureException',
      httpStatus: 403,
      message: expect.stringContaining('does not match the signature you provided'),
    });
  });

  test('a time stamp before and after five minutes, in AWS’s words', () => {
    const stamped = (atMs: number) => refusalOf(signRequest({ target: '/jobs' }, KEY_PAIR, { atMs }));
    expect(stamped(NOW - 301_000)).toMatchObject({
      name: 'InvalidSignatureException',
      message: 'Signature expired: 20260102T025904Z is now earlier than 20260102T025905Z (20260102T030405Z - 5 min.)',
    });
    expect(stamped(NOW + 301_000)).toMatchObject({
      name: 'InvalidSignatureException',
      message:
        'Signature not yet current: 20260102T030906Z is still later than 20260102T030905Z (20260102T030405Z + 5 min.)',
    });
  });

  test('a scope of another day', () => {
    expect(refusalOf(signRequest({ target: '/jobs' }, KEY_PAIR, { atMs: NOW, day: '20260101' }))).toMatchObject({
      name: 'InvalidSignatureException',
      message: expect.stringContaining('Date in Credential scope does not match YYYYMMDD'),
    });
  });

  test('a signature for another service', () => {
    expect(refusalOf(signRequest({ target: '/jobs' }, KEY_PAIR, { atMs: NOW, service: 's3' }))).toMatchObject({
      name: 'InvalidSignatureException',
      message: "Credential should be scoped to correct service: 'iot'.",
    });
  });

  test.each<[string, KeyPair, string[] | undefined]>([
    ['an unknown access key', { ...KEY_PAIR, accessKeyId: 'AKIDOTHER' }, undefined],
    ['a session token where the key pair has none', KEY_PAIR, ['token']],
    ['temporary credentials without their token', TEMPORARY, undefined],
    ['temporary credentials with another token', TEMPORARY, ['other']],
  ])('%s', (_what, keyPair, token) => {
    const headers = token && { 'x-amz-security-token': token };
    expect(refusalOf(signRequest({ target: '/jobs', headers }, keyPair, { atMs: NOW }))).toMatchObject({
      name: 'UnrecognizedClientException',
      httpStatus: 403,
    });
  });

  test.each([
    [undefined, 'MissingAuthenticationTokenException'],
    ['Bearer abc', 'IncompleteSignatureException'],
    ['AWS4-HMAC-SHA256', 'IncompleteSignatureException'],
    [
      `AWS4-HMAC-SHA256 Credential=a/b/c/iot/aws4_request,Credential=a/b/c/iot-jobs-data/aws4_request,SignedHeaders=host,Signature=${'0'.repeat(64)}`,
      'IncompleteSignatureException',
    ],
    ['AWS4-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=b', 'InvalidSignatureException'],
    [`AWS4-HMAC-SHA256 Credential=a/b,SignedHeaders=host,Signature=${'0'.repeat(64)}`, 'IncompleteSignatureException'],
    [
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/x/iot/aws4_request,SignedHeaders=x-amz-date,Signature=${'0'.repeat(64)}`,
      'InvalidSignatureException',
    ],
    [
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/x/iot/aws4_request,SignedHeaders=host,Signature=${'0'.repeat(64)}`,
      'IncompleteSignatureException',
    ],
  ])('the Authorization header %j is %s', (authorization, name) => {
    const signed = signRequest({ target: '/jobs' }, KEY_PAIR, { atMs: NOW });
    const { authorization: _, 'x-amz-date': __, ...headers } = signed.headers;
    const request = { ...signed, headers: { ...headers, ...(authorization && { authorization }) } };
    expect(refusalOf(request)).toMatchObject({ name, httpStatus: 403 });
  });
});

function verify(request: ApiRequest): KeyPair {
  return verifySignature(request, [KEY_PAIR, TEMPORARY], NOW);
}

function refusalOf(request: ApiRequest): ControlError {
  try {
    verify(request);
  } catch (error) {
    if (error instanceof ControlError) return error;
    throw error;
  }
  throw new Error('the request was taken');
}
