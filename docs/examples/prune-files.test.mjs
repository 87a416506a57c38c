// node --test prune-files.test.mjs
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { testHandler } from 'iot-job-agent/testing';
import pruneFiles from './prune-files.mjs';

test('old files go, and others stay', async () => {
  const folder = await mkdtemp('/var/tmp/prune-files-');
  for (const name of ['old', 'new']) await writeFile(join(folder, name), '');
  await utimes(join(folder, 'old'), 0, 0);

  const { result, progress, remove } = await testHandler(pruneFiles, { parameters: { folder, keepDays: 14 } });

  assert.deepEqual(result, { status: 'succeeded', details: { removed: '1' } });
  assert.deepEqual(progress, [{ removed: '1' }]);
  assert.deepEqual(await readdir(folder), ['new']);
  await remove();
  await rm(folder, { recursive: true });
});

test('other folders are refused before anything runs', async () => {
  for (const folder of ['/etc', '/var/log/../../etc', '/var/log/a/../../../etc']) {
    const { result, refusedAt, remove } = await testHandler(pruneFiles, { parameters: { folder, keepDays: 1 } });
    assert.equal(result.reasonCode, 'PARAMETERS_INVALID');
    assert.equal(refusedAt, '/parameters/folder');
    await remove();
  }
});

test('the file itself is a handler, in a process of its own', async () => {
  const path = new URL('./prune-files.mjs', import.meta.url);
  const { result, remove } = await testHandler(path, { parameters: { folder: '/var/tmp/not-there', keepDays: 1 } });
  assert.equal(result.reasonCode, 'HANDLER_ERROR');
  assert.match(result.message, /ENOENT/);
  await remove();
});
