import { execFile } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadAgentSetup } from '../../agent/config/agent-setup.ts';
import { ConfigError } from '../../agent/config/config-error.ts';
import { type CredentialChecks, readCredentials } from '../../agent/config/credentials.ts';
import { keyAccessProblems } from '../../agent/config/key-access.ts';
import { createCertificateAuthority, HOUR_MS } from '../fixtures/certificates.ts';
import { type ConfigFixture, createConfigFixture, RIGHT, VALID_FROM, VALID_TO } from './config-fixture.ts';

const WHILE_VALID: CredentialChecks = { nowMs: VALID_FROM.getTime() + HOUR_MS };

let fixture: ConfigFixture;
beforeEach(async () => {
  fixture = await createConfigFixture();
});
afterEach(() => fixture[Symbol.asyncDispose]());

async function problems(checks: CredentialChecks = WHILE_VALID): Promise<readonly string[]> {
  const error = await readCredentials(fixture, checks).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error(`no ConfigError but ${String(error)}`);
  return error.problems;
}

test('credentials that are right come back as PEM', async () => {
  const credentials = await readCredentials(fixture, WHILE_VALID);
  expect(credentials).toEqual({
    certPem: await readFile(fixture.certPath, 'utf8'),
    keyPem: await readFile(fixture.keyPath, 'utf8'),
    caPem: await readFile(fixture.caPath, 'utf8'),
    warnings: [],
    openWarnings: [],
  });
});

describe('dates', () => {
  const certificate = () => ({
    path: fixture.certPath,
    validFrom: VALID_FROM.toISOString(),
    validTo: VALID_TO.toISOString(),
  });

  test('an expired certificate is a warning, not an error', async () => {
    const { warnings } = await readCredentials(fixture, { nowMs: VALID_TO.getTime() + 48 * HOUR_MS });
    expect(warnings).toContainEqual({ code: 'CERTIFICATE_EXPIRED', ...certificate() });
    expect(warnings.map(({ path }) => path)).toEqual([fixture.certPath, fixture.caPath]);
  });

  test('a clock before the certificate is a warning', async () => {
    const { warnings } = await readCredentials(fixture, { nowMs: 0 });
    expect(warnings).toContainEqual({ code: 'CERTIFICATE_NOT_YET_VALID', ...certificate() });
  });
});

describe('the private key', () => {
  for (const mode of [0o640, 0o604, 0o620]) {
    test(`mode ${mode.toString(8)} is refused with the command`, async () => {
      await chmod(fixture.keyPath, mode);
      expect(await problems()).toEqual([
        `keyPath: ${fixture.keyPath} is open to others than its owner (mode 0${mode.toString(8)}); run: chmod 600 ${fixture.keyPath}`,
      ]);
    });
  }

  test('a path with a space is quoted in the command', async () => {
    const keyPath = join(fixture.folder, "the gateway's key.pem");
    await writeFile(keyPath, await readFile(fixture.keyPath), { mode: 0o644 });
    const failure = readCredentials({ ...fixture, keyPath }, WHILE_VALID);
    await expect(failure).rejects.toThrow(`chmod 600 '${fixture.folder}/the gateway'\\''s key.pem'`);
  });

  test('it may belong to root or to the agent’s user only', () => {
    const problemsFor = (ownerId: number) => keyAccessProblems('/key.pem', { mode: 0o100600, ownerId }, 990);
    expect([0, 990].flatMap(problemsFor)).toEqual([]);
    expect(problemsFor(1000)).toEqual([
      'keyPath: /key.pem belongs to user 1000, who is neither the agent’s user (990) nor root; run: chown 990 /key.pem',
    ]);
  });

  test('a key of another certificate is refused', async () => {
    const other = await (await createCertificateAuthority('other')).issue({ commonName: 'x', usage: 'client' });
    await writeFile(fixture.keyPath, other.keyPem);
    expect(await problems()).toEqual([
      `keyPath: ${fixture.keyPath} is not the key of the certificate ${fixture.certPath}; use the pair made together`,
    ]);
  });

  test('an encrypted key is refused with the command', async () => {
    const key = createPrivateKey(await readFile(fixture.keyPath));
    const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const;
    await writeFile(fixture.keyPath, key.export(options));
    expect(await problems()).toEqual([
      expect.stringMatching(/needs a pass phrase.*run: openssl pkey -in .*key\.pem -out NEW_FILE$/),
    ]);
  });

  test('no part of a broken key is quoted', async () => {
    const pem = await readFile(fixture.keyPath, 'utf8');
    const canary = pem.split('\n')[1]?.slice(8, 24) ?? '';
    await writeFile(fixture.keyPath, pem.replace('MIG', 'AAA'));
    const [problem] = await problems();
    expect(problem).toMatch(/private key that cannot be decoded/);
    expect(problem).not.toContain(canary);
  });
});

