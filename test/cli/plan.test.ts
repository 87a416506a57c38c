import { createHash } from 'node:crypto';
import { access, chmod, mkdir } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDesk } from './run-command-line.ts';

test('a job is told step by step, and nothing runs', async () => {
  const desk = await createDesk();
  const trace = join(desk.folder, 'trace');
  const script = `#!/bin/sh\ntouch ${trace}\n`;
  await desk.handler('tune', script);
  await desk.file('handlers/tune.handler.json', { onInterrupted: 'resume', timeoutSeconds: 77, exclusive: true });
  const document = {
    steps: [
      { operation: 'tune', retries: { count: 2, delaySeconds: 5 }, parameters: {} },
      { operation: 'write-file', parameters: { path: trace, content: 'x' } },
      { operation: 'run-command', parameters: { command: ['touch', trace] }, timeoutSeconds: 9 },
    ],
  };
  const { code, stdout } = await desk.run(['plan', '-', '--json'], JSON.stringify(document));
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ verdict: 'run', format: 'native', statusDetails: {}, problems: [] });
  expect(report.steps[0]).toMatchObject({
    pointer: '/steps/0',
    handler: {
      kind: 'executable',
      file: {
        path: join(desk.handlersDir, 'tune'),
        sha256: createHash('sha256').update(script).digest('hex'),
        mode: '0755',
        owner: userInfo().username,
      },
      user: userInfo().username,
    },
    rules: {
      timeoutSeconds: 77,
      onInterrupted: 'resume',
      exclusive: true,
      retries: { count: 2, delaySeconds: 5 },
    },
  });
  expect(report.steps[1]).toMatchObject({ handler: { kind: 'module', file: null }, problems: [] });
  expect(report.steps[1].actions[0]).toContain(trace);
  expect(report.steps[2]).toMatchObject({ handler: { kind: 'command' }, rules: { timeoutSeconds: 9 } });
  expect(code).toBe(0);
  await expect(access(trace)).rejects.toThrow('ENOENT');
  expect(await desk.leftovers()).toEqual([]);
});

test('no name of a step begins a line of its own', async () => {
  const desk = await createDesk();
  const document = { steps: [{ name: 'a\u001b[2J\n\nIt would run.', operation: 'system-info' }] };
  const { stdout } = await desk.run(['plan', '-'], JSON.stringify(document));
  expect(stdout).toContain('1. a\\u001b[2J\\n\\nIt would run.  (/steps/0)\n');
  const executed = await desk.run(['exec', '-'], JSON.stringify(document));
  expect(executed.stderr).toContain('step 1 of 1: a\\u001b[2J\\n\\nIt would run.\n');
});

test('what would be rejected is told as the cloud would be', async () => {
  const desk = await createDesk();
  await desk.handler('open', '#!/bin/sh\n', 0o777);
  const { code, stdout } = await desk.run(['plan', '-', '--json'], '{"operation": "open"}');
  const executed = await desk.run(['exec', '-', '--json'], '{"operation": "open"}');
  expect(JSON.parse(stdout)).toMatchObject({
    verdict: 'reject',
    statusDetails: JSON.parse(executed.stdout).statusDetails,
    steps: [{ refused: expect.stringContaining('chmod go-w') }],
  });
  expect(code).toBe(3);
});

test('a document of no format is told with its place', async () => {
  const desk = await createDesk();
  const { code, stdout } = await desk.run(['plan', '-'], '{"operations": 1}');
  expect(stdout).toMatch(/^It would be REJECTED:\n {2}reasonCode {2}JOB_DOCUMENT_INVALID\n/);
  expect(code).toBe(3);
});

test('a program that is not there is a problem, and told once', async () => {
  const desk = await createDesk();
  const document = { operation: 'run-command', parameters: { command: ['no-such-program', 'secret'] } };
  const { code, stdout } = await desk.run(['plan', '-'], JSON.stringify(document));
  expect(stdout).toContain('It would run, and FAIL as things are. Nothing was run.');
  const problems = stdout.split('\n').filter((line) => line.includes('PROBLEM'));
  expect(problems).toEqual([expect.stringContaining('PROBLEM: program no-such-program does not exist')]);
  expect(stdout).not.toContain('secret');
  expect(code).toBe(1);
});

