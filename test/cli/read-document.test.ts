import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readDocument } from '../../agent/cli/read-document.ts';
import { UsageError } from '../../agent/cli/usage.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'document-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a document is read, a byte order mark and all', async () => {
  const path = join(folder, 'a.json');
  await writeFile(path, '\uFEFF{"operation":"grüß"}');
  expect(await readDocument(path)).toEqual({ name: path, value: { operation: 'grüß' }, warnings: [] });
});

test.each<[string, (path: string) => Promise<void>, string]>([
  ['is not there', async () => undefined, 'there is no file PATH'],
  ['is empty', (path) => writeFile(path, ' \n'), 'PATH is empty: expected a job document, JSON'],
  ['is cut short', (path) => writeFile(path, '{"operation":'), 'PATH:1:14: not JSON: expected a value'],
  ['is none, and large', (path) => writeFile(path, '').then(() => truncate(path, 1024 ** 3)), 'PATH: it has more than'],
])('what %s is wrong usage, and told with its name', async (_, make, message) => {
  const path = join(folder, 'a.json');
  await make(path);
  const error = await readDocument(path).catch((thrown: Error) => thrown);
  expect(error).toBeInstanceOf(UsageError);
  expect((error as Error).message.startsWith(message.replace('PATH', path))).toBe(true);
});

test('a folder is told for one', async () => {
  await expect(readDocument(folder)).rejects.toThrow(`${folder} is a folder, and a plain file is expected there`);
});

test('a file without end is not read to it', async () => {
  await expect(readDocument('/dev/zero')).rejects.toThrow(/^\/dev\/zero: it has more than \d+ bytes/);
});