describe('files', () => {
  test('every wrong file is named at once', async () => {
    await rm(fixture.certPath);
    await writeFile(fixture.caPath, '');
    await chmod(fixture.keyPath, 0o644);
    expect(await problems()).toEqual([
      `certPath: ${fixture.certPath} does not exist`,
      `caPath: ${fixture.caPath} should hold a certificate in PEM, but is empty`,
      expect.stringContaining('chmod 600'),
    ]);
  });

  test('swapped certificate and key are told', async () => {
    const swapped = { ...fixture, certPath: fixture.keyPath, keyPath: fixture.certPath };
    const failure = await readCredentials(swapped, WHILE_VALID).catch((error: unknown) => error);
    expect(failure).toHaveProperty('message', expect.stringMatching(/certPath: .* holds a private key; are two paths/));
    expect(failure).toHaveProperty('message', expect.stringMatching(/keyPath: .* holds a certificate; are two paths/));
  });

  test('DER instead of PEM is told', async () => {
    const pem = await readFile(fixture.caPath, 'utf8');
    await writeFile(fixture.caPath, Buffer.from(pem.replace(/-----.*?-----/g, ''), 'base64'));
    expect(await problems()).toEqual([expect.stringContaining('has no line “-----BEGIN …-----”')]);
  });

  test('a certificate cut short is told', async () => {
    const pem = await readFile(fixture.caPath, 'utf8');
    await writeFile(fixture.caPath, pem.slice(0, 200));
    expect(await problems()).toEqual([expect.stringContaining('certificate that cannot be decoded')]);
  });

  test('a folder, a pipe and a giant are no certificates', async () => {
    await promisify(execFile)('mkfifo', [join(fixture.folder, 'pipe')]);
    await mkdir(join(fixture.folder, 'folder'));
    await writeFile(join(fixture.folder, 'giant'), Buffer.alloc(1024 * 1024 + 1, 'x'));
    const names = { pipe: 'is not a regular file', folder: 'is not a regular file', giant: 'larger than 1 MiB' };
    for (const [name, what] of Object.entries(names)) {
      await expect(readCredentials({ ...fixture, caPath: join(fixture.folder, name) })).rejects.toThrow(what);
    }
  });

  test('a link to a file is as good as the file', async () => {
    const certPath = join(fixture.folder, 'link.pem');
    await symlink(fixture.certPath, certPath);
    await expect(readCredentials({ ...fixture, certPath }, WHILE_VALID)).resolves.toHaveProperty('warnings', []);
  });

  test('a bundle of several authorities is taken whole', async () => {
    const other = await createCertificateAuthority('other');
    const bundle = `${await readFile(fixture.caPath, 'utf8')}\n# other\n${other.caPem}`;
    await writeFile(fixture.caPath, bundle);
    await expect(readCredentials(fixture, WHILE_VALID)).resolves.toHaveProperty('caPem', bundle);
  });
});

describe('settings and credentials together', () => {
  test('both come back', async () => {
    const { config, credentials } = await loadAgentSetup({ file: fixture.file, env: {} }, WHILE_VALID);
    expect(config.thingName).toBe('gateway-1');
    expect(credentials.certPem).toContain('BEGIN CERTIFICATE');
  });

  test('what leads to nothing here is doubted, not refused', async () => {
    await fixture.write({ ...RIGHT, handlersDir: 'none', rebootCommand: ['no-such-reboot'] });
    const { doubts } = await loadAgentSetup({ file: fixture.file, env: { PATH: fixture.folder } }, WHILE_VALID);
    expect(doubts).toMatchObject([
      { setting: 'handlersDir', reason: expect.stringContaining(`${fixture.folder}/none`) },
      { setting: 'rebootCommand', reason: expect.stringContaining(`"no-such-reboot" in PATH (${fixture.folder})`) },
      { setting: 'shutdownCommand', reason: expect.stringContaining(`"systemctl" in PATH (${fixture.folder})`) },
    ]);
  });

  test('the authorities of downloads are read like the others, where they are set', async () => {
    const other = await createCertificateAuthority('downloads');
    await writeFile(join(fixture.folder, 'downloads.pem'), other.caPem);
    await fixture.write({ ...RIGHT, downloadCaPath: 'downloads.pem' });
    const { config, credentials } = await loadAgentSetup({ file: fixture.file, env: {} }, WHILE_VALID);
    expect(config.downloadCaPath).toBe(join(fixture.folder, 'downloads.pem'));
    expect(credentials.downloadCaPem).toBe(other.caPem);
    const none = await loadAgentSetup({ file: fixture.file, env: { JOB_AGENT_DOWNLOAD_CA_PATH: '' } }, WHILE_VALID);
    expect(none.config.downloadCaPath).toBe('');
    expect(none.credentials).not.toHaveProperty('downloadCaPem');
  });

  test('a key in the place of the authorities of downloads is told', async () => {
    await fixture.write({ ...RIGHT, downloadCaPath: fixture.keyPath });
    await expect(loadAgentSetup({ file: fixture.file, env: {} }, WHILE_VALID)).rejects.toThrow(
      `downloadCaPath: ${fixture.keyPath} should hold a certificate in PEM, but holds a private key`,
    );
  });

  test('the problems of both are listed at once', async () => {
    await fixture.write({ ...RIGHT, port: 0, caPath: 'missing.pem' });
    await chmod(fixture.keyPath, 0o644);
    const error = await loadAgentSetup({ file: fixture.file, env: {} }, WHILE_VALID).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toHaveProperty('problems', [
      expect.stringMatching(/^port: /),
      `caPath: ${fixture.folder}/missing.pem does not exist`,
      expect.stringMatching(/^keyPath: .*chmod 600/),
    ]);
  });

  test('a path that is not set is complained of once', async () => {
    const { caPath: _, ...withoutCa } = RIGHT;
    await fixture.write(withoutCa);
    const error = await loadAgentSetup({ file: fixture.file, env: {} }, WHILE_VALID).catch((reason: unknown) => reason);
    expect(error).toHaveProperty('problems', [expect.stringMatching(/^caPath: expected a path, got nothing/)]);
  });
});
