import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { JsonValue } from '../../agent/handler-api.ts';
import { readBootedRoot } from '../../handlers/firmware/booted-root.ts';
import { createFirmwareHandler } from '../../handlers/firmware/handler.ts';
import type { FirmwareParameters } from '../../handlers/firmware/parameters.ts';
import { type ProgramsOnPath, usePrograms } from '../fixtures/programs-on-path.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { createScratchMender, hasMender, type ScratchMender } from '../fixtures/scratch-mender.ts';
import { createScratchSwupdate, hasSwupdate, type ScratchSwupdate } from '../fixtures/scratch-swupdate.ts';

let folder: string;
let programs: ProgramsOnPath;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'firmware-'));
  programs = await usePrograms(folder, ['/usr/bin/true', '/usr/bin/false']);
  await start('/dev/a');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** The kernel as it was started: with this root. */
function start(root: string) {
  return writeFile(join(folder, 'cmdline'), `quiet root=${root} rw\n`);
}

async function call(part: 'run' | 'verify' | 'cleanup', parameters: FirmwareParameters, restored?: JsonValue) {
  const recording = createRecordingContext({ workDir: folder, restored });
  const result = await createFirmwareHandler(join(folder, 'cmdline'))[part]?.(recording.context, parameters);
  return { result, checkpoint: recording.checkpoints.at(-1) };
}

async function installAndRestart(parameters: FirmwareParameters, root: string) {
  const { result, checkpoint } = await call('run', parameters);
  expect(result, JSON.stringify(result)).toMatchObject({ kind: 'reboot' });
  await start(root);
  return checkpoint;
}

describe.runIf(hasMender)('with Mender', () => {
  let mender: ScratchMender;
  beforeEach(async () => {
    mender = await createScratchMender(folder, programs);
  });
  const count = async (name: string) => (await mender.calls()).filter((call) => call === name).length;

  test('an artifact that needs a restart is committed after it, once', async () => {
    const parameters = { bundle: await mender.artifact('release-2', 'two-systems'), healthCheck: ['true'] };
    const restored = await installAndRestart(parameters, '/dev/b');
    expect(restored).toEqual({ phase: 'installed', tool: 'mender', before: '/dev/a', slot: null });
    expect(await count('ArtifactCommit')).toBe(0);
    for (const _ of ['the first time', 'after a power cut']) {
      expect((await call('verify', parameters, restored)).result).toMatchObject({
        kind: 'succeeded',
        details: { slotBefore: '/dev/a', slotNow: '/dev/b' },
      });
    }
    expect(await count('ArtifactCommit')).toBe(1);
  });

  test('one that is not well is rolled back, with another restart', async () => {
    const bundle = await mender.artifact('release-2', 'two-systems');
    const parameters = { bundle, healthCheck: ['false'], healthTimeoutSeconds: 1 };
    const ill = await call('verify', parameters, await installAndRestart(parameters, '/dev/b'));
    expect(ill.result).toMatchObject({ kind: 'reboot' });
    expect(await count('ArtifactRollback')).toBe(1);
    await start('/dev/a');
    expect((await call('verify', parameters, ill.checkpoint)).result).toMatchObject({
      reasonCode: 'FIRMWARE_UNHEALTHY',
      message: expect.stringContaining('/dev/a runs again'),
    });
  });

  test('one that the bootloader did not start is rolled back, and the next can be installed', async () => {
    const parameters = { bundle: await mender.artifact('release-2', 'two-systems') };
    const { result } = await call('verify', parameters, await installAndRestart(parameters, '/dev/a'));
    expect(result).toMatchObject({ reasonCode: 'FIRMWARE_FELL_BACK' });
    expect(await count('ArtifactRollback')).toBe(1);
    expect((await call('run', parameters)).result).toMatchObject({ kind: 'reboot' });
  });

  test('where the bootloader did not start it, `retries` install it anew', async () => {
    const parameters = { bundle: await mender.artifact('release-2', 'two-systems') };
    const fallen = await call('verify', parameters, await installAndRestart(parameters, '/dev/a'));
    expect(fallen.result).toMatchObject({ reasonCode: 'FIRMWARE_FELL_BACK' });
    // Power may go before that is told.
    expect((await call('verify', parameters, fallen.checkpoint)).result).toEqual(fallen.result);
    const again = await call('run', parameters, fallen.checkpoint);
    expect(again.result).toMatchObject({ kind: 'reboot' });
    expect(await count('ArtifactInstall')).toBe(2);
    await start('/dev/b');
    expect((await call('verify', parameters, again.checkpoint)).result).toMatchObject({ kind: 'succeeded' });
  });

  test('one that needs no restart is looked at and committed at once', async () => {
    const bundle = await mender.artifact('release-2', 'at-once');
    expect((await call('run', { bundle })).result).toMatchObject({ kind: 'succeeded' });
    expect(await count('ArtifactCommit')).toBe(1);
  });

  test('one that needs none and is not well is rolled back at once', async () => {
    const bundle = await mender.artifact('release-2', 'at-once');
    const parameters = { bundle, healthCheck: ['false'], healthTimeoutSeconds: 1 };
    expect((await call('run', parameters)).result).toMatchObject({
      reasonCode: 'FIRMWARE_UNHEALTHY',
      message: expect.stringContaining('taken back without a restart'),
    });
    expect(await count('ArtifactRollback')).toBe(1);
  });

  test('what a power cut left half installed is rolled back first', async () => {
    const bundle = await mender.artifact('release-2', 'two-systems');
    await call('run', { bundle });
    const restored = { phase: 'installing', tool: 'mender', before: '/dev/a' };
    expect((await call('run', { bundle }, restored)).result).toMatchObject({ kind: 'reboot' });
    expect((await mender.calls()).slice(-6)).toContain('ArtifactInstall');
    expect(await count('ArtifactRollback')).toBe(1);
  });

  test('a link out of the working folder is not followed', async () => {
    const work = join(folder, 'work');
    await mkdir(work);
    await symlink(await mender.artifact('release-2', 'two-systems'), join(work, 'linked.mender'));
    const { context } = createRecordingContext({ workDir: work });
    const handler = createFirmwareHandler(join(folder, 'cmdline'));
    expect(await handler.run(context, { bundle: 'linked.mender' })).toMatchObject({
      reasonCode: 'FIRMWARE_BUNDLE_UNREADABLE',
      message: expect.stringContaining('a link leads out of the working folder'),
    });
    expect(await count('ArtifactInstall')).toBe(0);
  });

  test('what is no artifact is FIRMWARE_NOT_INSTALLED', async () => {
    await writeFile(join(folder, 'none.mender'), 'no artifact');
    expect((await call('run', { bundle: 'none.mender' })).result).toMatchObject({
      reasonCode: 'FIRMWARE_NOT_INSTALLED',
      message: expect.stringContaining('mender install: '),
    });
  });
});

