import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findDoubtfulSettings } from '../../agent/config/doubtful-settings.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doubtful-'));
  await writeFile(join(folder, 'restart'), '#!/bin/sh\n', { mode: 0o755 });
  await writeFile(join(folder, 're start'), '#!/bin/sh\n', { mode: 0o755 });
  await writeFile(join(folder, 'plain'), '#!/bin/sh\n', { mode: 0o644 });
  await chmod(join(folder, 'plain'), 0o644);
  await mkdir(join(folder, 'folder'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function doubts(rebootCommand: readonly string[], { handlersDir = folder, shutdownCommand = ['restart'] } = {}) {
  const settings = { handlersDir, rebootCommand: [...rebootCommand], shutdownCommand };
  return findDoubtfulSettings(settings, `/nowhere:${folder}`);
}

test('a program in PATH or by its path is not doubted', async () => {
  expect(await doubts(['restart', '-f'])).toEqual([]);
  expect(await doubts([join(folder, 'restart')])).toEqual([]);
  expect(await doubts(['re start'])).toEqual([]);
});

test('a program that is nowhere in PATH is told', async () => {
  expect(await doubts(['systemctl-x', 'reboot'])).toEqual([
    {
      setting: 'rebootCommand',
      reason: `no job can restart the gateway: there is no program "systemctl-x" in PATH (/nowhere:${folder})`,
    },
  ]);
});

test('so is one that cannot power the gateway off', async () => {
  const reason = `no job can power the gateway off: there is no program "poweroff-x" in PATH (/nowhere:${folder})`;
  expect(await doubts(['restart'], { shutdownCommand: ['poweroff-x'] })).toEqual([
    { setting: 'shutdownCommand', reason },
  ]);
});

test.each(['missing', 'plain', 'folder'])('a path to no program is told: %s', async (name) => {
  const path = join(folder, name);
  const reason = `no job can restart the gateway: there is no program "${path}"`;
  expect(await doubts([path])).toEqual([{ setting: 'rebootCommand', reason }]);
});

test('a command line in one entry is told as words', async () => {
  const [doubt] = await doubts(['restart now', '-f']);
  expect(doubt?.reason).toMatch(
    /there is no program "restart now" .*; write each word for itself: \["restart","now","-f"\]$/,
  );
});

test('a missing folder of handlers is told', async () => {
  expect(await doubts(['restart'], { handlersDir: join(folder, 'no-handlers') })).toEqual([
    { setting: 'handlersDir', reason: expect.stringMatching(/^only built-in operations: it cannot be read: ENOENT/) },
  ]);
});
