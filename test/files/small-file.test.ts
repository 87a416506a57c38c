import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { readSmallFile } from '../../agent/files/small-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'small-file-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

test('what is small is read', async () => {
  await writeFile(join(folder, 'file'), 'grün');
  expect(await readSmallFile(join(folder, 'file'), 5)).toBe('grün');
  await writeFile(join(folder, 'empty'), '');
  expect(await readSmallFile(join(folder, 'empty'), 5)).toBe('');
});

test('what is larger, a link and a pipe are refused', async () => {
  await writeFile(join(folder, 'file'), '123456');
  await expect(readSmallFile(join(folder, 'file'), 5)).rejects.toThrow('has 6 bytes, more than 5');
  await symlink('file', join(folder, 'link'));
  await expect(readSmallFile(join(folder, 'link'), 10)).rejects.toThrow('ELOOP');
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  await expect(readSmallFile(join(folder, 'pipe'), 10)).rejects.toThrow('is not a file');
});

test.runIf(process.platform === 'linux')('of a file that is longer than it said no more is read', async () => {
  expect(await readSmallFile('/proc/self/status', 10)).toBe(''); // its size is 0 (proc(5))
});
