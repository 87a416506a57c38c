import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { HandlerResult, JsonValue } from '../../agent/handler-api.ts';
import { nameProblem, unitNameOf } from '../../handlers/install-application/application.ts';
import { installApplicationHandler } from '../../handlers/install-application/handler.ts';
import { installApplication, undoInstallation } from '../../handlers/install-application/installation.ts';
import type { InstallApplicationParameters } from '../../handlers/install-application/parameters.ts';
import { type FileServer, startFileServer } from '../fixtures/file-server.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { usePrograms } from '../fixtures/programs-on-path.ts';
import { createRecordingContext, type RecordingContext } from '../fixtures/recording-context.ts';
import { addUnitManager, type UnitManagerStandIn } from '../fixtures/unit-manager-stand-in.ts';

const isRoot = process.getuid?.() === 0;
const UNIT = 'iot-application-app.service';
const NEW = 'new content\n';

let folder: string;
let apps: string;
let server: FileServer;
let systemd: UnitManagerStandIn;
/** By path: what is served; a function ends the response itself. */
let served: Record<string, string | number>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'install-application-'));
  apps = join(folder, 'apps');
  await mkdir(apps);
  served = { '/a': NEW, '/b': 'b\n' };
  server = await startFileServer(({ url = '' }, response) => {
    const content = served[url.replace(/\?.*/, '')] ?? 404;
    if (typeof content === 'number') response.writeHead(content).end();
    else response.end(content);
  });
  const programs = await usePrograms(folder);
  await programs.add('run-app', 'exit 0');
  systemd = await addUnitManager(programs, folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

describe('files only', () => {
  test('are put in place, in folders that are made', async () => {
    const result = await install({ files: [file('a'), file('b', 'lib/deep/b')] });
    expect(result).toEqual({ kind: 'succeeded', details: { state: 'package files installed', application: 'app' } });
    expect(await contentOf('a')).toBe(NEW);
    expect(await contentOf('lib/deep/b')).toBe('b\n');
    expect((await readdir(apps)).sort()).toEqual(['.applications', 'a', 'lib']);
    expect(await systemd.calls()).toEqual([]);
  });

  test('keep the permissions of those that they replace', async () => {
    await writeFile(join(apps, 'a'), 'old', { mode: 0o750 });
    await install({ files: [file('a'), { ...file('b'), mode: '0700' }] });
    expect((await stat(join(apps, 'a'))).mode & 0o777).toBe(0o750);
    expect((await stat(join(apps, 'b'))).mode & 0o777).toBe(0o700);
  });

  test.runIf(isRoot)('and their owner', async () => {
    await writeFile(join(apps, 'a'), 'old');
    await chown(join(apps, 'a'), 1234, 1234);
    await install({ files: [file('a'), file('b')] });
    expect(await stat(join(apps, 'a'))).toMatchObject({ uid: 1234, gid: 1234 });
    expect(await stat(join(apps, 'b'))).toMatchObject({ uid: 0, gid: 0 });
  });

  test('are on record, with those of before', async () => {
    await install({ files: [{ ...file('a'), version: '1.0' }] });
    await install({ files: [file('b')] });
    expect(await recordOf('app')).toMatchObject({
      name: 'app',
      workingDirectory: apps,
      command: null,
      files: [{ path: join(apps, 'a'), version: '1.0' }, { path: join(apps, 'b') }],
      installedBy: { jobId: 'job-1', executionNumber: 1 },
    });
  });

  test('may be none: then it is only put on record', async () => {
    expect(await install({ files: [] })).toMatchObject({ kind: 'succeeded' });
    expect(await recordOf('app')).toMatchObject({ files: [] });
  });

  test('cannot be started', async () => {
    expect(await install({ files: [file('a')], start: true })).toMatchObject({
      reasonCode: 'APPLICATION_HAS_NO_COMMAND',
    });
    expect(existsSync(join(apps, 'a'))).toBe(false);
    expect(server.requests).toHaveLength(0);
  });
});

describe('every hash', () => {
  test.each(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'])('%s that is right', async (algorithm) => {
    const value = createHash(algorithm).update(NEW).digest('hex').toUpperCase();
    expect(await install({ files: [{ ...file('a'), [algorithm]: value }] })).toMatchObject({ kind: 'succeeded' });
  });

  test.each(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'])(
    '%s that is wrong changes nothing',
    async (algorithm) => {
      await writeFile(join(apps, 'b'), 'old b');
      const value = createHash(algorithm).update('something else').digest('hex');
      const result = await install({ files: [file('b'), { ...file('a'), [algorithm]: value }] });
      expect(result).toMatchObject({
        kind: 'failed',
        reasonCode: 'DOWNLOAD_HASH_MISMATCH',
        details: { errorCode: 'ERR_DOWNLOAD_FAILED' },
      });
      expect(await contentOf('b')).toBe('old b');
      expect(existsSync(join(apps, 'a'))).toBe(false);
    },
  );
});

