import { expect, test } from 'vitest';
import { createLinuxBoot } from '../../agent/adapters/boot/linux.ts';
import { withLoggedReboot } from '../../agent/jobs/logged-boot.ts';
import { createLogLines } from '../fixtures/log-lines.ts';

const COMMANDS = { rebootCommand: ['systemctl', 'reboot'], shutdownCommand: ['systemctl', 'poweroff'] };
const INFO = 30;
const WARN = 40;

function logged(reboot: () => Promise<void>) {
  const { log, lines } = createLogLines();
  const boot = { bootId: 'boot-1', reboot, powerOff: async () => undefined };
  return { boot: withLoggedReboot(boot, COMMANDS, log), lines };
}

test('a restart is told before it is asked for, and when accepted', async () => {
  const told: number[] = [];
  const { boot, lines } = logged(async () => void told.push(lines.length));
  await boot.reboot();
  expect(told).toEqual([1]);
  expect(lines).toMatchObject([
    {
      level: INFO,
      bootId: 'boot-1',
      rebootCommand: ['systemctl', 'reboot'],
      msg: 'gateway is asked to restart: rebootCommand is run',
    },
    {
      level: INFO,
      rebootCommand: ['systemctl', 'reboot'],
      msg: 'rebootCommand was accepted: the gateway is to restart',
    },
  ]);
});

test('so is a power-off', async () => {
  const { boot, lines } = logged(async () => Promise.reject(new Error('not asked for')));
  await boot.powerOff();
  const facts = { level: INFO, bootId: 'boot-1', shutdownCommand: ['systemctl', 'poweroff'] };
  expect(lines).toMatchObject([
    { ...facts, msg: 'gateway is asked to power off: shutdownCommand is run' },
    { ...facts, msg: 'shutdownCommand was accepted: the gateway is to power off' },
  ]);
});

test('a restart that is refused is told with its reason', async () => {
  const { boot, lines } = logged(async () => Promise.reject(new Error('reboot: Access denied')));
  await expect(boot.reboot()).rejects.toThrow('reboot: Access denied');
  expect(lines.slice(1)).toMatchObject([{ level: WARN, msg: 'rebootCommand failed', reason: 'reboot: Access denied' }]);
});

test('a power-off that is refused likewise', async () => {
  const { log, lines } = createLogLines();
  const boot = withLoggedReboot(createLinuxBoot({ ...COMMANDS, shutdownCommand: ['/nowhere/off'] }), COMMANDS, log);
  await expect(boot.powerOff()).rejects.toThrow('/nowhere/off');
  expect(lines.at(-1)).toMatchObject({
    level: WARN,
    msg: 'shutdownCommand failed',
    reason: expect.stringContaining('/nowhere/off'),
  });
});

test('a real command that is missing is told, too', async () => {
  const commands = { ...COMMANDS, rebootCommand: ['/nowhere/reboot'] };
  const { log, lines } = createLogLines();
  const boot = withLoggedReboot(createLinuxBoot(commands), commands, log);
  await expect(boot.reboot()).rejects.toThrow('/nowhere/reboot');
  expect(lines.at(-1)).toMatchObject({ msg: 'rebootCommand failed', rebootCommand: ['/nowhere/reboot'] });
});
