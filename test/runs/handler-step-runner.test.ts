import { access, chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPasswdUsers } from '../../agent/adapters/users/passwd.ts';
import { bundleHandlerHost } from '../fixtures/step-handlers/bundle-program.ts';
import {
  createProgressProbe,
  createStepRunnerOver,
  createStepRunnerSetup,
  EXECUTION,
  EXECUTION_ID,
  runIdOf,
  type StepRunnerSetup,
} from '../fixtures/step-handlers/step-runner-setup.ts';

let bundleFolder: string;
let hostArgv: readonly string[];
let setup: StepRunnerSetup;

beforeAll(async () => {
  bundleFolder = await mkdtemp(join(tmpdir(), 'handler-host-'));
  await chmod(bundleFolder, 0o755);
  hostArgv = await bundleHandlerHost(bundleFolder);
});
afterAll(() => rm(bundleFolder, { recursive: true, force: true }));

beforeEach(async () => {
  setup = await createStepRunnerSetup({ hostArgv, runAsUsers: ['nobody'] });
});
afterEach(() => setup.remove());

describe('commands', () => {
  test('exit code 0 is a success', async () => {
    const result = await setup.run(command('echo', 'hello'));
    expect(result).toMatchObject({ status: 'succeeded', stdoutTail: 'hello\n' });
  });

  test('an argument is never shell syntax', async () => {
    const result = await setup.run(command('echo', '$(id); `id` && id | id'));
    expect(result.stdoutTail).toBe('$(id); `id` && id | id\n');
  });

  test('a missing program says which', async () => {
    const result = await setup.run(command('no-such-program'));
    expect(result).toMatchObject({ status: 'failed', reasonCode: 'HANDLER_NOT_STARTED' });
    expect(result).toHaveProperty('message', expect.stringContaining('no-such-program'));
    expect(result).toHaveProperty('message', expect.stringContaining('ENOENT'));
  });

  test('the working folder outlives the run', async () => {
    await setup.run(command('touch', 'made-here'));
    expect(await readdir(join(setup.stateDir, 'work', EXECUTION_ID))).toEqual(['made-here']);
  });

  test('the folder of the run does not', async () => {
    await setup.run(command('true'));
    expect(await readdir(join(setup.runtimeDir, 'runs'))).toEqual([]);
  });
});

describe('executables', () => {
  test('a non-zero exit names the code', async () => {
    await setup.install('exit-3');
    expect(await setup.run({ operation: 'exit-3' })).toEqual({
      status: 'failed',
      reasonCode: 'HANDLER_EXIT_CODE',
      message: 'exit-3 ended with exit code 3',
      details: {},
      stdoutTail: '',
      stderrTail: 'about to fail\n',
    });
  });

  test('a signal is named', async () => {
    await setup.install('kill-itself');
    const result = await setup.run({ operation: 'kill-itself' });
    expect(result).toMatchObject({ reasonCode: 'HANDLER_SIGNALED', message: 'kill-itself was killed by SIGKILL' });
  });

  test('the environment is exactly what is documented', async () => {
    process.env.SECRET_OF_THE_AGENT = 'must not get through';
    const result = await setup.run(command('env'));
    delete process.env.SECRET_OF_THE_AGENT;
    const names = result.stdoutTail
      .trim()
      .split('\n')
      .map((line) => line.slice(0, line.indexOf('=')));
    expect(names.sort()).toEqual([
      'HOME',
      'JOB_AGENT_RUN_ID',
      'JOB_ATTEMPT',
      'JOB_CHECKPOINT_FILE',
      'JOB_DOCUMENT_FILE',
      'JOB_EXECUTION_NUMBER',
      'JOB_ID',
      'JOB_OPERATION',
      'JOB_PURPOSE',
      'JOB_STATUS_FILE',
      'JOB_STEP',
      'JOB_THING_NAME',
      'JOB_WORK_DIR',
      'LANG',
      'LOGNAME',
      'PATH',
      'USER',
    ]);
    expect(result.stdoutTail).toContain('JOB_ID=job-1\n');
    expect(result.stdoutTail).toContain('JOB_THING_NAME=gateway-1\n');
    expect(result.stdoutTail).toContain('LANG=C.UTF-8\n');
  });

  test('the document file holds the job document', async () => {
    await setup.install('print-document');
    const document = { operation: 'print-document', parameters: { 'a/b': ['ü', 1, null] } };
    expect(JSON.parse((await setup.run(document)).stdoutTail)).toEqual(document);
  });

  test('parameters arrive as JSON on stdin', async () => {
    await setup.install('print-stdin');
    const result = await setup.run({ operation: 'print-stdin', parameters: { zone: 'north', level: 3 } });
    expect(result.stdoutTail).toBe('{"zone":"north","level":3}');
  });

  test('a managed template passes the user first', async () => {
    await setup.install('print-arguments');
    const result = await setup.run(managedTemplate('print-arguments', { args: ['one', 'two words'] }));
    expect(result.stdoutTail).toBe('[][one][two words]');
  });

  test('more stderr lines than allowed is a failure', async () => {
    await setup.install('warn-twice');
    const document = { operation: 'warn-twice', args: [], allowStdErr: 1 };
    expect(await setup.run(document)).toMatchObject({
      status: 'failed',
      reasonCode: 'HANDLER_STDERR',
      message: 'warn-twice wrote 2 lines to stderr, and the document allows 1',
    });
  });

  test('as many stderr lines as allowed is a success', async () => {
    await setup.install('warn-twice');
    expect(await setup.run({ operation: 'warn-twice', args: [], allowStdErr: 2 })).toMatchObject({
      status: 'succeeded',
    });
  });

  test('a file that vanished after the review fails', async () => {
    const result = await setup.run({ operation: 'gone-meanwhile' });
    expect(result).toMatchObject({ status: 'failed', reasonCode: 'UNKNOWN_OPERATION' });
  });
});

