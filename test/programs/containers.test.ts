import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { JsonValue } from '../../agent/handler-api.ts';
import { containersHandler } from '../../handlers/containers/handler.ts';
import type { ContainersParameters } from '../../handlers/containers/parameters.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { createScratchPodman, hasPodman, type ScratchPodman } from '../fixtures/scratch-podman.ts';

const LIMIT_MS = 120_000;
const WEB = 'localhost/web:now';
/** For what falls over by itself: the first look may come before it has. */
const FALLS = { stayUpSeconds: 30 } as const;

describe.runIf(hasPodman)('with podman and podman-compose', { timeout: LIMIT_MS }, () => {
  let folder: string;
  let box: ScratchPodman;
  let stateDir: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'containers-'));
    box = await createScratchPodman(folder);
    await box.image('localhost/web:1', '1');
    await box.image('localhost/web:2', '2');
    stateDir = join(folder, 'state');
    await mkdir(stateDir);
  }, LIMIT_MS);

  afterEach(async () => {
    await box.podman('rm', '--all', '--force', '--time', '0');
    await rm(join(stateDir, 'containers'), { recursive: true, force: true });
  });

  afterAll(async () => {
    await box?.close();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  function contextWith(restored?: JsonValue, onProgress?: () => void) {
    return createRecordingContext({
      workDir: folder,
      facts: { containersDir: join(stateDir, 'containers') },
      restored,
      ...(onProgress === undefined ? {} : { onProgress }),
    });
  }

  const change = (parameters: Partial<ContainersParameters>, restored?: JsonValue) =>
    containersHandler.run(contextWith(restored).context, {
      project: 'app',
      stayUpSeconds: 0,
      ...parameters,
    } as ContainersParameters);
  const up = (service: object, more: Partial<ContainersParameters> = {}) =>
    change({ action: 'up', compose: { services: { web: { image: WEB, ...service } } }, ...more });
  const kept = (name: string) => readFile(join(stateDir, 'containers/app', name), 'utf8');
  const versionOf = (name: string) => box.podman('exec', name, 'cat', '/version');
  const idOf = async (name: string) => (await box.podman('inspect', '--format', '{{.Id}}', name)).trim();
  const tag = (version: string) => box.podman('tag', `localhost/web:${version}`, WEB);

  test('up starts what the document has, and keeps it', async () => {
    await tag('1');
    const result = await up({ environment: { TOKEN: '$TOKEN' } }, { environment: { TOKEN: "it's $ecret" } });
    expect(result).toMatchObject({ kind: 'succeeded', details: { engine: 'podman', containers: 'app_web_1 running' } });
    expect(await box.podman('exec', 'app_web_1', 'sh', '-c', 'echo "$TOKEN"')).toBe("it's $ecret\n");
    expect(JSON.parse(await kept('compose.yaml')).services.web.image).toBe(WEB);
    expect((await stat(join(stateDir, 'containers/app/environment.json'))).mode & 0o777).toBe(0o600);
    await expect(kept('way-back.json')).rejects.toThrow('ENOENT');
  });

  test('up once more changes nothing, and takes a newer image of the same name', async () => {
    await tag('1');
    await up({});
    const before = await idOf('app_web_1');
    await up({});
    expect(await idOf('app_web_1')).toBe(before);
    await tag('2');
    expect(await change({ action: 'up' })).toMatchObject({ kind: 'succeeded' });
    expect(await versionOf('app_web_1')).toBe('2');
  });

  test('what does not stay up is undone, down to the image that the name stood for', async () => {
    await tag('1');
    await up({}, { environment: { A: '1' } });
    await tag('2');
    const result = await up(
      { command: ['sh', '-c', 'exit 3'], labels: { new: 'yes' } },
      { environment: { A: 'of the new' }, ...FALLS },
    );
    expect(result).toMatchObject({
      kind: 'failed',
      reasonCode: 'CONTAINER_DID_NOT_STAY_UP',
      message: expect.stringContaining('app_web_1 exited (exit code 3); what was before runs again'),
      details: { rolledBack: 'yes', containers: 'app_web_1 running' },
    });
    expect(await versionOf('app_web_1')).toBe('1');
    expect(await kept('environment.json')).toBe('{"A":"1"}');
    expect(JSON.parse(await kept('compose.yaml')).services.web).toEqual({ image: WEB });
    await expect(kept('way-back.json')).rejects.toThrow('ENOENT');
  });

  test('a first up that fails leaves nothing behind', async () => {
    await tag('1');
    const result = await up({ command: ['no-such-program'] });
    expect(result).toMatchObject({ kind: 'failed', message: expect.stringContaining('removed again') });
    expect(await box.podman('ps', '--all', '--quiet')).toBe('');
    await expect(kept('compose.yaml')).rejects.toThrow('ENOENT');
  });

  test('a service that cannot be created is named, without the environment', async () => {
    await tag('1');
    const result = await up({ user: 'nobody-here', environment: { T: '$T' } }, { environment: { T: 'secret-1' } });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'CONTAINER_NOT_STARTED' });
    expect(JSON.stringify(result)).toContain('app_web_1');
    expect(JSON.stringify(result)).not.toContain('secret-1');
  });

  test('a container that restarts over and over does not stay up', async () => {
    await tag('1');
    const result = await up({ command: ['sh', '-c', 'sleep 0.2; exit 1'], restart: 'always' }, { stayUpSeconds: 30 });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'CONTAINER_DID_NOT_STAY_UP' });
  });

  test('what runs once and ends well is well', async () => {
    await tag('1');
    const services = { init: { image: WEB, command: ['true'] }, web: { image: WEB } };
    const result = await change({ action: 'up', compose: { services } });
    expect(result).toMatchObject({
      kind: 'succeeded',
      details: { containers: 'app_init_1 exited (exit code 0), app_web_1 running' },
    });
  });

  test('an image that cannot be pulled leaves the containers alone', async () => {
    await tag('1');
    await up({});
    const before = await idOf('app_web_1');
    const result = await up({ image: '127.0.0.1:9/web:3' });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'CONTAINER_PULL_FAILED' });
    expect(await idOf('app_web_1')).toBe(before);
    expect(JSON.parse(await kept('compose.yaml')).services.web.image).toBe(WEB);
  });

  test('images come from a registry, one after the other', async () => {
    const registry = await box.registry();
    for (const version of ['1', '2'])
      await box.podman('push', '--quiet', `localhost/web:${version}`, `${registry}/web:${version}`);
    const services = { one: { image: `${registry}/web:1` }, two: { image: `${registry}/web:2` } };
    const recording = contextWith();
    const parameters = { action: 'up', project: 'app', stayUpSeconds: 0, compose: { services } } as const;
    expect(await containersHandler.run(recording.context, parameters)).toMatchObject({ kind: 'succeeded' });
    expect(recording.progress).toContainEqual({ phase: 'pulling', imagesPulled: 1, imagesWanted: 2 });
    expect(await versionOf('app_two_1')).toBe('2');
  });

  test.each([
    ['0', 'healthy', 'succeeded'],
    ['1', 'unhealthy', 'CONTAINER_UNHEALTHY'],
  ])('a health check that ends with %s makes it %s', async (code, _, end) => {
    await tag('1');
    const healthcheck = { test: `exit ${code}`, interval: '1s', retries: 2, timeout: '5s' };
    const result = await up({ healthcheck }, { healthTimeoutSeconds: 20 });
    expect(result).toMatchObject(end === 'succeeded' ? { kind: end } : { reasonCode: end });
  });

  test('services that are gone from the file are removed', async () => {
    await tag('1');
    await change({ action: 'up', compose: { services: { web: { image: WEB }, old: { image: WEB } } } });
    await up({});
    expect((await box.podman('ps', '--all', '--format', '{{.Names}}')).trim()).toBe('app_web_1');
  });

  describe('after a power cut', () => {
    const spoiled = { command: ['sh', '-c', 'exit 3'] };

    /** The step as it was when power went: begun, and cut off in the middle of the watching. */
    async function cutOff(service: object): Promise<readonly JsonValue[]> {
      const recording = contextWith(undefined, () => recording.stop());
      const parameters = { action: 'up', project: 'app', pull: 'missing', stayUpSeconds: 600 } as const;
      const compose = { services: { web: { image: WEB, ...service } } };
      await containersHandler.run(recording.context, { ...parameters, compose });
      return recording.checkpoints;
    }

    test('it goes on, and the way back leads to what was proven', async () => {
      await tag('1');
      await up({});
      const restored = (await cutOff(spoiled)).at(-1);
      expect(restored).toEqual({ phase: 'starting', engine: 'podman' });
      const compose = { services: { web: { image: WEB, ...spoiled } } };
      expect(await change({ action: 'up', compose, ...FALLS }, restored)).toMatchObject({
        details: { rolledBack: 'yes' },
      });
      expect(JSON.parse(await kept('compose.yaml')).services.web).toEqual({ image: WEB });
    });

    test('on the way back it goes on back', async () => {
      await tag('1');
      await up({});
      await cutOff(spoiled);
      const restored = { phase: 'going back', isStarted: true, code: 'CONTAINER_UNHEALTHY', message: 'was ill' };
      const compose = { services: { web: { image: WEB, ...spoiled } } };
      expect(await change({ action: 'up', compose, ...FALLS }, restored)).toMatchObject({
        kind: 'failed',
        reasonCode: 'CONTAINER_UNHEALTHY',
        message: 'was ill; what was before runs again',
      });
      expect(await versionOf('app_web_1')).toBe('1');
    });

    test('the clean-up goes back, and another job’s change is none of its business', async () => {
      await tag('1');
      await up({});
      const restored = (await cutOff({ labels: { new: 'yes' } })).at(-1);
      const parameters = { action: 'up', project: 'app' } as const;
      await containersHandler.cleanup?.(contextWith(undefined).context, parameters);
      expect(JSON.parse(await kept('compose.yaml')).services.web).toHaveProperty('labels');
      await containersHandler.cleanup?.(contextWith(restored).context, parameters);
      expect(JSON.parse(await kept('compose.yaml')).services.web).toEqual({ image: WEB });
      expect(await versionOf('app_web_1')).toBe('1');
    });
  });

  test('up that failed is tried anew where the step is run again, though there was no way back', async () => {
    await tag('1');
    await up({});
    const recording = contextWith();
    await box.podman('rmi', '--force', '--no-prune', WEB); // neither the new one nor the one before can start
    const parameters = { action: 'up', project: 'app', pull: 'missing', stayUpSeconds: 0 } as const;
    const compose = { services: { web: { image: WEB, labels: { new: 'yes' } } } };
    const wayBack = await kept('compose.yaml');
    await writeFile(
      join(stateDir, 'containers/app/way-back.json'),
      JSON.stringify({
        input: { compose: wayBack, environment: {} },
        isForeign: false,
        wasUp: true,
        images: [{ name: 'localhost/web:gone', id: 'f'.repeat(64) }],
      }),
    );
    expect(await containersHandler.run(recording.context, { ...parameters, compose })).toMatchObject({
      reasonCode: 'CONTAINER_ROLLBACK_FAILED',
    });
    await tag('2');
    expect(await change({ ...parameters, compose }, recording.checkpoints.at(-1))).toMatchObject({ kind: 'succeeded' });
    expect(await versionOf('app_web_1')).toBe('2');
  });

  test('a project of others is taken over only when asked for', async () => {
    await tag('1');
    await writeFile(
      join(folder, 'theirs.yaml'),
      `services: {web: {image: "${WEB}", command: [sh, -c, 'sleep 1000']}}\n`,
    );
    await box.podman('run', '--detach', '--name', 'theirs', '--label', 'com.docker.compose.project=app', WEB);
    expect(await up({})).toMatchObject({ reasonCode: 'CONTAINER_NOT_OURS' });
    expect((await box.podman('ps', '--format', '{{.Names}}')).trim()).toBe('theirs');
    expect(await up({}, { adopt: true })).toMatchObject({ kind: 'succeeded' });
  });

  test('restart makes another run of the same containers', async () => {
    await tag('1');
    await up({});
    const before = await box.podman('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', 'app_web_1');
    expect(await change({ action: 'restart' })).toMatchObject({ kind: 'succeeded' });
    const after = await box.podman('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', 'app_web_1');
    expect(after.split(' ')[0]).toBe(before.split(' ')[0]);
    expect(after).not.toBe(before);
  });

  test('down removes them, and a later up brings them back', async () => {
    await tag('1');
    await up({});
    expect(await change({ action: 'down' })).toMatchObject({ kind: 'succeeded', details: { containersRemoved: 1 } });
    expect(await box.podman('ps', '--all', '--quiet')).toBe('');
    expect(await change({ action: 'up' })).toMatchObject({ kind: 'succeeded' });
  });

  test.each(['up', 'down', 'restart', 'pull'] as const)('%s of a project that nobody knows fails', async (action) => {
    expect(await change({ action })).toMatchObject({ reasonCode: 'CONTAINER_PROJECT_UNKNOWN' });
  });

  test('the file may come from a step before, and from nowhere else', async () => {
    await tag('1');
    await writeFile(join(folder, 'app.yaml'), `services:\n  web:\n    image: ${WEB}\n`);
    expect(await change({ action: 'up', composeFile: 'app.yaml' })).toMatchObject({ kind: 'succeeded' });
    await symlink('/etc/shadow', join(folder, 'link.yaml'));
    expect(await change({ action: 'up', composeFile: 'link.yaml' })).toMatchObject({
      reasonCode: 'CONTAINER_FILE_UNREADABLE',
      message: 'link.yaml: a link leads out of the working folder',
    });
  });

  describe('a single container', () => {
    const parameters = { action: 'run', stayUpSeconds: 0, pull: 'missing' } as const;
    let jobs = 0;
    const job = () => ({ execution: { jobId: `single-${jobs}`, executionNumber: 1 } });
    const single = (more: object, restored?: JsonValue, environment?: Record<string, string>) => {
      if (restored === undefined) jobs += 1;
      const parametersOf = {
        ...parameters,
        container: { name: 'solo', image: WEB, ...more },
        ...('command' in more ? FALLS : {}),
        ...(environment === undefined ? {} : { environment }),
      } as ContainersParameters;
      return containersHandler.run({ ...contextWith(restored).context, ...job() }, parametersOf);
    };

    test('runs, is replaced by the next, and gets the environment', async () => {
      await tag('1');
      expect(await single({}, undefined, { TOKEN: 'one' })).toMatchObject({ kind: 'succeeded' });
      await tag('2');
      expect(await single({ volumes: ['data:/data'] }, undefined, { TOKEN: 'two' })).toMatchObject({
        kind: 'succeeded',
      });
      expect(await versionOf('solo')).toBe('2');
      expect(await box.podman('exec', 'solo', 'sh', '-c', 'echo "$TOKEN"')).toBe('two\n');
      expect((await box.podman('ps', '--all', '--format', '{{.Names}}')).trim()).toBe('solo');
    });

    test('that falls over gives way to the very one before', async () => {
      await tag('1');
      await single({});
      await box.podman('exec', 'solo', 'sh', '-c', 'echo kept > /written');
      const before = await idOf('solo');
      const result = await single({ command: ['sh', '-c', 'exit 4'], restart: 'no' });
      expect(result).toMatchObject({
        reasonCode: 'CONTAINER_DID_NOT_STAY_UP',
        message: expect.stringContaining('what was before runs again'),
      });
      expect(await idOf('solo')).toBe(before);
      expect(await box.podman('exec', 'solo', 'cat', '/written')).toBe('kept\n');
    });

    test('that fell over is tried anew where the step is run again', async () => {
      await tag('1');
      await single({});
      const recording = contextWith();
      jobs += 1;
      const first = { ...parameters, container: { name: 'solo', image: 'localhost/web:none' } } as const;
      expect(await containersHandler.run({ ...recording.context, ...job() }, first)).toMatchObject({
        details: { rolledBack: 'yes' },
      });
      const restored = recording.checkpoints.at(-1) as JsonValue;
      await tag('2'); // what it needs has come meanwhile
      expect(await single({}, restored)).toMatchObject({ kind: 'succeeded' });
      expect(await versionOf('solo')).toBe('2');
    });

    test('that stays up is kept where power goes before that is told', async () => {
      await tag('1');
      await single({});
      const recording = contextWith();
      jobs += 1;
      const second = { ...parameters, container: { name: 'solo', image: WEB, volumes: ['data:/data'] } };
      expect(await containersHandler.run({ ...recording.context, ...job() }, second)).toMatchObject({
        kind: 'succeeded',
      });
      const id = await idOf('solo');
      const restored = recording.checkpoints.at(-1) as JsonValue;
      expect(await single({ command: ['sh', '-c', 'exit 4'], restart: 'no' }, restored)).toMatchObject({
        kind: 'succeeded',
      });
      expect(await idOf('solo')).toBe(id);
    });

    test('that was cut off begins anew, and gives way all the same', async () => {
      await tag('1');
      await single({});
      const before = await idOf('solo');
      const recording = contextWith(undefined, () => recording.stop());
      jobs += 1;
      const cut = {
        ...parameters,
        stayUpSeconds: 600,
        container: { name: 'solo', image: WEB, restart: 'no' },
      } as const;
      await containersHandler.run({ ...recording.context, ...job() }, cut);
      expect(recording.checkpoints).toEqual([{ phase: 'changing', wasUp: true, engine: 'podman' }]);
      const result = await single({ command: ['sh', '-c', 'exit 4'], restart: 'no' }, recording.checkpoints[0]);
      expect(result).toMatchObject({ details: { rolledBack: 'yes' } });
      expect(await idOf('solo')).toBe(before);
    });

    test('of others is left alone', async () => {
      await tag('1');
      await box.podman('run', '--detach', '--name', 'solo', WEB);
      expect(await single({})).toMatchObject({ reasonCode: 'CONTAINER_NOT_OURS' });
      const remove = { action: 'remove', container: { name: 'solo' } } as const;
      expect(await containersHandler.run(contextWith().context, remove)).toMatchObject({
        reasonCode: 'CONTAINER_NOT_OURS',
      });
      expect(await containersHandler.run(contextWith().context, { ...remove, adopt: true })).toMatchObject({
        details: { containersRemoved: 1 },
      });
    });
  });

  test('the plan says what is there and what is wrong, and changes nothing', async () => {
    await tag('1');
    await up({});
    const context = { ...contextWith().context, workDir: folder };
    const plan = await containersHandler.plan?.({ action: 'up', project: 'app', composeFile: 'none.yaml' }, context);
    expect(plan?.actions[0]).toMatch(/^use podman \d/);
    expect(plan?.actions).toContainEqual(
      expect.stringContaining(
        'bring up the project app from none.yaml, which is not there yet, (there: app_web_1 running)',
      ),
    );
    expect(plan?.problems).toEqual([]); // a step before may bring it
  });
});
