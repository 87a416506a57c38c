// What the template says to do next is done.

import { execFile, spawnSync } from 'node:child_process';
import { access, chmod, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { expect, test } from 'vitest';
import { AGENT_BUNDLE } from '../fixtures/agent-process.ts';
import { createDesk, type Desk } from './run-command-line.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;

/** With `job-agent` on PATH, as where it is installed. */
async function createInstalledDesk(): Promise<Desk & { shell(command: string): Promise<string> }> {
  const desk = await createDesk();
  const bin = join(desk.folder, 'bin');
  await mkdir(bin);
  await symlink(AGENT_BUNDLE, join(bin, 'job-agent'));
  await symlink(process.execPath, join(bin, 'node'));
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  return {
    ...desk,
    // A test within a test tells its results to the one outside.
    async shell(command) {
      const { stdout } = await promisify(execFile)('sh', ['-c', command], {
        cwd: desk.handlersDir,
        env: { ...env, NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: '' },
      });
      return stdout;
    },
  };
}

for (const [language, files] of [
  ['sh', ['try-it', 'try-it.example.job.json', 'try-it.handler.json', 'try-it.test.sh']],
  ['python', ['try-it', 'try-it.example.job.json', 'try-it.handler.json', 'try-it.test.sh']],
  ['js', ['try-it.example.job.json', 'try-it.mjs', 'try-it.test.mjs']],
] as const) {
  test.skipIf(language === 'python' && !hasPython)(
    `a template in ${language} does what it says to do next`,
    async () => {
      const desk = await createInstalledDesk();
      const made = await desk.run(['handlers', 'new', 'try-it', '--language', language, '--dir', desk.handlersDir]);
      expect(made).toMatchObject({ code: 0, stderr: '' });
      expect((await readdir(desk.handlersDir)).sort()).toEqual([...files].sort());
      const commands = made.stdout.split('Next:\n')[1]?.trim().split('\n').slice(1, 3) ?? [];
      expect(commands).toHaveLength(2);
      expect(await desk.shell(commands[0] ?? 'false')).toBe('SUCCEEDED\n  state  written\n');
      expect(await desk.shell(commands[1] ?? 'false')).toMatch(/passed\n|# pass 2\n/);
      const listed = await desk.run(['handlers', '--json']);
      expect(JSON.parse(listed.stdout)).toContainEqual(
        expect.objectContaining({ operation: 'try-it', onInterrupted: 'rerun', problems: [] }),
      );
    },
  );
}

test('what the templates are made of holds when it is checked', async () => {
  const desk = await createInstalledDesk();
  for (const [name, language] of [
    ['in-sh', 'sh'],
    ['in-js', 'js'],
  ] as const) {
    await desk.run(['handlers', 'new', name, '--language', language, '--dir', desk.handlersDir]);
    const { code, stdout } = await desk.run([
      'handlers',
      'check',
      name,
      '--only',
      'files left,closed output,SIGTERM,SIGKILL',
    ]);
    expect(stdout).toMatch(/nothing failed\n$/);
    expect(stdout.match(/^pass /gm)?.length).toBeGreaterThan(3);
    expect(code).toBe(0);
  }
});

test('the template in TypeScript is one in JavaScript with types', async () => {
  const desk = await createInstalledDesk();
  const { stdout } = await desk.run([
    'handlers',
    'new',
    'try-it',
    '--language',
    'ts',
    '--dir',
    desk.handlersDir,
    '--json',
  ]);
  // By its file: what a registry has under that name may be somebody else's.
  expect(JSON.parse(stdout).next[0]).toMatch(/^npm install --save-dev \.\/iot-job-agent-[\d.]+\.tgz /);
  expect(JSON.parse(stdout).next[1]).toContain('npx tsc ');
  const source = await readFile(join(desk.handlersDir, 'try-it.mts'), 'utf8');
  const { code } = await transform(source, { loader: 'ts', format: 'esm' });
  await desk.file('handlers/try-it.mjs', code);
  expect(await desk.shell('job-agent exec try-it.example.job.json --handlers-dir .')).toContain('SUCCEEDED');
});

test.each([
  ['sh', 'sh try-it.test.sh'],
  ['js', 'node --test try-it.test.mjs'],
])('its test in %s says how to name a program that is not on the PATH', async (language, command) => {
  const desk = await createInstalledDesk();
  await desk.run(['handlers', 'new', 'try-it', '--language', language, '--dir', desk.handlersDir]);
  const told = await desk.shell(`JOB_AGENT=/none/job-agent ${command} 2>&1 || :`);
  expect(told).toContain('/none/job-agent');
  expect(told).toContain('set JOB_AGENT to the path of job-agent.js');
});

test('what is there already is not overwritten, nor half written', async () => {
  const desk = await createDesk();
  const other = await desk.file('handlers/try-it.example.job.json', 'mine');
  const { code, stderr } = await desk.run(['handlers', 'new', 'try-it', '--dir', desk.handlersDir]);
  expect(stderr).toContain(`${other} is there already; nothing was written`);
  expect(code).toBe(2);
  expect(await readFile(other, 'utf8')).toBe('mine');
  await expect(access(join(desk.handlersDir, 'try-it'))).rejects.toThrow('ENOENT');
});

test('an executable and a module of one name are not both made', async () => {
  const desk = await createDesk();
  const make = ['handlers', 'new', 'try-it', '--dir', desk.handlersDir];
  expect((await desk.run([...make, '--language', 'js'])).code).toBe(0);
  expect((await desk.run([...make, '--language', 'sh'])).stderr).toContain('is there already');
});

test('a folder in which the agent would refuse it is told, with the cure', async () => {
  const desk = await createDesk();
  await chmod(desk.handlersDir, 0o777);
  const { code, stdout } = await desk.run(['handlers', 'new', 'try-it', '--dir', desk.handlersDir]);
  expect(stdout).toContain(`chmod go-w ${desk.handlersDir}`);
  expect(code).toBe(0);
});

for (const [args, message] of [
  [['Restart_Modem'], 'is no name of an operation'],
  [['../x'], 'is no name of an operation'],
  [['-x'], 'no option'],
  [['reboot'], 'the agent has an operation reboot of its own'],
  [['x', '--kind', 'inline'], '--kind is one of executable, module'],
  [['x', '--kind', 'module', '--language', 'sh'], '--language of a module is one of js, ts; got "sh"'],
  [['x', '--language', 'pyton'], 'did you mean python?'],
] as const) {
  test(`handlers new ${args.join(' ')} is told: ${message}`, async () => {
    const desk = await createDesk();
    const { code, stderr } = await desk.run(['handlers', 'new', ...args, '--dir', desk.handlersDir]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    expect(await readdir(desk.handlersDir)).toEqual([]);
  });
}

test('a folder that cannot be made is told', async () => {
  const desk = await createDesk();
  const file = await desk.file('a-file', '');
  const { code, stderr } = await desk.run(['handlers', 'new', 'try-it', '--dir', join(file, 'below')]);
  expect(stderr).toMatch(/^job-agent: it cannot be written: \S+ is a file, and a folder is expected there/);
  expect(code).toBe(2);
});