describe('progress', () => {
  test('the last value of a key wins', async () => {
    await setup.install('tell-status');
    const { details } = await setup.run({ operation: 'tell-status' });
    expect(details).toEqual({ percent: '90', url: 'https://a.example/?b=c' });
  });

  test('lines of another form are told to the log, once a run', async () => {
    const script = '#!/bin/sh\nprintf "a b=c\\npercent 5\\nok=1\\n" >> "$JOB_STATUS_FILE"\n';
    await writeFile(join(setup.handlersDir, 'tell-wrongly'), script, { mode: 0o755 });
    expect(await setup.run({ operation: 'tell-wrongly' })).toMatchObject({ details: { ok: '1' } });
    expect(setup.logLines.filter(({ level }) => Number(level) >= 40)).toMatchObject([
      {
        level: 40,
        msg: 'lines in JOB_STATUS_FILE were not told: expected key=value',
        count: 2,
        first: '"a b=c"',
        jobId: 'job-1',
        operation: 'tell-wrongly',
      },
    ]);
  });

  test('progress is told while the handler runs', async () => {
    await setup.install('tell-status-and-wait');
    const probe = createProgressProbe();
    const running = setup.start({ operation: 'tell-status-and-wait' }, { onProgress: probe.onProgress });
    await probe.until(({ state }) => state === 'waiting');
    await writeFile(join(setup.stateDir, 'work', EXECUTION_ID, 'go'), '');
    expect((await running.ended).details).toEqual({ state: 'went' });
  });
});

