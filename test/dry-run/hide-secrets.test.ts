import { expect, test } from 'vitest';
import { hasHidden, withoutSecrets } from '../../agent/dry-run/hide-secrets.ts';

const SECRET = { type: 'string', writeOnly: true };

test('what the schema calls writeOnly is hidden, wherever it is', () => {
  const schema = {
    properties: {
      user: { type: 'string' },
      password: SECRET,
      list: { items: SECRET },
      pair: { items: [{ type: 'string' }, SECRET] },
      free: { additionalProperties: SECRET },
      matched: { patternProperties: { '^k': SECRET } },
    },
  };
  const value = {
    user: 'me',
    password: 'p',
    list: ['a', 'b'],
    pair: ['name', 'p'],
    free: { any: 'p' },
    matched: { key: 'p' },
  };
  expect(withoutSecrets(value, schema)).toEqual({
    user: 'me',
    password: '(hidden)',
    list: ['(hidden)', '(hidden)'],
    pair: ['name', '(hidden)'],
    free: { any: '(hidden)' },
    matched: { key: '(hidden)' },
  });
});

test('of several forms one that hides is enough', () => {
  const schema = { properties: { auth: { anyOf: [{ type: 'string' }, { properties: { token: SECRET } }] } } };
  expect(withoutSecrets({ auth: { token: 't', name: 'n' } }, schema)).toEqual({
    auth: { token: '(hidden)', name: 'n' },
  });
});

test('the secrets of URLs are cut without any schema', () => {
  const shown = withoutSecrets({ url: 'https://me:pw@files.example/a?X-Amz-Signature=1' });
  expect(shown).toEqual({ url: 'https://…@files.example/a?…' });
});

test('that something is hidden is known', () => {
  expect(hasHidden({ a: ['x', { b: '(hidden)' }] })).toBe(true);
  expect(hasHidden({ a: ['x', { b: null }], c: 1 })).toBe(false);
});
