/** What only a real docker daemon shows: its health checks, its registry client, its start after a power cut. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { JsonValue } from '../../agent/handler-api.ts';
import { containersHandler } from '../../handlers/containers/handler.ts';
import type { ContainersParameters } from '../../handlers/containers/parameters.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { createScratchDocker, hasDockerDaemon, type ScratchDocker } from '../fixtures/scratch-docker.ts';

const LIMIT_MS = 120_000;
const WEB = 'localhost/web:1';
const ILL = { command: ['sh', '-c', 'exit 3'] };

describe.runIf(hasDockerDaemon)('a docker daemon', { timeout: LIMIT_MS }, () => {
  let folder: string;
  let box: ScratchDocker;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'containers-dockerd-'));
    box = await createScratchDocker(folder);
    await box.image(WEB, '1');
    await mkdir(join(folder, 'state'));
  }, LIMIT_MS);
  afterEach(async () => {
    const ids = (await listed('ps', '--all')).filter((id) => id !== '');
    if (ids.length > 0) await box.docker('rm', '--force', ...ids);
    await rm(join(folder, 'state/containers'), { recursive: true, force: true });
  });
  afterAll(async () => {
    await box?.close();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  const listed = async (...what: readonly string[]) =>
    (await box.docker(...what, '--quiet')).split('\n').filter((line) => line !== '');
  const networks = async () => (await listed('network', 'ls', '--filter', 'driver=bridge')).length;

  async function attempt(parameters: Partial<ContainersParameters>, restored?: JsonValue) {
    const facts = { containersDir: join(folder, 'state/containers') };
    const recording = createRecordingContext({ workDir: folder, facts, restored });
    const all = { project: 'app', stayUpSeconds: 0, pull: 'missing', ...parameters } as ContainersParameters;
    return { ...recording, result: await containersHandler.run(recording.context, all) };
  }
  const up = async (service: object, more: Partial<ContainersParameters> = {}) => {
    const compose = { services: { web: { image: WEB, ...service } } };
    return (await attempt({ action: 'up', compose, ...more })).result;
  };

  test('pulls from a registry, and tells how many images have come', async () => {
    const registry = await box.registry();
    const compose = { services: {} as Record<string, object> };
    for (const name of ['one', 'two']) {
      const image = `${registry}/${name}:1`;
      await box.docker('tag', WEB, image);
      await box.docker('push', '--quiet', image);
      await box.docker('rmi', image);
      compose.services[name] = { image };
    }
    const { result, progress } = await attempt({ action: 'up', compose, pull: 'always' });
    expect(result).toMatchObject({ kind: 'succeeded', details: { engine: 'docker' } });
    expect(progress).toContainEqual({ phase: 'pulling', imagesPulled: 2 });
    expect(await up({ image: `${registry}/none:1` }, { pull: 'always' })).toMatchObject({
      reasonCode: 'CONTAINER_PULL_FAILED',
      message: expect.stringContaining('no container was touched'),
    });
  });

  test.each([
    ['0', 'healthy', 'succeeded'],
    ['1', 'unhealthy', 'CONTAINER_UNHEALTHY'],
  ])('runs a health check, and where it ends with %s the container is %s', async (code, _, end) => {
    const healthcheck = { test: `exit ${code}`, interval: '1s', retries: 2, timeout: '5s' };
    const result = await up({ healthcheck }, { healthTimeoutSeconds: 60 });
    expect(result).toMatchObject(end === 'succeeded' ? { kind: end } : { reasonCode: end });
    expect(await listed('ps', '--all')).toHaveLength(end === 'succeeded' ? 1 : 0);
  });

  test('starts one over and over, and that is not staying up', async () => {
    const result = await up({ command: ['sh', '-c', 'sleep 0.2; exit 1'], restart: 'always' }, { stayUpSeconds: 30 });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'CONTAINER_DID_NOT_STAY_UP' });
    expect([await listed('ps', '--all'), await networks()]).toEqual([[], 0]);
  });

  test('is left without containers and networks of a project whose file compose does not take any more', async () => {
    await up({});
    const broken = { services: { web: { image: WEB, no_such_key: true } } };
    const wayBack = { input: null, isForeign: false, wasUp: false, images: [] };
    const { context } = createRecordingContext({
      workDir: folder,
      facts: { containersDir: join(folder, 'state/containers') },
      restored: { phase: 'going back', isStarted: true, code: 'CONTAINER_NOT_STARTED', message: 'was refused' },
    });
    await writeState({ 'compose.yaml': JSON.stringify(broken), 'way-back.json': JSON.stringify(wayBack) });
    expect(await networks()).toBe(1);
    expect(await containersHandler.run(context, { action: 'up', project: 'app' })).toMatchObject({
      message: 'was refused; removed again',
    });
    expect([await listed('ps', '--all'), await networks()]).toEqual([[], 0]);
  });

  test('may take its time to come up after a power cut', async () => {
    expect(await up({ labels: { is: 'well' } })).toMatchObject({ kind: 'succeeded' });
    const { context, checkpoints, stop } = createRecordingContext({
      workDir: folder,
      facts: { containersDir: join(folder, 'state/containers') },
      onProgress: ({ phase }) => {
        if (phase === 'watching') stop();
      },
    });
    const compose = { services: { web: { image: WEB, labels: { is: 'new' } } } };
    const parameters = { action: 'up', project: 'app', compose, pull: 'missing', stayUpSeconds: 600 } as const;
    await containersHandler.run(context, parameters);
    await box.cutPower();
    const goesOn = attempt({ ...parameters, stayUpSeconds: 0 }, checkpoints.at(-1) as JsonValue);
    await box.boot();
    expect((await goesOn).result).toMatchObject({ kind: 'succeeded', details: { containers: 'app-web-1 running' } });
  });

  async function writeState(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, 'state/containers/app', name), text);
    }
  }

  test('brings back what was before, of the image that the name stood for', async () => {
    await up({ labels: { is: 'well' } });
    expect(await up({ ...ILL, labels: { is: 'ill' } })).toMatchObject({
      message: expect.stringContaining('what was before runs again'),
    });
    expect((await box.docker('inspect', '--format', '{{.Config.Labels.is}}', 'app-web-1')).trim()).toBe('well');
  });
});
