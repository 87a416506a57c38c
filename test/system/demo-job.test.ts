import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { childrenByProgram, startDemoProcess, temporaryFolder } from '../fixtures/demo-process.ts';

describe('a file that holds no document is told in one line', () => {
  test.each([
    ['is missing', undefined, 'x.json: no such file'],
    ['is empty', ' \n', 'x.json: the file is empty'],
    [
      'is cut off',
      '{\n"operation":',
      'x.json:2:13: not JSON: expected a value (text in double quotes, a number, true, false, null, { or [), found the end of the file',
    ],
    ['is no JSON', '{\noperation}', 'x.json:2:1: not JSON: expected a name in double quotes or }, found operation'],
    ['is a list', '[{"operation":"x"}]', 'x.json: expected a JSON object, as every job document is one'],
  ])('when it %s', async (_, text, line) => {
    const folder = await temporaryFolder();
    if (text !== undefined) await writeFile(join(folder, 'x.json'), text);
    const job = startDemoProcess(['--job', 'x.json'], folder);
    expect(await job.exited).toEqual({ code: 2, signal: null });
    expect(job.output()).toBe(`job: ${line}\n`);
  });

  test('when it is a folder', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'x.json'));
    const job = startDemoProcess(['--job', 'x.json'], folder);
    expect(await job.exited).toEqual({ code: 2, signal: null });
    expect(job.output()).toBe('job: x.json: expected a file, this is a folder\n');
  });
});

test('wrong usage ends with 2', async () => {
  const job = startDemoProcess(['--job'], await temporaryFolder());
  expect(await job.exited).toEqual({ code: 2, signal: null });
  expect(job.output()).toMatch(/^job: which document\?\nUsage: npm run job -- FILE /);
});

test('help for dev starts nothing', async () => {
  const folder = await temporaryFolder();
  const dev = startDemoProcess(['--dev', '--help'], folder);
  expect(await dev.exited).toEqual({ code: 0, signal: null });
  expect(dev.output()).toMatch(/^Usage: npm run dev /);
  expect(await readdir(folder)).toEqual([]);
});

test('a job goes on when its watching ends, and can be followed again', async () => {
  const folder = await temporaryFolder();
  const dev = startDemoProcess(['--dev'], folder);
  await dev.shown(/"msg":"connected and subscribed"/);
  const goOn = join(folder, 'go-on');
  const until = `until [ -e '${goOn}' ]; do sleep 0.1; done`;
  const steps = [
    { operation: 'run-command', parameters: { command: ['sh', '-c', until] } },
    { operation: 'system-info' },
  ];
  await writeFile(join(folder, 'x.json'), JSON.stringify({ steps }));
  const watched = startDemoProcess(['--job', 'x.json'], folder);
  await watched.shown(/IN_PROGRESS/);
  watched.child.kill('SIGTERM');
  expect(await watched.exited).toEqual({ code: 143, signal: null });
  const [, jobId = ''] =
    /^job: ended by SIGTERM; (job-\d+) goes on: npm run job -- --follow \1\n$/m.exec(watched.output()) ?? [];
  const again = startDemoProcess(['--job', '--follow', jobId], folder);
  await again.shown(/IN_PROGRESS/);
  await writeFile(goOn, '');
  expect(await again.exited).toEqual({ code: 0, signal: null });
  expect(again.output()).toContain('"status": "SUCCEEDED"');
});

test('a job that is tried later shows why', async () => {
  const folder = await temporaryFolder();
  await startDemoProcess(['--dev'], folder).shown(/"msg":"connected and subscribed"/);
  const handler = join(folder, '.job-cloud/things/gateway-1/handlers/later');
  await writeFile(handler, "#!/bin/sh\necho 'modem busy' >&2\nexit 75\n", { mode: 0o755 });
  await writeFile(join(folder, 'x.json'), '{"operation":"later"}');
  const job = startDemoProcess(['--job', 'x.json'], folder);
  await job.shown(/IN_PROGRESS waiting: to be tried again 60 s later: .*modem busy/);
});

test('a job without a cloud is told so with 69', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'x.json'), '{"operation":"system-info"}');
  const job = startDemoProcess(['--job', 'x.json'], folder);
  expect(await job.exited).toEqual({ code: 69, signal: null });
  expect(job.output()).toBe('job: no local cloud is up; in another terminal: npm run dev\n');
});

test('a document the cloud refuses is told in its words', async () => {
  const folder = await temporaryFolder();
  await startDemoProcess(['--dev'], folder).shown(/"msg":"connected and subscribed"/);
  await writeFile(join(folder, 'x.json'), JSON.stringify({ operation: 'x'.repeat(33_000) }));
  const job = startDemoProcess(['--job', 'x.json'], folder);
  expect(await job.exited).toEqual({ code: 1, signal: null });
  expect(job.output()).toMatch(/^job: InvalidRequestException: Value 'x*\.*\{?.*' at 'document' failed .*\n$/);
});

test('a cloud that goes away while a job runs ends it with 69', async () => {
  const folder = await temporaryFolder();
  const dev = startDemoProcess(['--dev'], folder);
  await dev.shown(/"msg":"connected and subscribed"/);
  await writeFile(join(folder, 'x.json'), '{"operation":"run-command","parameters":{"command":["sleep","60"]}}');
  const job = startDemoProcess(['--job', 'x.json'], folder);
  await job.shown(/IN_PROGRESS/);
  process.kill(childrenByProgram(dev.child.pid ?? 0).get('job-cloud.js') ?? 0, 'SIGKILL');
  expect(await job.exited).toEqual({ code: 69, signal: null });
  expect(job.output()).toMatch(/\njob: the local cloud went away; the job is gone with it\n$/);
});

test('a URL of the artifact store is signed for the gateway, as S3 would sign it', async () => {
  const folder = await temporaryFolder();
  await startDemoProcess(['--dev'], folder).shown(/"msg":"connected and subscribed"/);
  await mkdir(join(folder, '.job-cloud/artifacts/firmware'), { recursive: true });
  await writeFile(join(folder, '.job-cloud/artifacts/firmware/rules.json'), '{}');
  const path = join(folder, 'rules.json');
  // As a document for AWS has it.
  const url = `\${aws:iot:s3-presigned-url-v2:https://firmware.s3.us-east-1.amazonaws.com/rules.json}`;
  await writeFile(join(folder, 'x.json'), JSON.stringify({ operation: 'download-file', parameters: { url, path } }));
  const job = startDemoProcess(['--job', 'x.json'], folder);
  expect(await job.exited, job.output()).toEqual({ code: 0, signal: null });
  expect(await readFile(path, 'utf8')).toBe('{}');
});