describe('all or none', () => {
  test('a file that cannot be had leaves all as they were', async () => {
    await writeFile(join(apps, 'a'), 'old a');
    served['/b'] = 404;
    expect(await install({ files: [file('a'), file('b')] })).toMatchObject({
      reasonCode: 'DOWNLOAD_HTTP_STATUS',
      details: { errorCode: 'ERR_DOWNLOAD_FAILED' },
    });
    expect(await contentOf('a')).toBe('old a');
    expect(await everything()).toEqual(['a']);
  });

  test('an application that does not start gives way to the old one', async () => {
    await install({ ...RUNNING, files: [file('a')] });
    const before = await systemd.running(UNIT);
    served['/a'] = 'newer\n';
    await systemd.onStart('--broken', 'cannot-start');
    const result = await installAnew({ ...RUNNING, command: ['run-app', '--broken'], files: [file('a'), file('b')] });
    expect(result).toMatchObject({
      kind: 'failed',
      reasonCode: 'APPLICATION_NOT_STARTED',
      message: expect.stringMatching(
        /^systemctl restart: Job for .* failed.*its last lines: first \/ cannot open port 80$/,
      ),
      details: { errorCode: 'ERR_UNEXPECTED_PACKAGE_EXIT', rollback: 'done' },
    });
    expect(await contentOf('a')).toBe(NEW);
    expect(existsSync(join(apps, 'b'))).toBe(false);
    expect(await systemd.running(UNIT)).toBe(before);
    expect(await readFile(join(systemd.unitFolder, UNIT), 'utf8')).toBe(before);
    expect(await recordOf('app')).toMatchObject({ command: ['run-app'], files: [{ path: join(apps, 'a') }] });
    expect((await systemd.calls()).slice(-3)).toEqual(['daemon-reload', `enable -- ${UNIT}`, `restart -- ${UNIT}`]);
  });

  test('a new one that does not stay up leaves nothing', async () => {
    await systemd.onStart('run-app', 'crashes');
    expect(await install({ ...RUNNING, files: [file('a')] })).toMatchObject({
      reasonCode: 'APPLICATION_NOT_STARTED',
      message: expect.stringContaining('did not stay up'),
      details: { rollback: 'done' },
    });
    expect(await everything()).toEqual(['.applications']);
    expect(await readdir(systemd.unitFolder)).toEqual([]);
    expect([await systemd.running(UNIT), await systemd.isEnabled(UNIT)]).toEqual([undefined, false]);
  });

  test('one that did not run before does not run after', async () => {
    await install({ files: [file('a')], command: ['run-app'] });
    await systemd.onStart('--broken', 'cannot-start');
    await installAnew({ files: [file('a')], command: ['run-app', '--broken'], start: true });
    expect([await systemd.running(UNIT), await systemd.isEnabled(UNIT)]).toEqual([undefined, false]);
  });

  test('what could not be put back is told', async () => {
    await install({ ...RUNNING, files: [file('a')] });
    await systemd.onStart('run-app', 'cannot-start');
    expect(await installAnew({ ...RUNNING, files: [file('a')] })).toMatchObject({
      reasonCode: 'APPLICATION_NOT_STARTED',
      details: { rollback: expect.stringContaining('systemctl restart: ') },
    });
    expect(await contentOf('a')).toBe(NEW);
  });
});

