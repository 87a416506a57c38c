import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { StopReason } from '../../agent/core/outcome.ts';
import {
  type CommandHandler,
  failed,
  type HandlerContext,
  type HandlerResult,
  type InlineHandler,
  type JobHandler,
  type OnInterrupted,
  reboot,
  retryLater,
  succeeded,
  Type,
} from '../../agent/handler-api.ts';
import type { StepRun } from '../../agent/runs/step-runner.ts';
import { bundleHandlerHost } from '../fixtures/step-handlers/bundle-program.ts';
import {
  createProgressProbe,
  createStepRunnerOver,
  createStepRunnerSetup,
  EXECUTION_ID,
  runIdOf,
  type StepRunnerSetup,
} from '../fixtures/step-handlers/step-runner-setup.ts';

const none = Type.Object({}, { additionalProperties: false });

let bundleFolder: string;
let hostArgv: readonly string[];
let setup: StepRunnerSetup;

beforeAll(async () => {
  bundleFolder = await mkdtemp(join(tmpdir(), 'handler-host-'));
  hostArgv = await bundleHandlerHost(bundleFolder);
  await chmod(bundleFolder, 0o755);
});
afterAll(() => rm(bundleFolder, { recursive: true, force: true }));
afterEach(() => setup.remove());

describe('after a module was stopped', () => {
  test('nothing of it is left, but its checkpoint is', async () => {
    setup = await createStepRunnerSetup({ hostArgv });
    const { running, probe } = await startWaiting('clean-up-after');
    await running.stop('canceled', 5_000);
    expect(JSON.parse(await workFile('cleaned'))).toEqual({ restored: 'half', workerIsGone: true });
    expect(await running.ended).toMatchObject({ reasonCode: 'STOPPED_POLITELY', details: { state: 'waiting' } });
    expect(probe.heard.filter(({ told }) => told !== undefined)).toEqual([]);
    expect(await readdir(join(setup.runtimeDir, 'runs'))).toEqual([]);
  });

  test('what it returned is logged, without secrets', async () => {
    setup = await createStepRunnerSetup({ hostArgv });
    const { running } = await startWaiting('clean-up-after');
    await running.stop('canceled', 5_000);
    const line = setup.logLines.find(({ reasonCode }) => reasonCode === 'CLEANED_BADLY');
    expect(line).toMatchObject({ level: 40, jobId: 'job-1', step: 0, reason: 'see https://a.example/f?…' });
  });

  test('a handler without a clean-up gets none', async () => {
    setup = await createStepRunnerSetup({ hostArgv });
    const { running } = await startWaiting('wait-for-stop');
    await running.stop('canceled', 5_000);
    expect(cleanUpLines()).toEqual([]);
  });

  test('another stop stops the clean-up', async () => {
    setup = await createStepRunnerSetup({ hostArgv });
    const { running } = await startWaiting('hang-in-clean-up');
    const stopped = running.stop('canceled', 5_000);
    const pid = await cleaningPid();
    await running.stop('shutdown', 50);
    await stopped;
    expect(isAlive(pid)).toBe(false);
    expect(await running.ended).toMatchObject({ reasonCode: 'STOPPED_POLITELY' });
  });

  test('a clean-up that hangs is asked, then killed', async () => {
    setup = await createStepRunnerSetup({ hostArgv, cleanUpLimitMs: 6_000 });
    const { running } = await startWaiting('hang-in-clean-up');
    await running.stop('timed-out', 5_000);
    expect(await readdir(join(setup.stateDir, 'work', EXECUTION_ID))).toContain('asked-to-end');
    expect(isAlive(await cleaningPid())).toBe(false);
    expect(await running.ended).toMatchObject({ reasonCode: 'STOPPED_POLITELY' });
  });

  test('a later agent ends a clean-up that an earlier one left', async () => {
    setup = await createStepRunnerSetup({ hostArgv });
    const { running } = await startWaiting('hang-in-clean-up');
    const stopped = running.stop('canceled', 5_000);
    const pid = await cleaningPid();
    expect(await createStepRunnerOver(setup).endLeftovers(50)).toEqual([`${runIdOf(0, 1)}.c`]);
    expect(isAlive(pid)).toBe(false);
    expect(await readdir(join(setup.runtimeDir, 'runs'))).toEqual([]);
    await stopped;
  });
});

