import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readImport } from '../../agent/cli/config-import.ts';
import { onCloud, THING } from '../fixtures/agent-and-cloud.ts';
import { runAgentCommand, startAgentProcess } from '../fixtures/agent-process.ts';
import { startTestCloud } from '../fixtures/job-cloud.ts';

/** As config-template.json of the Device Client has it, filled in. */
const DEVICE_CLIENT = {
  endpoint: 'a1-ats.iot.us-east-1.amazonaws.com',
  cert: '~/certs/cert.pem',
  key: '/etc/iot/private.key',
  'root-ca': '/etc/iot/ca.pem',
  'thing-name': 'gateway-1',
  'clean-session': true,
  logging: { level: 'WARN', type: 'STDOUT' },
  jobs: { enabled: true, 'handler-directory': '/opt/handlers' },
  tunneling: { enabled: false },
  'device-defender': { enabled: false, interval: 300 },
  'fleet-provisioning': { enabled: false, 'template-name': '<replace_with_template_name>' },
  samples: { 'pub-sub': { enabled: false } },
  'config-shadow': { enabled: false },
  'sample-shadow': { enabled: false },
};

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-import-'));
  file = join(folder, 'device-client.conf');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe('a configuration of the Device Client', () => {
  test('becomes one of ours, with ~ as the home folder', async () => {
    const { code, settings } = await importSettings(DEVICE_CLIENT);
    expect(code).toBe(0);
    expect(settings).toEqual({
      thingName: 'gateway-1',
      endpoint: 'a1-ats.iot.us-east-1.amazonaws.com',
      certPath: join(folder, 'certs/cert.pem'),
      keyPath: '/etc/iot/private.key',
      caPath: '/etc/iot/ca.pem',
      handlersDir: '/opt/handlers',
      logLevel: 'warn',
    });
  });

  test('without a handler directory has the one that it had', async () => {
    const { settings } = await importSettings({ ...DEVICE_CLIENT, jobs: { enabled: true } });
    expect(settings).toHaveProperty('handlersDir', join(folder, '.aws-iot-device-client/jobs'));
  });

  test.each([
    [{ tunneling: { enabled: true } }, 'tunneling: secure tunneling'],
    [{ tunneling: {} }, 'tunneling: secure tunneling'],
    [{ 'device-defender': { enabled: true } }, 'device-defender: metrics'],
    [{ 'config-shadow': { enabled: true } }, 'config-shadow: settings come from the file alone'],
    [{ 'sample-shadow': { enabled: true } }, 'sample-shadow: '],
    [{ samples: { 'pub-sub': { enabled: true } } }, 'samples: pub-sub'],
    [{ 'sensor-publish': { sensors: [] } }, 'sensor-publish: sensors are not read'],
    [{ logging: { type: 'FILE', file: '/var/log/x.log' } }, 'logging.type, logging.file: '],
    [{ logging: { 'enable-sdk-logging': true } }, 'logging.enable-sdk-logging: '],
    [{ jobs: { enabled: false } }, 'jobs.enabled: the Device Client took no jobs'],
    [{ 'thing-nmae': 'x' }, 'thing-nmae: nothing that is known'],
    [{}, 'runAsUsers: '],
  ])('%j is told: %s', async (more, note) => {
    const { code, told } = await importSettings({ ...DEVICE_CLIENT, ...more });
    expect([code, told]).toEqual([0, expect.stringContaining(`note: ${note}`)]);
  });

  test('what is off is no matter', async () => {
    const { told } = await importSettings(DEVICE_CLIENT);
    for (const name of ['tunneling', 'device-defender', 'fleet-provisioning', 'samples', 'shadow']) {
      expect(told).not.toContain(name);
    }
  });

  test('credentials that are not as they should be are told as something to do', async () => {
    await write(DEVICE_CLIENT);
    const { stderr } = await runAgentCommand(['config', 'import', file], { HOME: folder });
    expect(stderr).toContain('to do: keyPath: /etc/iot/private.key does not exist');
  });

  test('an HTTP proxy is taken over for files, without its password', async () => {
    const proxy = { 'http-proxy-enabled': true, 'http-proxy-host': '10.0.0.140', 'http-proxy-port': '9999' };
    const secret = { 'http-proxy-username': 'gateway', 'http-proxy-password': 'SECRET' };
    await writeFile(join(folder, 'http-proxy.conf'), JSON.stringify({ ...proxy, ...secret }));
    const { settings, told } = await importSettings(DEVICE_CLIENT);
    expect(settings).toHaveProperty('httpsProxy', 'http://10.0.0.140:9999');
    expect(told).toContain('but not MQTT: AWS IoT must be reachable without it');
    expect(told).toContain('write user and password into httpsProxy');
    expect(JSON.stringify(settings) + told).not.toContain('SECRET');
  });

  test.each([
    [{ 'http-proxy-enabled': false, 'http-proxy-host': '10.0.0.140' }, 0],
    [{ 'http-proxy-enabled': true, 'http-proxy-host': 'a b', 'http-proxy-port': '9999' }, 78],
    [{ 'http-proxy-enabled': true }, 78],
  ])('an HTTP proxy of %j', async (proxy, expected) => {
    await writeFile(join(folder, 'http-proxy.conf'), JSON.stringify(proxy));
    const { code, settings } = await importSettings(DEVICE_CLIENT);
    expect(code).toBe(expected);
    expect(settings ?? {}).not.toHaveProperty('httpsProxy');
  });

  test.each([
    ['reboot.sh', true],
    ['restart-services.sh', true],
    ['download-file.sh', false],
  ])('the sample handler %s is better left out: %s', async (name, isLeftOut) => {
    await writeFile(join(folder, name), '#!/bin/sh\n', { mode: 0o700 });
    const { told } = await importSettings({ ...DEVICE_CLIENT, jobs: { 'handler-directory': folder } });
    expect(told.includes(`note: ${name}: `)).toBe(isLeftOut);
  });

  test('a thing that was provisioned has its own certificate, though the file ends in a NUL', async () => {
    const own = { 'completed-fp': true, cert: '/keys/own.crt', key: '/keys/own.key', 'thing-name': 'provisioned' };
    const runtime = `${JSON.stringify({ 'runtime-config': own })}\0`;
    await writeFile(join(folder, 'aws-iot-device-client-runtime.conf'), runtime);
    const { settings } = await importSettings({ ...DEVICE_CLIENT, 'fleet-provisioning': { enabled: true } });
    expect(settings).toMatchObject({ thingName: 'provisioned', certPath: '/keys/own.crt', keyPath: '/keys/own.key' });
  });

  test.each([
    [{ 'fleet-provisioning': { enabled: true } }, 'fleet-provisioning: is on'],
    [{ 'secure-element': { enabled: true } }, 'secure-element: the private key is in hardware'],
    [{ endpoint: '<replace_with_endpoint_value>' }, 'endpoint: still is'],
    [{ endpoint: 'https://x.example.com' }, 'endpoint: expected a host name only'],
    [{ 'thing-name': 'a b' }, 'thingName: expected 1 to 128 letters'],
    [{ 'thing-name': '' }, 'thing-name: is not given'],
    [{ cert: undefined }, 'cert: is not given'],
    [{ key: 7 }, 'key: expected a string'],
    [{ logging: { level: 'LOUD' } }, 'logging.level: expected DEBUG, INFO, WARN or ERROR'],
  ])('%j makes none: %s', async (more, problem) => {
    const { code, told } = await importSettings({ ...DEVICE_CLIENT, ...more });
    expect([code, told]).toEqual([78, expect.stringContaining(problem)]);
  });

  test('all that is wrong is told at once', async () => {
    const { told } = await importSettings({ ...DEVICE_CLIENT, cert: '', key: '', endpoint: 'a b' });
    expect(told).toContain('3 problems with the configuration');
  });
});

