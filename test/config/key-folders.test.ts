import { chmod, chown, cp, mkdir, realpath, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCredentials } from '../../agent/config/credentials.ts';
import { type FolderFacts, foldersOnTheWay, keyFolderFindings } from '../../agent/config/key-folders.ts';
import { type ConfigFixture, createConfigFixture } from './config-fixture.ts';

const AGENT = { userId: 990, groupId: 990 };
const FOLDER: FolderFacts = { path: '/etc/agent', isLink: false, mode: 0o40755, ownerId: 0, groupId: 0 };
const isRoot = process.getuid?.() === 0;

let fixture: ConfigFixture;
beforeEach(async () => {
  fixture = await createConfigFixture();
});
afterEach(() => fixture[Symbol.asyncDispose]());

function findings(facts: Partial<FolderFacts>) {
  return keyFolderFindings('/etc/agent/key', [{ ...FOLDER, ...facts }], AGENT);
}

describe('a folder on the way to the key', () => {
  test.each<[string, Partial<FolderFacts>]>([
    ['of root', {}],
    ['of the agent', { ownerId: 990 }],
    ['that is sticky, as /tmp is', { mode: 0o41777 }],
    ['of the agent’s own group', { mode: 0o40775, groupId: 990 }],
    ['of the group of root', { mode: 0o40775 }],
    ['that is a link of root', { isLink: true, mode: 0o120777 }],
  ])('%s is let be', (_, facts) => {
    expect(findings(facts)).toEqual({ problems: [], warnings: [] });
  });

  test.each([0o40777, 0o40757, 0o40702])('that everyone may write in is refused: %o', (mode) => {
    const shown = `0${(mode & 0o777).toString(8)}`;
    expect(findings({ mode }).problems).toEqual([
      `keyPath: everyone may write in /etc/agent (mode ${shown}), and so replace /etc/agent/key; run: chmod go-w /etc/agent`,
    ]);
  });

  test.each<[string, Partial<FolderFacts>, string]>([
    [
      'a group may write in',
      { mode: 0o40775, groupId: 50 },
      'members of group 50 may write in it (mode 0775) and replace the key; run: chmod g-w /etc/agent',
    ],
    [
      'belongs to another user',
      { ownerId: 1000 },
      'it belongs to user 1000, who may replace the key; run: chown root /etc/agent',
    ],
    [
      'belongs to another user and is sticky',
      { ownerId: 1000, mode: 0o41777 },
      'it belongs to user 1000, who may replace the key; run: chown root /etc/agent',
    ],
    [
      'is another user’s link',
      { ownerId: 1000, isLink: true, mode: 0o120777 },
      'it belongs to user 1000, who may replace the key; run: chown root /etc/agent',
    ],
  ])('that %s is a warning', (_, facts, reason) => {
    const warnings = [{ code: 'KEY_FOLDER_OPEN', path: '/etc/agent', reason }];
    expect(findings(facts)).toEqual({ problems: [], warnings });
  });
});

describe('the way to the key', () => {
  const pathsTo = async (path: string) => (await foldersOnTheWay(path)).map((folder) => folder.path);

  test('is every folder from the root down', async () => {
    const folder = join(await realpath(fixture.folder), 'a');
    await mkdir(folder);
    const paths = await pathsTo(join(folder, 'key.pem'));
    expect([paths[0], paths.at(-1)]).toEqual(['/', folder]);
    expect(paths).toHaveLength(folder.split('/').length);
  });

  test('follows links, relative and absolute, with what they lead through', async () => {
    const at = (...names: string[]) => join(fixture.folder, ...names);
    await mkdir(at('real', 'deep'), { recursive: true });
    await cp(fixture.keyPath, at('real', 'deep', 'key'));
    await mkdir(at('links'));
    await symlink('../real/./deep', at('links', 'relative'));
    await symlink(at('links', 'relative', 'key'), at('key'));
    const expected = [at('links'), at('links', 'relative'), at('real'), at('real', 'deep'), at('key')];
    expect(await pathsTo(at('key'))).toEqual(expect.arrayContaining(expected));
  });

  test('ends where something is missing, and in a circle of links', async () => {
    const loop = join(fixture.folder, 'loop');
    await symlink('loop', loop);
    expect(await pathsTo(join(loop, 'key'))).toContain(loop);
    expect(await pathsTo(join(fixture.folder, 'gone', 'key'))).toContain(fixture.folder);
  });
});

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