describe('after a command was stopped', () => {
  test.each<StopReason>(['canceled', 'timed-out', 'job-timed-out', 'shutdown'])('%s cleans up', async (reason) => {
    const cleanUp =
      'echo $JOB_PURPOSE $JOB_ATTEMPT $JOB_AGENT_RUN_ID >> cleaned; echo told=in-vain >> $JOB_STATUS_FILE';
    setup = await createStepRunnerSetup({ handlers: [command(WAIT, cleanUp)] });
    const { running } = await startWaiting('command-handler');
    await running.stop(reason, 5_000);
    expect(await workFile('cleaned')).toBe(`clean-up 1 ${runIdOf(0, 1)}.c\n`);
    expect(await running.ended).toMatchObject({ reasonCode: 'HANDLER_SIGNALED', details: { state: 'waiting' } });
  });

  test('nothing of it is left when the clean-up begins', async () => {
    const work = 'trap "" TERM; sleep 600 & echo $$ $! > pids; echo state=waiting >> $JOB_STATUS_FILE; wait; wait';
    const cleanUp =
      'for pid in $(cat pids); do grep "^State:.[^Z]" /proc/$pid/status >> cleaned; done; echo over >> cleaned';
    setup = await createStepRunnerSetup({ handlers: [command(work, cleanUp)] });
    const { running } = await startWaiting('command-handler');
    await running.stop('canceled', 50);
    expect(await workFile('cleaned')).toBe('over\n');
    expect(await running.ended).toMatchObject({ reasonCode: 'HANDLER_SIGNALED' });
  });

  test('after a shutdown the clean-up has the grace and no more', async () => {
    setup = await createStepRunnerSetup({ handlers: [command(WAIT, 'exec sleep 600')] });
    const { running } = await startWaiting('command-handler');
    await running.stop('shutdown', 3_000); // enough to begin with on a busy machine
    expect(cleanUpLines()).toMatchObject([{ reasonCode: 'HANDLER_SIGNALED' }]);
  });

  test('a clean-up that cannot start changes nothing', async () => {
    const handler = { ...command(WAIT, ''), cleanup: () => ['no-such-program'] } as unknown as JobHandler;
    setup = await createStepRunnerSetup({ handlers: [handler] });
    const { running } = await startWaiting('command-handler');
    await running.stop('canceled', 5_000);
    expect(cleanUpLines()).toMatchObject([{ reasonCode: 'HANDLER_NOT_STARTED' }]);
    expect(await running.ended).toMatchObject({ reasonCode: 'HANDLER_SIGNALED' });
  });

  test('a run that ends by itself is not cleaned up after', async () => {
    setup = await createStepRunnerSetup({ handlers: [command('exit 3', 'touch cleaned')] });
    expect(await setup.run({ operation: 'command-handler' })).toMatchObject({ reasonCode: 'HANDLER_EXIT_CODE' });
    expect(await readdir(join(setup.stateDir, 'work', EXECUTION_ID))).toEqual([]);
  });

  test('what was stopped before it began left nothing', async () => {
    setup = await createStepRunnerSetup({ handlers: [command(WAIT, 'touch cleaned')] });
    const running = setup.start({ operation: 'command-handler' });
    await running.stop('canceled', 5_000);
    expect(await readdir(join(setup.stateDir, 'work', EXECUTION_ID))).toEqual([]);
  });

  test('but an attempt before it may have', async () => {
    setup = await createStepRunnerSetup({ handlers: [command(WAIT, 'touch cleaned')] });
    const running = setup.start({ operation: 'command-handler' }, { attempt: 2 });
    await running.stop('canceled', 5_000);
    expect(await readdir(join(setup.stateDir, 'work', EXECUTION_ID))).toEqual(['cleaned']);
  });
});

