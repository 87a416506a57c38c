/** Modules that cannot be asked what they are, as the gateway has no space or no process left: no refusal, and asked again. */
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProcessEnd } from '../../agent/ports/process-runner.ts';
import { planOf } from '../fixtures/parsed-document.ts';
import { bundleHandlerHost } from '../fixtures/step-handlers/bundle-program.ts';
import {
  createStepRunnerSetup,
  type SetupOptions,
  type StepRunnerSetup,
} from '../fixtures/step-handlers/step-runner-setup.ts';

const MODULE = `export default { operation: 'tune', kind: 'module', run: async () => ({ kind: 'succeeded' }),
  parameters: { type: 'object', additionalProperties: false } };`;

let bundleFolder: string;
let hostArgv: readonly string[];

beforeAll(async () => {
  bundleFolder = await mkdtemp(join(tmpdir(), 'handler-host-'));
  await chmod(bundleFolder, 0o755);
  hostArgv = await bundleHandlerHost(bundleFolder);
});
afterAll(() => rm(bundleFolder, { recursive: true, force: true }));

async function withModule(options: SetupOptions, act: (setup: StepRunnerSetup) => Promise<void>): Promise<void> {
  const setup = await createStepRunnerSetup({ hostArgv, ...options });
  try {
    await writeFile(join(setup.handlersDir, 'tune.mjs'), MODULE);
    await act(setup);
  } finally {
    await setup.remove();
  }
}

const review = ({ stepRunner }: StepRunnerSetup) => stepRunner.review(planOf({ operation: 'tune' }));

function notNow(reason: string) {
  return { verdict: 'not-now', reasonCode: 'HANDLER_NOT_ASKED', reason: expect.stringContaining(reason) };
}

const END: ProcessEnd = { kind: 'not-started', code: 'EAGAIN', message: 'cannot start node: spawn EAGAIN' };
const noProcess = {
  start: () => ({ ended: Promise.resolve(END), stop: async () => undefined }),
  endLeftovers: async () => [],
};

test('without a process left the review says so, in the log too, and the module is in the list with that', async () => {
  await withModule({ runner: noProcess }, async (setup) => {
    const said =
      'tune.mjs could not be asked what it is: no process for it could be started: cannot start node: spawn EAGAIN';
    expect(await review(setup)).toEqual(notNow(said));
    const logged = { level: 40, msg: 'a job cannot be reviewed for now', reason: expect.stringContaining(said) };
    expect(setup.logLines).toContainEqual(expect.objectContaining(logged));
    const listed = (await setup.finder.list()).find(({ operation }) => operation === 'tune');
    expect(listed?.problems).toEqual([{ reasonCode: 'HANDLER_NOT_ASKED', reason: expect.stringContaining(said) }]);
  });
});

test('a process that the kernel kills, as where memory is short, says nothing of the module', async () => {
  await withModule({}, async (setup) => {
    const file = join(setup.handlersDir, 'tune.mjs');
    await writeFile(file, 'process.kill(process.pid, "SIGKILL"); await new Promise(() => {});');
    expect(await review(setup)).toEqual(notNow('its process was killed by SIGKILL'));
  });
});

test('a step whose module cannot be asked at its start fails, and is not refused', async () => {
  await withModule({ runner: noProcess }, async (setup) => {
    expect(await setup.run({ operation: 'tune' })).toMatchObject({ status: 'failed', reasonCode: 'HANDLER_NOT_ASKED' });
  });
});

describe.skipIf(!mayMount())('on a full disk', () => {
  test('no folder can be made for the question; with space the same job runs', async () => {
    await withModule({}, async (setup) => {
      await withFullDisk(setup.runtimeDir, { inodes: 1 }, async () => {
        expect(await review(setup)).toEqual(notNow('ENOSPC'));
      });
      expect(await review(setup)).toMatchObject({ verdict: 'run' });
    });
  });

  test('the answer cannot be written: the last word of the host says why', async () => {
    await withModule({}, async (setup) => {
      await withFullDisk(setup.runtimeDir, { inodes: 100 }, async () => {
        expect(await review(setup)).toEqual(notNow('tune.mjs could not be asked what it is: the file system of'));
      });
    });
  });
});

/** tmpfs(5): every block of it taken; of its inodes as many as are said. */
async function withFullDisk(folder: string, { inodes }: { inodes: number }, act: () => Promise<void>): Promise<void> {
  const options = `size=16k,mode=0711,nr_inodes=${inodes}`;
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'test', folder]).status).toBe(0);
  try {
    if (inodes > 1) await writeFile(join(folder, 'ballast'), Buffer.alloc(16 * 1024));
    await act();
  } finally {
    spawnSync('umount', ['--lazy', folder]);
  }
}

function mayMount(): boolean {
  return process.geteuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;
}
