import { lchown, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { HandlerResult } from '../../agent/handler-api.ts';
import { applicationsHandler, manageApplications } from '../../handlers/applications/handler.ts';
import type { ApplicationsParameters } from '../../handlers/applications/parameters.ts';
import { installApplication } from '../../handlers/install-application/installation.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { usePrograms } from '../fixtures/programs-on-path.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { addUnitManager, type UnitManagerStandIn } from '../fixtures/unit-manager-stand-in.ts';

const UNIT = 'iot-application-app.service';

let folder: string;
let systemd: UnitManagerStandIn;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'applications-'));
  const programs = await usePrograms(folder);
  await programs.add('run-app', 'exit 0');
  systemd = await addUnitManager(programs, folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe('with a stand-in for systemctl', () => {
  beforeEach(() => addApplication('app'));

  test.each(['start', 'restart'] as const)('%s starts it', async (action) => {
    expect(await manage({ action, name: 'app', stayUpSeconds: 0 })).toEqual({
      kind: 'succeeded',
      details: { state: 'package started', unit: `${UNIT} active (running, disabled)` },
    });
    expect((await systemd.calls()).at(-1)).toBe(`${action} -- ${UNIT}`);
  });

  test('start of what runs, and stop of what does not, succeed', async () => {
    expect(await manage({ action: 'stop', name: 'app' })).toMatchObject({ kind: 'succeeded' });
    await manage({ action: 'start', name: 'app', stayUpSeconds: 0 });
    expect(await manage({ action: 'start', name: 'app', stayUpSeconds: 0 })).toMatchObject({ kind: 'succeeded' });
    expect(await manage({ action: 'stop', name: 'app' })).toEqual({
      kind: 'succeeded',
      details: { state: 'package stopped', unit: `${UNIT} inactive (dead, disabled)` },
    });
    expect(await systemd.running(UNIT)).toBeUndefined();
  });

  test.each([
    ['cannot-start', 'failed because'],
    ['crashes', 'did not stay up'],
  ] as const)('one that %s is a failure, and is not tried for ever', async (becomes, reason) => {
    await systemd.onStart('run-app', becomes);
    expect(await manage({ action: 'start', name: 'app' })).toMatchObject({
      kind: 'failed',
      reasonCode: 'APPLICATION_NOT_STARTED',
      message: expect.stringContaining(reason),
      details: { errorCode: 'ERR_UNABLE_TO_START_PACKAGE' },
    });
    expect(await systemd.running(UNIT)).toBeUndefined();
  });

  test('remove takes away service, files and record', async () => {
    await writeFile(join(folder, 'own-data'), '');
    await writeFile(join(folder, 'installed'), '');
    const record = join(folder, '.applications', 'app.json');
    const content = JSON.parse(await readFile(record, 'utf8')) as object;
    await writeFile(record, JSON.stringify({ ...content, files: [{ path: join(folder, 'installed') }] }));
    await manage({ action: 'start', name: 'app', stayUpSeconds: 0 });
    expect(await manage({ action: 'remove', name: 'app' })).toMatchObject({ kind: 'succeeded' });
    expect([await systemd.running(UNIT), await systemd.isEnabled(UNIT)]).toEqual([undefined, false]);
    expect(await readdir(systemd.unitFolder)).toEqual([]);
    expect(await readdir(join(folder, '.applications'))).toEqual([]);
    expect(await readdir(folder)).toContain('own-data');
    expect(await readdir(folder)).not.toContain('installed');
    expect(await manage({ action: 'start', name: 'app' })).toMatchObject({ reasonCode: 'APPLICATION_NOT_INSTALLED' });
  });

  test.runIf(process.getuid?.() === 0)('remove follows no link of the user that it runs as', async () => {
    const [victim, conf] = [join(folder, 'victim'), join(folder, 'conf')];
    await mkdir(victim);
    await writeFile(join(victim, 'hosts'), 'kept');
    const path = join(folder, '.applications/app.json');
    const record = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...record, files: [{ path: join(conf, 'hosts') }] }));
    await symlink(victim, conf);
    await lchown(conf, 65_534, 65_534);
    expect(await manage({ action: 'remove', name: 'app' })).toMatchObject({
      kind: 'failed',
      reasonCode: 'FILE_NOT_WRITTEN',
      message: `${conf} is a link of user 65534; what it leads to is left alone`,
    });
    expect(await readdir(victim)).toEqual(['hosts']);
    expect(await systemd.running(UNIT)).toBeUndefined();
  });

  test('remove that was cut off after the record was gone has done its work', async () => {
    const { context } = createRecordingContext({ workDir: folder });
    const again = { ...context, attempt: 2 };
    const result = await manageApplications(again, { action: 'remove', name: 'gone' }, systemd.unitFolder);
    expect(result).toMatchObject({ kind: 'succeeded' });
    expect(await manage({ action: 'remove', name: 'gone' })).toMatchObject({ reasonCode: 'APPLICATION_NOT_INSTALLED' });
  });

  test('status tells all, as the SDK’s agent does, and how they are', async () => {
    await addApplication('b', null);
    await manage({ action: 'start', name: 'app', stayUpSeconds: 0 });
    expect(await manage({ action: 'status' })).toEqual({
      kind: 'succeeded',
      details: { installedPackages: '[app, b]', applications: 'app: active (running, disabled); b: 0 files' },
    });
    expect(await manage({ action: 'status', name: 'b' })).toHaveProperty('details.installedPackages', '[b]');
  });

  test('files only are nothing to start, and nothing to stop', async () => {
    await addApplication('b', null);
    expect(await manage({ action: 'start', name: 'b' })).toMatchObject({ reasonCode: 'APPLICATION_HAS_NO_COMMAND' });
    expect(await manage({ action: 'stop', name: 'b' })).toMatchObject({ kind: 'succeeded' });
    expect(await manage({ action: 'remove', name: 'b' })).toMatchObject({ kind: 'succeeded' });
  });

  test('a start that is stopped says so', async () => {
    const recording = createRecordingContext({ workDir: folder });
    const starting = manageApplications(recording.context, { action: 'start', name: 'app' }, systemd.unitFolder);
    await vi.waitUntil(() => systemd.running(UNIT), PATIENCE);
    recording.stop();
    expect(await starting).toMatchObject({ reasonCode: 'APPLICATION_STOPPED' });
  });

  test.each(['start', 'stop', 'restart', 'remove'] as const)('the dry run of %s', async (action) => {
    const { facts, signal } = createRecordingContext({ workDir: folder }).context;
    const plan = await applicationsHandler.plan?.({ action, name: 'app' }, { facts, signal, workDir: folder });
    expect(plan?.actions[0]).toContain(action === 'remove' ? `stop ${UNIT}` : `${action} ${UNIT}`);
    const gone = await applicationsHandler.plan?.({ action, name: 'gone' }, { facts, signal, workDir: folder });
    expect(gone?.problems).toEqual(['no application called gone was installed by a job']);
  });
});

