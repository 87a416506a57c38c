/** Firmware by a real agent and a real RAUC: each restart ends the agent by SIGKILL, and begins another boot in another slot. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Agent } from '../disk/traced-agent.ts';
import { onCloud, THING } from '../fixtures/agent-and-cloud.ts';
import { AGENT_BUNDLE } from '../fixtures/agent-process.ts';
import { startTestCloud } from '../fixtures/job-cloud.ts';
import { usePrograms } from '../fixtures/programs-on-path.ts';
import { createScratchRauc, hasRauc, type ScratchRauc } from '../fixtures/scratch-rauc.ts';
import { canPlayBoards, startBoard } from '../power/board.ts';

const LIMIT_MS = 120_000;
const PATIENCE = { timeout: 30_000 };

describe.runIf(hasRauc && canPlayBoards())('a job with RAUC', { timeout: LIMIT_MS }, () => {
  let folder: string;
  let rauc: ScratchRauc;
  let gateway: Awaited<ReturnType<typeof createGateway>>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firmware-job-'));
    const path = process.env.PATH ?? '';
    rauc = await createScratchRauc(folder, await usePrograms(folder));
    vi.stubEnv('PATH', path);
    gateway = await createGateway(folder, rauc);
    await gateway.boot();
  });
  afterEach(async () => {
    await gateway?.cutPower();
    await rauc?.close();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  test('is done when the new system has started, and is committed', async () => {
    const document = { operation: 'firmware', parameters: { bundle: await rauc.bundle('2.0'), healthCheck: ['true'] } };
    gateway.cloud.createJob({ jobId: 'update', document });
    await gateway.restarted(1);
    const { status, statusDetails } = await gateway.over('update');
    expect(status, JSON.stringify(statusDetails)).toBe('SUCCEEDED');
    expect(statusDetails.detailsMap).toMatchObject({ tool: 'rauc', slotBefore: 'rootfs.0', slotNow: 'rootfs.1' });
    expect(await rauc.bootloader()).toEqual({ primary: 'B', A: 'good', B: 'good' });
  });

  test('that turns out ill is back in the old system after another restart, and FAILED', async () => {
    const parameters = { bundle: await rauc.bundle('2.0'), healthCheck: ['false'], healthTimeoutSeconds: 1 };
    gateway.cloud.createJob({ jobId: 'update', document: { operation: 'firmware', parameters } });
    await gateway.restarted(1);
    await gateway.restarted(2);
    const { status, statusDetails } = await gateway.over('update');
    expect(status).toBe('FAILED');
    expect(statusDetails.detailsMap).toMatchObject({
      reasonCode: 'FIRMWARE_UNHEALTHY',
      reason: expect.stringContaining('rootfs.0 runs again'),
    });
    expect((await rauc.bootloader()).primary).toBe('A');
    expect((await gateway.runJob('next', { operation: 'system-info' })).status).toBe('SUCCEEDED');
  });
});

async function createGateway(folder: string, rauc: ScratchRauc) {
  const cloud = await startTestCloud({ things: [THING] });
  const configPath = cloud.things[THING]?.configPath ?? '';
  const config = JSON.parse(await readFile(configPath, 'utf8'));
  const asked = join(folder, 'asked');
  await writeFile(join(folder, 'reboot'), `#!/bin/sh\necho asked >> ${asked}\n`);
  await chmod(join(folder, 'reboot'), 0o755);
  await writeFile(configPath, JSON.stringify({ ...config, rebootCommand: [join(folder, 'reboot')] }));
  // Handlers get an environment of the agent's making, so the bus has to be where the system's is.
  const setUp = `mount -t tmpfs none /run && mkdir /run/dbus && ln -s ${rauc.bus} /run/dbus/system_bus_socket`;
  let agent: Agent | undefined;
  const cutPower = async () => {
    agent?.child.kill('SIGKILL');
    await agent?.ended;
  };
  const boot = async () => {
    const bootIdFile = join(folder, 'boot-id');
    agent = startBoard({ agent: AGENT_BUNDLE, configPath, bootId: randomUUID(), bootIdFile, setUp });
  };
  const timesAsked = async () => (await readFile(asked, 'utf8').catch(() => '')).split('\n').length - 1;
  return {
    ...onCloud(cloud),
    boot,
    cutPower,
    /** Resolves when the restart that was asked for has happened. */
    async restarted(times: number) {
      await expect.poll(timesAsked, PATIENCE).toBe(times);
      await cutPower();
      await rauc.restart();
      await boot();
    },
  };
}
