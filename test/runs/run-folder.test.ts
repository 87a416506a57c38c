import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { UserAccount } from '../../agent/ports/user-database.ts';
import { createRunFolder, removeExecutionFolders } from '../../agent/runs/run-folder.ts';
import type { StepRun } from '../../agent/runs/step-runner.ts';

const ROOT: UserAccount = { name: 'root', uid: 0, gid: 0, home: '/root' };
const NOBODY: UserAccount = { name: 'nobody', uid: 65_534, gid: 65_534, home: '/' };
const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write('not root: run folders of other users are not checked here\n');

const RUN = {
  runId: 'run-1',
  execution: { jobId: 'job-1', executionNumber: 1, queuedAt: 1, jobDocument: {} },
  stepIndex: 0,
} as StepRun;

let stateDir: string;
let runtimeDir: string;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'run-folder-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  [stateDir, runtimeDir] = [join(folder, 'state'), join(folder, 'run')];
  for (const path of [stateDir, runtimeDir]) await mkdir(path);
});

test.runIf(isRoot)('a user who has opened the working folder to all lets nobody into the next step', async () => {
  const first = await createRunFolder(RUN, { stateDir, runtimeDir, account: NOBODY, keepCheckpoint: false });
  await chmod(first.workDir, 0o777);
  await first.remove();
  const next = await createRunFolder(RUN, { stateDir, runtimeDir, account: ROOT, keepCheckpoint: false });
  const { mode, uid } = await stat(next.workDir);
  expect({ mode: mode & 0o7777, uid }).toEqual({ mode: 0o700, uid: 0 });
  await next.remove();
});

test('what an execution kept goes', async () => {
  const folder = await createRunFolder(RUN, {
    stateDir,
    runtimeDir,
    account: { ...NOBODY, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    keepCheckpoint: false,
  });
  await folder.remove();
  await removeExecutionFolders(stateDir, 'job-1.1.1');
  await expect(stat(folder.workDir)).rejects.toThrow('ENOENT');
  await expect(stat(join(stateDir, 'checkpoints', 'job-1.1.1'))).rejects.toThrow('ENOENT');
});
