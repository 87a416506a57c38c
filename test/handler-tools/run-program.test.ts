import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
let host: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-program-'));
  host = join(folder, 'host.mjs');
  const entry = fileURLToPath(new URL('run-program-host.ts', import.meta.url));
  await build({ entryPoints: [entry], outfile: host, bundle: true, platform: 'node', format: 'esm' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The agent and systemd send SIGTERM to all processes of a run, and the program may be the first to end. */
test.each([
  ['program', 'ends by the signal', 'echo begun; exec sleep 1000'],
  ['program', 'tidies up, and fails', 'trap "exit 3" TERM; echo begun; sleep 1000 & wait'],
  ['filter', 'ends by the signal', 'echo begun; exec sleep 1000'],
])('who is stopped together with a %s that %s knows it when that has ended', async (how, _, script) => {
  for (let time = 0; time < 10; time += 1) {
    const child = spawn(process.execPath, [host, how, script], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.once('data', () => process.kill(-(child.pid ?? 0), 'SIGTERM')); // its group, which is its own
    const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
    expect(said).toBe('stopped');
  }
});
