import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openReplacement, writerOf } from '../../agent/handler-api.ts';
import { writeFileHandler } from '../../handlers/write-file/handler.ts';
import type { WriteFileParameters } from '../../handlers/write-file/parameters.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'write-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('the content is written and nothing else', async () => {
  const path = join(folder, 'file');
  expect(await write({ path, content: 'grüß\n' })).toEqual({
    kind: 'succeeded',
    details: { path, bytes: 7, sha256: '97279b60fe0e66b13d24b5ac02c58f383933b16d5a0dba9e1db074d33ec6eb99' },
  });
  expect(await readFile(path, 'utf8')).toBe('grüß\n');
  expect(await readdir(folder)).toEqual(['file']);
});

test('base64 content is written as bytes', async () => {
  await write({ path: 'file', content: Buffer.from([0, 255, 10]).toString('base64'), encoding: 'base64' });
  expect(await readFile(join(folder, 'file'))).toEqual(Buffer.from([0, 255, 10]));
});

test.each(['no base64!', 'abc', 'YWJj\n', 'YWJj YWJj', '=AAA'])('base64 %j is refused', (content) => {
  const { facts } = createRecordingContext({ workDir: folder }).context;
  const problem = writeFileHandler.check?.({ path: '/x', content, encoding: 'base64' }, facts);
  expect(problem?.pointer).toBe('/content');
  expect(problem?.reason).not.toContain(content);
});

test('the clean-up removes what a killed write left', async () => {
  const { context } = createRecordingContext({ workDir: folder });
  await writeFile(join(folder, 'file'), 'old');
  for (const writer of [writerOf(context), 'somebody-else']) {
    const killed = await openReplacement(join(folder, 'file'), { writer });
    await killed.file.close();
  }
  expect(await readdir(folder)).toHaveLength(3);
  const parameters = { path: 'file', content: 'new' };
  for (const _ of ['once', 'and once more']) {
    expect(await writeFileHandler.cleanup?.(context, parameters)).toMatchObject({ kind: 'succeeded' });
    expect(await readdir(folder)).toHaveLength(2);
  }
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('old');
});

test('the mode is set, or kept from the old file', async () => {
  await write({ path: 'file', content: 'a', mode: '0640' });
  expect(await modeOf('file')).toBe(0o640);
  await write({ path: 'file', content: 'b' });
  expect(await modeOf('file')).toBe(0o640);
  await write({ path: 'other', content: 'c' });
  expect(await modeOf('other')).toBe(0o644);
});

test('a link is replaced, its target untouched', async () => {
  await writeFile(join(folder, 'target'), 'untouched');
  await symlink('target', join(folder, 'file'));
  await write({ path: 'file', content: 'new' });
  expect(await readFile(join(folder, 'target'), 'utf8')).toBe('untouched');
});

test.each(['out/file', 'in/out/file'])(
  'a relative path that a link leads out of the working folder is refused: %s',
  async (path) => {
    const outside = join(folder, 'outside');
    const workDir = join(folder, 'work');
    await mkdir(outside);
    await mkdir(join(workDir, 'in'), { recursive: true });
    await symlink(outside, join(workDir, 'out'));
    await symlink(outside, join(workDir, 'in/out'));
    const result = await writeFileHandler.run(createRecordingContext({ workDir }).context, { path, content: 'x' });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'FILE_NOT_WRITTEN' });
    expect(result).toHaveProperty('message', expect.stringContaining('a link leads out of the working folder'));
    expect(await readdir(outside)).toEqual([]);
  },
);

test('a link within the working folder is followed, and one of an absolute path', async () => {
  const workDir = join(folder, 'work');
  await mkdir(join(workDir, 'real'), { recursive: true });
  await symlink('real', join(workDir, 'link'));
  for (const path of ['link/a', join(workDir, 'link/b')]) {
    const { context } = createRecordingContext({ workDir });
    expect(await writeFileHandler.run(context, { path, content: 'x' })).toMatchObject({ kind: 'succeeded' });
  }
  expect((await readdir(join(workDir, 'real'))).sort()).toEqual(['a', 'b']);
});

test('a link in the place of the temporary file is not followed', async () => {
  await writeFile(join(folder, 'target'), 'untouched');
  const name = await temporaryNameOf('file');
  await symlink('target', join(folder, name));
  expect(await write({ path: 'file', content: 'new' })).toMatchObject({ kind: 'succeeded' });
  expect(await readFile(join(folder, 'target'), 'utf8')).toBe('untouched');
});

test('a missing folder is told with its path', async () => {
  const result = await write({ path: 'no/such/file', content: 'secret content' });
  expect(result).toMatchObject({ kind: 'failed', reasonCode: 'FILE_NOT_WRITTEN' });
  expect(result).toHaveProperty('message', expect.stringContaining(join(folder, 'no/such/file')));
  expect(JSON.stringify(result)).not.toContain('secret content');
});

function write(parameters: WriteFileParameters) {
  return writeFileHandler.run(createRecordingContext({ workDir: folder }).context, parameters);
}

async function modeOf(name: string): Promise<number> {
  return (await stat(join(folder, name))).mode & 0o777;
}

/** Seen where the rename must fail because a folder has the name; it is removed then, but its name is in the message. */
async function temporaryNameOf(name: string): Promise<string> {
  await mkdir(join(folder, name));
  const result = await write({ path: name, content: 'x' });
  await rmdir(join(folder, name));
  return /\/(\.[^/']+\.part)'/.exec(JSON.stringify(result))?.[1] ?? 'not found';
}
