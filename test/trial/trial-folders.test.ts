import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openTrialFolders } from '../../agent/trial/trial-folders.ts';

const OPTIONS = { keep: false, bootId: 'boot-1' };

test('a folder that was made goes, and others may pass through it meanwhile', async () => {
  const { stateDir, release } = await openTrialFolders(OPTIONS);
  expect((await stat(stateDir)).mode & 0o777).toBe(0o711);
  await release();
  await expect(stat(stateDir)).rejects.toThrow('ENOENT');
});

test('a folder that was given stays, and can be used again', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'given-'));
  onTestFinished(() => rm(stateDir, { recursive: true }));
  for (const _ of [1, 2]) await (await openTrialFolders({ ...OPTIONS, stateDir })).release();
  expect((await stat(stateDir)).isDirectory()).toBe(true);
});

test('where none can be made is told, with the cure', async () => {
  vi.stubEnv('TMPDIR', '/no/such/folder');
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(openTrialFolders(OPTIONS)).rejects.toThrow(/no folder can be made in \/no\/such\/folder \(TMPDIR/);
});
