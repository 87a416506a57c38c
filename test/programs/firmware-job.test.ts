/** Firmware by a real agent and a real RAUC: each restart ends the agent by SIGKILL, and begins another boot in another slot. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type BoardGateway, createBoardGateway } from '../fixtures/board-gateway.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { usePrograms } from '../fixtures/programs-on-path.ts';
import { createScratchRauc, hasRauc, type ScratchRauc } from '../fixtures/scratch-rauc.ts';
import { canPlayBoards } from '../power/board.ts';

const LIMIT_MS = 120_000;

describe.runIf(hasRauc && canPlayBoards())('a job with RAUC', { timeout: LIMIT_MS }, () => {
  let folder: string;
  let rauc: ScratchRauc;
  let gateway: BoardGateway;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firmware-job-'));
    const path = process.env.PATH ?? '';
    const programs = await usePrograms(folder);
    rauc = await createScratchRauc(folder, programs);
    vi.stubEnv('PATH', path);
    // Handlers get an environment of the agent's making, so the bus has to be where the system's is.
    const bus = `mount -t tmpfs none /run && mkdir /run/dbus && ln -s ${rauc.bus} /run/dbus/system_bus_socket`;
    gateway = await createBoardGateway(folder, programs.folder, bus);
    gateway.boot();
  });
  afterEach(async () => {
    await gateway?.cutPower();
    await rauc?.close();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  async function update(parameters: object = { healthCheck: ['true'] }): Promise<void> {
    const document = { operation: 'firmware', parameters: { bundle: await rauc.bundle('2.0'), ...parameters } };
    gateway.cloud.createJob({ jobId: 'update', document });
  }

  /** Resolves when the restart that was asked for has happened. */
  async function restarted(times: number): Promise<void> {
    await expect.poll(gateway.timesAsked, PATIENCE).toBe(times);
    await restart();
  }

  /** By a power cut or by the job. */
  async function restart(): Promise<void> {
    await gateway.cutPower();
    await rauc.restart();
    gateway.boot();
  }

  async function expectUpdated(): Promise<void> {
    const { status, statusDetails } = await gateway.over('update');
    expect(status, JSON.stringify(statusDetails)).toBe('SUCCEEDED');
    expect(statusDetails.detailsMap).toMatchObject({ tool: 'rauc', slotBefore: 'rootfs.0', slotNow: 'rootfs.1' });
    expect(await rauc.bootloader()).toEqual({ primary: 'B', A: 'good', B: 'good' });
    expect(await rauc.slot('B')).toBe('version 2.0');
  }

  test('is done when the new system has started, and is committed', async () => {
    await update();
    await restarted(1);
    await expectUpdated();
    expect(await rauc.installations()).toBe(1);
  });

  test('that turns out ill is back in the old system after another restart, and FAILED', async () => {
    await update({ healthCheck: ['false'], healthTimeoutSeconds: 1 });
    await restarted(1);
    await restarted(2);
    const { status, statusDetails } = await gateway.over('update');
    expect(status).toBe('FAILED');
    expect(statusDetails.detailsMap).toMatchObject({
      reasonCode: 'FIRMWARE_UNHEALTHY',
      reason: expect.stringContaining('rootfs.0 runs again'),
    });
    expect((await rauc.bootloader()).primary).toBe('A');
    expect((await gateway.runJob('next', { operation: 'system-info' })).status).toBe('SUCCEEDED');
  });

  test('whose agent is killed before anything is written writes it once', async () => {
    await rauc.holds.install.set();
    await update();
    await rauc.holds.install.reached();
    await gateway.killAgent();
    await rauc.holds.install.lift();
    gateway.boot('same');
    await restarted(1);
    await expectUpdated();
    expect(await rauc.installations()).toBe(1);
  });

  test('whose agent is killed between installation and restart asks for the restart again, and installs nothing', async () => {
    await update();
    await expect.poll(gateway.timesAsked, PATIENCE).toBe(1);
    await gateway.killAgent();
    gateway.boot('same');
    await restarted(2);
    await expectUpdated();
    expect(await rauc.installations()).toBe(1);
  });

  test('looks at the new system where a power cut came before the agent heard that it is installed', async () => {
    await rauc.holds.installed.set();
    await update();
    await rauc.holds.installed.reached();
    expect(await gateway.cutPower()).toBeGreaterThan(0);
    await restart();
    await expectUpdated();
    expect(await rauc.installations()).toBe(1);
    expect(await gateway.timesAsked()).toBe(0);
  });

  test('that is retried goes back once more where the bootloader did not', async () => {
    const parameters = { bundle: await rauc.bundle('2.0'), healthCheck: ['false'], healthTimeoutSeconds: 1 };
    const document = { steps: [{ operation: 'firmware', parameters, retries: { count: 1, delaySeconds: 0 } }] };
    gateway.cloud.createJob({ jobId: 'update', document });
    await restarted(1);
    await expect.poll(gateway.timesAsked, PATIENCE).toBe(2);
    await gateway.cutPower();
    await rauc.restart('B'); // the bootloader does not care
    gateway.boot();
    await restarted(3); // of the second attempt, which is another try to go back
    const { statusDetails } = await gateway.over('update');
    expect(statusDetails.detailsMap).toMatchObject({
      reasonCode: 'FIRMWARE_UNHEALTHY',
      reason: expect.stringContaining('rootfs.0 runs again'),
    });
    expect(await rauc.installations()).toBe(1);
  });
});
