/** `testHandler`, as authors have it but for where the handler host lies. The package itself: `package.test.ts`. */
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type CommandHandler,
  failed,
  type InlineHandler,
  type ModuleHandler,
  reboot,
  retryLater,
  succeeded,
  Type,
} from '../../agent/handler-api.ts';
import { createHandlerTester, type TestHandler } from '../../agent/testing/handler-tester.ts';
import type { TestReport } from '../../agent/testing/test-report.ts';
import { systemInfoHandler } from '../../handlers/system-info/handler.ts';
import { bundleHandlerHost } from '../fixtures/step-handlers/bundle-program.ts';

const parameters = Type.Object({ level: Type.Optional(Type.Integer()) }, { additionalProperties: false });
const base = { operation: 'tune', summary: 'Tunes.', parameters } as const;
let folder: string;
let testHandler: TestHandler;
const reports: TestReport[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'test-handler-test-'));
  testHandler = createHandlerTester({ hostArgv: await bundleHandlerHost(folder) });
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const report of reports.splice(0)) await report.remove();
});

describe('a module that is given as an object', () => {
  const tune: ModuleHandler<typeof parameters> = {
    ...base,
    kind: 'module',
    onInterrupted: 'resume',
    check: ({ level = 0 }, { thingName }) =>
      level > 9 ? { pointer: '/level', reason: `too high for ${thingName}` } : undefined,
    run: async ({ workDir, log, progress, checkpoint, restored, attempt, facts }, { level = 0 }) => {
      log.info({ level }, 'tuning');
      progress({ percent: 10 });
      progress({ percent: 90, note: 'nearly' });
      await checkpoint({ level });
      await writeFile(join(workDir, 'tuned'), String(level));
      return succeeded({ level, attempt, restored: JSON.stringify(restored ?? null), thing: facts.thingName });
    },
  };

  test('tells result, progress, checkpoint, logs, and what it left', async () => {
    const report = await kept(testHandler(tune, { parameters: { level: 3 }, facts: { thingName: 'gateway-7' } }));
    const details = { level: '3', attempt: '1', restored: 'null', thing: 'gateway-7' };
    expect(report.result).toEqual({ status: 'succeeded', details: { percent: '90', note: 'nearly', ...details } });
    expect(report.progress).toEqual([{ percent: '10' }, { percent: '90', note: 'nearly' }]);
    expect(report.checkpoint).toEqual({ level: 3 });
    expect(report.logs).toContainEqual({ level: 'info', message: 'tuning', fields: { level: 3 } });
    expect(await readFile(join(report.workDir, 'tuned'), 'utf8')).toBe('3');
    expect(report).toMatchObject({ refusedAt: null, stoppedBy: null, attempt: 1 });
    await report.remove();
    await expect(stat(report.workDir)).rejects.toThrow('ENOENT');
  });

  test.each([
    [{ level: 'x' }, '/parameters/level', 'expected an integer, got a string of length 1'],
    [{ levl: 1 }, '/parameters/levl', 'is not known; did you mean level?'],
    [{ level: 10 }, '/parameters/level', 'too high for test-thing'],
  ])('refuses %j as the agent would', async (given, refusedAt, message) => {
    const report = await kept(testHandler(tune, { parameters: given }));
    const result = { status: 'rejected', reasonCode: 'PARAMETERS_INVALID', message, details: {} };
    expect(report).toMatchObject({ refusedAt, result, progress: [] });
  });

  test('goes on from what is restored', async () => {
    const report = await kept(testHandler(tune, { restored: { level: 2 } }));
    expect(report.result.details).toMatchObject({ attempt: '2', restored: '{"level":2}' });
  });

  test('goes on after another run, in the same folder', async () => {
    const first = await kept(testHandler(tune, { parameters: { level: 5 } }));
    const second = await kept(testHandler(tune, { after: first }));
    expect(second.result.details).toMatchObject({ attempt: '2', restored: '{"level":5}' });
    expect(second.workDir).toBe(first.workDir);
  });

  test('is restored nothing that an agent would not restore', async () => {
    const forgetful = { ...tune, onInterrupted: 'rerun' } as const;
    const empty = await mkdtemp(join(folder, 'tmp-'));
    vi.stubEnv('TMPDIR', empty);
    await expect(testHandler(forgetful, { restored: 1 })).rejects.toThrow("onInterrupted: 'resume'");
    vi.unstubAllEnvs();
    expect(await readdir(empty)).toEqual([]);
  });

  test('that throws, or returns nothing, has failed', async () => {
    const throwing = { ...tune, run: () => Promise.reject(new Error('no piano')) };
    expect((await kept(testHandler(throwing))).result).toMatchObject({
      reasonCode: 'HANDLER_ERROR',
      message: 'no piano',
    });
    const silent = { ...tune, run: async () => undefined } as unknown as typeof tune;
    const { result } = await kept(testHandler(silent));
    expect(result).toMatchObject({ status: 'failed', message: expect.stringContaining('run returned no result') });
  });

  test('asks for later, and for a restart that is verified', async () => {
    const later = { ...tune, run: async () => retryLater('the lock is held', 90) };
    expect((await kept(testHandler(later))).result).toMatchObject({ status: 'later', afterSeconds: 90 });
    const restarting: typeof tune = {
      ...tune,
      run: async ({ checkpoint }) => checkpoint('slot b').then(() => reboot()),
      verify: async ({ restored }) => succeeded({ restored: String(restored) }),
    };
    const before = await kept(testHandler(restarting));
    expect(before.result).toMatchObject({ status: 'reboot', how: 'restart' });
    const verified = await kept(testHandler(restarting, { purpose: 'verify', after: before }));
    expect(verified.result).toMatchObject({ status: 'succeeded', details: { restored: 'slot b' } });
  });

  const waiting: typeof tune = {
    ...tune,
    onInterrupted: 'fail',
    run: async ({ signal, progress }) => {
      progress({ state: 'waiting' });
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return failed('STOPPED', 'as asked');
    },
    cleanup: async ({ workDir }) => writeFile(join(workDir, 'cleaned'), '').then(() => succeeded()),
  };

  test('is stopped where the test wants it, and cleans up', async () => {
    const run = testHandler(waiting);
    await run.progressed(({ state }) => state === 'waiting');
    await run.stop();
    const report = await kept(run);
    expect(report).toMatchObject({ result: { reasonCode: 'STOPPED' }, stoppedBy: 'canceled' });
    expect(await readFile(join(report.workDir, 'cleaned'), 'utf8')).toBe('');
  });

  test('is stopped by its own time limit', async () => {
    const report = await kept(testHandler({ ...waiting, defaultTimeoutSeconds: 1 }));
    expect(report).toMatchObject({ result: { reasonCode: 'STOPPED' }, stoppedBy: 'timed-out' });
  });

  test('that ends without the progress that a test waits for says so', async () => {
    const run = testHandler(tune);
    await expect(run.progressed(({ state }) => state === 'never')).rejects.toThrow('ended without');
    await kept(run);
  });

  test('that is not declared well cannot be tested', async () => {
    await expect(testHandler({ ...tune, operation: 'Tune It' })).rejects.toThrow('lower case words');
  });
});

