import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLinuxBoot } from '../../../agent/adapters/boot/linux.ts';

/** Neither is to be called where a test names its own. */
const COMMANDS = { rebootCommand: ['/nowhere/reboot'], shutdownCommand: ['/nowhere/poweroff'] };
const BOOT_ID = '0f8a9e9c-6d3c-4bd0-9a55-5f1f0a1a2b3c';

let folder: string;
let bootIdFile: string;
let path: string | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reboot-'));
  bootIdFile = join(folder, 'boot_id');
  await writeFile(bootIdFile, `${BOOT_ID}\n`);
  path = process.env.PATH;
  await putInPlaceOfSync('echo sync >> "$(dirname "$0")/calls"');
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(folder, { recursive: true, force: true });
});

test('the command is called once, after sync', async () => {
  const boot = bootWith(await program('for a; do printf "[%s]" "$a"; done >> "$(dirname "$0")/calls"'), 'now', 'a b');
  expect(boot.bootId).toBe(BOOT_ID);
  await boot.reboot();
  expect(await calls()).toBe('sync\n[now][a b]');
});

test('a power-off is asked for likewise, by its own command', async () => {
  const file = await program('for a; do printf "[%s]" "$a"; done >> "$(dirname "$0")/calls"', 'poweroff');
  const boot = createLinuxBoot({ ...COMMANDS, shutdownCommand: [file, '-f'], bootIdFile });
  await boot.powerOff();
  expect(await calls()).toBe('sync\n[-f]');
  await expect(createLinuxBoot({ ...COMMANDS, bootIdFile }).powerOff()).rejects.toThrow(
    /^\/nowhere\/poweroff: .*ENOENT/,
  );
});

test('a sync that fails does not keep it up', async () => {
  await putInPlaceOfSync('exit 1');
  await bootWith(await program('echo asked >> "$(dirname "$0")/calls"')).reboot();
  expect(await calls()).toBe('asked\n');
});

test('a sync that hangs does not keep it up', async () => {
  await putInPlaceOfSync('exec sleep 600');
  const rebootCommand = [await program('echo asked >> "$(dirname "$0")/calls"')];
  await createLinuxBoot({ ...COMMANDS, rebootCommand, bootIdFile, commandLimitMs: 3_000 }).reboot();
  expect(await calls()).toBe('asked\n');
});

test('a refusal says what the command said', async () => {
  const file = await program('echo "Access denied" >&2; exit 1');
  await expect(bootWith(file, 'now').reboot()).rejects.toThrow(`${file} now: Access denied`);
});

test('a silent refusal tells the exit code', async () => {
  const file = await program('exit 4');
  await expect(bootWith(file).reboot()).rejects.toThrow(`${file}: exit code 4`);
});

test('a command that is not there is named', async () => {
  await expect(bootWith('/nowhere/reboot').reboot()).rejects.toThrow(/^\/nowhere\/reboot: .*ENOENT/);
});

test('a command that hangs is killed, its pipes with it', async () => {
  const rebootCommand = [await program('trap "" TERM; sleep 600 & echo "$$ $!" > "$(dirname "$0")/calls"; wait')];
  const boot = createLinuxBoot({ ...COMMANDS, rebootCommand, bootIdFile, commandLimitMs: 3_000 });
  await expect(boot.reboot()).rejects.toThrow('killed after 3 s');
  const [pid = 0, childPid = 0] = (await calls()).split(' ').map(Number);
  process.kill(childPid, 'SIGKILL');
  expect(pid).toBeGreaterThan(1);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('without a boot id nothing is restarted or powered off', async () => {
  const rebootCommand = [await program('echo asked >> "$(dirname "$0")/calls"')];
  const bootIdNowhere = join(folder, 'nowhere');
  const boot = createLinuxBoot({ rebootCommand, shutdownCommand: rebootCommand, bootIdFile: bootIdNowhere });
  await expect(boot.reboot()).rejects.toThrow(`${bootIdNowhere} cannot be read`);
  await expect(boot.powerOff()).rejects.toThrow(`${bootIdNowhere} cannot be read`);
  await expect(calls()).rejects.toThrow('ENOENT');
});

function bootWith(...rebootCommand: readonly string[]) {
  return createLinuxBoot({ ...COMMANDS, rebootCommand, bootIdFile });
}

/** @returns the path of a script. */
async function program(script: string, name = 'reboot'): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

async function putInPlaceOfSync(script: string): Promise<void> {
  await program(script, 'sync');
  process.env.PATH = `${folder}:${path}`;
}

function calls(): Promise<string> {
  return readFile(join(folder, 'calls'), 'utf8');
}