describe.runIf(hasSwupdate)('with SWUpdate', () => {
  let swupdate: ScratchSwupdate;
  beforeEach(async () => {
    swupdate = await createScratchSwupdate(folder, programs);
  });
  afterEach(() => swupdate.close());

  test('an image goes to the copy that is selected, and is kept after the restart', async () => {
    const parameters = { bundle: await swupdate.image('2.0'), select: 'stable,copy2' };
    const restored = await installAndRestart(parameters, '/dev/b');
    expect(await swupdate.slot(2)).toBe('version 2.0');
    expect(await swupdate.slot(1)).toBe('');
    expect(await swupdate.variable('ustate')).toBe('1');
    expect((await call('verify', parameters, restored)).result).toMatchObject({ kind: 'succeeded' });
    expect(await swupdate.variable('ustate')).toBe('0');
  });

  test('a running SWUpdate is handed the image', async () => {
    await swupdate.serve();
    const parameters = { bundle: await swupdate.image('2.0'), select: 'stable,copy1' };
    expect((await call('run', parameters)).result).toMatchObject({ kind: 'reboot' });
    expect(await swupdate.slot(1)).toBe('version 2.0');
  });

  test('one that is not well is marked as failed, by the command in the document if there is one', async () => {
    const rollback = ['fw_setenv', 'root_part', 'a'];
    const bundle = await swupdate.image('2.0');
    const parameters = { bundle, select: 'stable,copy2', healthCheck: ['false'], healthTimeoutSeconds: 1 };
    const restored = await installAndRestart(parameters, '/dev/b');
    expect((await call('verify', parameters, restored)).result).toMatchObject({ kind: 'reboot' });
    expect(await swupdate.variable('ustate')).toBe('3');
    expect((await call('verify', { ...parameters, rollback }, restored)).result).toMatchObject({ kind: 'reboot' });
    expect(await swupdate.variable('root_part')).toBe('a');
  });

  test('a commit that fails is turned back', async () => {
    const parameters = { bundle: await swupdate.image('2.0'), select: 'stable,copy2', commit: ['false'] };
    const restored = await installAndRestart(parameters, '/dev/b');
    const { result, checkpoint } = await call('verify', parameters, restored);
    expect(result).toMatchObject({ kind: 'reboot' });
    expect(checkpoint).toMatchObject({ phase: 'going back', code: 'FIRMWARE_NOT_COMMITTED' });
  });

  test('an image that was changed on the way is not written', async () => {
    const bundle = await swupdate.image('2.0');
    const content = await readFile(bundle);
    content.write('6', content.indexOf('version 2.0') + 'version '.length);
    await writeFile(bundle, content);
    for (let times = 0; times < 8; times += 1) {
      const { result } = await call('run', { bundle, select: 'stable,copy2' });
      expect(result).toMatchObject({
        reasonCode: 'FIRMWARE_NOT_INSTALLED',
        message: expect.stringContaining('Image invalid or corrupted'),
      });
    }
    expect(await swupdate.slot(2)).toBe('');
    expect(await swupdate.variable('ustate')).not.toBe('1');
  });

  test('without an environment of the bootloader, commit and rollback have to be given', async () => {
    const bundle = await swupdate.image('2.0');
    await rm(join(programs.folder, 'fw_printenv'));
    expect((await call('run', { bundle, select: 'stable,copy2' })).result).toMatchObject({
      reasonCode: 'FIRMWARE_TOOL_MISSING',
      message: expect.stringContaining('commit and rollback have to be given'),
    });
    const given = { commit: ['true'], rollback: ['true'] };
    expect((await call('run', { bundle, select: 'stable,copy2', ...given })).result).toMatchObject({ kind: 'reboot' });
  });

  test('a URL is refused before anything runs', async () => {
    expect((await call('run', { url: 'https://a.example/2.0.swu' })).result).toMatchObject({
      reasonCode: 'FIRMWARE_URL_NOT_SUPPORTED',
    });
  });
});

test('without root= the mounts say what runs', async () => {
  await writeFile(join(folder, 'cmdline'), 'quiet rdinit=/init\n');
  const mounts = '21 1 0:19 / /proc rw - proc proc rw\n1 0 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw\n';
  await writeFile(join(folder, 'mountinfo'), mounts);
  expect(await readBootedRoot(join(folder, 'cmdline'), join(folder, 'mountinfo'))).toBe('179:2 /dev/mmcblk0p2');
});