describe('what goes on after the next start keeps what it has', () => {
  const end = failed('STOPPED', 'stopped');
  test.each<[StopReason, StepRun['purpose'], OnInterrupted, HandlerResult, 0 | 1]>([
    ['shutdown', 'work', 'fail', end, 1],
    ['shutdown', 'work', 'fail', succeeded(), 1],
    ['shutdown', 'work', 'fail', retryLater('held'), 0],
    ['shutdown', 'work', 'fail', reboot(), 0],
    ['shutdown', 'work', 'rerun', end, 0],
    ['shutdown', 'work', 'resume', end, 0],
    ['shutdown', 'verify', 'fail', end, 0],
    ['canceled', 'work', 'resume', end, 1],
    ['canceled', 'work', 'fail', reboot(), 1],
    ['timed-out', 'work', 'rerun', end, 1],
    ['timed-out', 'verify', 'fail', end, 1],
    ['job-timed-out', 'work', 'resume', end, 1],
    ['timed-out', 'clean-up', 'fail', end, 0],
  ])('%s of %s, onInterrupted %s, result %j: %i clean-ups', async (reason, purpose, onInterrupted, result, times) => {
    let begin: () => void;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    let cleanUps = 0;
    const untilStopped = async ({ signal }: HandlerContext) => {
      begin();
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return result;
    };
    const cleanup = async () => {
      cleanUps++;
      return succeeded();
    };
    const ownCleanUp = purpose === 'clean-up' ? untilStopped : cleanup;
    const functions = { run: untilStopped, verify: untilStopped, cleanup: ownCleanUp };
    setup = await createStepRunnerSetup({ handlers: [inlineHandler({ ...functions, onInterrupted })] });
    const running = setup.start({ operation: 'inline-handler' }, { purpose });
    await begun;
    await running.stop(reason, 5_000);
    expect(cleanUps).toBe(times);
    expect(cleanUpLines()).toHaveLength(times);
  });

  test('what could not be ended is not cleaned up after', async () => {
    let begin: () => void;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const run = () => {
      begin();
      return new Promise<HandlerResult>(() => undefined);
    };
    setup = await createStepRunnerSetup({ handlers: [inlineHandler({ run, cleanup: async () => succeeded() })] });
    const running = setup.start({ operation: 'inline-handler' });
    await begun;
    await running.stop('canceled', 10);
    expect(await running.ended).toMatchObject({ reasonCode: 'HANDLER_NOT_STOPPED' });
    expect(cleanUpLines()).toEqual([]);
  });
});

const WAIT = 'echo state=waiting >> $JOB_STATUS_FILE; exec sleep 600';

function command(work: string, cleanUp: string): JobHandler {
  const handler: CommandHandler<typeof none> = {
    operation: 'command-handler',
    kind: 'command',
    summary: 'x',
    parameters: none,
    command: () => ['sh', '-c', work],
    cleanup: () => ['sh', '-c', cleanUp],
  };
  return handler as JobHandler;
}

function inlineHandler(more: Pick<InlineHandler, 'run' | 'verify' | 'cleanup' | 'onInterrupted'>): JobHandler {
  return { operation: 'inline-handler', kind: 'inline', summary: 'x', parameters: none, ...more };
}

async function startWaiting(operation: string) {
  const probe = createProgressProbe();
  const running = setup.start({ operation }, { onProgress: probe.onProgress });
  await probe.until(({ state }) => state === 'waiting');
  return { running, probe };
}

function cleanUpLines() {
  return setup.logLines.filter(({ msg }) => /clean(ed )?-?up after a stopped/.test(String(msg)));
}

function workFile(name: string): Promise<string> {
  return readFile(join(setup.stateDir, 'work', EXECUTION_ID, name), 'utf8');
}

/** Once the clean-up has begun. */
function cleaningPid(): Promise<number> {
  return expect
    .poll(() => workFile('cleaning').catch(() => ''))
    .toMatch(/^\d+$/)
    .then(async () => Number(await workFile('cleaning')));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
