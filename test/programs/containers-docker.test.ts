/**
 * The docker command with a docker daemon and the plugin `docker compose`; and with docker-compose, its forerunner, and podman as
 * the engine behind docker's interface.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { containersHandler } from '../../handlers/containers/handler.ts';
import type { ContainersParameters } from '../../handlers/containers/parameters.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { createScratchDocker, hasDockerDaemon } from '../fixtures/scratch-docker.ts';
import { createScratchPodman, hasDocker } from '../fixtures/scratch-podman.ts';

const LIMIT_MS = 120_000;
const WEB = 'localhost/web:now';
/** For what falls over by itself: the first look may come before it has. */
const FALLS = { stayUpSeconds: 30 } as const;

interface Box {
  readonly command: (...args: readonly string[]) => Promise<string>;
  readonly image: (name: string, version: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

const ENGINES = [
  {
    engine: 'a docker daemon and the plugin',
    isThere: hasDockerDaemon,
    name: 'app-web-1',
    async create(folder: string): Promise<Box> {
      const box = await createScratchDocker(folder);
      return { ...box, command: box.docker };
    },
  },
  {
    engine: 'docker-compose and podman',
    isThere: hasDocker,
    name: 'app_web_1',
    async create(folder: string): Promise<Box> {
      const box = await createScratchPodman(folder);
      await box.serveDocker();
      return { ...box, command: box.podman };
    },
  },
];

describe.each(ENGINES.filter(({ isThere }) => isThere))('docker, with $engine', { timeout: LIMIT_MS }, (of) => {
  let folder: string;
  let box: Box;
  let jobs = 0;
  const web = of.name;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'containers-docker-'));
    box = await of.create(folder);
    for (const version of ['1', '2']) await box.image(`localhost/web:${version}`, version);
    await mkdir(join(folder, 'state'));
  }, LIMIT_MS);
  afterEach(async () => {
    const ids = (await box.command('ps', '--all', '--quiet')).split('\n').filter((id) => id !== '');
    if (ids.length > 0) await box.command('rm', '--force', ...ids);
    await rm(join(folder, 'state/containers'), { recursive: true, force: true });
  });
  afterAll(async () => {
    await box?.close();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  function change(parameters: Partial<ContainersParameters>) {
    jobs += 1;
    const facts = { containersDir: join(folder, 'state/containers') };
    const { context } = createRecordingContext({ workDir: folder, facts });
    const all = { stayUpSeconds: 0, pull: 'missing', ...parameters } as ContainersParameters;
    return containersHandler.run({ ...context, execution: { jobId: `job-${jobs}`, executionNumber: 1 } }, all);
  }
  const up = (service: object, more: Partial<ContainersParameters> = {}) =>
    change({ action: 'up', project: 'app', compose: { services: { web: { image: WEB, ...service } } }, ...more });
  const tag = (version: string) => box.command('tag', `localhost/web:${version}`, WEB);
  const versionOf = (name: string) => box.command('exec', name, 'cat', '/version');
  const idOf = async (name: string) => (await box.command('inspect', '--format', '{{.Id}}', name)).trim();

  test('docker is taken before podman, up is done once, and undone when it does not stay up', async () => {
    await tag('1');
    const result = await up({ environment: { TOKEN: '$TOKEN' } }, { environment: { TOKEN: "it's $ecret" } });
    expect(result).toMatchObject({ kind: 'succeeded', details: { engine: 'docker', containers: `${web} running` } });
    expect(await box.command('exec', web, 'sh', '-c', 'echo "$TOKEN"')).toBe("it's $ecret\n");
    const before = await idOf(web);
    await change({ action: 'up', project: 'app' });
    expect(await idOf(web)).toBe(before);
    await tag('2');
    expect(await up({ command: ['sh', '-c', 'exit 3'] }, FALLS)).toMatchObject({
      reasonCode: 'CONTAINER_DID_NOT_STAY_UP',
      message: expect.stringContaining('what was before runs again'),
    });
    expect(await versionOf(web)).toBe('1');
    const kept = await readFile(join(folder, 'state/containers/app/compose.yaml'), 'utf8');
    expect(JSON.parse(kept).services.web).toEqual({ image: WEB, environment: { TOKEN: '$TOKEN' } });
  });

  test('a file that compose does not take is undone, and down removes all', async () => {
    await tag('1');
    await up({});
    const before = await idOf(web);
    expect(await up({ no_such_key: true })).toMatchObject({ reasonCode: 'CONTAINER_NOT_STARTED' });
    expect(await idOf(web)).toBe(before);
    expect(await change({ action: 'down', project: 'app' })).toMatchObject({ details: { containersRemoved: 1 } });
    expect(await box.command('ps', '--all', '--quiet')).toBe('');
  });

  test('a single container gives way to the very one before', async () => {
    await tag('1');
    const container = { name: 'solo', image: WEB };
    expect(await change({ action: 'run', container })).toMatchObject({ kind: 'succeeded' });
    const before = await idOf('solo');
    const worse = { ...container, command: ['sh', '-c', 'exit 4'], restart: 'no' as const };
    expect(await change({ action: 'run', container: worse, ...FALLS })).toMatchObject({
      details: { rolledBack: 'yes' },
    });
    expect(await idOf('solo')).toBe(before);
    await tag('2');
    expect(await change({ action: 'run', container })).toMatchObject({ kind: 'succeeded' });
    expect(await versionOf('solo')).toBe('2');
    expect(await change({ action: 'remove', container: { name: 'solo' } })).toMatchObject({
      details: { containersRemoved: 1 },
    });
  });
});
