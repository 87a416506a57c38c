import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../../agent/config/config-error.ts';
import { loadConfig } from '../../agent/config/load.ts';
import { SETTINGS } from '../../agent/config/setting.ts';
import { type ConfigFixture, createConfigFixture, RIGHT } from './config-fixture.ts';

let fixture: ConfigFixture;
beforeAll(async () => {
  fixture = await createConfigFixture();
});
beforeEach(() => fixture.write(RIGHT));
afterAll(() => fixture[Symbol.asyncDispose]());

function load(env: Record<string, string | undefined> = {}) {
  return loadConfig({ file: fixture.file, env });
}

async function problemsOf(settings: object | string, env: Record<string, string> = {}): Promise<readonly string[]> {
  await fixture.write(settings);
  const error = await load(env).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error(`no ConfigError but ${String(error)}`);
  return error.problems;
}

describe('a file that is right', () => {
  test('five settings are enough, the rest has defaults', async () => {
    const config = await load();
    expect(config).toMatchObject({
      thingName: 'gateway-1',
      clientId: 'gateway-1',
      port: 8883,
      transport: 'mqtt',
      keepAliveSeconds: 60,
      stateDir: '/var/lib/iot-job-agent',
      handlerPaths: [],
      runAsUsers: [],
      unknownOperation: 'reject',
      maxDownloadBytes: 4_294_967_296,
      logLevel: 'info',
    });
    expect(Object.keys(config).sort()).toEqual(SETTINGS.map(({ name }) => name).sort());
  });

  test('relative paths start at the folder of the file', async () => {
    await fixture.write({ ...RIGHT, stateDir: '../state', handlerPaths: ['more', '/opt/handlers'] });
    const config = await load({ JOB_AGENT_KEY_PATH: 'secrets/key.pem' });
    expect(config).toMatchObject({
      certPath: join(fixture.folder, 'cert.pem'),
      keyPath: join(fixture.folder, 'secrets/key.pem'),
      stateDir: join(fixture.folder, '../state'),
      handlerPaths: [join(fixture.folder, 'more'), '/opt/handlers'],
    });
  });

  test('nothing of the result can be changed', async () => {
    const config = await load();
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.runAsUsers)).toBe(true);
  });

  test('a byte order mark and CRLF do no harm', async () => {
    await fixture.write(`\uFEFF${JSON.stringify(RIGHT, null, 2).replaceAll('\n', '\r\n')}\r\n`);
    expect((await load()).thingName).toBe('gateway-1');
  });

  test('a client id of its own is kept', async () => {
    await fixture.write({ ...RIGHT, clientId: 'other' });
    expect((await load()).clientId).toBe('other');
  });
});

describe('the environment', () => {
  test('it wins over the file, as what the setting is made of', async () => {
    await fixture.write({ ...RIGHT, keepAliveSeconds: 30, runAsUsers: ['app'] });
    const config = await load({
      JOB_AGENT_KEEP_ALIVE_SECONDS: ' 120 ',
      JOB_AGENT_RUN_AS_USERS: 'app, www-data',
      JOB_AGENT_INSECURE_DOWNLOAD_HOSTS: '["a.lan","b.lan"]',
      JOB_AGENT_LOG_LEVEL: 'debug',
      JOB_AGENT_THING_NAME: '42',
    });
    expect(config).toMatchObject({
      keepAliveSeconds: 120,
      runAsUsers: ['app', 'www-data'],
      insecureDownloadHosts: ['a.lan', 'b.lan'],
      logLevel: 'debug',
      thingName: '42',
    });
  });

  test('an empty list is a list', async () => {
    await fixture.write({ ...RIGHT, runAsUsers: ['app'] });
    expect((await load({ JOB_AGENT_RUN_AS_USERS: '' })).runAsUsers).toEqual([]);
  });

  test('other programs’ variables and unset ones are passed over', async () => {
    const config = await load({ PATH: '/bin', JOB_AGENT_PORT: undefined, JOB_AGENT_RUN_ID: 'r1', MY_JOB_AGENT_X: 'y' });
    expect(config.port).toBe(8883);
  });

  test('an unknown variable is refused by its nearest name', async () => {
    expect(await problemsOf(RIGHT, { JOB_AGENT_KEEPALIVE_SECONDS: '60' })).toEqual([
      'JOB_AGENT_KEEPALIVE_SECONDS in the environment: no such setting; did you mean JOB_AGENT_KEEP_ALIVE_SECONDS?',
    ]);
  });

  test('a wrong value is said to come from there', async () => {
    expect(
      await problemsOf(RIGHT, { JOB_AGENT_KEEP_ALIVE_SECONDS: 'sixty', JOB_AGENT_RUN_AS_USERS: '["app"' }),
    ).toEqual([
      'keepAliveSeconds: expected a whole number from 5 to 1200, got "sixty"; it comes from JOB_AGENT_KEEP_ALIVE_SECONDS in the environment',
      expect.stringMatching(/^runAsUsers: .*got "\[\\"app\\"".*JOB_AGENT_RUN_AS_USERS in the environment$/),
    ]);
  });
});

