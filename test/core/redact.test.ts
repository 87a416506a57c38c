import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redactSecrets, redactUrls } from '../../agent/core/redact.ts';

const SIGNED =
  'https://bucket.s3.amazonaws.com/fw/1.2.bin?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLE%2F20260101&X-Amz-Signature=canary';

describe('redactUrls', () => {
  test('a pre-signed URL keeps host and path only', () => {
    expect(redactUrls(`GET ${SIGNED} failed`)).toBe('GET https://bucket.s3.amazonaws.com/fw/1.2.bin?… failed');
  });

  test('every URL of a text loses its query', () => {
    expect(redactUrls(`"${SIGNED}" and <http://h/p?q=1>, then HTTPS://H/?z`)).toBe(
      '"https://bucket.s3.amazonaws.com/fw/1.2.bin?…" and <http://h/p?…>, then HTTPS://H/?…',
    );
  });

  test('user, password and fragment go too', () => {
    expect(redactUrls('https://ann:canary@host/path#canary')).toBe('https://…@host/path#…');
  });

  test('a signature outside any URL goes too', () => {
    expect(redactUrls('query X-Amz-Security-Token=canary&X-Amz-Date=1 Signature=canary')).toBe(
      'query X-Amz-Security-Token=…&X-Amz-Date=1 Signature=…',
    );
  });

  test('text without secrets stays as it is', () => {
    const text = 'is it? see https://host/path, or write to ann@host; 100 % = all';
    expect(redactUrls(text)).toBe(text);
  });

  test('no query survives, whatever stands around it', () => {
    const words = fc.array(fc.constantFrom(' ', '\n', '"', 'http://', 'https://h/p?', '?', '#', '@', SIGNED, 'x'));
    fc.assert(
      fc.property(words, (parts) => {
        expect(redactUrls(parts.join(''))).not.toContain('canary');
      }),
    );
  });

  test('redacting twice changes nothing more', () => {
    const once = redactUrls(`${SIGNED} https://ann:b@host/#f`);
    expect(redactUrls(once)).toBe(once);
  });
});

describe('redactSecrets', () => {
  const key = '-----BEGIN EC PRIVATE KEY-----\ncanary\n-----END EC PRIVATE KEY-----';

  test('a private key is replaced as a whole', () => {
    expect(redactSecrets(`before\n${key}\nafter ${SIGNED}`)).toBe(
      'before\n[private key]\nafter https://bucket.s3.amazonaws.com/fw/1.2.bin?…',
    );
  });

  test('a private key of many megabytes takes no memory for each of its characters', () => {
    expect(redactSecrets(`x ${key.slice(0, 40)}${'a'.repeat(2 ** 25)}`)).toBe('x [private key]');
  });

  test('what is behind the end of something else stays', () => {
    expect(redactSecrets(`${key.slice(0, 40)}-----END CERTIFICATE----- after`)).toBe(
      '[private key]-----END CERTIFICATE----- after',
    );
  });

  test('a private key without its end goes to the last character', () => {
    expect(redactSecrets(`x ${key.slice(0, 40)}`)).toBe('x [private key]');
  });

  test('a certificate is no secret', () => {
    const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';
    expect(redactSecrets(certificate)).toBe(certificate);
  });
});