test('a gateway of the Device Client takes jobs with what was imported', async () => {
  const cloud = await startTestCloud({ things: [THING] });
  const configPath = cloud.things[THING]?.configPath ?? '';
  const ours = JSON.parse(await readFile(configPath, 'utf8')) as Record<string, string>;
  const at = (name: 'certPath' | 'keyPath' | 'caPath') => join(dirname(configPath), ours[name] ?? '');
  const handlers = join(folder, 'handlers');
  await mkdir(handlers);
  await writeFile(join(handlers, 'hello.sh'), '#!/bin/sh\necho "$2"\n', { mode: 0o700 });
  const theirs = { 'thing-name': THING, endpoint: ours.endpoint, jobs: { 'handler-directory': handlers } };
  await write({ ...theirs, cert: at('certPath'), key: at('keyPath'), 'root-ca': at('caPath') });
  const output = join(folder, 'config.json');
  const { code, stderr } = await runAgentCommand(['config', 'import', file, '--output', output], { HOME: folder });
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('to do: ')]);
  const agent = startAgentProcess(output, {
    JOB_AGENT_PORT: String(ours.port),
    JOB_AGENT_STATE_DIR: join(folder, 'state'),
    JOB_AGENT_RUNTIME_DIR: join(folder, 'run'),
  });
  await agent.line(({ msg }) => msg === 'connected and subscribed');
  const document = { operation: 'hello.sh', args: ['hello'], path: 'default', includeStdOut: true };
  expect(await onCloud(cloud).runJob('hello', document)).toMatchObject({
    status: 'SUCCEEDED',
    statusDetails: { detailsMap: { stdout: 'hello' } },
  });
});

