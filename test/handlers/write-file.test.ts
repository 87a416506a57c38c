import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  rmdir,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openReplacement, writerOf } from '../../agent/handler-api.ts';
import { fingerprintOf } from '../../handlers/edit-config/kept-copy.ts';
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

test('a file larger than memory is told from others, as a change that proves itself does', {
  timeout: 120_000,
}, async () => {
  const large = 2 * 1024 ** 3 + 1; // more than Node.js reads into one buffer; a hole, which takes no space
  await writeFile(join(folder, 'file'), '');
  await truncate(join(folder, 'file'), large);
  const sum = 'b8030a8ab89280935633d8d991da3d9907c0f12e8b6fc3bfc515f4d440872b6e'; // head -c 2147483649 /dev/zero | sha256sum
  expect(await fingerprintOf(join(folder, 'file'))).toBe(sum);
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
  expect(result).toHaveProperty(
    'message',
    `${join(folder, 'no/such/file')} could not be written: there is no folder ${join(folder, 'no')} (ENOENT)`,
  );
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

describe('with check and apply', () => {
  test('what passes stays, and the content before it if asked', async () => {
    await write({ path: 'file', content: 'old' });
    const rules = { check: ['grep', '-q', 'new', join(folder, 'file')], keepPrevious: true };
    expect(await write({ path: 'file', content: 'new', mode: '0600', ...rules })).toMatchObject({
      kind: 'succeeded',
      details: { bytes: 3, previous: join(folder, '.file.previous') },
    });
    expect([await content('file'), await modeOf('file')]).toEqual(['new', 0o600]);
    expect([await content('.file.previous'), await modeOf('.file.previous')]).toEqual(['old', 0o644]);
  });

  test('what does not is undone', async () => {
    await write({ path: 'file', content: 'old', mode: '0640' });
    expect(await write({ path: 'file', content: 'new', mode: '0600', check: ['false'] })).toMatchObject({
      reasonCode: 'FILE_CHECK_FAILED',
    });
    expect([await content('file'), await modeOf('file')]).toEqual(['old', 0o640]);
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('a file that was not there is gone again', async () => {
    expect(await write({ path: 'file', content: 'new', apply: ['false'] })).toMatchObject({
      reasonCode: 'FILE_APPLY_FAILED',
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('a link comes back as a link', async () => {
    await writeFile(join(folder, 'target'), 'untouched');
    await symlink('target', join(folder, 'file'));
    await write({ path: 'file', content: 'new', check: ['false'] });
    expect(await readlink(join(folder, 'file'))).toBe('target');
    expect(await content('target')).toBe('untouched');
  });

  test('a folder that is not there is told', async () => {
    expect(await write({ path: 'no/file', content: 'new', check: ['true'] })).toMatchObject({
      reasonCode: 'FILE_NOT_WRITTEN',
      message: expect.stringContaining('no/file'),
    });
  });
});

describe('the dry run', () => {
  const plan = (parameters: WriteFileParameters) =>
    writeFileHandler.plan?.(parameters, createRecordingContext({ workDir: folder }).context);

  test.each([
    ['of a new file', 'new', ['write FOLDER/new: 4 bytes'], []],
    ['of a file that is there', 'file', ['replace FOLDER/file (3 bytes): 4 bytes'], []],
    ['of a link', 'link', ['replace the link FOLDER/link: 4 bytes'], []],
    ['of a folder', 'sub', [], ['FOLDER/sub is a folder, and a plain file is expected there: it is not replaced']],
    ['where no folder is', 'no/file', ['write FOLDER/no/file: 4 bytes'], ['there is no folder FOLDER/no (ENOENT)']],
  ])('%s says so, and writes nothing', async (_, path, actions, problems) => {
    await writeFile(join(folder, 'file'), 'old');
    await symlink('file', join(folder, 'link'));
    await mkdir(join(folder, 'sub'));
    const named = (texts: readonly string[]) => texts.map((text) => text.replaceAll('FOLDER', folder));
    expect(await plan({ path, content: 'text' })).toEqual({ actions: named(actions), problems: named(problems) });
    expect((await readdir(folder)).sort()).toEqual(['file', 'link', 'sub']);
  });
});

function content(name: string): Promise<string> {
  return readFile(join(folder, name), 'utf8');
}
