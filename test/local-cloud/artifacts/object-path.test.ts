import { join, sep } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { objectSegments, versionedKey } from '../../../local-cloud/artifacts/object-path.ts';

const ROOT = join(sep, 'srv', 'artifacts');

describe('names that are none', () => {
  test.each([
    ['..', 'k'],
    ['.uploads', 'k'],
    ['Bucket', 'k'],
    ['a/b', 'k'],
    ['10.0.0.1', 'k'],
    ['a..b', 'k'],
    ['ab', 'k'],
    ['b'.repeat(64), 'k'],
    ['bucket', ''],
    ['bucket', '..'],
    ['bucket', 'a/../../k'],
    ['bucket', './k'],
    ['bucket', '/etc/passwd'],
    ['bucket', 'a//b'],
    ['bucket', 'a/'],
    ['bucket', 'a\0b'],
    ['bucket', 'k'.repeat(256)],
    ['bucket', `${'k'.repeat(200)}/`.repeat(6)],
    ['bucket', '\ud800'],
  ])('%j with %j is no file', (bucket, key) => {
    expect(objectSegments(bucket, key)).toBeNull();
  });

  test.each([
    ...['con', 'AUX.txt', 'a/nul/b', 'com1', 'LPT¹', 'conout$', 'a\\b', 'C:', 'k:stream', 'k.', 'k ', 'nul .x', 'a?'],
  ])('on Windows %j is no file, and on Linux it is one', (key) => {
    expect(objectSegments('bucket', key, 'win32')).toBeNull();
    expect(objectSegments('bucket', key, 'linux')).toEqual(['bucket', ...key.split('/')]);
  });
});

test('of 10,000 hostile names none leaves its bucket', () => {
  const piece = fc.constantFrom(
    ...[
      '..',
      '.',
      '/',
      '\\',
      '\0',
      '%2e',
      '%2f',
      '%00',
      '~',
      '$HOME',
      'con',
      'nul',
      ':',
      '*',
      ' ',
      'a',
      '🦊',
      '\u202e',
    ],
    ...['..;', '....//', '..%5c', '\n', 'C:', '\\\\host\\share', 'file://', '\u2215', '\uff0e\uff0e', '.uploads', '-'],
  );
  const hostile = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary', maxLength: 40 }),
  );
  const bucketName = fc.oneof({ weight: 3, arbitrary: fc.constant('bucket') }, { weight: 1, arbitrary: hostile });
  let taken = 0;
  fc.assert(
    fc.property(bucketName, hostile, hostile, (bucket, key, versionId) => {
      const segments = attempt(() => objectSegments(bucket, versionedKey(key, versionId)));
      if (!segments) return;
      taken++;
      const path = join(ROOT, ...segments);
      expect(path.startsWith(join(ROOT, bucket) + sep)).toBe(true);
      expect(path.split(sep).slice(-segments.length)).toEqual(segments);
      expect(path).not.toContain('\0');
      expect(bucket).toMatch(/^[a-z0-9][a-z0-9.-]+$/);
    }),
    { numRuns: 10_000 },
  );
  expect(taken).toBeGreaterThan(100);
});

test('different names are different files', () => {
  const key = fc.string({ minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(key, key, (one, other) => {
      fc.pre(one !== other);
      const paths = [one, other].map((name) => objectSegments('bucket', name)?.join('/'));
      if (paths[0] !== undefined) expect(paths[0]).not.toBe(paths[1]);
    }),
    { numRuns: 2000 },
  );
});

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    // Half a surrogate pair in a version: requests cannot have one, because they are decoded from UTF-8.
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