test('an inline handler runs as in the agent', async () => {
  const report = await kept(testHandler(systemInfoHandler));
  expect(report.result).toMatchObject({ status: 'succeeded' });
  const inline: InlineHandler<typeof parameters> = {
    ...base,
    kind: 'inline',
    run: async ({ agentLog }) => succeeded({ level: agentLog.level }),
  };
  expect((await kept(testHandler(inline))).result.details).toEqual({ level: 'debug' });
});

test('a command is a real process, in the environment of the agent', async () => {
  const script = 'echo "purpose=$JOB_PURPOSE" >> "$JOB_STATUS_FILE"; echo "$1"; env >&2; exit 3';
  const command: CommandHandler<typeof parameters> = {
    ...base,
    kind: 'command',
    command: ({ level = 0 }) => ['sh', '-c', script, 'sh', `level ${level}`],
    retryExitCode: 3,
  };
  const report = await kept(testHandler(command, { parameters: { level: 7 } }));
  expect(report).toMatchObject({ result: { status: 'later', details: { purpose: 'work' } }, stdout: 'level 7\n' });
  expect(report.stderr).toContain('JOB_ID=test-job\n');
  expect(report.stderr).not.toContain('VITEST');
});

describe('a file', () => {
  test('that is executable runs with its manifest, parameters on stdin, and its checkpoint', async () => {
    const path = join(folder, 'count');
    await writeFile(
      path,
      '#!/bin/sh\ncat; cat "$JOB_CHECKPOINT_FILE" 2>&1\nprintf two > "$JOB_CHECKPOINT_FILE"\nexit 9\n',
    );
    await chmod(path, 0o755);
    await writeFile(`${path}.handler.json`, '{"onInterrupted":"resume","exitCodes":{"succeeded":[9]}}');
    const report = await kept(testHandler(path, { parameters: { a: 1 }, restored: 'one' }));
    expect(report).toMatchObject({ result: { status: 'succeeded' }, stdout: '{"a":1}one', checkpoint: 'two' });
  });

  test('that is a module runs in a process of its own', async () => {
    const path = join(folder, 'module.mjs');
    await writeFile(
      path,
      `import { succeeded, Type } from 'iot-job-agent/handler-api';
       export default { operation: 'module', kind: 'module', parameters: Type.Object({}, { additionalProperties: false }),
         run: async ({ log }) => { log.warn({ a: 1 }, 'from afar'); return succeeded({ pid: process.pid }); } };`,
    );
    const report = await kept(testHandler(pathToFileURL(path)));
    expect(report.result.status).toBe('succeeded');
    expect(Number(report.result.details.pid)).not.toBe(process.pid);
    expect(report.logs).toContainEqual({ level: 'warn', message: 'from afar', fields: { a: 1 } });
  });

  test('that would be refused on a gateway is refused', async () => {
    await writeFile(join(folder, 'broken.mjs'), 'export default 3;');
    const report = await kept(testHandler(join(folder, 'broken.mjs')));
    expect(report).toMatchObject({ refusedAt: '/operation', result: { reasonCode: 'HANDLER_MODULE_INVALID' } });
    const missing = await kept(testHandler(join(folder, 'missing')));
    expect(missing.result).toMatchObject({ status: 'rejected', reasonCode: 'UNKNOWN_OPERATION' });
  });
});

async function kept(run: PromiseLike<TestReport>): Promise<TestReport> {
  const report = await run;
  reports.push(report);
  return report;
}
