/**
 * What the AWS IoT Device Client gets wrong, by its source, about files, configuration and its unit, and what this agent
 * does instead. DEFECTS=whole launches two thousand times during the race.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startAgentAndCloud, THING } from '../fixtures/agent-and-cloud.ts';
import { runAgentCommand, startAgentProcess } from '../fixtures/agent-process.ts';
import { startTestCloud } from '../fixtures/job-cloud.ts';

const isRoot = process.getuid?.() === 0;
const isWhole = process.env.DEFECTS === 'whole';
const LAUNCHES = isWhole ? 2000 : 10;
const LIMIT_MS = isWhole ? 1_200_000 : 120_000;
const UNIT = fileURLToPath(new URL('../../systemd/iot-job-agent.service', import.meta.url));

test('D10 no name or path leads out of the folder', async () => {
  const { runJob, handlersDir } = await startAgentAndCloud();
  const outside = join(dirname(handlersDir), 'outside');
  const mark = join(outside, 'executed');
  await mkdir(outside);
  await writeFile(join(outside, 'evil.sh'), `#!/bin/sh\n: > ${mark}\n`, { mode: 0o755 });
  await symlink(join(outside, 'evil.sh'), join(handlersDir, 'link.sh'));
  await symlink(outside, join(handlersDir, 'folder'));
  const template = (handler: string, path: string) => ({
    version: '1.0',
    steps: [{ action: { name: 'Evil', type: 'runHandler', input: { handler, path } } }],
  });
  const jobs: readonly [jobId: string, document: object, reasonCode: string][] = [
    ['traversal', template('../outside/evil.sh', 'default'), 'JOB_DOCUMENT_INVALID'],
    ['absolute', template(join(outside, 'evil.sh'), ''), 'JOB_DOCUMENT_INVALID'],
    ['legacy', { operation: '../outside/evil.sh', args: [], path: 'default' }, 'JOB_DOCUMENT_INVALID'],
    ['native', { operation: '../outside/evil.sh' }, 'JOB_DOCUMENT_INVALID'],
    ['through-a-folder', template('folder/evil.sh', 'default'), 'JOB_DOCUMENT_INVALID'],
    ['other-path', template('evil.sh', outside), 'HANDLER_FOLDER_NOT_ALLOWED'],
    ['path-with-dots', template('evil.sh', `${handlersDir}/../outside`), 'HANDLER_FOLDER_NOT_ALLOWED'],
    ['path-of-a-link', template('evil.sh', join(handlersDir, 'folder')), 'HANDLER_FOLDER_NOT_ALLOWED'],
    ['link', template('link.sh', 'default'), 'HANDLER_OUTSIDE_FOLDER'],
  ];
  for (const [jobId, document, reasonCode] of jobs) {
    const { status, statusDetails } = await runJob(jobId, document);
    expect([jobId, status, statusDetails.detailsMap.reasonCode]).toEqual([jobId, 'REJECTED', reasonCode]);
  }
  expect(existsSync(mark)).toBe(false);
});

/** As fast as it can puts the evil file in the handler's place, writes into the one that is there, and puts a link there. */
const SWAP = `
echo begun
while :; do
  cp evil.sh ours.sh.new 2>/dev/null && mv -f ours.sh.new ours.sh 2>/dev/null
  cat evil.sh 2>/dev/null > ours.sh
  ln -sf evil.sh ours.sh 2>/dev/null
done`;

test('D10 a handler that others could swap is never run', { timeout: LIMIT_MS }, async () => {
  const { runJob, handlersDir, swap, hasRun } = await agentWithSwapper();
  await chmod(handlersDir, 0o777);
  await swap();
  for (let launch = 0; launch < LAUNCHES; launch += 1) {
    expect((await runJob(`launch-${launch}`, { operation: 'ours.sh' })).status).toBe('REJECTED');
  }
  await chmod(handlersDir, 0o755);
  const above = dirname(handlersDir);
  await chmod(above, 0o777);
  const { status, statusDetails } = await runJob('above', { operation: 'evil.sh' });
  expect([status, statusDetails.detailsMap.reason]).toEqual([
    'REJECTED',
    expect.stringContaining(`chmod go-w ${above}`),
  ]);
  expect(await hasRun()).toBe(false);
});

