import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../agent/config/load.ts';
import { withoutSecrets } from '../../agent/config/setting.ts';
import { type ConfigFixture, createConfigFixture, RIGHT } from './config-fixture.ts';

/** The public key of RFC 8032, section 7.1, test 1. */
const ED25519 = 'MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';

let fixture: ConfigFixture;
beforeAll(async () => {
  fixture = await createConfigFixture();
});
beforeEach(() => fixture.write(RIGHT));
afterAll(() => fixture[Symbol.asyncDispose]());

async function load(settings: object) {
  await fixture.write({ ...RIGHT, ...settings });
  return loadConfig({ file: fixture.file, env: {} });
}

test.each([
  'http://proxy.lan:3128',
  'http://proxy.lan',
  'http://10.0.0.1:8080/',
  'http://[fd00::1]:3128',
  'http://me:p%40ss@proxy.lan:3128',
  '',
])('%j is a proxy, or none', async (httpsProxy) => {
  expect(await load({ httpsProxy })).toMatchObject({ httpsProxy });
});

test.each([
  'proxy.lan:3128',
  'https://me:SECRET@proxy.lan:3128',
  'http://me:SECRET@proxy.lan:3128/path',
  'http://me:SECRET@x@proxy.lan',
  'http://proxy.lan:SECRET',
  'socks5://SECRET',
])('%j is none, and is not repeated', async (httpsProxy) => {
  const problem = await load({ httpsProxy }).catch((error: Error) => error.message);
  expect(problem).toContain(
    'httpsProxy: expected http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT, got something else',
  );
  expect(problem).not.toContain('SECRET');
});

test('user and password are not shown to people', async () => {
  const config = await load({ httpsProxy: 'http://me:SECRET@proxy.lan:3128' });
  expect(withoutSecrets(config)).toEqual({ ...config, httpsProxy: 'http://***@proxy.lan:3128' });
});

test('keys are tried when the agent starts, not when the first file comes', async () => {
  const artifactKeys = [`release=${ED25519}`];
  expect(await load({ artifactKeys, unsignedDownloads: 'refused' })).toMatchObject({ artifactKeys });
  const wrong = load({ artifactKeys: [`junk=${'A'.repeat(60)}`, `a=${ED25519}`, `a=${ED25519.replace('A1', 'A2')}`] });
  await expect(wrong).rejects.toThrow(/artifactKeys: junk is no public key of P-256, P-384, Ed25519 or minisign/);
  await expect(load({ artifactKeys: [`a=${ED25519}`, `a=${ED25519.replace('URo', 'URp')}`] })).rejects.toThrow(
    /artifactKeys: there are two keys named a/,
  );
  await expect(load({ artifactKeys: [ED25519] })).rejects.toThrow(/expected a list/);
});

test('to refuse what is unsigned takes a key', async () => {
  await expect(load({ unsignedDownloads: 'refused' })).rejects.toThrow(
    /unsignedDownloads: refused, but artifactKeys has no key/,
  );
});