describe('the jobs agent of the SDK', () => {
  const CONNECTION = ['-H', 'a1-ats.iot.us-east-1.amazonaws.com', '-T', 'gateway-1'];

  test('its arguments become settings', async () => {
    const args = [...CONNECTION, '-f', '/certs', '--port=443', '-K', '120', '-i', 'client-7', '-D'];
    const { code, stdout } = await importArguments(args);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      thingName: 'gateway-1',
      endpoint: 'a1-ats.iot.us-east-1.amazonaws.com',
      port: 443,
      certPath: '/certs/certificate.pem.crt',
      keyPath: '/certs/private.pem.key',
      caPath: '/certs/root-CA.crt',
      clientId: 'client-7',
      keepAliveSeconds: 120,
      logLevel: 'debug',
    });
  });

  test('its configuration file wins, and has its names in the folder of certificates', async () => {
    await write({ host: 'b1.iot.eu-west-1.amazonaws.com', thingName: 'gateway-2', privateKey: 'own.key', region: 'x' });
    const { stdout, stderr } = await importArguments([...CONNECTION, '-f', '/certs', '-F', file]);
    expect(JSON.parse(stdout)).toMatchObject({
      thingName: 'gateway-2',
      endpoint: 'b1.iot.eu-west-1.amazonaws.com',
      keyPath: '/certs/own.key',
      certPath: '/certs/certificate.pem.crt',
    });
    expect(stderr).toContain('note: region: means nothing here');
  });

  test('the file alone is known by what is in it', async () => {
    const { settings } = await importSettings({ host: 'b1.example.com', thingName: 'gateway-2', clientCert: '/c.pem' });
    expect(settings).toMatchObject({ thingName: 'gateway-2', certPath: '/c.pem' });
  });

  test.each([
    [['-H', 'a1.example.com'], 'thing-name: is not given'],
    [['-T', 'gateway-1'], 'host-name: is not given'],
    [[...CONNECTION, '-P', 'wss'], 'protocol: expected mqtts'],
    [[...CONNECTION, '-p', 'many'], 'port: expected a whole number'],
    [[...CONNECTION, '--no-such'], 'Unknown option'],
  ])('%j makes none: %s', async (args, problem) => {
    const { code, stdout, stderr } = await importArguments(args);
    expect([code, stdout, stderr]).toEqual([78, '', expect.stringContaining(problem)]);
  });
});

