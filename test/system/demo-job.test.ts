import { mkdir, writeFile } from 'node:fs/promises';
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

  test('when it was not named', async () => {
    const job = startDemoProcess(['--job'], await temporaryFolder());
    expect(await job.exited).toEqual({ code: 2, signal: null });
    expect(job.output()).toBe('job: which document? npm run job -- FILE\n');
  });
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
