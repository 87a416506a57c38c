import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, chown, lchown, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { removeTree } from '../../agent/files/remove-tree.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write('not root: removing folders of other users is not checked here\n');

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'remove-tree-'));
  await chmod(root, 0o711);
  onTestFinished(() => rm(root, { recursive: true, force: true }));
});

test('a folder of our own goes with all that is in it', async () => {
  await mkdir(join(root, 'ours', 'deep', 'deeper'), { recursive: true });
  await writeFile(join(root, 'ours', 'deep', 'file'), '');
  await removeTree(join(root, 'ours'));
  expect(await readdir(root)).toEqual([]);
});

test('a folder that is not there is removed', async () => {
  await removeTree(join(root, 'nothing'));
});

test('names that are no UTF-8 go, and folders deeper than a path can be', async () => {
  const folder = join(root, 'ours');
  await mkdir(folder);
  await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe])]), '');
  // 300 folders with names of 21 bytes: PATH_MAX is 4,096.
  const dig =
    'cd "$1"; hundred=$(printf "a-name-of-21-bytes---/%.0s" {1..100}); for i in {1..3}; do mkdir -p $hundred; cd $hundred; done';
  expect(spawnSync('bash', ['-c', dig, 'bash', folder]).status).toBe(0);
  await removeTree(folder);
  expect(await readdir(root)).toEqual([]);
});

test('of a link only the link goes', async () => {
  await writeFile(join(root, 'kept'), '');
  await symlink(root, join(root, 'link'));
  await removeTree(join(root, 'link'));
  expect(await readdir(root)).toEqual(['kept']);
});

describe.runIf(isRoot)('a folder in which a handler has left a mount', () => {
  test.each([
    ['of another folder, which stays as it is', ['--bind']],
    ['of another file system, likewise', ['-t', 'tmpfs']],
  ])('%s', async (_, how) => {
    const [victim, folder] = [join(root, 'victim'), join(root, 'ours')];
    const place = join(folder, 'deep', 'mounted');
    await mkdir(victim);
    await mkdir(place, { recursive: true });
    await writeFile(join(victim, 'file'), '');
    await writeFile(join(folder, 'deep', 'own'), '');
    await writeFile(join(folder, 'z'), '');
    const mounted = spawnSync('mount', [...how, victim, place], { encoding: 'utf8' });
    if (mounted.status !== 0) {
      process.stderr.write(`mounts are not checked here: ${mounted.stderr}`);
      return;
    }
    try {
      await writeFile(join(place, 'on it'), '');
      await expect(removeTree(folder)).rejects.toThrow(`${place} is a mount`);
      expect(await readdir(place)).toContain('on it');
      expect(await readdir(victim)).toContain('file');
      expect([await readdir(folder), await readdir(join(folder, 'deep'))]).toEqual([['deep'], ['mounted']]);
    } finally {
      spawnSync('umount', [place]);
    }
    await removeTree(folder);
    expect(await readdir(root)).toEqual(['victim']);
  });
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
    await removeTree(folder);
    expect(await readdir(root)).toEqual(['victim']);
    expect(await readdir(join(root, 'victim'))).toEqual(['file']);
  });

  test('goes with what an earlier step left there as root', async () => {
    const folder = await theirs('theirs');
    await mkdir(join(folder, 'roots'));
    await writeFile(join(folder, 'roots', 'file'), '');
    await theirs('theirs', 'roots', 'nested');
    await removeTree(folder);
    expect(await readdir(root)).toEqual([]);
  });

  test.each([
    ['leads nowhere else while its owner swaps folders for links', ''],
    ['in one of ours, likewise', 'ours'],
  ])('%s', async (_, above) => {
    await mkdir(join(root, 'victim'));
    await mkdir(join(root, above), { recursive: true });
    const files = Array.from({ length: 50 }, (_, index) => `file-${index}`);
    for (const name of files) await writeFile(join(root, 'victim', name), '');
    for (let round = 0; round < 10; round += 1) {
      const folder = await theirs(above, `theirs-${round}`);
      const swap = `cd "$1"; mkdir d; echo ready; while :; do mv d t; ln -s "$2" d; rm -f d; mv t d; done 2>/dev/null`;
      const swapper = spawn('setpriv', [
        ...['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--'],
        ...['sh', '-c', swap, 'sh', folder, join(root, 'victim')],
      ]);
      await once(swapper.stdout, 'data');
      const whole = above === '' ? folder : join(root, above);
      await removeTree(whole).catch(() => undefined); // it may go on being filled
      swapper.kill('SIGKILL');
      await once(swapper, 'close'); // of what it has started too, which may still be moving something
      await removeTree(whole);
      await expect(access(folder)).rejects.toThrow();
      await mkdir(join(root, above), { recursive: true });
    }
    expect((await readdir(join(root, 'victim'))).sort()).toEqual(files.sort());
  });
});
