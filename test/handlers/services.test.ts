import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { servicesHandler } from '../../handlers/services/handler.ts';
import { isSameUnit, ownUnitOf } from '../../handlers/services/own-unit.ts';
import type { ServicesParameters } from '../../handlers/services/parameters.ts';
import { isAlive } from '../fixtures/agent-process.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { type ProgramsOnPath, usePrograms } from '../fixtures/programs-on-path.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { addSystemctl, type SystemctlStandIn, type UnitProperties } from '../fixtures/systemctl-stand-in.ts';

const LOADED: UnitProperties = {
  LoadState: 'loaded',
  ActiveState: 'inactive',
  SubState: 'dead',
  UnitFileState: 'disabled',
  Result: 'success',
  NRestarts: '0',
  InvocationID: '',
};

let folder: string;
let programs: ProgramsOnPath;
let systemd: SystemctlStandIn;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'services-'));
  programs = await usePrograms(folder);
  systemd = await addSystemctl(programs, folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe('with a stand-in for systemctl', () => {
  test.each([
    ['start', 'app.service active (running, disabled)'],
    ['restart', 'app.service active (running, disabled)'],
    ['stop', 'app.service inactive (dead, disabled)'],
    ['enable', 'app.service inactive (dead, enabled)'],
    ['disable', 'app.service inactive (dead, disabled)'],
  ] as const)('%s is done, and the state told', async (action, units) => {
    await systemd.unit('app.service', LOADED);
    expect(await change({ action, units: ['app.service'] })).toEqual({ kind: 'succeeded', details: { units } });
    expect(await actions()).toEqual([`${action} -- app.service`]);
  });

  test('the dry run says how the units are, and which are not there; it only looks', async () => {
    await systemd.unit('app.service', LOADED);
    const { context } = createRecordingContext({ workDir: folder });
    const units = ['app.service', 'no-such.service'];
    expect(await servicesHandler.plan?.({ action: 'restart', units, stayUpSeconds: 30 }, context)).toEqual({
      actions: ['restart app.service inactive (dead, disabled)', 'watch for 30 s that they stay active'],
      problems: ['no such unit: no-such.service'],
    });
    expect(await actions()).toEqual([]);
  });

  test('several units are one call, told in their order', async () => {
    await systemd.unit('b', LOADED);
    await systemd.unit('a', LOADED);
    expect(await change({ action: 'start', units: ['b', 'a'] })).toHaveProperty(
      'details.units',
      'b active (running, disabled), a active (running, disabled)',
    );
    expect(await actions()).toEqual(['start -- b a']);
  });

  test('a unit that is not there stops the step before anything is done', async () => {
    await systemd.unit('a', LOADED);
    expect(await change({ action: 'stop', units: ['a', 'b'] })).toMatchObject({
      reasonCode: 'SERVICE_NOT_FOUND',
      message: 'no such unit: b',
    });
    expect(await actions()).toEqual([]);
  });

  test('what systemctl says of a failure is the reason', async () => {
    await systemd.unit(
      'a',
      LOADED,
      '[ $action = show ] || { echo "Failed to start a.service: Unit is masked." >&2; exit 1; }',
    );
    expect(await change({ action: 'start', units: ['a'] })).toMatchObject({
      reasonCode: 'SERVICE_ACTION_FAILED',
      message: 'systemctl start: Failed to start a.service: Unit is masked.',
    });
  });

  test.each([
    ['start', 'SERVICE_NOT_ACTIVE', 'failed'],
    ['stop', 'SERVICE_NOT_STOPPED', 'active'],
  ] as const)('%s that leads to another state is %s', async (action, reasonCode, state) => {
    await systemd.unit('a', LOADED, `set_property ActiveState ${state}`);
    expect(await change({ action, units: ['a'] })).toMatchObject({ kind: 'failed', reasonCode });
  });

  test('a unit that runs once and has ended well is a success', async () => {
    await systemd.unit('a', LOADED, 'set_property ActiveState inactive');
    expect(await change({ action: 'start', units: ['a'] })).toMatchObject({ kind: 'succeeded' });
  });

  test('one that did not run once well is not', async () => {
    await systemd.unit('a', LOADED, 'set_property ActiveState inactive; set_property Result exit-code');
    expect(await change({ action: 'start', units: ['a'] })).toMatchObject({ reasonCode: 'SERVICE_NOT_ACTIVE' });
  });
});

describe('stayUpSeconds', () => {
  /** The property changes when the unit is looked at for the third time: before, after, and once while watched. */
  const onThirdLook = (change: string) =>
    `[ $action = show ] && { echo >> looks; [ $(wc -l < looks) -lt 3 ] || ${change}; }; :`;

  test('is waited for, and told', async () => {
    await systemd.unit('a', LOADED);
    const result = await change({ action: 'start', units: ['a'], stayUpSeconds: 1 });
    expect(result).toMatchObject({ kind: 'succeeded', details: { stayedUpSeconds: 1 } });
  });

  test.each([
    ['ends', 'set_property ActiveState failed'],
    ['is restarted by systemd', 'set_property NRestarts 1'],
    ['is restarted by somebody else', 'set_property InvocationID other'],
  ])('a unit that %s meanwhile fails at once', async (_, happening) => {
    await systemd.unit('a', LOADED, onThirdLook(happening));
    const result = await change({ action: 'restart', units: ['a'], stayUpSeconds: 600 });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'SERVICE_DID_NOT_STAY_UP' });
  });

  test('a unit that runs once does not stay up', async () => {
    await systemd.unit('a', LOADED, 'set_property ActiveState inactive');
    expect(await change({ action: 'start', units: ['a'], stayUpSeconds: 5 })).toMatchObject({
      reasonCode: 'SERVICE_DID_NOT_STAY_UP',
    });
  });

  test('ends when the step is stopped', async () => {
    await systemd.unit('a', LOADED);
    const recording = createRecordingContext({ workDir: folder, onProgress: () => recording.stop() });
    const result = await servicesHandler.run(recording.context, { action: 'start', units: ['a'], stayUpSeconds: 600 });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'SERVICE_STOPPED' });
  });

  test.each(['stop', 'enable', 'disable'] as const)('means nothing for %s', (action) => {
    const { facts } = createRecordingContext({ workDir: folder }).context;
    expect(servicesHandler.check?.({ action, units: ['a'], stayUpSeconds: 1 }, facts)?.pointer).toBe('/stayUpSeconds');
    expect(servicesHandler.check?.({ action: 'start', units: ['a'], stayUpSeconds: 1 }, facts)).toBeUndefined();
  });
});

