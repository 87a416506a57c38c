import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readBootId } from '../../../agent/adapters/boot/linux.ts';

async function bootIdFile(contents: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'boot-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'boot_id'), contents);
  return join(folder, 'boot_id');
}

test('the boot id is the one in the file', async () => {
  const file = await bootIdFile('0f8a9e9c-6d3c-4bd0-9a55-5f1f0a1a2b3c\n');
  expect(readBootId(file)).toBe('0f8a9e9c-6d3c-4bd0-9a55-5f1f0a1a2b3c');
});

test('without a file the id admits it', () => {
  const bootId = readBootId('/nowhere/boot_id');
  expect(bootId).toMatch(/^unknown-[0-9a-f-]{36}$/);
  expect(readBootId('/nowhere/boot_id')).toBe(bootId);
});

test('a file of something else is not believed', async () => {
  for (const contents of ['', 'boot', '0f8a9e9c-6d3c-4bd0-9a55-5f1f0a1a2b3c more']) {
    expect(readBootId(await bootIdFile(contents))).toMatch(/^unknown-/);
  }
});

if (process.platform === 'linux') {
  test('the kernel says the same twice', async () => {
    const kernel = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    expect([readBootId(), readBootId()]).toEqual([kernel, kernel]);
  });
}
