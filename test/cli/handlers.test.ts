import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { createDesk } from './run-command-line.ts';

const MANIFEST = {
  summary: 'Says hello.',
  parameters: {
    type: 'object',
    properties: { whom: { type: 'string', description: 'Whom to greet.' } },
    required: ['whom'],
    additionalProperties: false,
  },
};

test('every operation is listed, built in or in a file', async () => {
  const desk = await createDesk();
  await desk.handler('greet', '#!/bin/sh\n');
  await desk.file('handlers/greet.handler.json', MANIFEST);
  const { code, stdout } = await desk.run(['handlers']);
  for (const { operation } of builtInHandlers) expect(stdout).toMatch(new RegExp(`^${operation} .* built in `, 'm'));
  expect(stdout).toMatch(/^greet +executable +fail +handlersDir +Says hello\.$/m);
  expect(code).toBe(0);
});

test('a file that would be refused is told with its cure, which cures it', async () => {
  const desk = await createDesk();
  const path = await desk.handler('open', '#!/bin/sh\n', 0o777);
  const { code, stdout } = await desk.run(['handlers']);
  expect(stdout).toContain(`open: HANDLER_NOT_EXECUTABLE: others than its owner may write ${path}; chmod go-w ${path}`);
  expect(code).toBe(1);
  await chmod(path, 0o755);
  expect((await desk.run(['handlers'])).code).toBe(0);
});

test('files of handlerPaths are listed with their folder', async () => {
  const desk = await createDesk();
  await desk.handler('reboot', '#!/bin/sh\n');
  const config = await desk.file('config.json', { handlerPaths: [desk.handlersDir] });
  const { code, stdout } = await desk.run([
    'handlers',
    '--config',
    config,
    '--handlers-dir',
    join(desk.folder, 'tmp'),
    '--json',
  ]);
  expect(JSON.parse(stdout)).toContainEqual(
    expect.objectContaining({ operation: 'reboot', source: 'file', folder: desk.handlersDir, problems: [] }),
  );
  expect(code).toBe(0);
});

test.each([['handlers'], ['plan', '-'], ['exec', '-']])(
  '%s: a folder of handlers that is not there is told',
  async (...words) => {
    const desk = await createDesk();
    const missing = join(desk.folder, 'no-such-folder');
    const { code, stderr } = await desk.run([...words, '--handlers-dir', missing], '{"operation":"tune"}');
    expect(stderr).toContain(`--handlers-dir: there is no folder ${missing}`);
    expect(stderr).toContain(`Try 'job-agent ${words[0]} --help'.`);
    expect(code).toBe(2);
  },
);

test('an operation is shown with its parameters and an example', async () => {
  const desk = await createDesk();
  const { code, stdout } = await desk.run(['handlers', 'show', 'write-file']);
  expect(stdout).toMatch(/^ {2}path +required; string; /m);
  expect(stdout).toContain('"operation": "write-file"');
  expect(code).toBe(0);
});

test('the example of a file is the one beside it', async () => {
  const desk = await createDesk();
  await desk.handler('greet', '#!/bin/sh\n');
  await desk.file('handlers/greet.handler.json', MANIFEST);
  const example = { operation: 'greet', parameters: { whom: 'you' } };
  await desk.file('handlers/greet.example.job.json', example);
  const { stdout } = await desk.run(['handlers', 'show', 'greet', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ operation: 'greet', example, parameters: MANIFEST.parameters });
  expect((await desk.run(['handlers', 'show', 'greet'])).stdout).toMatch(
    /^ {2}whom +required; string; Whom to greet\.$/m,
  );
});

test('a handler is shown by its path', async () => {
  const desk = await createDesk();
  const path = await desk.handler('greet', '#!/bin/sh\n');
  const { code, stdout } = await desk.run(['handlers', 'show', path]);
  expect(stdout).toContain(`file         ${path}`);
  expect(code).toBe(0);
});

