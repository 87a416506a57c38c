import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openReplacement, removeLeftReplacement, replaceFile } from '../../agent/files/replace-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replace-file-'));
  path = join(folder, 'file');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('the old content stays until the commit', async () => {
  await writeFile(path, 'old');
  const replacement = await openReplacement(path, { writer: 'a' });
  await replacement.file.writeFile('new');
  expect(await readFile(path, 'utf8')).toBe('old');
  await replacement.commit();
  expect(await readFile(path, 'utf8')).toBe('new');
  expect(await readdir(folder)).toEqual(['file']);
});

test('discarded content leaves no trace', async () => {
  await writeFile(path, 'old');
  const replacement = await openReplacement(path, { writer: 'a' });
  await replacement.file.writeFile('new');
  await replacement.discard();
  expect(await readdir(folder)).toEqual(['file']);
  expect(await readFile(path, 'utf8')).toBe('old');
});

test('discard after commit keeps the new file', async () => {
  const replacement = await openReplacement(path, { writer: 'a' });
  await replacement.commit();
  await replacement.discard();
  expect(await readdir(folder)).toEqual(['file']);
});

test('a writer removes what it left at a power cut', async () => {
  const cut = await openReplacement(path, { writer: 'a' });
  await cut.file.writeFile('half');
  await cut.file.close(); // and no commit: the power is gone
  await replaceFile(path, 'whole', { writer: 'a' });
  expect(await readdir(folder)).toEqual(['file']);
});

test('what a killed writer left can be removed, another’s not', async () => {
  await writeFile(path, 'old');
  for (const writer of ['a', 'b']) await (await openReplacement(path, { writer })).file.close();
  const before = await readdir(folder);
  await removeLeftReplacement(path, { writer: 'a' });
  expect(before.length - (await readdir(folder)).length).toBe(1);
  await removeLeftReplacement(path, { writer: 'a' });
  await removeLeftReplacement(path, { writer: 'b' });
  expect(await readdir(folder)).toEqual(['file']);
  expect(await readFile(path, 'utf8')).toBe('old');
});

test('two writers do not disturb each other', async () => {
  const first = await openReplacement(path, { writer: 'a' });
  const second = await openReplacement(path, { writer: 'b' });
  await first.file.writeFile('first');
  await second.file.writeFile('second');
  await first.commit();
  expect(await readFile(path, 'utf8')).toBe('first');
  await second.commit();
  expect(await readFile(path, 'utf8')).toBe('second');
});

test('others cannot read it before it is whole', async () => {
  const replacement = await openReplacement(path, { writer: 'a', mode: 0o644 });
  expect((await replacement.file.stat()).mode & 0o777).toBe(0o600);
  await replacement.commit();
});

test('a name as long as a name may be works', async () => {
  const long = join(folder, 'x'.repeat(255));
  await replaceFile(long, 'content', { writer: 'a' });
  expect(await readFile(long, 'utf8')).toBe('content');
});

test('a link to nothing is replaced', async () => {
  await symlink('nothing', path);
  await replaceFile(path, 'content', { writer: 'a' });
  expect(await readdir(folder)).toEqual(['file']);
});

test.each([
  ['a fifo', (at: string) => execFileSync('mkfifo', [at])],
  ['a folder', (at: string) => mkdirSync(at)],
])('%s is not replaced', async (_, make) => {
  make(path);
  await expect(replaceFile(path, 'x', { writer: 'test' })).rejects.toThrow(
    'and a plain file is expected there: it is not replaced',
  );
  expect(readdirSync(folder)).toEqual(['file']);
});

test('a link is replaced itself, not what it leads to', async () => {
  await writeFile(join(folder, 'target'), 'old');
  await symlink('target', join(folder, 'link'));
  await replaceFile(join(folder, 'link'), 'new', { writer: 'test' });
  expect(await readFile(join(folder, 'target'), 'utf8')).toBe('old');
  expect(await readFile(join(folder, 'link'), 'utf8')).toBe('new');
});
