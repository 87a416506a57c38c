import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openStateFolders, type StateFolders } from '../../../agent/adapters/journal/state-folders.ts';

const BINDING = { thingName: 'gateway-1', endpoint: 'a.example' };

interface Folders {
  readonly root: string;
  open(change?: { stateDir?: string; runtimeDir?: string; endpoint?: string }): Promise<StateFolders>;
}

async function makeFolders(): Promise<Folders> {
  const root = await mkdtemp(join(tmpdir(), 'state-folders-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return {
    root,
    async open({ endpoint = BINDING.endpoint, ...change } = {}) {
      const folders = { stateDir: join(root, 'state'), runtimeDir: join(root, 'run'), ...change };
      const opened = await openStateFolders({ ...folders, binding: { ...BINDING, endpoint }, bootId: 'boot-1' });
      onTestFinished(() => opened.release());
      return opened;
    },
  };
}

test('both folders are made so that other users can pass but not look', async () => {
  const { root, open } = await makeFolders();
  await open();
  for (const name of ['state', 'run']) expect((await stat(join(root, name))).mode & 0o777).toBe(0o711);
});

test('another endpoint has another journal, and the first is found again', async () => {
  const { open } = await makeFolders();
  const first = await open();
  await mkdir(first.journalDir, { recursive: true });
  await first.release();
  const second = await open({ endpoint: 'mistyped.example' });
  expect(second.journalDir).not.toBe(first.journalDir);
  expect(second.otherJournals).toBe(1);
  await second.release();
  const third = await open();
  expect(third).toMatchObject({ journalDir: first.journalDir, otherJournals: 0 });
});

test('a runtimeDir shared by two agents is refused, and leaves nothing locked', async () => {
  const { root, open } = await makeFolders();
  await open();
  const other = { stateDir: join(root, 'other-state') };
  await expect(open(other)).rejects.toMatchObject({
    code: 'JOURNAL_LOCKED',
    message: expect.stringMatching(/^runtimeDir: .*\/run is in use by process \d+/),
  });
  await open({ ...other, runtimeDir: join(root, 'other-run') });
});

test('one folder may serve as both', async () => {
  const { root, open } = await makeFolders();
  await open({ runtimeDir: join(root, 'state') });
});

test('a file in the place of a folder is named, with its setting', async () => {
  const { root, open } = await makeFolders();
  await writeFile(join(root, 'state'), '');
  await expect(open()).rejects.toMatchObject({
    code: 'JOURNAL_UNWRITABLE',
    message: expect.stringMatching(/^stateDir: the folder .*\/state cannot be used: it is a file$/),
  });
});

test('a place where nothing can be made does not keep it waiting', async () => {
  const { open } = await makeFolders();
  await expect(open({ stateDir: '/proc/nope/state' })).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE' });
});

test('a folder that is there keeps its mode', async () => {
  const { root, open } = await makeFolders();
  await mkdir(join(root, 'state'), { mode: 0o700 });
  await chmod(join(root, 'state'), 0o750);
  await open();
  expect((await stat(join(root, 'state'))).mode & 0o777).toBe(0o750);
});
