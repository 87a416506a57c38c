import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { presignUrl, verifyPresigned } from '../../../local-cloud/artifacts/presigned-url.ts';
import { S3Error } from '../../../local-cloud/artifacts/s3-error.ts';

const CREDENTIALS = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const SIGNED_AT_MS = Date.UTC(2013, 4, 24);

test("the example of AWS's guide has the signature that it prints", () => {
  const url = presignUrl(
    {
      method: 'GET',
      origin: 'https://examplebucket.s3.amazonaws.com',
      path: '/test.txt',
      expiresInSec: 86_400,
      nowMs: SIGNED_AT_MS,
    },
    CREDENTIALS,
  );
  expect(new URL(url).searchParams.get('X-Amz-Signature')).toBe(
    'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  );
});

describe('time', () => {
  test('a URL holds until the last millisecond before it expires', () => {
    expect(verify(signed(), { nowMs: SIGNED_AT_MS + 59_999 })).toBe('verified');
    expect(verify(signed(), { nowMs: SIGNED_AT_MS + 60_000 })).toBe('AccessDenied: Request has expired');
  });

  test('a signer may be a quarter of an hour ahead', () => {
    expect(verify(signed(), { nowMs: SIGNED_AT_MS - 15 * 60_000 })).toBe('verified');
    expect(verify(signed(), { nowMs: SIGNED_AT_MS - 15 * 60_000 - 1 })).toBe('AccessDenied: Request is not valid yet');
  });
});

describe('what was altered', () => {
  test.each([
    ['the method', signed(), { method: 'PUT' }],
    ['the method GET to HEAD', signed(), { method: 'HEAD' }],
    ['the host', signed(), { host: 'localhost:9444' }],
    ['the path', Object.assign(signed(), { pathname: '/firmware/l' }), {}],
    ['the expiry', withParameter('X-Amz-Expires', '3600'), {}],
    ['the date', withParameter('X-Amz-Date', '20130524T000001Z'), {}],
    ['a parameter that came along', withParameter('versionId', '1'), {}],
    ['the signature', withParameter('X-Amz-Signature', '0'.repeat(64)), {}],
    ['the signature, cut short', withParameter('X-Amz-Signature', ''), {}],
  ])('%s does not match the signature', (_what, url, at) => {
    expect(verify(url, at)).toMatch(/^SignatureDoesNotMatch/);
  });

  test.each([
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA1'],
    ['X-Amz-Credential', 'x'],
    ['X-Amz-Credential', 'AKIAIOSFODNN7EXAMPLE/20130525/us-east-1/s3/aws4_request'],
    ['X-Amz-Date', '20139924T000000Z'],
    ['X-Amz-Expires', '0'],
    ['X-Amz-Expires', '604801'],
    ['X-Amz-Expires', '1e3'],
    ['X-Amz-SignedHeaders', 'x-other'],
    ['X-Amz-SignedHeaders', ''],
  ])('%s of %j is malformed', (parameter, value) => {
    expect(verify(withParameter(parameter, value))).toMatch(/^AuthorizationQueryParametersError/);
  });

  test('a parameter that comes twice is malformed', () => {
    const url = signed();
    url.searchParams.append('X-Amz-Expires', '3600');
    expect(verify(url)).toMatch(/^AuthorizationQueryParametersError/);
  });

  test('another key is not known', () => {
    const url = withParameter('X-Amz-Credential', 'AKIAOTHER/20130524/us-east-1/s3/aws4_request');
    expect(verify(url)).toMatch(/^InvalidAccessKeyId/);
  });

  test('nothing signed is nothing allowed', () => {
    expect(verify(new URL('https://localhost:9443/firmware/k'))).toBe('AccessDenied: Access Denied');
  });
});

test('every key and version is signed as it is asked for, and one more character is noticed', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(name, name, (key, versionId) => {
      const path = `/firmware/${key}`;
      const signing = { method: 'GET', origin: 'https://localhost', expiresInSec: 60, nowMs: SIGNED_AT_MS };
      const url = presignUrl({ ...signing, path, query: { versionId } }, CREDENTIALS);
      expect(url).toMatch(/^[!-~]+$/);
      const [, rawPath = '', rawQuery = ''] = /^https:\/\/localhost([^?]*)\?(.*)$/.exec(url) ?? [];
      const query = [...new URLSearchParams(rawQuery)];
      const request = { method: 'GET', path: decodeURIComponent(rawPath), query, headers: { host: 'localhost' } };
      expect(request.path).toBe(path);
      expect(query).toContainEqual(['versionId', versionId]);
      verifyPresigned(request, CREDENTIALS, SIGNED_AT_MS);
      const altered = { ...request, path: `${path}x` };
      expect(() => verifyPresigned(altered, CREDENTIALS, SIGNED_AT_MS)).toThrow('does not match');
    }),
    { numRuns: 500 },
  );
});

function signed(): URL {
  const url = { method: 'GET', origin: 'https://localhost:9443', path: '/firmware/k', expiresInSec: 60 };
  return new URL(presignUrl({ ...url, nowMs: SIGNED_AT_MS }, CREDENTIALS));
}

function withParameter(name: string, value: string): URL {
  const url = signed();
  url.searchParams.set(name, value);
  return url;
}

/** `verified`, or S3's code and message. */
function verify(url: URL, at: { method?: string; nowMs?: number; host?: string } = {}): string {
  const { method = 'GET', nowMs = SIGNED_AT_MS, host = url.host } = at;
  const request = { method, path: decodeURIComponent(url.pathname), query: [...url.searchParams], headers: { host } };
  try {
    verifyPresigned(request, CREDENTIALS, nowMs);
    return 'verified';
  } catch (error) {
    if (error instanceof S3Error) return `${error.code}: ${error.message}`;
    throw error;
  }
}
