import { execFile, spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { isAlive } from '../fixtures/agent-process.ts';
import {
  childrenByProgram,
  DEMO_PROGRAM,
  type DemoProcess,
  startAsTyped,
  startDemoProcess,
  temporaryFolder,
} from '../fixtures/demo-process.ts';

const run = promisify(execFile);
const CONNECTED = /"msg":"connected and subscribed"/;

test('dev starts an agent that was killed again, and the job is told INTERRUPTED', async () => {
  const folder = await temporaryFolder();
  const dev = await startDev(folder);
  await writeFile(join(folder, 'sleep.json'), '{"operation":"run-command","parameters":{"command":["sleep","60"]}}');
  const job = startDemoProcess(['--job', 'sleep.json'], folder);
  await job.shown(/IN_PROGRESS/);
  // The service hears of a run before the journal does: killed in between, the agent has run nothing, and runs it.
  await dev.shown(/"msg":"step started"/);
  const before = programOf(dev, 'job-agent.js');
  const cloud = programOf(dev, 'job-cloud.js');
  process.kill(before, 'SIGKILL');
  await dev.shown(/^job-agent ended by itself \(SIGKILL\)\. It is started again in 2 s; the cloud stays up\.$/m);
  expect(await job.exited).toEqual({ code: 1, signal: null });
  expect(job.output()).toContain('"reasonCode": "INTERRUPTED"');
  expect(programOf(dev, 'job-agent.js')).not.toBe(before);
  expect(programOf(dev, 'job-cloud.js')).toBe(cloud);
});

test('dev without its cloud ends in one line', async () => {
  const dev = await startDev(await temporaryFolder());
  const agent = programOf(dev, 'job-agent.js');
  process.kill(programOf(dev, 'job-cloud.js'), 'SIGKILL');
  expect(await dev.exited).toEqual({ code: 1, signal: null });
  expect(dev.output()).toMatch(/^job-cloud ended by itself \(SIGKILL\)$/m);
  expect(dev.output()).not.toMatch(/^ +at /m);
  expect(isAlive(agent)).toBe(false);
});

test('dev with a configuration that cannot do ends in one line', async () => {
  const folder = await temporaryFolder();
  await editedDevFolder(folder, { logLevel: 'loud' });
  const second = startDemoProcess(['--dev'], folder);
  expect(await second.exited).toEqual({ code: 1, signal: null });
  expect(second.output()).toMatch(/^job-agent ended by itself \(exit code 78\)$/m);
});

test('a second dev in the same folder is refused', async () => {
  const folder = await temporaryFolder();
  await startDev(folder);
  const second = startDemoProcess(['--dev'], folder);
  expect(await second.exited).toEqual({ code: 1, signal: null });
  expect(second.output()).toBe('npm run dev is up already, in another terminal.\n');
});

test('the commands that dev shows are commands that work', async () => {
  const folder = await temporaryFolder();
  const dev = await startDev(folder);
  expect(dev.output()).toContain('job-agent.js status --config .job-cloud/things/gateway-1/config.json\n');
  const [, document = '', file = ''] = await dev.shown(/^ {2}echo '(.+)' > (.+)$/m);
  expect(dev.output()).toContain(`  npm run job -- ${file}\n`);
  await writeFile(join(folder, file), document);
  const job = startDemoProcess(['--job', file], folder);
  expect(await job.exited).toEqual({ code: 0, signal: null });
  expect(job.output()).toContain('"stdout": "Linux');
});

test('the first job of README.md runs as it is written there', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const [, commands = ''] = /In another terminal:\n\n```sh\n(.+?)```/s.exec(readme) ?? [];
  expect(commands).toContain('npm run job -- ');
  const folder = await temporaryFolder();
  await startDev(folder);
  const script = commands.replace('npm run job --', `'${process.execPath}' '${DEMO_PROGRAM}' --job`);
  const { stdout } = await run('sh', ['-ec', script], { cwd: folder, env: { PATH: process.env.PATH } });
  expect(stdout).toContain('"stdout": "got {\\"name\\":\\"Ada\\"}');
  expect(await readdir(folder)).toEqual(['.job-cloud']);
});

test.runIf(canHaveOwnMounts())('the restart of docs/local-cloud.md lets a job go on', async () => {
  const guide = await readFile(new URL('../../docs/local-cloud.md', import.meta.url), 'utf8');
  const [, section = ''] = /^## A restart at your desk$(.+?)^## /ms.exec(guide) ?? [];
  const [, setting = ''] = /```json\n(.+?)```/s.exec(section) ?? [];
  const [, commands = ''] = /```sh\n(.+?)```/s.exec(section) ?? [];
  const folder = await temporaryFolder();
  await editedDevFolder(folder, JSON.parse(`{${setting}}`));
  await startAsTyped(commands, folder).shown(CONNECTED);
  await writeFile(join(folder, 'restart.json'), '{"steps":[{"operation":"reboot"},{"operation":"system-info"}]}');
  const job = startDemoProcess(['--job', 'restart.json'], folder);
  expect(await job.exited).toEqual({ code: 0, signal: null });
  const [, before] = /"bootIdBefore": "(.+)"/.exec(job.output()) ?? [];
  const [, after] = /"bootIdAfter": "(.+)"/.exec(job.output()) ?? [];
  expect(after).not.toBe(before);
  expect(after).toBe((await readFile(join(folder, '.job-cloud/boot-id'), 'utf8')).trim());
});

/** As a `npm run dev` that has ended leaves it, with a setting edited. */
async function editedDevFolder(folder: string, settings: object): Promise<void> {
  const dev = await startDev(folder);
  dev.child.kill('SIGTERM');
  expect(await dev.exited).toEqual({ code: 0, signal: null });
  const configPath = join(folder, '.job-cloud/things/gateway-1/config.json');
  const config = JSON.parse(await readFile(configPath, 'utf8')) as object;
  await writeFile(configPath, JSON.stringify({ ...config, ...settings }));
}

/** For whoever runs this; unshare(1). */
function canHaveOwnMounts(): boolean {
  return spawnSync('unshare', ['--map-root-user', '--mount', 'true']).status === 0;
}

async function startDev(folder: string): Promise<DemoProcess> {
  const dev = startDemoProcess(['--dev'], folder);
  await dev.shown(CONNECTED);
  return dev;
}

function programOf(dev: DemoProcess, name: string): number {
  const pid = childrenByProgram(dev.child.pid ?? 0).get(name);
  if (pid === undefined) throw new Error(`dev runs no ${name}`);
  return pid;
}
