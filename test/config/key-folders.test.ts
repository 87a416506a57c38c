import { chmod, chown, mkdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCredentials } from '../../agent/config/credentials.ts';
import { type ConfigFixture, createConfigFixture } from './config-fixture.ts';

const isRoot = process.getuid?.() === 0;

let fixture: ConfigFixture;
beforeEach(async () => {
  fixture = await createConfigFixture();
});
afterEach(() => fixture[Symbol.asyncDispose]());

describe('credentials', () => {
  const readAs = (checks = {}) => readCredentials(fixture, checks);

  test('with a parent of a parent open to everyone are refused', async () => {
    const [outer, inner] = [join(fixture.folder, 'outer'), join(fixture.folder, 'outer', 'inner')];
    await mkdir(inner, { recursive: true });
    await rename(fixture.keyPath, join(inner, 'key.pem'));
    const paths = { ...fixture, keyPath: join(inner, 'key.pem') };
    await expect(readCredentials(paths)).resolves.toHaveProperty('keyFolderWarnings', []);
    await chmod(outer, 0o777);
    await expect(readCredentials(paths)).rejects.toThrow(`chmod go-w ${outer}`);
    await chmod(outer, 0o1777);
    await expect(readCredentials(paths)).resolves.toHaveProperty('keyFolderWarnings', []);
  });

  test('reached through a link in a folder open to everyone are refused', async () => {
    const open = join(fixture.folder, 'open');
    await mkdir(open);
    await symlink(fixture.keyPath, join(open, 'key.pem'));
    await chmod(open, 0o777);
    const failure = readCredentials({ ...fixture, keyPath: join(open, 'key.pem') });
    await expect(failure).rejects.toThrow(`chmod go-w ${open}`);
  });

  test.runIf(isRoot)('in a folder of another user come with a warning', async () => {
    await chown(fixture.folder, 1234, 0);
    expect((await readAs()).keyFolderWarnings).toMatchObject([{ code: 'KEY_FOLDER_OPEN', path: fixture.folder }]);
  });

  test('in a folder of another group come with a warning', async () => {
    await chmod(fixture.folder, 0o770);
    if (isRoot) await chown(fixture.folder, 0, 4321);
    const { keyFolderWarnings } = await readAs({ groupId: 4320 });
    expect(keyFolderWarnings).toMatchObject([{ path: fixture.folder, reason: expect.stringContaining('chmod g-w') }]);
  });
});
