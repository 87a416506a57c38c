import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unpackArchiveHandler } from '../../handlers/unpack-archive/handler.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { bundleHandlerHost } from '../fixtures/step-handlers/bundle-program.ts';
import { FACTS } from '../fixtures/step-handlers/step-runner-setup.ts';
import { tarOf } from '../fixtures/tar-archive.ts';
import { zipOf } from '../fixtures/zip-archive.ts';

const FILES = 40;
const KILLS = 12;
const ARCHIVE = 'app.tar';

let folder: string;
let pack: (entries: readonly Entry[]) => Buffer;
let hostArgv: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unpack-kills-'));
  hostArgv = await bundleHandlerHost(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Entry {
  readonly name: string;
  readonly content: string;
}

const PACKED: readonly [string, typeof pack][] = [
  ['gzip', (entries) => gzipSync(tarOf(...entries))],
  ['xz', (entries) => spawnSync('xz', ['-c'], { input: tarOf(...entries) }).stdout],
  ['zip', zipOf],
];

test.each(PACKED)(
  'killed at any moment, it leaves the old folder or the new one, each as a whole: %s',
  async (name, by) => {
    pack = by;
    const [workDir, there] = [join(folder, name, 'work'), join(folder, name, 'there')];
    const path = join(there, 'app');
    for (const each of [workDir, there, path]) await mkdir(each, { recursive: true });
    let version = 0;
    for (; version < FILES; version++) await writeFile(join(path, `f${version}`), '0');
    let wholeMs = await runHost(await request(workDir, path, 1), undefined);
    const seen = new Set<string>();
    for (let turn = 1; turn <= KILLS; turn++) {
      const before = await versionOf(path);
      const next = Number(before) + 1;
      const killMs = (wholeMs * turn) / KILLS;
      const tookMs = await runHost(await request(workDir, path, next), killMs);
      if (tookMs < killMs) wholeMs = tookMs; // it was over: the machine is less busy now
      // What an agent does after a kill that it does not run again.
      const { context } = createRecordingContext({ workDir });
      await unpackArchiveHandler.cleanup?.(context, { archive: ARCHIVE, path });
      const after = await versionOf(path);
      expect([before, String(next)]).toContain(after);
      expect(await readdir(there)).toEqual(['app']);
      seen.add(after === before ? 'old' : 'new');
    }
    expect(seen).toContain('old');
  },
);

/** Fails where the files are not all of one version. */
async function versionOf(path: string): Promise<string> {
  const names = await readdir(path);
  expect(names).toHaveLength(FILES);
  const contents = new Set(await Promise.all(names.map((name) => readFile(join(path, name), 'utf8'))));
  expect(contents.size).toBe(1);
  return [...contents][0] ?? '';
}

async function request(workDir: string, path: string, version: number): Promise<string> {
  const entries = Array.from({ length: FILES }, (_, n) => ({ name: `f${n}`, content: String(version) }));
  await writeFile(join(workDir, ARCHIVE), pack(entries));
  return JSON.stringify({
    operation: 'unpack-archive',
    part: 'run',
    parameters: { archive: ARCHIVE, path },
    execution: { jobId: 'job-1', executionNumber: 1 },
    step: 0,
    attempt: 1,
    facts: FACTS,
    workDir,
    statusFile: join(folder, 'status'),
    resultFile: join(folder, 'result'),
    checkpointFile: join(folder, 'checkpoint'),
  });
}

/** @returns how long it took. @param killMs after which it gets SIGKILL, with all it started. */
async function runHost(input: string, killMs: number | undefined): Promise<number> {
  await rm(join(folder, 'result'), { force: true });
  const [program = '', ...args] = hostArgv;
  const begunMs = performance.now();
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'], detached: true });
  child.stdin.end(input);
  const ended = once(child, 'exit');
  const over = new AbortController();
  const killer =
    killMs === undefined
      ? undefined
      : delay(killMs, undefined, { signal: over.signal })
          .then(() => process.kill(-(child.pid ?? 0), 'SIGKILL'))
          .catch(() => undefined); // it was over before
  await ended;
  over.abort();
  await killer;
  if (killMs === undefined) await stat(join(folder, 'result'));
  return performance.now() - begunMs;
}
