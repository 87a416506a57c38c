/** Files and folders by which others could replace the key, the certificate or the authorities. */
import { chmod, chown, mkdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCredentials } from '../../agent/config/credentials.ts';
import { type ConfigFixture, createConfigFixture } from './config-fixture.ts';

const SETTINGS = ['certPath', 'keyPath', 'caPath'] as const;
const isRoot = process.getuid?.() === 0;

let fixture: ConfigFixture;
beforeEach(async () => {
  fixture = await createConfigFixture();
});
afterEach(() => fixture[Symbol.asyncDispose]());

describe.each(SETTINGS)('%s', (setting) => {
  /** The one file two folders further down, the others where they were. */
  async function moveDeeper() {
    const outer = join(fixture.folder, 'outer');
    const path = join(outer, 'inner', 'file.pem');
    await mkdir(join(outer, 'inner'), { recursive: true });
    await rename(fixture[setting], path);
    return { outer, paths: { ...fixture, [setting]: path } };
  }

  test('below a folder open to everyone is refused', async () => {
    const { outer, paths } = await moveDeeper();
    await expect(readCredentials(paths)).resolves.toHaveProperty('openWarnings', []);
    await chmod(outer, 0o777);
    await expect(readCredentials(paths)).rejects.toHaveProperty('problems', [
      `${setting}: could be replaced, because everyone may write in ${outer} (mode 0777); run: chmod go-w ${outer}`,
    ]);
    await chmod(outer, 0o1777);
    await expect(readCredentials(paths)).resolves.toHaveProperty('openWarnings', []);
  });

  test('through a link in a folder open to everyone is refused', async () => {
    const open = join(fixture.folder, 'open');
    await mkdir(open);
    await symlink(fixture[setting], join(open, 'link.pem'));
    await chmod(open, 0o777);
    const failure = readCredentials({ ...fixture, [setting]: join(open, 'link.pem') });
    await expect(failure).rejects.toThrow(`${setting}: could be replaced, because everyone may write in ${open}`);
  });

  test.runIf(isRoot)('below a folder of another user is a warning', async () => {
    const { outer, paths } = await moveDeeper();
    await chown(outer, 1234, 0);
    const reason = `${setting} could be replaced, because ${outer} belongs to user 1234; run: chown root ${outer}`;
    const warnings = [{ code: 'CREDENTIALS_OPEN', path: outer, reason }];
    await expect(readCredentials(paths)).resolves.toHaveProperty('openWarnings', warnings);
  });

  test('below a folder of another group is a warning', async () => {
    const { outer, paths } = await moveDeeper();
    await chmod(outer, 0o770);
    if (isRoot) await chown(outer, 0, 4321);
    const { openWarnings } = await readCredentials(paths, { groupId: 4320 });
    expect(openWarnings).toMatchObject([{ path: outer, reason: expect.stringContaining(`run: chmod g-w ${outer}`) }]);
  });
});

test('a folder of several is told once', async () => {
  await chmod(fixture.folder, 0o777);
  await expect(readCredentials(fixture)).rejects.toHaveProperty('problems', [
    expect.stringMatching(/^certPath, keyPath, caPath: could be replaced, because everyone may write in /),
  ]);
});

describe.each(['certPath', 'caPath'] as const)('the file of %s', (setting) => {
  test.each([0o666, 0o1666])('is refused with mode %o', async (mode) => {
    await chmod(fixture[setting], mode);
    await expect(readCredentials(fixture)).rejects.toHaveProperty('problems', [
      `${setting}: could be replaced, because everyone may write ${fixture[setting]} (mode 0666); run: chmod go-w ${fixture[setting]}`,
    ]);
  });

  test.runIf(isRoot)('of another user and group is a warning', async () => {
    await chown(fixture[setting], 1234, 4321);
    await chmod(fixture[setting], 0o664);
    const { openWarnings } = await readCredentials(fixture);
    expect(openWarnings.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('belongs to user 1234; run: chown root'),
      expect.stringContaining(`members of group 4321 may write ${fixture[setting]} (mode 0664)`),
    ]);
  });
});
