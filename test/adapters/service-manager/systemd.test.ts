import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSystemdServiceManager, noServiceManager } from '../../../agent/adapters/service-manager/systemd.ts';
import { startDatagramReceiver } from './datagram-receiver.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/handlers', import.meta.url));

/** systemd, played by a script that writes down what it is given. */
async function startRecorder() {
  const folder = await mkdtemp(join(tmpdir(), 'notify-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const NOTIFY_SOCKET = join(folder, 'said');
  const said = () => (existsSync(NOTIFY_SOCKET) ? readFileSync(NOTIFY_SOCKET, 'utf8').split('\n').slice(0, -1) : []);
  return {
    env: { NOTIFY_SOCKET, PATH: `${fixtures}:/usr/bin:/bin` },
    said,
    /** Makes every systemd-notify hang until it is released. */
    hold: () => writeFile(`${NOTIFY_SOCKET}.hold`, ''),
    release: () => rm(`${NOTIFY_SOCKET}.hold`),
    untilSaid: (lines: readonly string[]) => expect.poll(said).toEqual(lines),
  };
}

describe('what systemd is told', () => {
  test('each call is its own assignment', async () => {
    const { env, untilSaid } = await startRecorder();
    const manager = createSystemdServiceManager(env);
    manager.ready();
    await untilSaid(['READY=1|']);
    manager.alive();
    await untilSaid(['READY=1|', 'WATCHDOG=1|']);
    manager.status('running job-1');
    await untilSaid(['READY=1|', 'WATCHDOG=1|', 'STATUS=running job-1|']);
    manager.stopping();
    await untilSaid(['READY=1|', 'WATCHDOG=1|', 'STATUS=running job-1|', 'STOPPING=1|']);
  });

  test('what comes meanwhile goes out together', async () => {
    const { env, hold, release, said, untilSaid } = await startRecorder();
    await hold();
    const manager = createSystemdServiceManager(env);
    manager.status('first');
    await untilSaid(['STATUS=first|']);
    for (let count = 0; count < 100; count++) manager.status(`status ${count}`);
    for (let count = 0; count < 100; count++) manager.alive();
    manager.ready();
    expect(said()).toEqual(['STATUS=first|']);
    await release();
    await untilSaid(['STATUS=first|', 'STATUS=status 99|WATCHDOG=1|READY=1|']);
  });

  test('a ping in flight is not doubled', async () => {
    const { env, hold, release, untilSaid } = await startRecorder();
    await hold();
    const manager = createSystemdServiceManager(env);
    manager.alive();
    await untilSaid(['WATCHDOG=1|']);
    manager.alive();
    manager.stopping();
    await release();
    await untilSaid(['WATCHDOG=1|', 'STOPPING=1|']);
  });

  test('a status stays one short line', async () => {
    const { env, untilSaid } = await startRecorder();
    createSystemdServiceManager(env).status(`one\nMAINPID=1\0\u001b[31m${'x'.repeat(1000)}`);
    await untilSaid([`STATUS=one MAINPID=1 [31m${'x'.repeat(256 - 'one MAINPID=1 [31m'.length)}|`]);
  });
});

describe('without a systemd that listens', () => {
  test('a missing systemd-notify is told once', async () => {
    const problems: string[] = [];
    const env = { NOTIFY_SOCKET: '/nowhere/socket', PATH: '/nowhere' };
    const manager = createSystemdServiceManager(env, (problem) => problems.push(problem.message));
    manager.ready();
    manager.status('waits');
    await expect.poll(() => problems).toEqual(['spawn systemd-notify ENOENT']);
    manager.alive();
    manager.status('still here');
    await expect.poll(() => problems).toHaveLength(1);
  });

  test('nobody is told when nobody asked', () => {
    expect(createSystemdServiceManager({})).toBe(noServiceManager);
    expect(createSystemdServiceManager({ NOTIFY_SOCKET: '', WATCHDOG_USEC: '30000000' })).toBe(noServiceManager);
  });
});

test.each([
  [{ WATCHDOG_USEC: '30000000' }, 30_000],
  [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: String(process.pid) }, 30_000],
  [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' }, null],
  [{ WATCHDOG_USEC: '0' }, null],
  [{ WATCHDOG_USEC: 'soon' }, null],
  [{}, null],
])('%j is a watchdog of %s ms', (env, expected) => {
  expect(createSystemdServiceManager({ NOTIFY_SOCKET: '/nowhere/socket', ...env }).watchdogMs).toBe(expected);
});

const hasTools = ['systemd-notify', 'python3'].every((tool) => spawnSync(tool, ['--version']).status === 0);

if (hasTools) {
  test('the real systemd-notify reaches a real socket', async () => {
    const { socket, received, PATH } = await startDatagramReceiver();
    const manager = createSystemdServiceManager({ NOTIFY_SOCKET: socket, PATH });
    manager.ready();
    manager.status('waiting for jobs');
    await expect.poll(() => received().includes('STATUS=waiting for jobs')).toBe(true);
    expect(received().indexOf('READY=1')).toBeLessThan(received().indexOf('STATUS=waiting for jobs'));
    expect(received()).toContain('READY=1');
  });
} else {
  process.stderr.write('not tested, for want of systemd-notify or python3: the real systemd-notify\n');
}