describe('an application with a command', () => {
  test('runs as a service, and starts at boot', async () => {
    expect(await install({ ...RUNNING, files: [file('a')] })).toEqual({
      kind: 'succeeded',
      details: {
        state: 'package installed and started',
        application: 'app',
        unit: `${UNIT} active (running, enabled)`,
      },
    });
    expect(await systemd.running(UNIT)).toContain(`ExecStart=:"${folder}/bin/run-app"\n`);
    expect(await systemd.calls()).toEqual(['daemon-reload', `enable -- ${UNIT}`, `restart -- ${UNIT}`]);
  });

  test('that ends well in time has done its work', async () => {
    await systemd.onStart('run-app', 'ends-well');
    expect(await install({ ...RUNNING, stayUpSeconds: 600 })).toMatchObject({ kind: 'succeeded' });
  });

  test('neither starts nor is enabled unless asked for', async () => {
    await install({ files: [file('a')], command: ['run-app'] });
    expect(await systemd.calls()).toEqual(['daemon-reload']);
    expect(existsSync(join(systemd.unitFolder, UNIT))).toBe(true);
  });

  test('keeps its command where a later job has none', async () => {
    await install({ ...RUNNING, files: [] });
    await installAnew({ files: [file('a')], start: true, stayUpSeconds: 0 });
    expect(await recordOf('app')).toMatchObject({ command: ['run-app'] });
    expect((await systemd.calls()).slice(-2)).toEqual(['daemon-reload', `restart -- ${UNIT}`]);
  });

  test('is disabled when the document says so', async () => {
    await install(RUNNING);
    await installAnew({ startAtBoot: false });
    expect([await systemd.isEnabled(UNIT), await systemd.running(UNIT)]).toEqual([false, expect.any(String)]);
  });

  test('whose program is nowhere is refused before anything is downloaded', async () => {
    expect(await install({ ...RUNNING, command: ['no-such'], files: [file('a')] })).toMatchObject({
      reasonCode: 'APPLICATION_NOT_STARTED',
      message: expect.stringContaining('no program called no-such in '),
    });
    expect(server.requests).toHaveLength(0);
  });

  test('without systemd is refused before anything is downloaded', async () => {
    await rm(join(folder, 'bin', 'systemctl'));
    expect(await install({ ...RUNNING, files: [file('a')] })).toMatchObject({
      reasonCode: 'SYSTEMD_NOT_AVAILABLE',
      details: { errorCode: 'ERR_SYSTEM_CALL_FAILED' },
    });
    expect(server.requests).toHaveLength(0);
  });

  test('where no units can be written is refused, too', async () => {
    const { context } = recording();
    const result = await installApplication(context, parametersOf({ ...RUNNING, files: [file('a')] }), {
      ...places(),
      unitFolder: '/no/such/folder',
    });
    expect(result).toMatchObject({ reasonCode: 'FILE_NOT_WRITTEN' });
    expect(server.requests).toHaveLength(0);
  });
});

