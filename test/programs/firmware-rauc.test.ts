import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { JsonValue } from '../../agent/handler-api.ts';
import { firmwareHandler } from '../../handlers/firmware/handler.ts';
import type { FirmwareParameters } from '../../handlers/firmware/parameters.ts';
import { type ProgramsOnPath, usePrograms } from '../fixtures/programs-on-path.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { createScratchRauc, hasRauc, type ScratchRauc } from '../fixtures/scratch-rauc.ts';

const INSTALLED = { phase: 'installed', tool: 'rauc', before: 'rootfs.0', slot: 'rootfs.1' };

describe.runIf(hasRauc)('with RAUC', () => {
  let folder: string;
  let rauc: ScratchRauc;
  let programs: ProgramsOnPath;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firmware-rauc-'));
    programs = await usePrograms(folder, ['/usr/bin/true', '/usr/bin/false']);
    rauc = await createScratchRauc(folder, programs);
  });
  afterEach(async () => {
    await rauc.close();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  async function call(part: 'run' | 'verify' | 'cleanup', parameters: FirmwareParameters, restored?: JsonValue) {
    const recording = createRecordingContext({ workDir: folder, restored });
    const result = await firmwareHandler[part]?.(recording.context, parameters);
    return { result, checkpoint: recording.checkpoints.at(-1), ...recording };
  }

  /** Up to where the gateway restarts, and then the restart. */
  async function installAndRestart(parameters: FirmwareParameters, slot?: string) {
    const { checkpoint } = await call('run', parameters);
    await rauc.restart(slot);
    return checkpoint;
  }

  test('the other slot is written, and a restart asked for', async () => {
    const bundle = await rauc.bundle('2.0');
    const { result, checkpoint, progress } = await call('run', { bundle });
    expect(result).toMatchObject({ kind: 'reboot', details: { slotBefore: 'rootfs.0', slotAfter: 'rootfs.1' } });
    expect(checkpoint).toEqual(INSTALLED);
    expect(await rauc.slot('B')).toBe('version 2.0');
    expect(progress).toContainEqual({ phase: 'installing', percent: 100 });
  });

  test('one that gives no JSON is told as such, and nothing is installed', async () => {
    await programs.add('rauc', 'case "$1" in --version) echo rauc 1.8;; esac');
    expect((await call('run', { bundle: await rauc.bundle('2.0') })).result).toMatchObject({
      reasonCode: 'FIRMWARE_TOOL_FAILED',
      message: 'rauc status --output-format=json: expected JSON, got nothing',
    });
    expect(await rauc.slot('B')).toBe('');
  });

  test('the new system is kept when it is the one that has started, and well', async () => {
    const parameters = { bundle: await rauc.bundle('2.0'), healthCheck: ['true'] };
    const { result } = await call('verify', parameters, await installAndRestart(parameters));
    expect(result).toMatchObject({ kind: 'succeeded', details: { slotBefore: 'rootfs.0', slotNow: 'rootfs.1' } });
    expect(await rauc.bootloader()).toEqual({ primary: 'B', A: 'good', B: 'good' });
  });

  test('a new system that is not well is left by another restart', async () => {
    const parameters = { bundle: await rauc.bundle('2.0'), healthCheck: ['false'], healthTimeoutSeconds: 1 };
    const ill = await call('verify', parameters, await installAndRestart(parameters));
    expect(ill.result).toMatchObject({ kind: 'reboot' });
    expect(await rauc.bootloader()).toEqual({ primary: 'A', A: 'good', B: 'bad' });
    await rauc.restart();
    const { result } = await call('verify', parameters, ill.checkpoint);
    expect(result).toMatchObject({
      kind: 'failed',
      reasonCode: 'FIRMWARE_UNHEALTHY',
      message: 'false says no after 1 s: exit code 1; rootfs.0 runs again',
    });
  });

  test('a bootloader that does not go back is told', async () => {
    const parameters = { bundle: await rauc.bundle('2.0'), healthCheck: ['false'], healthTimeoutSeconds: 1 };
    const ill = await call('verify', parameters, await installAndRestart(parameters));
    await rauc.restart('B');
    expect((await call('verify', parameters, ill.checkpoint)).result).toMatchObject({
      reasonCode: 'FIRMWARE_ROLLBACK_FAILED',
      message: expect.stringContaining('after the restart rootfs.1 runs, not rootfs.0'),
    });
    // `retries`: there is no use in telling it again, so it is gone back again.
    await rauc.restart('B');
    const again = await call('run', parameters, ill.checkpoint);
    expect(again.result).toMatchObject({ kind: 'reboot' });
    expect(await rauc.bootloader()).toMatchObject({ primary: 'A', B: 'bad' });
    await rauc.restart();
    expect((await call('verify', parameters, again.checkpoint)).result).toMatchObject({
      reasonCode: 'FIRMWARE_UNHEALTHY',
      message: 'false says no after 1 s: exit code 1; rootfs.0 runs again',
    });
  });

  test('one that was left is installed anew where the step is run again', async () => {
    const parameters = { bundle: await rauc.bundle('2.0'), healthCheck: ['false'], healthTimeoutSeconds: 1 };
    const ill = await call('verify', parameters, await installAndRestart(parameters));
    await rauc.restart();
    // Power may go on the way back, before the agent has heard that it is asked to restart: then `run` goes on with it.
    for (const part of ['verify', 'run'] as const) {
      const { result, checkpoint } = await call(part, parameters, ill.checkpoint);
      expect(result).toMatchObject({ reasonCode: 'FIRMWARE_UNHEALTHY' });
      // So it may before that is told.
      expect((await call('verify', parameters, checkpoint)).result).toEqual(result);
      expect(await rauc.installations()).toBe(1);
    }
    const { checkpoint } = await call('verify', parameters, ill.checkpoint);
    const again = await call('run', parameters, checkpoint);
    expect(again.result).toMatchObject({ kind: 'reboot' });
    expect(await rauc.installations()).toBe(2);
  });

  test('a bootloader that fell back is told, and does not try again at the next start', async () => {
    const parameters = { bundle: await rauc.bundle('2.0') };
    const { result } = await call('verify', parameters, await installAndRestart(parameters, 'A'));
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'FIRMWARE_FELL_BACK' });
    expect((await rauc.bootloader()).primary).toBe('A');
  });

  test('a health check is tried until it says yes', async () => {
    const parameters = { bundle: await rauc.bundle('2.0'), healthCheck: ['true'], healthTimeoutSeconds: 600 };
    const restored = await installAndRestart(parameters);
    const flag = join(folder, 'tried');
    await writeFile(join(folder, 'bin/later'), `#!/bin/sh\n[ -e ${flag} ] && exit 0; : > ${flag}; exit 1\n`, {
      mode: 0o755,
    });
    expect((await call('verify', { ...parameters, healthCheck: ['later'] }, restored)).result).toMatchObject({
      kind: 'succeeded',
    });
  });

  test.each([
    ['for another kind of gateway', (bundle: string) => bundle, 'other', 'Compatible mismatch'],
    ['whose signature is not right', spoilContent, 'gateway', 'signature'],
  ])('a bundle %s changes nothing', async (_, spoil, compatible, reason) => {
    const bundle = await spoil(await rauc.bundle('2.0', compatible));
    const { result } = await call('run', { bundle });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'FIRMWARE_NOT_INSTALLED' });
    expect(JSON.stringify(result)).toMatch(new RegExp(reason, 'i'));
    expect(await rauc.slot('B')).toBe('');
    expect(await rauc.bootloader()).toEqual({ primary: 'A', A: 'good', B: 'good' });
  });

  test('a bundle that is not there is FIRMWARE_BUNDLE_UNREADABLE', async () => {
    expect((await call('run', { bundle: 'none.raucb' })).result).toMatchObject({
      reasonCode: 'FIRMWARE_BUNDLE_UNREADABLE',
    });
  });

  describe('after a power cut', () => {
    test('while the slot was written, it is written again', async () => {
      const bundle = await rauc.bundle('2.0');
      const restored = { phase: 'installing', tool: 'rauc', before: 'rootfs.0' };
      expect((await call('run', { bundle }, restored)).result).toMatchObject({ kind: 'reboot' });
      expect(await rauc.slot('B')).toBe('version 2.0');
    });

    test('after it was written, the restart is asked for, and nothing written', async () => {
      const { result } = await call('run', { bundle: 'gone.raucb' }, INSTALLED);
      expect(result).toMatchObject({ kind: 'reboot' });
      expect(await rauc.slot('B')).toBe('');
    });

    test('on the way back, the way is gone to its end', async () => {
      const parameters = { bundle: await rauc.bundle('2.0') };
      await installAndRestart(parameters);
      const why = { code: 'FIRMWARE_UNHEALTHY', message: 'was ill' };
      const restored = { phase: 'going back', tool: 'rauc', before: 'rootfs.0', isAsked: false, ...why };
      const { result, checkpoint } = await call('verify', parameters, restored);
      expect(result).toMatchObject({ kind: 'reboot' });
      expect(checkpoint).toEqual({ ...restored, isAsked: true });
      expect((await rauc.bootloader()).primary).toBe('A');
    });

    test('that was the restart itself, the new system is looked at', async () => {
      const parameters = { bundle: await rauc.bundle('2.0') };
      await installAndRestart(parameters);
      const restored = { phase: 'installing', tool: 'rauc', before: 'rootfs.0' };
      expect((await call('run', parameters, restored)).result).toMatchObject({ kind: 'succeeded' });
    });
  });

  test('a step that was stopped leaves the next start to the old system', async () => {
    const parameters = { bundle: await rauc.bundle('2.0') };
    const { checkpoint } = await call('run', parameters);
    expect((await rauc.bootloader()).primary).toBe('B');
    await call('cleanup', parameters, checkpoint);
    expect(await rauc.bootloader()).toEqual({ primary: 'A', A: 'good', B: 'good' });
  });

  test('the plan says what is in the bundle, and which slot runs', async () => {
    const bundle = await rauc.bundle('2.0');
    const { context } = createRecordingContext({ workDir: folder });
    const plan = await firmwareHandler.plan?.({ bundle, healthCheck: ['true'] }, context);
    expect(plan?.problems).toEqual([]);
    expect(plan?.actions[0]).toMatch(
      /^install .*2\.0\.raucb, version 2\.0 for gateway, with rauc \(rauc 1\..*\) beside rootfs\.0$/,
    );
    expect((await firmwareHandler.plan?.({ bundle: '/none' }, context))?.problems).toEqual([
      expect.stringContaining('/none is not there now'),
    ]);
    const later = await firmwareHandler.plan?.({ bundle: 'later.raucb' }, context);
    expect(later?.problems).toEqual([]); // a step before may bring it
    expect(later?.actions[0]).toMatch(/^install .*later\.raucb, which is not there yet, with rauc /);
  });
});

test('without a tool it is FIRMWARE_TOOL_MISSING', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'firmware-'));
  await usePrograms(folder);
  const { context } = createRecordingContext({ workDir: folder });
  expect(await firmwareHandler.run(context, { bundle: 'a' })).toMatchObject({
    reasonCode: 'FIRMWARE_TOOL_MISSING',
    message: 'there is none of rauc, swupdate, mender',
  });
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function spoilContent(bundle: string): Promise<string> {
  const file = await open(bundle, 'r+');
  await file.write(Buffer.from([0x55]), 0, 1, 100);
  await file.close();
  return bundle;
}
