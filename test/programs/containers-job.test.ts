/** Containers by a real agent and a real podman, with the agent killed and the power cut in the middle. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type BoardGateway, createBoardGateway } from '../fixtures/board-gateway.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { createScratchPodman, hasPodman, type ScratchPodman } from '../fixtures/scratch-podman.ts';
import { canPlayBoards } from '../power/board.ts';

const LIMIT_MS = 300_000;
const ILL = { command: ['sh', '-c', 'exit 3'] };

describe.runIf(hasPodman && canPlayBoards())('a job with podman', { timeout: LIMIT_MS }, () => {
  let folder: string;
  let box: ScratchPodman;
  let gateway: BoardGateway;
  let registry: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'containers-job-'));
    const path = process.env.PATH ?? '';
    box = await createScratchPodman(folder);
    await box.programs.add('docker', 'exit 1'); // of the machine, if it has one
    vi.stubEnv('PATH', path);
    registry = await box.registry();
    for (const version of ['1', '2']) {
      await box.image(`localhost/web:${version}`, version);
      await box.podman('push', '--quiet', `localhost/web:${version}`, `${registry}/web:${version}`);
    }
    gateway = await createBoardGateway(folder, box.programs.folder);
    gateway.boot();
  }, LIMIT_MS);
  afterEach(async () => {
    await gateway?.cutPower();
    await box?.close();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  const documentOf = (version: string, service: object = {}) => {
    const compose = { services: { web: { image: `${registry}/web:${version}`, ...service } } };
    return { operation: 'containers', parameters: { action: 'up', project: 'app', compose, stayUpSeconds: 1 } };
  };
  const create = (jobId: string, ...of: Parameters<typeof documentOf>) =>
    gateway.cloud.createJob({ jobId, document: documentOf(...of) as never });
  const versionRunning = () => box.podman('exec', 'app_web_1', 'cat', '/version');
  const runFirst = async () => {
    const { status, statusDetails } = await gateway.runJob('first', documentOf('1'));
    expect(status, JSON.stringify(statusDetails)).toBe('SUCCEEDED');
  };
  const powerIsCut = async () => {
    expect(await gateway.cutPower()).toBeGreaterThan(0);
    await box.cutPower();
  };

  async function expectReplaced(jobId: string): Promise<void> {
    const { status, statusDetails } = await gateway.over(jobId);
    expect(status, JSON.stringify(statusDetails)).toBe('SUCCEEDED');
    expect(await versionRunning()).toBe('2');
  }

  async function expectBroughtBack(jobId: string): Promise<void> {
    const { status, statusDetails } = await gateway.over(jobId);
    expect(status, JSON.stringify(statusDetails)).toBe('FAILED');
    expect(statusDetails.detailsMap).toMatchObject({
      reasonCode: 'CONTAINER_DID_NOT_STAY_UP',
      reason: expect.stringContaining('what was before runs again'),
      rolledBack: 'yes',
    });
    expect(await versionRunning()).toBe('1');
  }

  test('brings up what the document has, and puts back what was before when the next is ill', async () => {
    await runFirst();
    expect(gateway.describe('first').statusDetails.detailsMap).toMatchObject({
      engine: 'podman',
      containers: 'app_web_1 running',
    });
    create('ill', '2', ILL);
    await expectBroughtBack('ill');
    create('next', '2');
    await expectReplaced('next');
  });

  test.each([
    ['agent is killed', () => gateway.killAgent(), 'same'],
    ['power goes', powerIsCut, 'new'],
  ] as const)('whose %s while an image is pulled pulls it again', async (_, cut, boot) => {
    await runFirst();
    await box.holds.pull.set();
    create('second', '2');
    await box.holds.pull.reached();
    await cut();
    await box.holds.pull.lift();
    gateway.boot(boot);
    await expectReplaced('second');
  });

  test.each([
    ['agent is killed', () => gateway.killAgent(), 'same'],
    ['power goes', powerIsCut, 'new'],
  ] as const)('whose %s between the old containers and the new ones starts the new ones', async (_, cut, boot) => {
    await runFirst();
    await box.holds.up.set();
    create('second', '2');
    await box.holds.up.reached();
    await cut();
    await box.holds.up.lift();
    gateway.boot(boot);
    await expectReplaced('second');
  });

  test('whose power goes there brings back what was before when the new is ill', async () => {
    await runFirst();
    await box.holds.up.set();
    create('ill', '2', ILL);
    await box.holds.up.reached();
    await powerIsCut();
    await box.holds.up.lift();
    gateway.boot();
    await expectBroughtBack('ill');
  });

  test('that is cancelled in the middle brings back what was before', async () => {
    await runFirst();
    await box.holds.up.set();
    create('second', '2');
    await box.holds.up.reached();
    await box.holds.up.lift();
    gateway.cloud.jobs.control('CancelJobExecution', { jobId: 'second', thingName: 'gw-1', force: true });
    await expect.poll(() => versionRunning().catch(() => ''), PATIENCE).toBe('1');
  });
});