describe('modules', () => {
  test('a handler knows what it runs for', async () => {
    const { details } = await setup.run({ operation: 'report-context' }, { attempt: 2 });
    expect(details).toEqual({
      jobId: 'job-1',
      step: '0',
      attempt: '2',
      thingName: 'gateway-1',
      workDir: join(setup.stateDir, 'work', EXECUTION_ID),
    });
  });

  test('progress and result details are merged', async () => {
    const { details } = await setup.run({ operation: 'tell-progress' });
    expect(details).toEqual({ percent: '90', note: 'two lines', done: 'yes' });
  });

  test('a failure keeps its own code', async () => {
    expect(await setup.run({ operation: 'fail-plainly' })).toMatchObject({
      status: 'failed',
      reasonCode: 'DISK_TIRED',
      message: 'the disk is tired',
      details: { sector: '7' },
    });
  });

  test('a rejection stays a rejection', async () => {
    expect(await setup.run({ operation: 'reject-plainly' })).toMatchObject({ status: 'rejected' });
  });

  test.each([
    ['throw-error', 'HANDLER_ERROR', 'thrown on purpose'],
    ['reject-unheard', 'HANDLER_ERROR', 'nobody awaited this'],
    ['exit-silently', 'HANDLER_NO_RESULT', 'exit-silently ended with exit code 0 and left no result'],
    ['kill-itself-module', 'HANDLER_SIGNALED', 'kill-itself-module was killed by SIGKILL'],
  ])('%s is told as %s', async (operation, reasonCode, message) => {
    expect(await setup.run({ operation })).toMatchObject({ status: 'failed', reasonCode, message });
  });

  test('a checkpoint reaches the next attempt', async () => {
    expect(await setup.run({ operation: 'count-attempts' })).toMatchObject({ reasonCode: 'AGAIN' });
    const second = await setup.run({ operation: 'count-attempts' }, { attempt: 2 });
    expect(second).toMatchObject({ status: 'succeeded', details: { count: '1', attempt: '2' } });
  });

  test('a checkpoint of one step is not restored in another', async () => {
    const document = { steps: [{ operation: 'count-attempts' }, { operation: 'count-attempts' }] };
    await setup.run(document);
    expect(await setup.run(document, { stepIndex: 1 })).toMatchObject({ reasonCode: 'AGAIN' });
  });
});

describe('inline', () => {
  test('system information is told in nine pairs', async () => {
    const { status, details } = await setup.run({ operation: 'system-info' });
    expect(status).toBe('succeeded');
    expect(details).toMatchObject({ agentVersion: '1.2.3', nodeVersion: process.versions.node });
    expect(Object.keys(details)).toHaveLength(9);
  });
});

describe('stopping', () => {
  test('a stopped executable was killed by SIGTERM', async () => {
    await setup.install('wait-forever');
    const probe = createProgressProbe();
    const running = setup.start({ operation: 'wait-forever' }, { onProgress: probe.onProgress });
    await probe.until(({ state }) => state === 'waiting');
    await running.stop('canceled', 5000);
    expect(await running.ended).toMatchObject({ reasonCode: 'HANDLER_SIGNALED', details: { state: 'waiting' } });
  });

  test('a stopped module hears of it first', async () => {
    const probe = createProgressProbe();
    const running = setup.start({ operation: 'wait-for-stop' }, { onProgress: probe.onProgress });
    await probe.until(({ state }) => state === 'waiting');
    await running.stop('timed-out', 5000);
    expect(await running.ended).toMatchObject({
      reasonCode: 'STOPPED_POLITELY',
      message: 'the agent asked the handler to stop',
    });
  });

  test('a stop before the start starts nothing', async () => {
    const running = setup.start(command('touch', 'was-started'));
    await running.stop('canceled', 5000);
    expect(await running.ended).toMatchObject({ status: 'failed', reasonCode: 'HANDLER_NOT_STARTED' });
    expect(await readdir(join(setup.stateDir, 'work', EXECUTION_ID))).toEqual([]);
  });
});