test.runIf(isRoot)('D10 in a closed folder others swap nothing', { timeout: LIMIT_MS }, async () => {
  const { cloud, runJob, handlersDir, swap, hasRun } = await agentWithSwapper();
  for (let folder = handlersDir; folder.startsWith(cloud.dataDir); folder = dirname(folder)) await chmod(folder, 0o755);
  await swap(65_534);
  for (let launch = 0; launch < LAUNCHES; launch += 1) {
    expect((await runJob(`launch-${launch}`, { operation: 'ours.sh' })).status).toBe('SUCCEEDED');
  }
  expect(await hasRun()).toBe(false);
});

async function agentWithSwapper() {
  const { cloud, runJob, handlersDir } = await startAgentAndCloud();
  const [evil, mark] = [join(handlersDir, 'evil.sh'), join(handlersDir, '..', 'evil')];
  await writeFile(join(handlersDir, 'ours.sh'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  await writeFile(evil, `#!/bin/sh\n: > ${mark}\n`, { mode: 0o755 });
  /** Resolves when it is at work. */
  const swap = async (uid?: number) => {
    const swapper = spawn('sh', ['-c', SWAP], {
      cwd: handlersDir,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
      ...(uid !== undefined && { uid, gid: uid }),
    });
    const exited = once(swapper, 'exit');
    onTestFinished(async () => {
      if (swapper.pid !== undefined) process.kill(-swapper.pid, 'SIGKILL');
      await exited;
    });
    await once(swapper.stdout, 'data');
  };
  /** Whether anybody ran the evil file; then runs it, to show that this would have been seen. */
  const hasRun = async () => {
    const before = existsSync(mark);
    await promisify(execFile)(evil);
    expect(existsSync(mark)).toBe(true);
    return before;
  };
  return { cloud, runJob, handlersDir, swap, hasRun };
}

test('D11 what looks like shell in settings stays literal', async () => {
  const cloud = await startTestCloud({ things: [THING] });
  const configPath = cloud.things[THING]?.configPath ?? '';
  const folder = dirname(configPath);
  const names = { stateDir: '$(touch pwned)', runtimeDir: '`touch pwned`', handlersDir: '~/$HOME;touch pwned' };
  const config = JSON.parse(await readFile(configPath, 'utf8')) as object;
  await writeFile(configPath, JSON.stringify({ ...config, ...names }));
  await mkdir(join(folder, names.handlersDir), { recursive: true });
  const handler = join(folder, names.handlersDir, '$(touch pwned)');
  await writeFile(handler, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  const agent = startAgentProcess(configPath, { HOME: folder, JOB_AGENT_HANDLER_PATHS: '$(touch pwned),*' });
  await agent.line(({ msg }) => msg === 'connected and subscribed');
  expect(existsSync(join(folder, names.stateDir))).toBe(true);
  expect(existsSync(join(folder, names.runtimeDir, 'agent.sock'))).toBe(true);
  const shown = await runAgentCommand(['config', '--json', '--config', configPath]);
  const expected = Object.entries(names).map(([name, value]) => [name, join(folder, value)]);
  expect(JSON.parse(shown.stdout)).toMatchObject(Object.fromEntries(expected));
  for (const place of [folder, process.cwd(), dirname(handler)]) expect(existsSync(join(place, 'pwned'))).toBe(false);
});

test('D12 the key counts with its owner and every folder above', async () => {
  const { configPath, keyPath, outer, startWith } = await deepKey();
  const { code, stdout } = await runAgentCommand(['config', '--config', configPath]);
  expect([code, stdout]).toEqual([0, expect.stringContaining(keyPath)]);

  await chmod(outer, 0o757);
  expect(await startWith()).toMatchObject({ code: 78, stderr: expect.stringContaining(`chmod go-w ${outer}`) });
  await chmod(outer, 0o755);
  await chmod(keyPath, 0o640);
  expect(await startWith()).toMatchObject({ code: 78, stderr: expect.stringContaining(`chmod 600 ${keyPath}`) });
  await chmod(keyPath, 0o400); // not 600 to the letter, and better
  expect(await runAgentCommand(['config', '--config', configPath])).toMatchObject({ code: 0, stderr: '' });
});

test.runIf(isRoot)('D12 another owner is refused, above the key warned of', async () => {
  const { configPath, keyPath, outer, startWith } = await deepKey();
  await chown(outer, 1234, 0);
  const agent = startAgentProcess(configPath);
  expect(await agent.line(({ code }) => code === 'CREDENTIALS_OPEN')).toMatchObject({
    level: 'warn',
    path: outer,
    reason: expect.stringContaining('belongs to user 1234'),
  });
  const shown = await runAgentCommand(['config', '--config', configPath]);
  expect(shown).toMatchObject({ code: 0, stderr: expect.stringContaining(`CREDENTIALS_OPEN: ${outer}`) });
  agent.child.kill('SIGKILL');
  await agent.exited;
  await chown(keyPath, 1234, 0);
  expect(await startWith()).toMatchObject({ code: 78, stderr: expect.stringContaining('belongs to user 1234') });
});

/** A thing whose key is two folders further down. */
async function deepKey() {
  const cloud = await startTestCloud({ things: [THING] });
  const configPath = cloud.things[THING]?.configPath ?? '';
  const outer = join(dirname(configPath), 'outer');
  const keyPath = join(outer, 'inner', 'private.key');
  await mkdir(dirname(keyPath), { recursive: true });
  await writeFile(keyPath, await readFile(join(dirname(configPath), 'private.key')), { mode: 0o600 });
  const config = JSON.parse(await readFile(configPath, 'utf8')) as object;
  await writeFile(configPath, JSON.stringify({ ...config, keyPath }));
  return { configPath, keyPath, outer, startWith: () => startAgentProcess(configPath).exited };
}

/** Measured by systemd-analyze of systemd 252, for a service that is root and not sandboxed; 0 is best, 10 worst. */
const EXPOSURE = 9.7;

test('D13 the unit restarts for ever and has a watchdog', async () => {
  const text = await readFile(UNIT, 'utf8');
  const unit = Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, key, value]) => [key, value]));
  expect(unit).toMatchObject({
    Type: 'notify',
    Restart: 'always',
    RestartSec: '5',
    StartLimitIntervalSec: '0',
    WatchdogSec: '60',
    KillMode: 'mixed',
    OOMPolicy: 'continue',
    UMask: '0077',
  });
  // StartLimitIntervalSec= is of [Unit]: in [Service] systemd ignores it, with a warning.
  expect(text.indexOf('StartLimitIntervalSec=')).toBeLessThan(text.indexOf('[Service]'));
});

test('D13 the exposure of the unit is what we say', async () => {
  const args = ['security', '--offline=true', '--no-pager', UNIT];
  const { stdout } = await promisify(execFile)('systemd-analyze', args).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    process.stderr.write('not tested, for want of systemd-analyze: the exposure of the unit\n');
    return { stdout: '' };
  });
  const exposure = /Overall exposure level for iot-job-agent\.service: ([\d.]+)/.exec(stdout)?.[1];
  if (stdout !== '') expect(Math.abs(Number(exposure) - EXPOSURE)).toBeLessThanOrEqual(0.2);
  const guide = await readFile(new URL('../../docs/testing.md', import.meta.url), 'utf8');
  expect(guide).toContain(`exposure of the unit is ${EXPOSURE}`);
});
