/** What counts as proven, and where a way back leads, after changes that failed in every way. With podman. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { JsonValue } from '../../agent/handler-api.ts';
import { containersHandler } from '../../handlers/containers/handler.ts';
import type { ContainersParameters } from '../../handlers/containers/parameters.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { createScratchPodman, hasPodman, type ScratchPodman } from '../fixtures/scratch-podman.ts';

const LIMIT_MS = 120_000;
const WEB = 'localhost/web:1';
const ILL = { command: ['sh', '-c', 'exit 3'] };
/** No compose takes it. */
const BROKEN = { build: { context: 7 }, image: ['no', 'name'] };

describe.runIf(hasPodman)('the way back, with podman and podman-compose', { timeout: LIMIT_MS }, () => {
  let folder: string;
  let box: ScratchPodman;
  let containersDir: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'containers-way-back-'));
    box = await createScratchPodman(folder);
    await box.image(WEB, '1');
    containersDir = join(folder, 'state/containers');
    await mkdir(join(folder, 'state'));
  }, LIMIT_MS);
  afterEach(async () => {
    await box.podman('rm', '--all', '--force', '--time', '0');
    await rm(containersDir, { recursive: true, force: true });
  });
  afterAll(async () => {
    await box?.close();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  let jobs = 0;
  async function attempt(parameters: Partial<ContainersParameters>, restored?: JsonValue) {
    if (restored === undefined) jobs += 1;
    const recording = createRecordingContext({ workDir: folder, facts: { containersDir }, restored });
    const execution = { jobId: `job-${jobs}`, executionNumber: 1 };
    const all = { project: 'app', stayUpSeconds: 0, pull: 'missing', ...parameters } as ContainersParameters;
    const result = await containersHandler.run({ ...recording.context, execution }, all);
    return { result, checkpoint: recording.checkpoints.at(-1) };
  }
  const change = async (...of: Parameters<typeof attempt>) => (await attempt(...of)).result;
  const composeOf = (service: object) => ({ services: { web: { image: WEB, ...service } } });
  const up = (service: object, more: Partial<ContainersParameters> = {}) =>
    change({ action: 'up', compose: composeOf(service), ...more });
  const kept = (name: string) => readFile(join(containersDir, 'app', name), 'utf8');
  const names = async () => (await box.podman('ps', '--all', '--format', '{{.Names}}')).split('\n').filter(Boolean);
  const labelOf = async (name: string) =>
    (await box.podman('inspect', '--format', '{{index .Config.Labels "is"}}', name)).trim();
  const startTheirs = () =>
    box.podman('run', '--detach', '--name', 'theirs', '--label', 'com.docker.compose.project=app', WEB);

  describe('after a project of others was taken over in vain', () => {
    const takeOver = async () => {
      await startTheirs();
      expect(await up({ ...ILL, labels: { is: 'ill' } }, { adopt: true })).toMatchObject({
        reasonCode: 'CONTAINER_DID_NOT_STAY_UP',
        message: expect.stringContaining('nothing leads back to what others had started'),
      });
    };

    test('the file that failed is none to go back to', async () => {
      await takeOver();
      expect(await up({ ...ILL, labels: { is: 'ill, too' } }, { adopt: true })).toMatchObject({
        reasonCode: 'CONTAINER_DID_NOT_STAY_UP',
        message: expect.stringContaining('nothing leads back'),
      });
      expect(await up({ labels: { is: 'well' } }, { adopt: true })).toMatchObject({ kind: 'succeeded' });
      expect(await up(ILL)).toMatchObject({ message: expect.stringContaining('what was before runs again') });
      expect(await labelOf('app_web_1')).toBe('well');
    });

    test('nor one that `up` without a file takes, and it still has to be taken over', async () => {
      await takeOver();
      expect(await change({ action: 'up', adopt: true })).toMatchObject({ reasonCode: 'CONTAINER_PROJECT_UNKNOWN' });
      expect(await up({})).toMatchObject({ reasonCode: 'CONTAINER_NOT_OURS' });
    });

    test('down removes what there is, and with it the file', async () => {
      await takeOver();
      expect(await change({ action: 'down' })).toMatchObject({ kind: 'succeeded' });
      expect(await names()).toEqual([]);
      expect(await change({ action: 'up' })).toMatchObject({ reasonCode: 'CONTAINER_PROJECT_UNKNOWN' });
    });
  });

  test('a project of others whose images cannot be pulled is left to them', async () => {
    await startTheirs();
    const unreachable = { image: '127.0.0.1:9/web:1' };
    expect(await up(unreachable, { adopt: true, pull: 'always' })).toMatchObject({
      reasonCode: 'CONTAINER_PULL_FAILED',
      message: expect.stringContaining('no container was touched'),
    });
    expect(await names()).toEqual(['theirs']);
    expect(await change({ action: 'down' })).toMatchObject({ reasonCode: 'CONTAINER_PROJECT_UNKNOWN' });
  });

  test('a first file that compose does not take leaves nothing behind', async () => {
    expect(await up(BROKEN)).toMatchObject({
      reasonCode: 'CONTAINER_NOT_STARTED',
      message: expect.stringContaining('removed again'),
    });
    expect(await names()).toEqual([]);
    await expect(kept('compose.yaml')).rejects.toThrow('ENOENT');
    await expect(kept('way-back.json')).rejects.toThrow('ENOENT');
  });

  test('one cut off when the first file was gone already is taken down all the same', async () => {
    const { checkpoint } = await attempt({ action: 'up', compose: composeOf(ILL) });
    expect(checkpoint).toMatchObject({ phase: 'over' });
    await box.podman('run', '--detach', '--name', 'left', '--label', 'com.docker.compose.project=app', WEB);
    await mkdir(join(containersDir, 'app'), { recursive: true });
    const wayBack = { input: null, isForeign: false, wasUp: false, images: [] };
    await writeFile(join(containersDir, 'app/way-back.json'), JSON.stringify(wayBack));
    const why = { code: 'CONTAINER_UNHEALTHY', message: 'was ill' };
    expect(await change({ action: 'up' }, { phase: 'going back', isStarted: true, ...why })).toMatchObject({
      reasonCode: 'CONTAINER_UNHEALTHY',
      message: 'was ill; removed again',
    });
    expect(await names()).toEqual([]);
  });

  test('one cut off when all was undone, before that was told, tells it and does nothing', async () => {
    await up({ labels: { is: 'well' } });
    const id = await box.podman('inspect', '--format', '{{.Id}}', 'app_web_1');
    const why = { code: 'CONTAINER_UNHEALTHY', message: 'was ill' };
    const restored = { phase: 'going back', isStarted: true, ...why };
    expect(await change({ action: 'up', compose: composeOf(ILL) }, restored)).toMatchObject({
      kind: 'failed',
      message: 'was ill; what was before is back',
    });
    expect(await box.podman('inspect', '--format', '{{.Id}}', 'app_web_1')).toBe(id);
  });

  describe('after a change that could not be undone', () => {
    const image = { name: 'localhost/web:gone', id: 'f'.repeat(64) };

    /** The image of before is gone, so neither the change nor the way back works. */
    async function failToGoBack(): Promise<JsonValue | undefined> {
      await up({ labels: { is: 'well' } });
      const proven = { compose: await kept('compose.yaml'), environment: {} };
      const wayBack = { input: proven, isForeign: false, wasUp: true, images: [image] };
      await writeFile(join(containersDir, 'app/way-back.json'), JSON.stringify(wayBack));
      const { result, checkpoint } = await attempt({
        action: 'up',
        compose: composeOf({ ...ILL, labels: { is: 'ill' } }),
      });
      expect(result).toMatchObject({ reasonCode: 'CONTAINER_ROLLBACK_FAILED' });
      return checkpoint;
    }

    test('`up` without a file takes the one that had worked, and makes the containers anew', async () => {
      await failToGoBack();
      expect(await labelOf('app_web_1')).toBe('ill');
      expect(await change({ action: 'up' })).toMatchObject({ kind: 'succeeded' });
      expect(await labelOf('app_web_1')).toBe('well');
      await expect(kept('way-back.json')).rejects.toThrow('ENOENT');
    });

    test('a later `up` that fails before it starts anything brings back what had worked', async () => {
      await failToGoBack();
      await box.podman('tag', WEB, image.name);
      const id = (await box.podman('image', 'inspect', '--format', '{{.Id}}', WEB)).trim();
      const wayBack = JSON.parse(await kept('way-back.json'));
      await writeFile(
        join(containersDir, 'app/way-back.json'),
        JSON.stringify({ ...wayBack, images: [{ ...image, id }] }),
      );
      expect(await up({ image: '127.0.0.1:9/web:1' }, { pull: 'always' })).toMatchObject({
        reasonCode: 'CONTAINER_PULL_FAILED',
        message: expect.stringContaining('what was before runs again'),
      });
      expect(await labelOf('app_web_1')).toBe('well');
    });

    test('down leaves the file that had worked for a later `up`', async () => {
      await failToGoBack();
      expect(await change({ action: 'down' })).toMatchObject({ kind: 'succeeded' });
      expect(await change({ action: 'up' })).toMatchObject({ kind: 'succeeded' });
      expect(await labelOf('app_web_1')).toBe('well');
    });
  });

  test('an image that is named by its id is not given a name', async () => {
    const id = (await box.podman('image', 'inspect', '--format', '{{.Id}}', WEB)).trim();
    await up({ image: id, labels: { is: 'well' } });
    expect(await up({ ...ILL, image: id })).toMatchObject({
      message: expect.stringContaining('what was before runs again'),
    });
    expect(await labelOf('app_web_1')).toBe('well');
  });

  describe('a single container', () => {
    const run = (name: string, more: object = {}) =>
      change({ action: 'run', container: { name, image: WEB }, project: undefined, ...more } as never);

    test('does not take one of others for the one to go back to', async () => {
      expect(await run('solo')).toMatchObject({ kind: 'succeeded' });
      await box.podman('run', '--detach', '--name', 'solo-previous', WEB);
      expect(await run('solo')).toMatchObject({
        reasonCode: 'CONTAINER_NOT_OURS',
        message: expect.stringContaining('solo-previous'),
      });
      expect((await names()).sort()).toEqual(['solo', 'solo-previous']);
    });
  });

  test('a step begun with one engine goes on with it, though another would be taken first', async () => {
    const { checkpoint } = await attempt({ action: 'up', compose: composeOf({}) });
    expect(checkpoint).toMatchObject({ phase: 'starting', engine: 'podman' });
    await box.programs.add('docker', '[ "$1" = version ] && echo 99.0');
    try {
      expect(await change({ action: 'up', compose: composeOf({}) }, checkpoint)).toMatchObject({
        kind: 'succeeded',
        details: { engine: 'podman' },
      });
    } finally {
      await rm(join(box.programs.folder, 'docker'));
    }
  });

  test('where nothing can be kept, no container is touched', async () => {
    await writeFile(containersDir, 'in the way');
    expect(await up({})).toMatchObject({
      reasonCode: 'CONTAINER_STATE_NOT_KEPT',
      message: expect.stringContaining(containersDir),
    });
    expect(await names()).toEqual([]);
  });
});
