import { link, mkdtemp, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { giveTo } from '../../handlers/install-application/owned-places.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write('not root: giving files away is not checked here\n');
const SOMEBODY = { uid: 1234, gid: 1234 };

let folder: string;
let victim: string;
let downloaded: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'owned-places-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  [victim, downloaded] = [join(folder, 'victim'), join(folder, 'downloaded')];
  await writeFile(victim, 'secret');
  await writeFile(downloaded, 'content');
});

describe.runIf(isRoot)('giving a downloaded file to the owner of the old one', () => {
  test('is done, and may be done again', async () => {
    for (const _ of [1, 2]) await giveTo(downloaded, SOMEBODY);
    expect(await stat(downloaded)).toMatchObject(SOMEBODY);
  });

  test.each([
    ['a link', () => symlink(victim, downloaded), 'ELOOP'],
    ['another name of a file', () => link(victim, downloaded), 'is not the file any more that was downloaded'],
  ])('gives nobody what %s in its place leads to', async (_, swap, reason) => {
    await rename(downloaded, join(folder, 'aside'));
    await swap();
    await expect(giveTo(downloaded, SOMEBODY)).rejects.toThrow(reason);
    expect(await stat(victim)).toMatchObject({ uid: 0, gid: 0 });
  });
});