test('a name that there is not is told with the nearest', async () => {
  const desk = await createDesk();
  expect(await desk.run(['handlers', 'show', 'write-fil'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('did you mean write-file?'),
  });
});

test('a handler is checked by its path, with the document beside it', async () => {
  const desk = await createDesk();
  const path = await desk.handler('greet', '#!/bin/sh\ngrep -q you || exit 3\n');
  await desk.file('handlers/greet.handler.json', MANIFEST);
  await desk.file('handlers/greet.example.job.json', { operation: 'greet', parameters: { whom: 'you' } });
  const { code, stdout } = await desk.run(['handlers', 'check', path, '--only', 'double delivery,unknown parameter']);
  expect(stdout).toContain('pass  first run ');
  expect(stdout).toContain('pass  unknown parameter  with a parameter no-such-parameter: REJECTED before anything ran');
  expect(stdout).toMatch(/nothing failed\n$/);
  expect(code).toBe(0);
  expect(await desk.leftovers()).toEqual([]);
});

test('a module is checked by its path; what is none is told what was expected', async () => {
  const desk = await createDesk();
  const parameters = "{ type: 'object', additionalProperties: false }";
  const module = `export default { operation: 'tune', kind: 'module', parameters: ${parameters},
    run: async () => ({ kind: 'succeeded' }) };`;
  const path = await desk.file('handlers/tune.mjs', module);
  const { code, stdout } = await desk.run(['handlers', 'check', path, '--only', 'double delivery']);
  expect(stdout).toContain('pass  double delivery');
  expect(code).toBe(0);
  const other = await desk.file('handlers/notes.txt', 'text');
  expect(await desk.run(['handlers', 'check', other])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('notes.txt is no handler: expected a program, or a module NAME.mjs'),
  });
});

test('a check that fails ends with 1', async () => {
  const desk = await createDesk();
  await desk.handler('bad', '#!/bin/sh\nexit 3\n');
  const { code, stdout } = await desk.run(['handlers', 'check', 'bad', '--json']);
  expect(JSON.parse(stdout).verdicts[0]).toMatchObject({ check: 'first run', verdict: 'fail' });
  expect(code).toBe(1);
});

test('a built-in operation is checked with a document of one step of it', async () => {
  const desk = await createDesk();
  const check = ['handlers', 'check', 'write-file', '--only', 'SIGKILL'];
  expect(await desk.run(check)).toMatchObject({ code: 2, stderr: expect.stringContaining('--document FILE') });
  const other = await desk.file('other.json', { operation: 'reboot' });
  expect(await desk.run([...check, '--document', other])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('expected a job of one step, of write-file'),
  });
  const document = await desk.file('job.json', { operation: 'write-file', parameters: { path: 'a', content: 'b' } });
  const { code, stdout } = await desk.run([...check, '--document', document]);
  expect(stdout).toMatch(/pass {2}SIGKILL .* re(?:run|sume): SUCCEEDED each time/);
  expect(code).toBe(0);
});

for (const [args, message] of [
  [['check', 'absent'], 'no handler does "absent"'],
  [['check', './absent'], 'there is no file ./absent'],
  [['check', 'reboot', '--only', 'SIGKIL'], 'did you mean SIGKILL?'],
  [['shw', 'reboot'], 'did you mean job-agent handlers show?'],
] as const) {
  test(`handlers ${args.join(' ')} is told: ${message}`, async () => {
    const desk = await createDesk();
    expect(await desk.run(['handlers', ...args])).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });
}

test('a check that is interrupted leaves nothing', async () => {
  const desk = await createDesk();
  const pids = join(desk.folder, 'pids');
  await desk.handler('slow', `#!/bin/sh\ntrap '' TERM\necho $$ >> ${pids}\nsleep 1\n`);
  const running = desk.start(['handlers', 'check', 'slow', '--only', 'full disk,SIGKILL']);
  await running.prints('pass  first run');
  running.child.kill('SIGINT');
  expect((await running.ended).code).toBe(130);
  for (const pid of (await readFile(pids, 'utf8')).trim().split('\n')) {
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
  }
  expect(await desk.leftovers()).toEqual([]);
  expect(await readFile('/proc/mounts', 'utf8')).not.toContain(desk.folder);
});