describe('cut off', () => {
  /** Each checkpoint is a moment in which power may go: what was saved last, and the disk as it is. */
  test('while files are placed it goes on', async () => {
    await writeFile(join(apps, 'a'), 'old a');
    const restored = await cutOffWhilePlacing([file('a'), file('b')]);
    expect(await resume({ files: [file('a'), file('b')] }, restored)).toMatchObject({ kind: 'succeeded' });
    expect([await contentOf('a'), await contentOf('b')]).toEqual([NEW, 'b\n']);
    expect(await everything()).toEqual(['.applications', 'a', 'b']);
  });

  test.each([0, 1, 2, 3])('after %i files were placed, it is put back when it is canceled', async (placed) => {
    await writeFile(join(apps, 'a'), 'old a');
    const parameters = { files: [file('a'), file('b')] };
    const restored = await cutOffWhilePlacing(parameters.files);
    await placeByHand(restored, placed);
    const undone = await undoInstallation(recording({ restored }).context, parametersOf(parameters), places());
    expect(undone).toMatchObject({ kind: 'succeeded' });
    expect(await contentOf('a')).toBe('old a');
    expect(await everything()).toEqual(['.applications', 'a']);
    // It may be cut off, too, and run again.
    await undoInstallation(recording({ restored }).context, parametersOf(parameters), places());
    expect(await everything()).toEqual(['.applications', 'a']);
  });

  test.each([0, 1, 2, 3])('after %i files were placed, it goes on when it is resumed', async (placed) => {
    await writeFile(join(apps, 'a'), 'old a');
    const files = [file('a'), file('b')];
    const restored = await cutOffWhilePlacing(files);
    await placeByHand(restored, placed);
    expect(await resume({ files }, restored)).toMatchObject({ kind: 'succeeded' });
    expect([await contentOf('a'), await contentOf('b')]).toEqual([NEW, 'b\n']);
    expect(await everything()).toEqual(['.applications', 'a', 'b']);
  });

  test('between a backup and its replacement it goes on or back', async () => {
    await writeFile(join(apps, 'a'), 'old a');
    const restored = await cutOffWhilePlacing([file('a')]);
    const [swap] = swapsOf(restored);
    await link(swap?.target ?? '', swap?.backup ?? '');
    await undoInstallation(recording({ restored }).context, parametersOf({ files: [file('a')] }), places());
    expect([await contentOf('a'), await everything()]).toEqual(['old a', ['.applications', 'a']]);
  });

  test('while it is put back it goes on with that, and is a failure', async () => {
    await install({ ...RUNNING, files: [file('a')] });
    served['/a'] = 'newer\n';
    await systemd.onStart('--broken', 'cannot-start');
    const broken = { ...RUNNING, command: ['run-app', '--broken'], files: [file('a')] };
    const restored = await cutOffAt('putting-back', broken);
    expect(await contentOf('a')).toBe('newer\n');
    await rm(join(folder, 'unit-manager', 'cannot-start')); // it would start now: that is not asked any more
    expect(await resume(broken, restored)).toMatchObject({
      reasonCode: 'APPLICATION_NOT_STARTED',
      details: { rollback: 'done' },
    });
    expect(await contentOf('a')).toBe(NEW);
  });

  test('while files come, what has come is kept for the next attempt', async () => {
    served['/b'] = 503;
    const first = recording({ onProgress: ({ fileName }) => void (fileName === 'b' && setTimeout(first.stop, 200)) });
    const files = [file('a'), file('b')];
    expect(await installApplication(first.context, parametersOf({ files }), places())).toMatchObject({
      kind: 'failed',
    });
    served['/b'] = 'b\n';
    expect(await resume({ files }, first.checkpoints.at(-1))).toMatchObject({ kind: 'succeeded' });
    expect(server.requests.filter(({ url }) => url?.startsWith('/a'))).toHaveLength(1);
  });

  test('while files come, and canceled, nothing is left', async () => {
    served['/b'] = 503;
    const first = recording({ onProgress: ({ fileName }) => void (fileName === 'b' && setTimeout(first.stop, 200)) });
    const files = [file('a'), file('b')];
    await installApplication(first.context, parametersOf({ files }), places());
    const restored = first.checkpoints.at(-1);
    await undoInstallation(recording({ restored }).context, parametersOf({ files }), places());
    expect(await everything()).toEqual([]);
  });
});