test('what a module says it would do is told, and what its schema hides is not', async () => {
  const desk = await createDesk();
  await desk.file(
    'handlers/tune.mjs',
    `import { Type } from 'iot-job-agent/handler-api';
     export default { operation: 'tune', kind: 'module', summary: 'Tunes.',
       parameters: Type.Object({ key: Type.String({ writeOnly: true }) }, { additionalProperties: false }),
       run: async () => { throw new Error('it ran'); },
       plan: async (_, { workDir }) => ({ actions: ['tune in ' + workDir], problems: ['no fork to tune with'] }) };`,
  );
  const document = { operation: 'tune', parameters: { key: 'sesame' } };
  const { code, stdout } = await desk.run(['plan', '-'], JSON.stringify(document));
  expect(stdout).toMatch(/would tune in \/.*\/work\/JOB\n/);
  expect(stdout).toContain('PROBLEM: no fork to tune with');
  expect(stdout).not.toContain('sesame');
  expect(code).toBe(1);
});

test('a folder that cannot be used is a problem', async () => {
  const desk = await createDesk();
  const stateDir = await desk.file('state', 'a file');
  const config = await desk.file('config.json', { stateDir });
  const { code, stdout } = await desk.run(['plan', '-', '--config', config], '{"operation": "system-info"}');
  expect(stdout).toContain(`PROBLEM: ${stateDir} is not a folder`);
  expect(code).toBe(1);
});

test('a user who could not work there is refused, as a job would be', async () => {
  const desk = await createDesk();
  const stateDir = join(desk.folder, 'state');
  await mkdir(stateDir);
  await chmod(stateDir, 0o700);
  const config = await desk.file('config.json', { stateDir, runAsUsers: ['nobody'] });
  const document = { operation: 'run-command', parameters: { command: ['id'] }, runAs: 'nobody' };
  const { code, stdout } = await desk.run(['plan', '-', '--config', config], JSON.stringify(document));
  expect(stdout).toContain('USER_CANNOT_ENTER');
  expect(code).toBe(3);
});

test('conditions are looked at, and a step that is passed by has no problems', async () => {
  const desk = await createDesk();
  const there = await desk.file('there', '');
  const missing = { operation: 'run-command', parameters: { command: ['no-such-program'] } };
  const document = {
    steps: [
      { ...missing, runIf: { not: { fileExists: there } } },
      { operation: 'system-info', runIf: { fileExists: there } },
    ],
  };
  const { code, stdout } = await desk.run(['plan', '-', '--json'], JSON.stringify(document));
  const { steps } = JSON.parse(stdout);
  expect(steps[0]).toMatchObject({ runIf: { holds: false }, problems: [] });
  expect(steps[1]).toMatchObject({ runIf: { holds: true, condition: expect.stringContaining(there) } });
  expect(code).toBe(0);
  const text = await desk.run(['plan', '-'], JSON.stringify(document));
  expect(text.stdout).toMatch(/run if .* not so now: it is passed by\n/);
});

test('a URL that AWS IoT has still to sign is taken for what it will be', async () => {
  const desk = await createDesk();
  const s3 = 'https://s3.us-east-1.amazonaws.com/my-bucket';
  const document = {
    steps: [
      { operation: 'download-file', parameters: { url: `\${aws:iot:s3-presigned-url-v2:${s3}/a.bin}`, path: 'a.bin' } },
      {
        operation: 'upload-file',
        parameters: { url: `\${aws:iot:s3-presigned-url-upload:${s3}/\${thingName}/\${jobId}.bin}`, path: 'a.bin' },
      },
    ],
  };
  const { code, stdout } = await desk.run(['plan', '-'], JSON.stringify(document));
  expect(stdout).toMatch(/^ {2}to be signed {2}2 URLs, /m);
  expect(stdout).toContain(`would download ${s3}/a.bin `);
  expect(stdout).toContain(`${s3}/${hostname()}/JOB.bin`);
  expect(code).toBe(0);
  const { stdout: json } = await desk.run(['plan', '-', '--json'], JSON.stringify(document));
  expect(JSON.parse(json)).toMatchObject({ urlsToBeSigned: 2, verdict: 'run' });
});
