import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, chown, lchown, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { removeFolder } from '../../agent/files/remove-folder.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write('not root: removing folders of other users is not checked here\n');

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'remove-folder-'));
  await chmod(root, 0o711);
  onTestFinished(() => rm(root, { recursive: true, force: true }));
});

test('a folder of our own goes with all that is in it', async () => {
  await mkdir(join(root, 'ours', 'deep', 'deeper'), { recursive: true });
  await writeFile(join(root, 'ours', 'deep', 'file'), '');
  await removeFolder(join(root, 'ours'));
  expect(await readdir(root)).toEqual([]);
});

test('a folder that is not there is removed', async () => {
  await removeFolder(join(root, 'nothing'));
});

test('of a link only the link goes', async () => {
  await writeFile(join(root, 'kept'), '');
  await symlink(root, join(root, 'link'));
  await removeFolder(join(root, 'link'));
  expect(await readdir(root)).toEqual(['kept']);
});

describe.runIf(isRoot)('a folder of another user', () => {
  async function theirs(...names: readonly string[]): Promise<string> {
    const path = join(root, ...names);
    await mkdir(path);
    await chown(path, NOBODY, NOBODY);
    return path;
  }

  test('goes with folders that nobody may look into, and links to ours', async () => {
    await mkdir(join(root, 'victim'));
    await writeFile(join(root, 'victim', 'file'), '');
    const folder = await theirs('theirs');
    await symlink(join(root, 'victim'), join(folder, 'link'));
    await lchown(join(folder, 'link'), NOBODY, NOBODY);
    const closed = await theirs('theirs', 'closed');
    await writeFile(join(closed, 'file'), '');
    await chmod(closed, 0o000);
    await removeFolder(folder);
    expect(await readdir(root)).toEqual(['victim']);
    expect(await readdir(join(root, 'victim'))).toEqual(['file']);
  });

  test('goes with what an earlier step left there as root', async () => {
    const folder = await theirs('theirs');
    await mkdir(join(folder, 'roots'));
    await writeFile(join(folder, 'roots', 'file'), '');
    await theirs('theirs', 'roots', 'nested');
    await removeFolder(folder);
    expect(await readdir(root)).toEqual([]);
  });

  test('leads nowhere else while its owner swaps folders for links', async () => {
    await mkdir(join(root, 'victim'));
    const files = Array.from({ length: 50 }, (_, index) => `file-${index}`);
    for (const name of files) await writeFile(join(root, 'victim', name), '');
    for (let round = 0; round < 10; round += 1) {
      const folder = await theirs(`theirs-${round}`);
      const swap = `cd "$1"; mkdir d; echo ready; while :; do mv d t; ln -s "$2" d; rm -f d; mv t d; done 2>/dev/null`;
      const swapper = spawn('setpriv', [
        ...['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--'],
        ...['sh', '-c', swap, 'sh', folder, join(root, 'victim')],
      ]);
      await once(swapper.stdout, 'data');
      await removeFolder(folder).catch(() => undefined); // it may go on being filled
      swapper.kill('SIGKILL');
      await once(swapper, 'exit');
      await removeFolder(folder);
      await expect(access(folder)).rejects.toThrow();
    }
    expect((await readdir(join(root, 'victim'))).sort()).toEqual(files.sort());
  });
});