describe('folders that were made on the way', () => {
  const servedFiles = () => [file('a', 'x/a'), file('b', 'x/y/b')];

  test('go again with a failure, but for those that were there, or hold something else', async () => {
    await mkdir(join(apps, 'x'));
    served['/b'] = 404;
    expect(await install({ files: servedFiles(), workingDirectory: 'new' })).toMatchObject({ kind: 'failed' });
    expect(await install({ files: servedFiles() })).toMatchObject({ kind: 'failed' });
    expect(await everything()).toEqual(['x']);
  });

  test('go again where the application did not stay up', async () => {
    await systemd.onStart('run-app', 'crashes');
    await install({ ...RUNNING, files: servedFiles() });
    expect(await everything()).toEqual(['.applications']);
  });

  test('go again with a failure after power was lost', async () => {
    const checkpoint = await cutOffAt('fetching', { files: servedFiles() });
    await mkdir(join(apps, 'x', 'y'), { recursive: true }); // as far as it would have come
    served['/b'] = 404;
    expect(await resume({ files: servedFiles() }, checkpoint)).toMatchObject({ kind: 'failed' });
    expect(await everything()).toEqual([]);
  });

  test('go again when it is canceled after power was lost', async () => {
    const restored = await cutOffAt('fetching', { files: servedFiles() });
    await mkdir(join(apps, 'x', 'y'), { recursive: true });
    await undoInstallation(recording({ restored }).context, parametersOf({ files: servedFiles() }), places());
    expect(await everything()).toEqual([]);
  });

  test('are not made behind a link that leads out', async () => {
    const outside = join(folder, 'outside');
    await mkdir(outside);
    await symlink(outside, join(apps, 'lib'));
    expect(await install({ files: [file('a', 'lib/sub/a')] })).toMatchObject({
      reasonCode: 'APPLICATION_FILE_REFUSED',
      message: expect.stringContaining('is a link out of'),
    });
    expect(await readdir(outside)).toEqual([]);
  });
});

test('a record that is damaged is told with its place, and nothing is downloaded', async () => {
  await install({ files: [] });
  await writeFile(join(apps, '.applications', 'app.json'), '{');
  expect(await installAnew({ files: [file('a')] })).toMatchObject({
    reasonCode: 'APPLICATION_RECORD_UNREADABLE',
    message: `${join(apps, '.applications', 'app.json')} is damaged`,
  });
  expect(server.requests).toEqual([]);
});

describe('run again after a failure, as `retries` ask for', () => {
  test('it is tried anew once the old one was put back', async () => {
    await install({ ...RUNNING, files: [file('a')] });
    served['/a'] = 'newer\n';
    await systemd.onStart('--newer', 'cannot-start');
    const newer = { ...RUNNING, command: ['run-app', '--newer'], files: [file('a')] };
    const first = recording();
    expect(await installApplication(first.context, parametersOf(newer), places())).toMatchObject({ kind: 'failed' });
    expect(await contentOf('a')).toBe(NEW);
    await rm(join(folder, 'unit-manager', 'cannot-start')); // what it needs has come meanwhile
    expect(await resume(newer, first.checkpoints.at(-1))).toMatchObject({ kind: 'succeeded' });
    expect(await contentOf('a')).toBe('newer\n');
    expect(await systemd.running(UNIT)).toContain('--newer');
    expect(await everything()).toEqual(['.applications', 'a']);
  });

  test('a file that was not the right one is downloaded anew', async () => {
    served['/a'] = 'something else\n'.repeat(200_000);
    const files = [{ ...file('a'), sha256: createHash('sha256').update(NEW).digest('hex') }];
    const first = recording();
    expect(await installApplication(first.context, parametersOf({ files }), places())).toMatchObject({
      reasonCode: 'DOWNLOAD_HASH_MISMATCH',
    });
    served['/a'] = NEW;
    expect(await resume({ files }, first.checkpoints.at(-1))).toMatchObject({ kind: 'succeeded' });
    expect(await contentOf('a')).toBe(NEW);
  });
});

test('once it has proved itself it stands, though power goes before that is told', async () => {
  await install({ ...RUNNING, files: [file('a')] });
  served['/a'] = 'newer\n';
  const newer = { ...RUNNING, command: ['run-app', '--newer'], files: [file('a')] };
  const recorded = recording();
  expect(await installApplication(recorded.context, parametersOf(newer), places())).toMatchObject({
    kind: 'succeeded',
  });
  await systemd.onStart('--newer', 'cannot-start'); // no way back is left by now
  const calls = await systemd.calls();
  expect(await resume(newer, recorded.checkpoints.at(-1))).toMatchObject({ kind: 'succeeded' });
  expect(await systemd.calls()).toEqual(calls);
  expect(await contentOf('a')).toBe('newer\n');
});

