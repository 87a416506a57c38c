import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HandlerHostRequest } from '../../agent/runs/handler-host-request.ts';
import { bundleHandlerHost } from '../fixtures/step-handlers/bundle-program.ts';
import { FACTS } from '../fixtures/step-handlers/step-runner-setup.ts';

let folder: string;
let hostArgv: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'handler-host-'));
  hostArgv = await bundleHandlerHost(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a result is in its file when the host ends', async () => {
  const resultFile = join(folder, 'result.json');
  const { exitCode } = await host(request('tell-progress', { resultFile }));
  expect(exitCode).toBe(0);
  expect(JSON.parse(await readFile(resultFile, 'utf8'))).toEqual({ kind: 'succeeded', details: { done: 'yes' } });
});

test.each(['tell-progress', 'reject-unheard'])('a result that cannot be written ends %s as well', async (operation) => {
  const { exitCode, stderr } = await host(request(operation, { resultFile: join(folder, 'no-folder', 'result.json') }));
  expect(exitCode).toBe(1);
  expect(stderr).toContain('ENOENT');
});

test.each(['verify', 'cleanup'] as const)('%s of a handler without is an error', async (part) => {
  const resultFile = join(folder, `${part}.json`);
  const { exitCode } = await host(request('tell-progress', { resultFile, part }));
  expect(exitCode).toBe(1);
  expect(JSON.parse(await readFile(resultFile, 'utf8'))).toMatchObject({
    kind: 'failed',
    reasonCode: 'HANDLER_ERROR',
    message: expect.stringContaining(`${part} of tell-progress`),
  });
});

test('what is no request ends the host', async () => {
  const { exitCode, stderr } = await host('{"operation":');
  expect(exitCode).toBe(1);
  expect(stderr).toContain('JSON');
});

type HostFiles = Pick<HandlerHostRequest, 'resultFile'> & Partial<Pick<HandlerHostRequest, 'part'>>;

function request(operation: string, { resultFile, part = 'run' }: HostFiles): string {
  const value: HandlerHostRequest = {
    operation,
    part,
    parameters: {},
    execution: { jobId: 'job-1', executionNumber: 1 },
    step: 0,
    attempt: 1,
    facts: FACTS,
    workDir: folder,
    statusFile: join(folder, 'status'),
    resultFile,
    checkpointFile: join(folder, 'checkpoint.json'),
  };
  return JSON.stringify(value);
}

async function host(stdin: string): Promise<{ exitCode: number; stderr: string }> {
  const [program = '', ...args] = hostArgv;
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  try {
    child.stdin.end(stdin);
    const [[exitCode], stderr] = await Promise.all([once(child, 'exit'), text(child.stderr)]);
    return { exitCode, stderr };
  } finally {
    child.kill('SIGKILL');
  }
}
