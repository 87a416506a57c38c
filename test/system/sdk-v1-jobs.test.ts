/**
 * Documents of the SDK v1 jobs agent, and the operations that they become (install-application, applications, delay), from
 * the cloud to the gateway and back. With a real systemd: test/system/systemd.sh.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startAgentAndCloud, THING } from '../fixtures/agent-and-cloud.ts';
import { runAgentCommand, startAgentProcess } from '../fixtures/agent-process.ts';
import { startFileServer } from '../fixtures/file-server.ts';

const CONTENT = 'console.log("hello");\n';
const MD5 = createHash('md5').update(CONTENT).digest('hex');

async function startGateway(env: Readonly<Record<string, string>> = {}) {
  const server = await startFileServer(({ url }, response) => {
    if (url === '/gone.js') response.writeHead(404).end();
    else response.end(CONTENT);
  });
  onTestFinished(() => server.close());
  const settings = { JOB_AGENT_INSECURE_DOWNLOAD_HOSTS: '127.0.0.1', JOB_AGENT_APPLICATIONS_DIR: 'apps', ...env };
  const there = await startAgentAndCloud({ env: settings });
  const apps = join(dirname(there.configPath), 'apps');
  const file = (name: string, more: object = {}) => ({
    fileName: name,
    fileSource: { url: `${server.origin}/${name}` },
    checksum: { inline: { value: MD5 }, hashAlgorithm: 'MD5' },
    ...more,
  });
  return { ...there, apps, file };
}

test('files are installed where that agent put them, and told in systemStatus', async () => {
  const { runJob, apps, file } = await startGateway();
  const document = { operation: 'install', packageName: 'hello', workingDirectory: './hello', files: [file('a.js')] };
  const { status, statusDetails } = await runJob('install', document);
  expect([status, statusDetails.detailsMap.state]).toEqual(['SUCCEEDED', 'package files installed']);
  expect(await readFile(join(apps, 'hello', 'a.js'), 'utf8')).toBe(CONTENT);
  const told = await runJob('status', { operation: 'systemStatus' });
  expect(told.status).toBe('SUCCEEDED');
  expect(told.statusDetails.detailsMap).toMatchObject({
    installedPackages: '[hello]',
    arch: process.arch,
    nodeVersion: process.versions.node,
  });
});

test('an installation that fails names the code that its operators search for, and changes nothing', async () => {
  const { runJob, apps, file } = await startGateway();
  await mkdir(apps);
  await writeFile(join(apps, 'a.js'), 'old');
  const documents = [
    ['gone', { files: [file('a.js'), file('gone.js')] }, 'DOWNLOAD_HTTP_STATUS', 'ERR_DOWNLOAD_FAILED'],
    [
      'wrong',
      { files: [file('a.js', { checksum: { inline: { value: 'ab'.repeat(16) }, hashAlgorithm: 'md5' } })] },
      'DOWNLOAD_HASH_MISMATCH',
      'ERR_DOWNLOAD_FAILED',
    ],
  ] as const;
  for (const [jobId, more, reasonCode, errorCode] of documents) {
    const { status, statusDetails } = await runJob(jobId, { operation: 'install', packageName: 'x', ...more });
    expect([jobId, status]).toEqual([jobId, 'FAILED']);
    expect(statusDetails.detailsMap).toMatchObject({ reasonCode, errorCode });
  }
  const start = await runJob('start', { operation: 'start', packageName: 'x' });
  expect(start.statusDetails.detailsMap).toMatchObject({ errorCode: 'ERR_INVALID_PACKAGE_NAME' });
  expect(await readdir(apps)).toEqual(['a.js']);
  expect(await readFile(join(apps, 'a.js'), 'utf8')).toBe('old');
});

test('what it may not do is REJECTED at the member of the document', async () => {
  const { runJob, apps, file } = await startGateway();
  const install = { operation: 'install', packageName: 'x', files: [file('a.js')] };
  const documents: readonly [jobId: string, document: object, path: string][] = [
    ['shell', { ...install, launchCommand: 'node a.js; touch pwned' }, '/launchCommand'],
    ['option', { ...install, launchCommand: "'-x' a" }, '/launchCommand'],
    ['up', { ...install, files: [file('../a.js')] }, '/files/0/fileName'],
    ['absolute', { ...install, files: [file('/etc/a.js')] }, '/files/0/fileName'],
    ['dash', { ...install, files: [file('lib/-rf')] }, '/files/0/fileName'],
    ['nul', { ...install, files: [file('a\0.js')] }, '/files/0/fileName'],
    ['folder-up', { ...install, workingDirectory: '/opt/../etc' }, '/workingDirectory'],
    ['folder-dash', { ...install, workingDirectory: '-x' }, '/workingDirectory'],
    [
      'insecure',
      { ...install, files: [file('a', { fileSource: { url: 'http://elsewhere/a' } })] },
      '/files/0/fileSource/url',
    ],
    [
      'local',
      { ...install, files: [file('a', { fileSource: { url: 'file:///etc/passwd' } })] },
      '/files/0/fileSource/url',
    ],
    [
      'short',
      { ...install, files: [file('a', { checksum: { inline: { value: 'ab' }, hashAlgorithm: 'md5' } })] },
      '/files/0/checksum/inline/value',
    ],
    ['long', { operation: 'stop', packageName: 'x'.repeat(65) }, '/packageName'],
    ['delay', { operation: 'reboot', delay: '1; reboot' }, '/delay'],
  ];
  for (const [jobId, document, path] of documents) {
    const { status, statusDetails } = await runJob(jobId, document);
    expect([jobId, status, statusDetails.detailsMap.path]).toEqual([jobId, 'REJECTED', path]);
  }
  expect(existsSync(apps)).toBe(false);
});

test('a reboot waits as long as its delay, and other jobs run meanwhile', async () => {
  const reboot = JSON.stringify(['true']);
  const { cloud, agent, runJob, describe: describeJob } = await startGateway({ JOB_AGENT_REBOOT_COMMAND: reboot });
  cloud.createJob({ jobId: 'later', document: { operation: 'reboot', delay: 1 }, things: [THING] });
  await agent.line(({ jobId, waitMs }) => jobId === 'later' && waitMs === 60_000);
  expect((await runJob('meanwhile', { operation: 'system-info' })).status).toBe('SUCCEEDED');
  expect(describeJob('later').status).toBe('IN_PROGRESS');
});

describe.runIf(!existsSync('/run/systemd/system'))('where systemd does not run', () => {
  test('an application with a command is refused before anything is downloaded, and says what is missing', async () => {
    const { runJob, apps, file } = await startGateway();
    const document = {
      operation: 'install',
      packageName: 'x',
      launchCommand: 'node a.js',
      autoStart: true,
      files: [file('a.js')],
    };
    const { status, statusDetails } = await runJob('install', document);
    expect(status).toBe('FAILED');
    expect(statusDetails.detailsMap).toMatchObject({
      reasonCode: 'SYSTEMD_NOT_AVAILABLE',
      errorCode: 'ERR_SYSTEM_CALL_FAILED',
    });
    expect(existsSync(apps)).toBe(false);
  });
});

test('what exec installs is on record with the agent, whose jobs know it', async () => {
  const { runJob, configPath, file } = await startGateway();
  const folder = dirname(configPath);
  const document = join(folder, 'install.json');
  await writeFile(document, JSON.stringify({ operation: 'install', packageName: 'by-hand', files: [file('a.js')] }));
  const settings = { JOB_AGENT_INSECURE_DOWNLOAD_HOSTS: '127.0.0.1', JOB_AGENT_APPLICATIONS_DIR: 'apps' };
  const { code } = await runAgentCommand(['exec', document, '--config', configPath], settings);
  expect(code).toBe(0);
  const { statusDetails } = await runJob('status', { operation: 'systemStatus' });
  expect(statusDetails.detailsMap.installedPackages).toBe('[by-hand]');
});

test('an agent that is killed while files come finishes the installation at its next start', async () => {
  let isHanging = true;
  let hear = () => {};
  const asked = new Promise<void>((resolve) => {
    hear = resolve;
  });
  const slow = await startFileServer((_, response) => {
    hear();
    if (!isHanging) response.end(CONTENT);
  });
  onTestFinished(() => slow.close());
  const env = { JOB_AGENT_INSECURE_DOWNLOAD_HOSTS: '127.0.0.1', JOB_AGENT_APPLICATIONS_DIR: 'apps' };
  const { cloud, agent, configPath, over } = await startAgentAndCloud({ env });
  const document = {
    operation: 'install',
    packageName: 'x',
    files: [{ fileName: 'a.js', fileSource: { url: `${slow.origin}/a.js` } }],
  };
  cloud.createJob({ jobId: 'cut', document, things: [THING] });
  await asked;
  agent.child.kill('SIGKILL');
  await agent.exited;
  isHanging = false;
  startAgentProcess(configPath, env);
  expect((await over('cut')).status).toBe('SUCCEEDED');
  const apps = join(dirname(configPath), 'apps');
  expect(await readdir(apps)).toEqual(['a.js']);
  expect(await readFile(join(apps, 'a.js'), 'utf8')).toBe(CONTENT);
});