describe('a file that is wrong', () => {
  test('every problem is listed at once', async () => {
    const problems = await problemsOf(
      {
        thingNmae: 'gateway-1',
        endpoint: 'https://a1-ats.iot.us-east-1.amazonaws.com:8883/mqtt',
        certPath: '',
        keepAliveSeconds: '60',
        port: 70_000,
        transport: 'websocket',
        runAsUsers: ['*'],
        colour: true,
      },
      { JOB_AGENT_LOG_LEVEL: 'loud' },
    );
    const at = `set it in ${fixture.file} or`;
    expect(problems).toEqual([
      `"thingNmae" in ${fixture.file}: no such setting; did you mean thingName?`,
      `"colour" in ${fixture.file}: no such setting; docs/settings.md lists them all`,
      `thingName: expected 1 to 128 letters, digits, colons, underscores or hyphens, got nothing; ${at} JOB_AGENT_THING_NAME`,
      `endpoint: expected a host name only, without https:// before it and without a port or path after it, got "https://a1-ats.iot.us-east-1.amazonaws.com:8883/mqtt" (write "a1-ats.iot.us-east-1.amazonaws.com", and 8883 as port); ${at} JOB_AGENT_ENDPOINT`,
      `port: expected a whole number from 1 to 65535, got 70000; ${at} JOB_AGENT_PORT`,
      `certPath: expected a path, got ""; ${at} JOB_AGENT_CERT_PATH`,
      `keyPath: expected a path, got nothing; ${at} JOB_AGENT_KEY_PATH`,
      `caPath: expected a path, got nothing; ${at} JOB_AGENT_CA_PATH`,
      `transport: expected one of "mqtt", "aws-crt", got "websocket"; ${at} JOB_AGENT_TRANSPORT`,
      `keepAliveSeconds: expected a whole number from 5 to 1200, got "60" (text: write 60 without quotes); ${at} JOB_AGENT_KEEP_ALIVE_SECONDS`,
      `runAsUsers: expected a list, without repeats, in which each entry is the name of a user ("*" is not allowed: name each one), got ["*"]; ${at} JOB_AGENT_RUN_AS_USERS`,
      'logLevel: expected one of "trace", "debug", "info", "warn", "error", got "loud"; it comes from JOB_AGENT_LOG_LEVEL in the environment',
    ]);
  });

  test('a command says what is wrong with it, and how it is written', async () => {
    const expected = 'rebootCommand: expected a list, not empty, in which each entry is a program or an argument';
    const at = `set it in ${fixture.file} or JOB_AGENT_REBOOT_COMMAND`;
    expect(await problemsOf({ ...RIGHT, rebootCommand: [] })).toEqual([`${expected}, got []; ${at}`]);
    expect(await problemsOf({ ...RIGHT, rebootCommand: 'reboot' })).toEqual([
      `${expected}, got "reboot" (write ["reboot"]); ${at}`,
    ]);
    const [problem] = await problemsOf({ ...RIGHT, rebootCommand: 'sudo reboot' });
    expect(problem).toContain('got "sudo reboot" (write ["sudo","reboot"]); ');
    const [other] = await problemsOf({ ...RIGHT, shutdownCommand: 'sudo poweroff' });
    expect(other).toContain('got "sudo poweroff" (write ["sudo","poweroff"]); ');
    const [broken] = await problemsOf(RIGHT, { JOB_AGENT_REBOOT_COMMAND: '["reboot"' });
    expect(broken).toContain('got "[\\"reboot\\""; it comes from JOB_AGENT_REBOOT_COMMAND');
  });

  test('a command may repeat an argument', async () => {
    await fixture.write({ ...RIGHT, rebootCommand: ['sudo', '-n', '-n'] });
    expect(await load()).toMatchObject({ rebootCommand: ['sudo', '-n', '-n'] });
  });

  test('the message is a count and one line each', () => {
    expect(new ConfigError(['a: wrong', 'b: wrong']).message).toBe(
      '2 problems with the configuration:\n  a: wrong\n  b: wrong',
    );
    expect(new ConfigError(['a: wrong']).message).toMatch(/^1 problem with/);
  });

  const wrong: Record<string, object> = {
    'a thing name with a slash': { thingName: 'a/b' },
    'a thing name with a line end': { thingName: 'gateway\n' },
    'a host with a port': { endpoint: 'host:8883' },
    'an empty host': { endpoint: '' },
    'a host with a trailing dot': { endpoint: 'host.' },
    'a fraction': { keepAliveSeconds: 60.5 },
    null: { logLevel: null },
    'one text for a list': { runAsUsers: 'app' },
    'a repeated entry': { runAsUsers: ['app', 'app'] },
    'a user by number': { runAsUsers: ['0'] },
    'a command with a relative program': { allowedCommands: ['bin/tool'] },
    'a command that begins with a pattern': { allowedCommands: ['*'] },
    'a command with two spaces': { allowedCommands: ['/bin/tool  -t'] },
    'a command that begins with an option': { allowedCommands: ['-t'] },
    'a pattern that is none': { redactPatterns: ['IMEI', '('] },
    'a download host as URL': { insecureDownloadHosts: ['http://a.lan'] },
    'a progress interval of 0': { progressIntervalSeconds: 0 },
    'more bytes than a number can count': { maxDownloadBytes: 1e300 },
  };
  for (const [what, settings] of Object.entries(wrong)) {
    test(`${what} is refused by its setting`, async () => {
      const problems = await problemsOf({ ...RIGHT, ...settings });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(new RegExp(`^${Object.keys(settings)[0]}: expected `));
    });
  }

  test('names of Object.prototype are no settings', async () => {
    const text = `${JSON.stringify(RIGHT).slice(0, -1)},"__proto__":{"port":1},"constructor":1}`;
    expect(await problemsOf(text)).toEqual([
      expect.stringMatching(/^"__proto__" .*no such setting/),
      expect.stringMatching(/^"constructor" .*no such setting/),
    ]);
  });

  test('a long value is shown in part', async () => {
    const [problem] = await problemsOf({ ...RIGHT, thingName: 'x'.repeat(5000) });
    expect(problem?.length).toBeLessThan(400);
  });

  test('broken JSON is located by line and column', async () => {
    expect(await problemsOf('{\n  "thingName": "gateway-1"\n  "port": 1\n}')).toEqual([
      `${fixture.file}:3:3: not JSON: expected a comma or }, found "port"`,
    ]);
  });

  test('beside broken JSON the environment is checked too', async () => {
    expect(await problemsOf('{', { JOB_AGENT_PORT: 'x' })).toEqual([
      `${fixture.file}:1:2: not JSON: expected a name in double quotes or }, found the end of the file`,
      expect.stringMatching(/^port: /),
    ]);
  });

  test('an empty file and a list are told apart', async () => {
    expect(await problemsOf(' \r\n')).toEqual([`${fixture.file}: the file is empty; start from config.example.json`]);
    expect(await problemsOf('[]')).toEqual([expect.stringContaining('expected an object')]);
  });

  test('a missing file, a folder and a giant name their cure', async () => {
    const missing = join(fixture.folder, 'missing.json');
    await expect(loadConfig({ file: missing, env: {} })).rejects.toThrow(
      `${missing}: no such file; copy config.example`,
    );
    const folder = join(fixture.folder, 'folder');
    await mkdir(folder);
    await expect(loadConfig({ file: folder, env: {} })).rejects.toThrow('expected a file, this is a folder');
    expect(await problemsOf(' '.repeat(1024 * 1024 + 1))).toEqual([expect.stringContaining('at most 1 MiB')]);
  });
});
