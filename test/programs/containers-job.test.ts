/** Containers by a real agent and a real engine, podman or docker, with the agent killed and the power cut in the middle. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { THING } from '../fixtures/agent-and-cloud.ts';
import { type BoardGateway, createBoardGateway } from '../fixtures/board-gateway.ts';
import type { Hold } from '../fixtures/hold.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { createScratchDocker, hasDockerDaemon } from '../fixtures/scratch-docker.ts';
import { createScratchPodman, hasPodman, type ScratchPodman } from '../fixtures/scratch-podman.ts';
import { canPlayBoards } from '../power/board.ts';

const LIMIT_MS = 300_000;
const ILL = { command: ['sh', '-c', 'exit 3'] };

interface Box extends Pick<ScratchPodman, 'programs' | 'image' | 'registry' | 'holds' | 'cutPower' | 'close'> {
  readonly command: (...args: readonly string[]) => Promise<string>;
  boot(): Promise<void>;
}

const ENGINES = [
  {
    engine: 'podman',
    isThere: hasPodman,
    web: 'app_web_1',
    async create(folder: string): Promise<Box> {
      const box = await createScratchPodman(folder);
      await box.programs.add('docker', 'exit 1'); // of the machine, if it has one
      return { ...box, command: box.podman, boot: () => Promise.resolve() };
    },
  },
  {
    engine: 'docker',
    isThere: hasDockerDaemon,
    web: 'app-web-1',
    async create(folder: string): Promise<Box> {
      const box = await createScratchDocker(folder);
      return { ...box, command: box.docker };
    },
  },
];

describe.runIf(canPlayBoards()).each(ENGINES.filter(({ isThere }) => isThere))(
  'a job with $engine',
  { timeout: LIMIT_MS },
  (of) => {
    let folder: string;
    let box: Box;
    let gateway: BoardGateway;
    let registry: string;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'containers-job-'));
      const path = process.env.PATH ?? '';
      box = await of.create(folder);
      vi.stubEnv('PATH', path);
      registry = await box.registry();
      for (const version of ['1', '2']) {
        await box.image(`localhost/web:${version}`, version);
        await push(`localhost/web:${version}`, `${registry}/web:${version}`);
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

    async function push(image: string, name: string): Promise<void> {
      for (const args of [
        ['tag', image, name],
        ['push', '--quiet', name],
        ['rmi', name],
      ])
        await box.command(...args);
    }
    const documentOf = (version: string, service: object = {}) => {
      const compose = { services: { web: { image: `${registry}/web:${version}`, ...service } } };
      return { operation: 'containers', parameters: { action: 'up', project: 'app', compose, stayUpSeconds: 1 } };
    };
    const create = (jobId: string, ...of: Parameters<typeof documentOf>) =>
      gateway.cloud.createJob({ jobId, document: documentOf(...of) as never });
    const versionRunning = () => box.command('exec', of.web, 'cat', '/version');
    const runFirst = async () => {
      const { status, statusDetails } = await gateway.runJob('first', documentOf('1'));
      expect(status, JSON.stringify(statusDetails)).toBe('SUCCEEDED');
    };
    /** The job comes to the hold, and is cut off there; then agent or gateway begin again. */
    async function cutOffAt(hold: Hold, what: 'agent is killed' | 'power goes', start: () => void): Promise<void> {
      await hold.set();
      start();
      await hold.reached();
      if (what === 'agent is killed') {
        await gateway.killAgent();
        await hold.lift();
        gateway.boot('same');
        return;
      }
      expect(await gateway.cutPower()).toBeGreaterThan(0);
      await box.cutPower();
      await hold.lift();
      gateway.boot('new');
      await box.boot(); // a daemon is slower than the agent
    }

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
        engine: of.engine,
        containers: `${of.web} running`,
      });
      create('ill', '2', ILL);
      await expectBroughtBack('ill');
      create('next', '2');
      await expectReplaced('next');
    });

    test.each(['agent is killed', 'power goes'] as const)(
      'whose %s while an image is pulled pulls it again',
      async (what) => {
        await runFirst();
        await cutOffAt(box.holds.pull, what, () => create('second', '2'));
        await expectReplaced('second');
      },
    );

    test.each(['agent is killed', 'power goes'] as const)(
      'whose %s before the new containers are there starts them',
      async (what) => {
        await runFirst();
        await cutOffAt(box.holds.up, what, () => create('second', '2'));
        await expectReplaced('second');
      },
    );

    test('whose power goes there brings back what was before when the new is ill', async () => {
      await runFirst();
      await cutOffAt(box.holds.up, 'power goes', () => create('ill', '2', ILL));
      await expectBroughtBack('ill');
    });

    test('that is cancelled while it watches brings back what was before', async () => {
      await runFirst();
      const document = documentOf('2');
      const parameters = { ...document.parameters, stayUpSeconds: 600 };
      gateway.cloud.createJob({ jobId: 'second', document: { ...document, parameters } as never });
      const running = () => versionRunning().catch(() => ''); // there is none in between
      await expect.poll(running, PATIENCE).toBe('2');
      gateway.cloud.jobs.control('CancelJobExecution', { jobId: 'second', thingName: THING, force: true });
      await expect.poll(running, PATIENCE).toBe('1');
    });
  },
);