test('without systemctl it is SYSTEMD_NOT_AVAILABLE', async () => {
  await rm(join(programs.folder, 'systemctl'));
  expect(await change({ action: 'start', units: ['a'] })).toMatchObject({ reasonCode: 'SYSTEMD_NOT_AVAILABLE' });
});

test('without a running systemd, too', async () => {
  await programs.add(
    'systemctl',
    'echo "System has not been booted with systemd as init system (PID 1). Can\'t operate." >&2; exit 1',
  );
  expect(await change({ action: 'start', units: ['a'] })).toMatchObject({ reasonCode: 'SYSTEMD_NOT_AVAILABLE' });
});

test('a systemctl that hangs is ended when the step is stopped', async () => {
  const pidFile = join(folder, 'pid');
  await programs.add('systemctl', `echo $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; exec sleep 300`);
  const recording = createRecordingContext({ workDir: folder });
  const running = servicesHandler.run(recording.context, { action: 'start', units: ['a'] });
  const pid = Number(await vi.waitFor(() => readFile(pidFile, 'utf8'), PATIENCE));
  recording.stop();
  expect(await running).toMatchObject({ reasonCode: 'SERVICE_STOPPED' });
  expect(isAlive(pid)).toBe(false);
});

test('the fourth time that it was cut off is a failure', async () => {
  await systemd.unit('a', LOADED);
  const { context } = createRecordingContext({ workDir: folder });
  const result = await servicesHandler.run({ ...context, attempt: 4 }, { action: 'restart', units: ['a'] });
  expect(result).toMatchObject({ reasonCode: 'SERVICE_INTERRUPTED' });
  expect(await systemd.calls()).toEqual([]);
});

test.each([
  ['0::/system.slice/iot-job-agent.service/run-1\n', 'iot-job-agent.service'],
  ['12:pids:/system.slice/a.service\n0::/\n', 'a.service'],
  ['0::/user.slice/user-1000.slice\n', undefined],
])('the own unit in %j is %s', (cgroup, unit) => {
  expect(ownUnitOf(cgroup)).toBe(unit);
});

test.each(['iot-job-agent', 'iot-job-agent.service'])('%s is the own unit', (name) => {
  expect(isSameUnit(name, 'iot-job-agent.service')).toBe(true);
});

test.each(['start', 'stop', 'restart'] as const)('%s-services.sh takes names with spaces between', (action) => {
  const template = servicesHandler.managedTemplates?.find(({ handler }) => handler === `${action}-services.sh`);
  expect(template?.parametersOf(['nginx  gateway-app.service nginx'])).toEqual({
    action,
    units: ['nginx', 'gateway-app.service'],
  });
  expect(template?.parametersOf([' '])).toBe('expected the names of services with spaces between, got none');
});

function change(parameters: ServicesParameters) {
  return servicesHandler.run(createRecordingContext({ workDir: folder }).context, parameters);
}

/** Without those that only look. */
async function actions(): Promise<readonly string[]> {
  const calls = (await systemd.calls()).map((call) => call.replace('--no-pager --no-ask-password ', ''));
  return calls.filter((call) => !call.startsWith('show'));
}
