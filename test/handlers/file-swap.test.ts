import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keep, putBack, putInPlace, swapOf } from '../../handlers/install-application/file-swap.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-swap-'));
  await writeFile(join(folder, 'a'), 'old', { mode: 0o640 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('the old file is kept under a second name', async () => {
  await keep(join(folder, 'a'), join(folder, 'b'));
  expect((await stat(join(folder, 'b'))).ino).toBe((await stat(join(folder, 'a'))).ino);
});

test.each(['EPERM', 'EOPNOTSUPP', 'EMLINK'])('where a file can have no second name (%s) it is copied', async (code) => {
  const refuse = () => Promise.reject(Object.assign(new Error(code), { code }));
  await keep(join(folder, 'a'), join(folder, 'b'), refuse);
  expect(await readFile(join(folder, 'b'), 'utf8')).toBe('old');
  expect((await stat(join(folder, 'b'))).mode & 0o777).toBe(0o640);
  expect((await readdir(folder)).sort()).toEqual(['a', 'b']);
});

test('any other error is one', async () => {
  const refuse = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
  await expect(keep(join(folder, 'a'), join(folder, 'b'), refuse)).rejects.toThrow('EIO');
});

test('two writers never share a name, and a long one fits', () => {
  const [one, other] = ['job-1.1.0', 'job-2.1.0'].map((writer) => swapOf('/a/x', writer, true));
  expect(one?.staged).not.toBe(other?.staged);
  const { staged } = swapOf(`/a/${'ü'.repeat(127)}`, 'job-1.1.0', true);
  expect(Buffer.byteLength(staged.slice('/a/'.length))).toBeLessThanOrEqual(255);
});

test('a file that somebody made meanwhile is not taken for ours', async () => {
  const swap = swapOf(join(folder, 'c'), 'job-1.1.0', false);
  await writeFile(swap.staged, 'new');
  await writeFile(swap.target, 'of somebody else');
  await putBack([swap]);
  expect(await readFile(swap.target, 'utf8')).toBe('of somebody else');
  expect((await readdir(folder)).sort()).toEqual(['a', 'c']);
});

test('what cannot be put in place leaves the rest to be put back', async () => {
  const swaps = ['a', 'c'].map((name) => swapOf(join(folder, name), 'job-1.1.0', name === 'a'));
  for (const { staged } of swaps) await writeFile(staged, 'new');
  const broken = { ...swapOf(join(folder, 'gone', 'd'), 'job-1.1.0', false), staged: swaps[1]?.staged ?? '' };
  await expect(putInPlace([swaps[0] ?? broken, broken])).rejects.toThrow('ENOENT');
  expect(await readFile(join(folder, 'a'), 'utf8')).toBe('new');
  await putBack(swaps);
  expect(await readFile(join(folder, 'a'), 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['a']);
});
