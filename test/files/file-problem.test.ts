/** With real errors where a file system gives them; those of the operations are in test/handlers/file-troubles.test.ts. */
import { mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileProblem, folderProblem, putProblem, readProblem } from '../../agent/files/file-problem.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'problem-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test('a circle of links is told', async () => {
  const path = join(folder, 'link');
  await symlink('link', path);
  const said = `${path} is a link, or leads round in a circle of links (ELOOP)`;
  expect(await fileProblem(await errorOf(readFile(path)), path, 'read')).toBe(said);
});

test('a name that is too long is told', async () => {
  const path = join(folder, 'x'.repeat(300));
  expect(await fileProblem(await errorOf(readFile(path)), path, 'read')).toBe(
    `${path} is too long, or a part of it is (ENAMETOOLONG)`,
  );
});

test('a file in the place of a folder is told, to whoever makes or enters it', async () => {
  const path = join(folder, 'file');
  await writeFile(path, '');
  const said = `${path} is a file, and a folder is expected there`;
  expect(await fileProblem(await errorOf(mkdir(path)), path, 'folder')).toBe(`${said} (EEXIST)`);
  expect(await fileProblem(await errorOf(readFile(join(path, 'x'))), join(path, 'x'), 'read')).toBe(
    `${said} (ENOTDIR)`,
  );
});

test('a folder that is missing is told by its outermost part', async () => {
  const path = join(folder, 'a', 'b', 'c');
  for (const use of ['read', 'put', 'folder'] as const) {
    expect(await fileProblem(await errorOf(open(path)), path, use)).toBe(
      `there is no folder ${join(folder, 'a')} (ENOENT)`,
    );
  }
  const gone = join(folder, 'gone');
  expect(await fileProblem(await errorOf(open(gone)), gone, 'folder')).toBe(`there is no folder ${gone} (ENOENT)`);
});

test('what is there by now explains nothing: the system’s word is told', async () => {
  const path = join(folder, 'file');
  const error = await errorOf(readFile(path));
  await writeFile(path, '');
  expect(await fileProblem(error, path, 'read')).toBe(`ENOENT: no such file or directory, open '${path}'`);
});

/** As the system gives it; a test cannot make a disk fail, or have no descriptors left. */
test.each([
  ['EBUSY', 'is in use, as a mount point is'],
  ['EDQUOT', 'is used up where'],
  ['EIO', 'see the log of the kernel (dmesg)'],
  ['EMFILE', 'too many files are open in this process'],
  ['ENFILE', 'too many files are open on this machine'],
  ['EPERM', 'lsattr shows what is immutable'],
  ['EXDEV', 'EXDEV: cross-device'],
])('%s is told in words', async (code, said) => {
  const error = Object.assign(new Error(`${code}: cross-device`), { code, syscall: 'rename' });
  expect(await fileProblem(error, join(folder, 'x'), 'put')).toContain(said);
});

test('what is no error of the system keeps its message', async () => {
  expect(await fileProblem(new Error('a link leads out'), folder, 'put')).toBe('a link leads out');
  expect(await fileProblem(Object.assign(new Error('no room'), { code: 'ENOSPC' }), folder, 'put')).toBe('no room');
});

test('a dry run is told the same', async () => {
  const path = join(folder, 'file');
  expect(await readProblem(path)).toBe(`there is no file ${path} (ENOENT)`);
  expect(await putProblem(path)).toBeUndefined();
  await writeFile(path, 'abc');
  expect(await readProblem(path)).toMatchObject({ size: 3 });
  expect(await readProblem(folder)).toBe(`${folder} is a folder, and a plain file is expected there`);
  expect(await folderProblem(join(folder, 'a', 'b'))).toBeUndefined();
  expect(await folderProblem(join(path, 'x', 'y'))).toBe(`${path} is a file, and a folder is expected there`);
  expect(await putProblem(join(path, 'x'))).toBe(`${path} is a file, and a folder is expected there`);
});