test.each(['start', 'stop', 'restart', 'status'] as const)('%s of one that is not there is told', async (action) => {
  expect(await manage({ action, name: 'gone' })).toMatchObject({
    kind: 'failed',
    reasonCode: 'APPLICATION_NOT_INSTALLED',
    details: { errorCode: 'ERR_INVALID_PACKAGE_NAME' },
  });
});

test('without systemd, status still tells what is installed, and start says what is missing', async () => {
  await addApplication('app');
  await rm(join(folder, 'bin', 'systemctl'));
  expect(await manage({ action: 'status' })).toMatchObject({
    details: { installedPackages: '[app]', applications: 'app: systemd does not say' },
  });
  expect(await manage({ action: 'start', name: 'app' })).toMatchObject({ reasonCode: 'SYSTEMD_NOT_AVAILABLE' });
});

test('without any, status says so', async () => {
  expect(await manage({ action: 'status' })).toEqual({ kind: 'succeeded', details: { installedPackages: '[]' } });
});

test.each([
  [{ action: 'start' }, '/name'],
  [{ action: 'remove' }, '/name'],
  [{ action: 'stop', name: 'a', stayUpSeconds: 1 }, '/stayUpSeconds'],
  [{ action: 'status', stayUpSeconds: 1 }, '/stayUpSeconds'],
] as [ApplicationsParameters, string][])('%j is refused at %s', (parameters, pointer) => {
  const { facts } = createRecordingContext({ workDir: folder }).context;
  expect(applicationsHandler.check?.(parameters, facts)?.pointer).toBe(pointer);
});

function manage(parameters: ApplicationsParameters): Promise<HandlerResult> {
  return manageApplications(createRecordingContext({ workDir: folder }).context, parameters, systemd.unitFolder);
}

async function addApplication(name: string, command: string[] | null = ['run-app']): Promise<void> {
  const { context } = createRecordingContext({ workDir: folder });
  const parameters = { name, files: [], ...(command !== null && { command }) };
  const places = { unitFolder: systemd.unitFolder, searchPath: join(folder, 'bin') };
  expect(await installApplication(context, parameters, places)).toMatchObject({ kind: 'succeeded' });
}
