import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../dist/job-cloud.js', import.meta.url));
const run = promisify(execFile);

test.each(['SIGTERM', 'SIGINT'] as const)('it says where it listens, and ends clean on %s', async (signal) => {
  const dataDir = await emptyFolder();
  const { program, line } = await start(['--data-dir', dataDir, '--thing', 'gw-1', '--thing', 'gw-2']);
  expect(line).toEqual({
    mqttPort: expect.any(Number),
    httpPort: expect.any(Number),
    jobsDataTlsPort: expect.any(Number),
    artifactsUrl: expect.stringMatching(/^https:\/\/localhost:\d+$/),
    consoleUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/console#token=[\w-]{43}$/),
    caPath: join(dataDir, 'ca.pem'),
    credentialsPath: join(dataDir, 'credentials'),
    things: {
      'gw-1': {
        configPath: join(dataDir, 'things/gw-1/config.json'),
        thingArn: 'arn:aws:iot:us-east-1:123456789012:thing/gw-1',
      },
      'gw-2': {
        configPath: join(dataDir, 'things/gw-2/config.json'),
        thingArn: 'arn:aws:iot:us-east-1:123456789012:thing/gw-2',
      },
    },
  });
  const config = JSON.parse(await readFile(join(dataDir, 'things/gw-1/config.json'), 'utf8'));
  expect(config.port).toBe(line.mqttPort);
  const refused = await fetch(`http://127.0.0.1:${line.httpPort}/jobs/a`);
  expect(refused.status).toBe(403);
  program.kill(signal);
  expect(await once(program, 'exit')).toEqual([0, null]);
});

test('the console and all its files are in the one file of the program', async () => {
  const { line, stderr } = await start(['--data-dir', await emptyFolder()]);
  const html = await (await fetch(line.consoleUrl)).text();
  const files = [...html.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, path]) => path);
  expect(files).toEqual(['/console/console.css', '/console/console.js']);
  for (const path of files) {
    const { status, headers } = await fetch(new URL(path ?? '', line.consoleUrl));
    expect([path, status]).toEqual([path, 200]);
    expect(headers.get('content-type')).toMatch(/^text\/(css|javascript)/);
  }
  await expect.poll(stderr).toContain(line.consoleUrl);
});

test('--no-auth serves requests that nobody signed', async () => {
  const { line } = await start(['--data-dir', await emptyFolder(), '--no-auth']);
  const response = await fetch(`http://127.0.0.1:${line.httpPort}/jobs/a`);
  expect(response.headers.get('x-amzn-errortype')).toBe('ResourceNotFoundException');
});

test('listening beyond this machine is warned of', async () => {
  const { stderr } = await start(['--data-dir', await emptyFolder(), '--host', '0.0.0.0']);
  expect(stderr()).toContain('LISTENING BEYOND THIS MACHINE');
});

test('a port that is taken ends it with 1 and a reason', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  for (const option of ['--mqtt-port', '--http-port', '--jobs-data-port']) {
    const ended = run('node', [PROGRAM, '--data-dir', await emptyFolder(), ...FREE_PORTS, option, String(port)]);
    await expect(ended).rejects.toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('EADDRINUSE') });
  }
});

test('its log has the shape of the agent’s', async () => {
  const { program, stderr } = await start(['--data-dir', await emptyFolder()]);
  program.kill('SIGTERM');
  await once(program, 'close');
  for (const line of stderr().trim().split('\n')) {
    expect(JSON.parse(line)).toMatchObject({ level: 'info', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.+Z$/) });
    expect(Object.keys(JSON.parse(line))).not.toContain('pid');
  }
});

test('--help tells what the broker wants of a client', async () => {
  const { stdout } = await run('node', [PROGRAM, '--help']);
  expect(stdout).toContain("The MQTT client id must be the thing's name");
});

test('--help explains every option', async () => {
  const { stdout } = await run('node', [PROGRAM, '--help']);
  for (const option of [
    'data-dir',
    'mqtt-port',
    'http-port',
    'jobs-data-port',
    'thing',
    'host',
    'no-auth',
    'help',
    'iam-policies',
    'faults',
    'persist',
  ]) {
    expect(stdout).toContain(`--${option} `);
  }
});