describe('the file that is written', () => {
  test('is for everybody to read, and replaces none', async () => {
    const output = join(folder, 'config.json');
    await write(DEVICE_CLIENT);
    expect(await importTo(output)).toMatchObject({ code: 0, stdout: '' });
    expect((await stat(output)).mode & 0o777).toBe(0o644);
    await writeFile(output, 'precious');
    expect(await importTo(output)).toMatchObject({ code: 78, stderr: expect.stringContaining('is there already') });
    expect(await readFile(output, 'utf8')).toBe('precious');
    expect(await importTo(output, '--force')).toMatchObject({ code: 0 });
    expect(await readFile(output, 'utf8')).toContain('"thingName": "gateway-1"');
  });

  test('is not there when it would be of no use', async () => {
    const output = join(folder, 'config.json');
    await write({ ...DEVICE_CLIENT, endpoint: '' });
    expect(await importTo(output)).toMatchObject({ code: 78 });
    await expect(stat(output)).rejects.toThrow('ENOENT');
  });

  test('cannot be written where there is no folder', async () => {
    await write(DEVICE_CLIENT);
    const { code, stderr } = await importTo(join(folder, 'gone', 'config.json'));
    expect([code, stderr]).toEqual([78, expect.stringContaining('cannot be written: there is no folder ')]);
  });
});

test('a file that is not there, or is a folder, is told in words', async () => {
  const told = async (path: string) => (await runAgentCommand(['config', 'import', path])).stderr;
  expect(await told(join(folder, 'gone.json'))).toContain(`there is no file ${join(folder, 'gone.json')}`);
  expect(await told(folder)).toContain('is a folder, and a plain file is expected there');
});

test.each([
  ['{"endpoint": }', ':1:14: not JSON: expected a value'],
  ['[]', 'expected a JSON object'],
  ['', 'not JSON'],
  ['{"operation":"reboot"}', 'expected the configuration of the AWS IoT Device Client, with thing-name'],
])('%j is no configuration: %s', async (text, problem) => {
  await writeFile(file, text);
  const { code, stderr } = await runAgentCommand(['config', 'import', file]);
  expect([code, stderr]).toEqual([78, expect.stringContaining(problem)]);
});

test.each([
  [['config', 'import']],
  [['config', 'import', 'a', 'b']],
  [['config', 'import', 'a', '--', '-T', 'x']],
  [['config', 'import', 'a', '--', 'x']],
  [['config', 'import', '--no-such', 'a']],
])('%j is wrong usage', async (args) => {
  expect((await runAgentCommand(args)).code).toBe(2);
});

test('a value that is wrong is told without a file to correct that is not written', async () => {
  await writeFile(file, JSON.stringify({ ...DEVICE_CLIENT, 'thing-name': 'gateway 1' }));
  const { code, stderr } = await runAgentCommand(['config', 'import', file], { HOME: folder });
  expect(code).toBe(78);
  expect(stderr).toMatch(/thingName: expected 1 to 128 letters, .+, got "gateway 1"$/m);
  expect(stderr).not.toContain('config.json');
});

test('a configuration of ours is told to be one', async () => {
  const ours = { thingName: 'a', endpoint: 'b', certPath: 'c', keyPath: 'd', caPath: 'e' };
  await writeFile(file, JSON.stringify(ours));
  await expect(readImport([file])).rejects.toThrow('is a configuration of this agent already');
});

test('a file that is not there is named', async () => {
  const { code, stderr } = await runAgentCommand(['config', 'import', file]);
  expect([code, stderr]).toEqual([78, expect.stringContaining(`${file}: cannot be read`)]);
});

function write(content: object): Promise<void> {
  return writeFile(file, JSON.stringify(content));
}

/** Without a process of its own. */
async function importSettings(content: object) {
  await write(content);
  vi.stubEnv('HOME', folder);
  try {
    const { settings, notes } = await readImport([file]);
    return { code: 0, settings, told: notes.map((note) => `note: ${note}`).join('\n') };
  } catch (error) {
    return { code: 78, settings: undefined, told: (error as Error).message };
  }
}

function importTo(output: string, ...more: string[]) {
  return runAgentCommand(['config', 'import', file, '--output', output, ...more], { HOME: folder });
}

function importArguments(args: readonly string[]) {
  return runAgentCommand(['config', 'import', '--', ...args], { HOME: folder });
}
