/** A build beside programs of the build before it: `npm run dev` starts handler hosts while its developer builds anew. */
import { mkdir, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDist } from '../../scripts/dist-files.mjs';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dist-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a program takes the place of the old one whole: whoever has that open reads it to its end', async () => {
  await writeFile(join(folder, 'job-agent.js'), 'old program');
  const old = await open(join(folder, 'job-agent.js'));
  await createDist(folder).put('job-agent.js', 'new', 0o755);
  const now = await open(join(folder, 'job-agent.js'));
  expect([await old.readFile('utf8'), await now.readFile('utf8')]).toEqual(['old program', 'new']);
  expect((await now.stat()).mode & 0o777).toBe(0o755);
  await Promise.all([old.close(), now.close()]);
});

test('what a build puts nowhere stays until its end, and goes then', async () => {
  await mkdir(join(folder, 'types', 'gone'), { recursive: true });
  for (const name of ['gone.js', 'types/gone/x.d.ts', 'job-agent.js.123.new']) await writeFile(join(folder, name), '');
  const dist = createDist(folder);
  await dist.put('job-agent.js', 'new');
  await dist.put('types/agent/x.d.ts', 'new');
  expect((await stat(join(folder, 'gone.js'))).isFile()).toBe(true);
  await dist.removeOthers();
  expect((await readdir(folder, { recursive: true })).sort()).toEqual([
    'job-agent.js',
    'types',
    'types/agent',
    'types/agent/x.d.ts',
  ]);
});