describe('stopped', () => {
  test('while it is watched, it is put back by the clean-up', async () => {
    await install({ ...RUNNING, files: [file('a')] });
    const before = await systemd.running(UNIT);
    served['/a'] = 'newer\n';
    const newer = { ...RUNNING, command: ['run-app', '--newer'], files: [file('a')], stayUpSeconds: 600 };
    const recorded = recording();
    const running = installApplication(recorded.context, parametersOf(newer), places());
    await vi.waitUntil(async () => (await systemd.running(UNIT))?.includes('--newer'), PATIENCE);
    recorded.stop();
    expect(await running).toMatchObject({ kind: 'failed', reasonCode: 'APPLICATION_STOPPED' });
    const restored = recorded.checkpoints.at(-1);
    await undoInstallation(recording({ restored }).context, parametersOf(newer), places());
    expect([await contentOf('a'), await systemd.running(UNIT)]).toEqual([NEW, before]);
    expect(await everything()).toEqual(['.applications', 'a']);
  });

  test('a new one is stopped, and its service goes', async () => {
    const parameters = parametersOf({ ...RUNNING, files: [file('a')], stayUpSeconds: 600 });
    const recorded = recording();
    const running = installApplication(recorded.context, parameters, places());
    await vi.waitUntil(() => systemd.running(UNIT), PATIENCE);
    recorded.stop();
    await running;
    const restored = recorded.checkpoints.at(-1);
    await undoInstallation(recording({ restored }).context, parameters, places());
    expect([await systemd.running(UNIT), await systemd.isEnabled(UNIT)]).toEqual([undefined, false]);
    expect([await everything(), await readdir(systemd.unitFolder)]).toEqual([['.applications'], []]);
  });
});

describe('paths', () => {
  test('a folder in the place of a file is refused', async () => {
    await mkdir(join(apps, 'a'));
    expect(await install({ files: [file('a')] })).toMatchObject({ reasonCode: 'APPLICATION_FILE_REFUSED' });
  });

  test('a link that leads out is refused', async () => {
    const outside = join(folder, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'precious'), 'precious');
    await symlink(outside, join(apps, 'lib'));
    expect(await install({ files: [file('a', 'lib/precious')] })).toMatchObject({
      reasonCode: 'APPLICATION_FILE_REFUSED',
      message: expect.stringContaining('is a link out of'),
    });
    expect(await readFile(join(outside, 'precious'), 'utf8')).toBe('precious');
  });

  test('nor is anything made where it leads to', async () => {
    const victim = join(folder, 'victim');
    await mkdir(victim);
    await symlink(victim, join(apps, 'lib'));
    expect(await install({ files: [file('a', 'lib/deep/a')] })).toMatchObject({
      reasonCode: 'APPLICATION_FILE_REFUSED',
    });
    expect(await readdir(victim)).toEqual([]);
  });

  test('a link in the place of a file is replaced itself', async () => {
    await writeFile(join(folder, 'precious'), 'precious');
    await symlink(join(folder, 'precious'), join(apps, 'a'));
    await install({ files: [file('a')] });
    expect([await contentOf('a'), await readFile(join(folder, 'precious'), 'utf8')]).toEqual([NEW, 'precious']);
  });

  test.runIf(!isRoot)('a folder that may not be written is FILE_NOT_WRITTEN', async () => {
    await chmod(apps, 0o500);
    expect(await install({ files: [file('a', 'x/a')] })).toMatchObject({ reasonCode: 'FILE_NOT_WRITTEN' });
    await chmod(apps, 0o700);
  });

  test('a file where a folder should be is FILE_NOT_WRITTEN', async () => {
    await writeFile(join(apps, 'lib'), '');
    expect(await install({ files: [file('a', 'lib/a')] })).toMatchObject({
      reasonCode: 'FILE_NOT_WRITTEN',
      details: { errorCode: 'ERR_FILE_COPY_FAILED' },
    });
  });
});

