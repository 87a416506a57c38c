/** The docker command and docker-compose, for real, with podman as the engine behind docker's interface. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { containersHandler } from '../../handlers/containers/handler.ts';
import type { ContainersParameters } from '../../handlers/containers/parameters.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { createScratchPodman, hasDocker, type ScratchPodman } from '../fixtures/scratch-podman.ts';

const LIMIT_MS = 120_000;
const WEB = 'localhost/web:now';
/** For what falls over by itself: the first look may come before it has. */
const FALLS = { stayUpSeconds: 30 } as const;

describe.runIf(hasDocker)('with docker and docker-compose', { timeout: LIMIT_MS }, () => {
  let folder: string;
  let box: ScratchPodman;
  let jobs = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'containers-docker-'));
    box = await createScratchPodman(folder);
    await box.serveDocker();
    for (const version of ['1', '2']) await box.image(`localhost/web:${version}`, version);
    await mkdir(join(folder, 'state'));
  }, LIMIT_MS);
  afterEach(async () => {
    await box.podman('rm', '--all', '--force', '--time', '0');
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
  const tag = (version: string) => box.podman('tag', `localhost/web:${version}`, WEB);
  const versionOf = (name: string) => box.podman('exec', name, 'cat', '/version');
  const idOf = async (name: string) => (await box.podman('inspect', '--format', '{{.Id}}', name)).trim();

  test('docker is taken before podman, up is done once, and undone when it does not stay up', async () => {
    await tag('1');
    const result = await up({ environment: { TOKEN: '$TOKEN' } }, { environment: { TOKEN: "it's $ecret" } });
    expect(result).toMatchObject({ kind: 'succeeded', details: { engine: 'docker', containers: 'app_web_1 running' } });
    expect(await box.podman('exec', 'app_web_1', 'sh', '-c', 'echo "$TOKEN"')).toBe("it's $ecret\n");
    const before = await idOf('app_web_1');
    await change({ action: 'up', project: 'app' });
    expect(await idOf('app_web_1')).toBe(before);
    await tag('2');
    expect(await up({ command: ['sh', '-c', 'exit 3'] }, FALLS)).toMatchObject({
      reasonCode: 'CONTAINER_DID_NOT_STAY_UP',
      message: expect.stringContaining('what was before runs again'),
    });
    expect(await versionOf('app_web_1')).toBe('1');
    const kept = await readFile(join(folder, 'state/containers/app/compose.yaml'), 'utf8');
    expect(JSON.parse(kept).services.web).toEqual({ image: WEB, environment: { TOKEN: '$TOKEN' } });
  });

  test('a file that compose does not take is undone, and down removes all', async () => {
    await tag('1');
    await up({});
    const before = await idOf('app_web_1');
    expect(await up({ no_such_key: true })).toMatchObject({ reasonCode: 'CONTAINER_NOT_STARTED' });
    expect(await idOf('app_web_1')).toBe(before);
    expect(await change({ action: 'down', project: 'app' })).toMatchObject({ details: { containersRemoved: 1 } });
    expect(await box.podman('ps', '--all', '--quiet')).toBe('');
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
