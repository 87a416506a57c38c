import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { installPackagesHandler } from '../../handlers/install-packages/handler.ts';
import { listOf } from '../../handlers/install-packages/installed-packages.ts';
import { PACKAGE_MANAGERS } from '../../handlers/install-packages/package-manager.ts';
import type { InstallPackagesParameters } from '../../handlers/install-packages/parameters.ts';
import { removePackagesHandler } from '../../handlers/remove-packages/handler.ts';
import type { RemovePackagesParameters } from '../../handlers/remove-packages/parameters.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { usePrograms } from '../fixtures/programs-on-path.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { createScratchApt, hasApt, type ScratchApt } from '../fixtures/scratch-apt.ts';

let folder: string;
let apt: ScratchApt;

describe.runIf(hasApt)('with apt and dpkg', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'packages-'));
    apt = await createScratchApt(folder);
    await apt.publish([
      { name: 'probe', version: '1.0-1', fields: { Depends: 'probe-data' } },
      { name: 'probe', version: '2.0-1', fields: { Depends: 'probe-data' } },
      { name: 'probe-data', version: '1:5' },
      { name: 'rival', version: '1', fields: { Conflicts: 'probe' } },
      { name: 'needy', version: '1', fields: { Depends: 'not-in-the-repository' } },
    ]);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  test('a package is installed with what it needs, and told', async () => {
    expect(await install({ packages: ['probe'] })).toEqual({
      kind: 'succeeded',
      details: { manager: 'apt', installed: 'probe 2.0-1, probe-data 1:5' },
    });
    expect(await apt.installed()).toEqual(['probe 2.0-1', 'probe-data 1:5']);
  });

  test('a version is installed as it is asked for, older ones, too', async () => {
    await install({ packages: ['probe=1.0-1'] });
    expect(await install({ packages: ['probe'] })).toHaveProperty('details.upgraded', 'probe 1.0-1 to 2.0-1');
    expect(await install({ packages: ['probe=1.0-1'] })).toEqual({
      kind: 'succeeded',
      details: { manager: 'apt', upgraded: 'probe 2.0-1 to 1.0-1' },
    });
    expect(await apt.installed()).toContain('probe 1.0-1');
  });

  describe('the dry run', () => {
    const planned = (packages: string[]) => installPackagesHandler.plan?.({ packages }, planContext());
    const removal = (packages: string[], purge = false) =>
      removePackagesHandler.plan?.({ packages, purge }, planContext());

    test('says what apt would do, and changes nothing', async () => {
      await install({ packages: ['probe=1.0-1'] });
      const before = await everyFile();
      expect(await planned(['probe', 'rival'])).toMatchObject({ problems: [expect.stringMatching(/^apt: /)] });
      expect(await planned(['probe'])).toEqual({ actions: ['change probe from 1.0-1 to 2.0-1'], problems: [] });
      expect(await planned(['probe-data'])).toEqual({ actions: ['apt would change nothing'], problems: [] });
      expect(await removal(['probe-data', 'rival'])).toEqual({
        actions: ['remove probe 1.0-1', 'remove probe-data 1:5'],
        problems: [],
      });
      expect(await removal(['probe'], true)).toEqual({
        actions: ['remove probe 1.0-1 and its configuration'],
        problems: [],
      });
      expect(await removal(['rival'])).toEqual({ actions: ['leave rival (not installed) as it is'], problems: [] });
      expect(await everyFile()).toEqual(before);
      expect(await apt.installed()).toEqual(['probe 1.0-1', 'probe-data 1:5']);
    });

    test('says what apt says no to, while something else holds the lock as well', async () => {
      await install({ packages: ['probe-data'] });
      const release = await holdLock(apt.lockFile);
      expect(await planned(['probe'])).toEqual({ actions: ['install probe 2.0-1'], problems: [] });
      await release();
      expect(await planned(['needy'])).toEqual({
        actions: ['install or upgrade needy (not installed)'],
        problems: [expect.stringContaining('not-in-the-repository')],
      });
    });

    /** Of apt and dpkg, with time of the last change. */
    async function everyFile(): Promise<readonly string[]> {
      const { stdout } = await promisify(execFile)('/usr/bin/find', [folder, '-type', 'f', '-printf', '%p %T@\\n']);
      return stdout.split('\n').sort();
    }
  });

  test('what is there already changes nothing', async () => {
    await install({ packages: ['probe'] });
    expect(await install({ packages: ['probe'] })).toEqual({
      kind: 'succeeded',
      details: { manager: 'apt', changed: 'nothing' },
    });
  });

  test('without refresh the lists stay as they are', async () => {
    expect(await install({ packages: ['probe'], refresh: false })).toMatchObject({
      reasonCode: 'PACKAGES_NOT_INSTALLED',
      message: expect.stringContaining('Unable to locate package probe'),
    });
  });

  test.each([
    ['is not there', 'nothing-like-it', 'Unable to locate package nothing-like-it'],
    ['has no such version', 'probe=9', "Version '9' for 'probe' was not found"],
    ['needs what is not there', 'needy', 'not-in-the-repository'],
    ['would be found by a pattern', 'pro.e', 'Unable to locate package pro.e'],
  ])('a package that %s is a failure, and nothing changes', async (_, name, message) => {
    const result = await install({ packages: ['probe-data', name] });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'PACKAGES_NOT_INSTALLED' });
    expect(result).toHaveProperty('message', expect.stringContaining(message));
    expect(result).toHaveProperty(
      'message',
      expect.not.stringMatching(/Reading package lists|Building dependency tree/),
    );
    expect(await apt.installed()).toEqual([]);
  });

  test('a package that would drive out another is a failure', async () => {
    await install({ packages: ['probe'] });
    expect(await install({ packages: ['rival'] })).toMatchObject({ reasonCode: 'PACKAGES_NOT_INSTALLED' });
    expect(await apt.installed()).toEqual(['probe 2.0-1', 'probe-data 1:5']);
  });

  test('a repository that cannot be read is PACKAGE_LIST_FAILED', async () => {
    await writeFile(join(folder, 'apt/sources.list'), 'what is this\n');
    expect(await install({ packages: ['probe'] })).toMatchObject({ kind: 'failed', reasonCode: 'PACKAGE_LIST_FAILED' });
  });

  test('while something else installs, it is tried later', async () => {
    await install({ packages: ['probe-data'] });
    const release = await holdLock(apt.lockFile);
    const result = await install({ packages: ['probe'], refresh: false, lockTimeoutSeconds: 0 });
    expect(result).toMatchObject({ kind: 'retry', message: expect.stringContaining('Could not get lock') });
    await release();
    expect(await install({ packages: ['probe'], lockTimeoutSeconds: 0 })).toMatchObject({ kind: 'succeeded' });
  });

  test('a lock that is let go in time is waited for', async () => {
    await install({ packages: ['probe-data'] });
    const release = await holdLock(apt.lockFile);
    const installing = install({ packages: ['probe'], refresh: false, lockTimeoutSeconds: 60 });
    await release();
    expect(await installing).toMatchObject({ kind: 'succeeded' });
  });

  test('what a power cut left unconfigured is put in order, then it goes on', async () => {
    await install({ packages: ['probe-data'] });
    // As dpkg leaves it: unpacked, and a journal in updates/ (dpkg: "dpkg was interrupted").
    const status = await readFile(apt.statusFile, 'utf8');
    const unpacked = status.replace('install ok installed', 'install ok unpacked');
    await writeFile(apt.statusFile, unpacked);
    await writeFile(join(folder, 'root/var/lib/dpkg/updates/0001'), unpacked);
    expect(await install({ packages: ['probe'] })).toMatchObject({ kind: 'succeeded' });
    expect(await apt.installed()).toEqual(['probe 2.0-1', 'probe-data 1:5']);
  });

  test('the clean-up configures what is only unpacked, and may do so again', async () => {
    await install({ packages: ['probe-data'] });
    const status = await readFile(apt.statusFile, 'utf8');
    await writeFile(apt.statusFile, status.replace('install ok installed', 'install ok unpacked'));
    expect(await apt.installed()).toEqual([]);
    const { context } = createRecordingContext({ workDir: folder });
    for (const _ of ['once', 'and once more']) {
      await installPackagesHandler.cleanup?.(context, { packages: ['probe-data'] });
      expect(await apt.installed()).toEqual(['probe-data 1:5']);
    }
  });

  test('a step that is stopped ends apt', async () => {
    const pidFile = join(folder, 'pid');
    await apt.programs.add('apt-get', `[ "$1" = --version ] || { echo $$ > ${pidFile}; exec sleep 300; }`);
    const recording = createRecordingContext({ workDir: folder });
    const running = installPackagesHandler.run(recording.context, { packages: ['probe'] });
    await vi.waitFor(() => readFile(pidFile, 'utf8'), PATIENCE);
    recording.stop();
    expect(await running).toMatchObject({ kind: 'failed', reasonCode: 'PACKAGES_STOPPED' });
  });

  test('a package is removed, with what needs it, and told', async () => {
    await install({ packages: ['probe'] });
    expect(await remove({ packages: ['probe-data'] })).toEqual({
      kind: 'succeeded',
      details: { manager: 'apt', removed: 'probe 2.0-1, probe-data 1:5' },
    });
    expect(await apt.installed()).toEqual([]);
  });

  test('what is not there is removed already', async () => {
    expect(await remove({ packages: ['probe', 'probe+'] })).toEqual({
      kind: 'succeeded',
      details: { manager: 'apt', changed: 'nothing' },
    });
  });

  test('a sign that apt takes for an order to install does not install', async () => {
    await install({ packages: ['probe-data'] });
    expect(await remove({ packages: ['probe-data', 'probe+'] })).toMatchObject({ kind: 'succeeded' });
    expect(await apt.installed()).toEqual([]);
  });

  test('purge takes the word of it away, too', async () => {
    await install({ packages: ['probe-data'] });
    await remove({ packages: ['probe-data'], purge: true });
    expect(await readFile(apt.statusFile, 'utf8')).not.toContain('probe-data');
  });

  test('what the system needs is not removed', async () => {
    await apt.publish([{ name: 'base', version: '1', fields: { Essential: 'yes' } }]);
    await install({ packages: ['base'] });
    expect(await remove({ packages: ['base'] })).toMatchObject({ reasonCode: 'PACKAGES_NOT_REMOVED' });
    expect(await apt.installed()).toEqual(['base 1']);
  });
});