describe('the unit', () => {
  test('has the words as they are, whatever is in them', async () => {
    const words = [
      'run-app',
      '%h',
      '$HOME',
      `$\{X}`,
      'a "b"',
      "it's",
      'back\\slash',
      ';',
      '',
      'new\nline',
      'é',
      '-x=%%',
    ];
    await install({ files: [], command: words });
    const unit = await readFile(join(systemd.unitFolder, UNIT), 'utf8');
    const line = /^ExecStart=:(.*)$/m.exec(unit)?.[1] ?? '';
    expect(line).toBe(
      `"${folder}/bin/run-app" "%%h" "$HOME" "\${X}" "a \\"b\\"" "it's" "back\\\\slash" ";" "" "new\\x0aline" "é" "-x=%%%%"`,
    );
  });

  test('is right to systemd', async () => {
    const words = ['/bin/sh', '-c', 'true', '%h', '$HOME', ';', '', 'new\nline'];
    await install({ name: 'a b/ü', workingDirectory: './x%y \\z ', files: [], command: words });
    vi.unstubAllEnvs();
    const unit = join(systemd.unitFolder, unitNameOf('a b/ü'));
    let said: string;
    try {
      said = execFileSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', unit], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    } catch (error) {
      const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
      if (code !== 'ENOENT') throw new Error(stderr ?? String(error));
      process.stderr.write('not tested, for want of systemd-analyze: the unit of an application\n');
      return;
    }
    expect(said).toBe('');
  });

  test('is named so that no two names meet', () => {
    expect(unitNameOf('telemetry-2.0')).toBe('iot-application-telemetry-2.0.service');
    expect(unitNameOf('../ü x')).toBe('iot-application-..\\x2f\\xc3\\xbc\\x20x.service');
    expect(nameProblem('ü'.repeat(20))).toBeUndefined();
    expect(nameProblem('ü'.repeat(64))).toContain('too many characters');
  });
});

describe('a document is refused', () => {
  test.each([
    [{ files: [file('a'), file('b', './a')] }, '/files/1/path', 'is the path of a file before it'],
    [{ files: [{ ...file('a'), url: 'http://elsewhere/a' }] }, '/files/0/url', 'begins with http:'],
    [{ files: [{ ...file('a'), url: 'https://169.254.169.254/a' }] }, '/files/0/url', 'leads to 169.254.169.254'],
    [{ user: 'nobody-of-ours' }, '/user', 'is neither one of runAsUsers'],
    [{ command: [''] }, '/command/0', 'is no program'],
    [{ command: ['--version'] }, '/command/0', 'is no program'],
    [{ name: 'ü'.repeat(64) }, '/name', 'too many characters'],
  ])('%j at %s', (more, pointer, reason) => {
    const { facts } = recording().context;
    expect(installApplicationHandler.check?.(parametersOf(more), facts)).toEqual({
      pointer,
      reason: expect.stringContaining(reason),
    });
  });

  test('whose command allowedCommands has not', () => {
    const facts = { ...recording().context.facts, allowedCommands: ['/bin/true'] };
    expect(installApplicationHandler.check?.(parametersOf({ command: ['/bin/sh'] }), facts)?.pointer).toMatch(
      '/command',
    );
    expect(installApplicationHandler.check?.(parametersOf({ command: ['/bin/true'] }), facts)).toBeUndefined();
  });

  test('but not for a user whom configuration allows', () => {
    const facts = { ...recording().context.facts, runAsUsers: ['app'] };
    expect(installApplicationHandler.check?.(parametersOf({ user: 'app' }), facts)).toBeUndefined();
  });
});