test.each([
  [['--colour'], '--colour'],
  [['--mqtt-port', '65536'], "--mqtt-port: a number from 0 to 65535 was expected, '65536' came"],
  [['--http-port', 'x'], "--http-port: a number from 0 to 65535 was expected, 'x' came"],
  [['--jobs-data-port', 'x'], "--jobs-data-port: a number from 0 to 65535 was expected, 'x' came"],
  [['--no-auth', '--host', '0.0.0.0'], '--no-auth: with --host 0.0.0.0 anybody on the network could send jobs'],
  [['--no-auth', '--iam-policies', 'x'], '--iam-policies: with --no-auth nobody is known'],
  [['--iam-policies', ''], '--iam-policies: a value is needed'],
  [['--thing', 'a/b'], "--thing: 'a/b' is not a thing name"],
  [['--data-dir', ''], '--data-dir: a value is needed'],
  [['stray'], 'stray'],
])('%j is a usage error', async (argv, message) => {
  const ended = run('node', [PROGRAM, ...argv]);
  await expect(ended).rejects.toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
});

test.each([
  ['--faults', '{"rest": 5}', 'rest'],
  ['--faults', 'no JSON', 'JSON'],
  ['--options', '{"noSuchOption": 5}', 'noSuchOption'],
])('a mistake in the file of %s is one line, and exit code 2', async (option, text, told) => {
  const dataDir = await emptyFolder();
  const path = join(dataDir, 'given.json');
  await writeFile(path, text);
  const ended = run('node', [PROGRAM, '--data-dir', dataDir, ...FREE_PORTS, option, path]);
  const { code, stdout, stderr } = await ended.then(
    () => ({ code: 0, stdout: '', stderr: '' }),
    (error) => error,
  );
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(new RegExp(`^job-cloud: ${option} ${path}: .+\n$`));
  expect(stderr).toContain(told);
});

test('a file of --faults that is not there is told likewise', async () => {
  const ended = run('node', [PROGRAM, '--data-dir', await emptyFolder(), ...FREE_PORTS, '--faults', '/no/such/file']);
  await expect(ended).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(/^job-cloud: .+ENOENT.+\n$/) });
});

test('a second one on the same data folder does not start, and does when the first is dead', async () => {
  const dataDir = await emptyFolder();
  const { program } = await start(['--data-dir', dataDir]);
  const second = run('node', [PROGRAM, '--data-dir', dataDir, ...FREE_PORTS]);
  const stderr = `job-cloud: ${dataDir} is in use by job-cloud, process ${program.pid}; end it, or name another --data-dir\n`;
  await expect(second).rejects.toMatchObject({ code: 1, stdout: '', stderr });
  program.kill('SIGKILL');
  await once(program, 'exit');
  const third = await start(['--data-dir', dataDir]);
  third.program.kill('SIGTERM');
  await once(third.program, 'exit');
  expect(await readdir(dataDir)).not.toContain('job-cloud.lock');
});

test('IAM policies that are wrong keep it from starting, with file, place and reason', async () => {
  const dataDir = await emptyFolder();
  await writeFile(join(dataDir, 'credentials'), '[default]\naws_access_key_id=A\naws_secret_access_key=B\n');
  const path = join(dataDir, 'iam.json');
  await writeFile(path, '{"A":[{"Statement":{"Effect":"Permit","Action":"*","Resource":"*"}}]}');
  const ended = run('node', [PROGRAM, '--data-dir', dataDir, ...FREE_PORTS]);
  const stderr = expect.stringContaining(`${path}: A[0]: Statement 1: Effect must be Allow or Deny`);
  await expect(ended).rejects.toMatchObject({ code: 1, stdout: '', stderr });
});

const FREE_PORTS = ['--mqtt-port', '0', '--http-port', '0'];

interface StartedProgram {
  readonly program: ChildProcess;
  /** The one line on stdout. */
  readonly line: { mqttPort: number; httpPort: number; consoleUrl: string };
  stderr(): string;
}

/** Resolves when the program said that it listens; it is ended with the test. */
async function start(argv: readonly string[]): Promise<StartedProgram> {
  const program = spawn('node', [PROGRAM, ...FREE_PORTS, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(async () => {
    if (program.exitCode !== null || program.signalCode !== null) return;
    program.kill('SIGKILL');
    await once(program, 'exit');
  });
  let stderr = '';
  program.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(program, 'exit').then(() => {
    throw new Error(`job-cloud ended early: ${stderr}`);
  });
  const [line] = await Promise.race([once(createInterface(program.stdout), 'line'), ended]);
  ended.catch(() => undefined);
  return { program, line: JSON.parse(line), stderr: () => stderr };
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'job-cloud-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