describe('tidying up', () => {
  test('a closed execution leaves nothing in stateDir', async () => {
    await setup.run({ operation: 'count-attempts' });
    await setup.stepRunner.cleanUp(EXECUTION_ID);
    expect(await readdir(join(setup.stateDir, 'work'))).toEqual([]);
    expect(await readdir(join(setup.stateDir, 'checkpoints'))).toEqual([]);
  });

  test.each(['..', '../state', '.hidden', 'a/b', ''])('an execution id %j is not a folder', async (id) => {
    await expect(setup.stepRunner.cleanUp(id)).rejects.toThrow('not safe');
    await expect(access(setup.stateDir)).resolves.toBeUndefined();
  });

  test('a sweep leaves only what lives', async () => {
    await setup.run({ operation: 'count-attempts' });
    const folders = ['work', 'checkpoints'].map((kind) => join(setup.stateDir, kind));
    const foreign = ['lost+found', 'notes.1'];
    for (const folder of folders) {
      for (const name of ['job-2.1.1700000000', 'a.b.2.5', '.hidden.1.1', ...foreign]) {
        await mkdir(join(folder, name, 'deep'), { recursive: true });
      }
    }
    await setup.stepRunner.sweep([EXECUTION_ID]);
    for (const folder of folders) {
      expect((await readdir(folder)).sort()).toEqual(['.hidden.1.1', EXECUTION_ID, ...foreign].sort());
    }
    await setup.stepRunner.sweep([]);
    for (const folder of folders) expect((await readdir(folder)).sort()).toEqual(['.hidden.1.1', ...foreign].sort());
  });

  test('a sweep of nothing is no fault', async () => {
    await setup.stepRunner.sweep([]);
    expect(setup.logLines).toEqual([]);
  });

  test('a folder that cannot be made leaves nothing', async () => {
    const before = await readdir('/proc/self/fd');
    const execution = { ...EXECUTION, jobDocument: 1n as never };
    const result = await setup.run(command('true'), { execution });
    expect(result).toMatchObject({ status: 'failed', reasonCode: 'HANDLER_NOT_STARTED' });
    expect(await readdir(join(setup.runtimeDir, 'runs'))).toEqual([]);
    expect((await readdir('/proc/self/fd')).length).toBe(before.length);
  });

  test('a later agent ends what an earlier one left', async () => {
    await setup.install('wait-forever');
    const probe = createProgressProbe();
    const running = setup.start({ operation: 'wait-forever' }, { onProgress: probe.onProgress });
    await probe.until(({ state }) => state === 'waiting');
    expect(await createStepRunnerOver(setup).endLeftovers(5000)).toEqual([runIdOf(0, 1)]);
    expect(await running.ended).toMatchObject({ reasonCode: 'HANDLER_SIGNALED' });
    expect(await readdir(join(setup.runtimeDir, 'runs'))).toEqual([]);
  });
});

describe('the log', () => {
  test('output lines carry the job and the stream', async () => {
    await setup.run(command('printf', 'one\\ntwo'));
    const lines = setup.logLines.filter(({ msg }) => msg === 'handler output');
    expect(lines).toMatchObject([
      { jobId: 'job-1', executionNumber: 1, operation: 'run-command', stream: 'stdout', line: 'one' },
      { stream: 'stdout', line: 'two' },
    ]);
  });

  test('a module’s own lines keep their level', async () => {
    await setup.run({ operation: 'report-context' });
    const line = setup.logLines.find(({ handlerMessage }) => handlerMessage === 'looking round');
    expect(line).toMatchObject({ level: 30, jobId: 'job-1', operation: 'report-context', fields: { step: 0 } });
  });

  test('a flood is cut after a thousand lines', async () => {
    await setup.run(command('seq', '5000'));
    expect(setup.logLines.filter(({ msg }) => msg === 'handler output')).toHaveLength(1000);
    expect(setup.logLines.filter(({ msg }) => msg === 'more handler output is not logged')).toHaveLength(1);
  });
});

describe.runIf(process.getuid?.() === 0)('as root, for another user', () => {
  test('an executable runs as the user it names', async () => {
    await setup.install('who-am-i');
    const result = await setup.run({ operation: 'who-am-i', runAs: 'nobody' });
    expect(result).toMatchObject({ status: 'succeeded', details: { told: 'by nobody' } });
    expect(result.stdoutTail).toMatch(/^nobody\n\/nonexistent nobody nobody\n/);
  });

  test('a module runs as the user it names', async () => {
    const document = { operation: 'write-file', runAs: 'nobody', parameters: { path: 'note', content: 'x' } };
    expect(await setup.run(document)).toMatchObject({ status: 'succeeded' });
    const { uid } = await stat(join(setup.stateDir, 'work', EXECUTION_ID, 'note'));
    expect(uid).toBe((await createPasswdUsers().find('nobody'))?.uid);
  });
});

function command(...argv: readonly string[]) {
  return { operation: 'run-command', parameters: { command: argv } };
}

function managedTemplate(handler: string, { args }: { args: readonly string[] }) {
  const input = { handler, args, path: '' };
  return { version: '1.0', steps: [{ action: { name: 'Step', type: 'runHandler', input, runAsUser: '' } }] };
}