test('the dry run says what it would do, and changes nothing', async () => {
  await writeFile(join(apps, 'a'), 'x'.repeat(1204));
  const { context } = recording();
  const { facts, signal } = context;
  const parameters = parametersOf({
    ...RUNNING,
    files: [{ ...file('a'), url: `${file('a').url}?X-Amz-Signature=1` }, file('b')],
  });
  const plan = await installApplicationHandler.plan?.(parameters, { facts, signal, workDir: folder });
  expect(plan?.actions).toEqual([
    `download ${server.origin}/a to ${apps}/a, in the place of 1,204 bytes`,
    `download ${server.origin}/b to ${apps}/b, the new file`,
    `write /etc/systemd/system/${UNIT}`,
    `enable ${UNIT}`,
    `restart ${UNIT}, and see that it stays up`,
  ]);
  await rm(join(folder, 'bin', 'systemctl'));
  const without = await installApplicationHandler.plan?.(
    { ...parameters, command: ['no-such'] },
    { facts, signal, workDir: folder },
  );
  expect(without?.problems.join()).toMatch(/systemctl.*no program called no-such/);
  expect([await everything(), server.requests.length]).toEqual([['a'], 0]);
});

const RUNNING = { command: ['run-app'], start: true, startAtBoot: true, stayUpSeconds: 0 };

function places(searchPath = `${folder}/bin`) {
  return { unitFolder: systemd.unitFolder, searchPath };
}

function file(name: string, path = name) {
  return { path, url: `${server?.origin ?? 'https://example.com'}/${name}` };
}

function parametersOf(more: Partial<InstallApplicationParameters>): InstallApplicationParameters {
  return { name: 'app', files: [], ...more };
}

function recording(
  more: { restored?: JsonValue | undefined; onProgress?: RecordingContext['context']['progress'] } = {},
) {
  return createRecordingContext({ workDir: apps, ...more });
}

function install(more: Partial<InstallApplicationParameters>): Promise<HandlerResult> {
  return installApplication(recording().context, parametersOf(more), places());
}

/** By another job. */
function installAnew(more: Partial<InstallApplicationParameters>): Promise<HandlerResult> {
  const execution = { jobId: 'job-2', executionNumber: 1 };
  return installApplication({ ...recording().context, execution }, parametersOf(more), places());
}

function resume(more: Partial<InstallApplicationParameters>, restored: JsonValue | undefined): Promise<HandlerResult> {
  const { context } = recording({ restored });
  return installApplication({ ...context, attempt: 2 }, parametersOf(more), places());
}

function cutOffWhilePlacing(files: InstallApplicationParameters['files']): Promise<JsonValue> {
  return cutOffAt('placing', { files });
}

/** Power goes right after the checkpoint of that phase, before what it says is done. @returns that checkpoint. */
async function cutOffAt(phase: string, more: Partial<InstallApplicationParameters>): Promise<JsonValue> {
  const first = recording();
  const power = new Error('power is lost');
  const context: RecordingContext['context'] = {
    ...first.context,
    async checkpoint(value) {
      await first.context.checkpoint(value);
      if ((value as { phase?: string }).phase === phase) throw power;
    },
  };
  await expect(installApplication(context, parametersOf(more), places())).rejects.toBe(power);
  return first.checkpoints.at(-1) ?? null;
}

function swapsOf(checkpoint: JsonValue) {
  return (checkpoint as unknown as { swaps: { target: string; staged: string; backup: string; wasThere: boolean }[] })
    .swaps;
}

/** As far as it would have come. */
async function placeByHand(checkpoint: JsonValue, count: number): Promise<void> {
  const { putInPlace } = await import('../../handlers/install-application/file-swap.ts');
  await putInPlace(swapsOf(checkpoint).slice(0, count));
}

function contentOf(path: string): Promise<string> {
  return readFile(join(apps, path), 'utf8');
}

/** Hidden files, too: nothing is left beside. */
async function everything(): Promise<readonly string[]> {
  return (await readdir(apps)).sort();
}

async function recordOf(name: string): Promise<unknown> {
  return JSON.parse(await readFile(join(apps, '.applications', `${name}.json`), 'utf8')) as unknown;
}
