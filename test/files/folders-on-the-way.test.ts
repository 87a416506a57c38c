import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { foldersOnTheWay } from '../../agent/files/folders-on-the-way.ts';

let top: string;
beforeEach(async () => {
  top = await realpath(await mkdtemp(join(tmpdir(), 'on-the-way-')));
});
afterEach(() => rm(top, { recursive: true, force: true }));

const at = (...names: string[]) => join(top, ...names);
const pathsTo = async (path: string) => (await foldersOnTheWay(path)).map((folder) => folder.path);

test('every folder from the root down is on the way', async () => {
  await mkdir(at('a'));
  const paths = await pathsTo(at('a', 'file'));
  expect([paths[0], paths.at(-1)]).toEqual(['/', at('a')]);
  expect(paths).toHaveLength(at('a').split('/').length);
});

test('links are followed, relative and absolute, with what they lead through', async () => {
  await mkdir(at('real', 'deep'), { recursive: true });
  await writeFile(at('real', 'deep', 'file'), '');
  await mkdir(at('links'));
  await symlink('../real/./deep', at('links', 'relative'));
  await symlink(at('links', 'relative', 'file'), at('file'));
  const expected = [at('links'), at('links', 'relative'), at('real'), at('real', 'deep'), at('file')];
  expect(await pathsTo(at('file'))).toEqual(expect.arrayContaining(expected));
});

test('the way ends where something is missing, and in a circle of links', async () => {
  await symlink('loop', at('loop'));
  expect(await pathsTo(at('loop', 'file'))).toContain(at('loop'));
  expect((await pathsTo(at('gone', 'file'))).at(-1)).toBe(top);
});