function install(parameters: InstallPackagesParameters) {
  return installPackagesHandler.run(createRecordingContext({ workDir: folder }).context, parameters);
}

function planContext() {
  return createRecordingContext({ workDir: folder }).context;
}

function remove(parameters: RemovePackagesParameters) {
  return removePackagesHandler.run(createRecordingContext({ workDir: folder }).context, parameters);
}

/** dpkg locks with fcntl(2), which Node.js has not: perl has, and is part of every Debian. */
async function holdLock(path: string): Promise<() => Promise<void>> {
  const program =
    'use Fcntl; open my $f, ">>", $ARGV[0] or die; my $l = pack("s s l! l! i", F_WRLCK, 0, 0, 0, 0); fcntl($f, F_SETLK, $l) or die; $| = 1; print "held\n"; <STDIN>;';
  const holder = spawn('/usr/bin/perl', ['-e', program, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  return async () => {
    const ended = once(holder, 'exit');
    holder.stdin.end();
    await ended;
  };
}

describe('the argument lists of the others, as their manuals have them', () => {
  const requests = [
    { name: 'a', version: undefined },
    { name: 'b', version: '1.2' },
  ];
  const managers = Object.fromEntries(PACKAGE_MANAGERS.map((manager) => [manager.name, manager]));

  test.each([
    ['dnf', 'dnf --assumeyes --quiet --setopt=exit_on_lock=True install -- a b-1.2'],
    ['apk', 'apk --no-progress --wait=60 add -- a b=1.2'],
    ['opkg', 'opkg install -- a b'],
  ])('%s', (name, words) => {
    expect(managers[name]?.install(requests, 60).join(' ')).toBe(`env LC_ALL=C.UTF-8 ${words}`);
  });

  test.each([
    ['apt', 'ii \tlibc6:amd64\t2.36-9', ['libc6:amd64', '2.36-9']],
    ['apt', 'rc \tgone\t1', undefined],
    ['dnf', 'bash\t5.2.26-3.fc40', ['bash', '5.2.26-3.fc40']],
    ['apk', 'busybox-binsh-1.36.1-r5', ['busybox-binsh', '1.36.1-r5']],
    ['opkg', 'kmod-usb-core - 5.15.150-1', ['kmod-usb-core', '5.15.150-1']],
    ['opkg', 'Not a package', undefined],
  ])('a line of %s: %j', (name, line, pair) => {
    expect(managers[name]?.readLine(line)).toEqual(pair);
  });

  test('opkg takes no version, and the job is told so before anything is done', async () => {
    folder = await mkdtemp(join(tmpdir(), 'packages-'));
    const programs = await usePrograms(folder, ['/usr/bin/env']);
    await programs.add('opkg', `echo "$@" >> ${folder}/calls`);
    const result = await install({ packages: ['a=1'] });
    vi.unstubAllEnvs();
    expect(result).toMatchObject({ kind: 'rejected', reasonCode: 'PACKAGE_VERSION_NOT_SUPPORTED' });
    expect(await readFile(join(folder, 'calls'), 'utf8')).not.toMatch(/install |update/);
    await rm(folder, { recursive: true, force: true });
  });

  test('without any of them it is PACKAGE_MANAGER_MISSING', async () => {
    folder = await mkdtemp(join(tmpdir(), 'packages-'));
    await usePrograms(folder);
    const result = await install({ packages: ['a'] });
    vi.unstubAllEnvs();
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'PACKAGE_MANAGER_MISSING' });
    await rm(folder, { recursive: true, force: true });
  });
});

test('a long list of changes fits into a status detail', () => {
  const entries = Array.from({ length: 500 }, (_, i) => `package-${i} 1.0-${i}`);
  expect(listOf(entries).length).toBeLessThanOrEqual(1024);
  expect(listOf(entries)).toMatch(/ and \d+ more$/);
  expect(listOf(['a 1', 'b 2'])).toBe('a 1, b 2');
});

test.each([
  [installPackagesHandler, 'install-packages.sh'],
  [removePackagesHandler, 'remove-packages.sh'],
])('the script of the template has names with spaces between: $operation', ({ managedTemplates }, script) => {
  expect(managedTemplates?.[0]?.handler).toBe(script);
  expect(managedTemplates?.[0]?.parametersOf(['curl  jq curl'])).toEqual({ packages: ['curl', 'jq'] });
  expect(managedTemplates?.[0]?.parametersOf([''])).toContain('got none');
});
