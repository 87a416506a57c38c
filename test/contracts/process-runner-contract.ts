/** What every process runner keeps, the scripted one included. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ProcessRunner, ProcessSpec, RunningProcess } from '../../agent/ports/process-runner.ts';

export interface ProcessRunnerHarness {
  readonly runner: ProcessRunner;
  /** Starts a run that prints and then exits by itself. */
  startExiting(behaviour: ExitingRun, extra?: Pick<ProcessSpec, 'onOutput'>): RunningProcess;
  /** Starts a run that ends only when it is asked to; resolves when it runs. */
  startLasting(runId: string): Promise<RunningProcess>;
  /** Starts a run that exits with 4 and leaves a child behind. */
  startLeavingChild(runId: string): RunningProcess;
  /** Whether any process of a run lives. */
  isAlive(runId: string): boolean;
  /** Starts a run of a program that does not exist. */
  startMissing(): RunningProcess;
  /** Leaves a living run behind, as an agent does that is killed. */
  leaveBehind(runId: string): Promise<void>;
}

export interface ExitingRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly outputTailBytes: number;
}

const quiet = { stdout: '', stderr: '', exitCode: 0, outputTailBytes: 100 };

export function processRunnerContract(name: string, withHarness: WithHarness): void {
  describe(`${name} keeps the contract of process runners`, () => {
    const runnerTest = (title: string, body: (harness: ProcessRunnerHarness) => Promise<void>) =>
      test(title, () => withHarness(body));

    runnerTest('an exit code is a value, with the output', async ({ startExiting }) => {
      const end = await startExiting({ stdout: 'one\n', stderr: 'two\nthree', exitCode: 3, outputTailBytes: 100 })
        .ended;
      expect(end).toEqual({
        kind: 'exited',
        exitCode: 3,
        stdoutTail: 'one\n',
        stderrTail: 'two\nthree',
        stdoutBytes: 4,
        stderrBytes: 9,
        stderrLines: 2,
      });
    });

    runnerTest('only the end of the output is kept', async ({ startExiting }) => {
      const end = await startExiting({ ...quiet, stdout: '0123456789', outputTailBytes: 4 }).ended;
      expect(end).toMatchObject({ stdoutTail: '6789', stdoutBytes: 10, stderrTail: '', stderrLines: 0 });
    });

    runnerTest('output is heard before the end', async ({ startExiting }) => {
      let heard = '';
      const onOutput = (stream: string, chunk: Uint8Array) => {
        heard += `${stream} ${Buffer.from(chunk)}`;
      };
      await startExiting({ ...quiet, stderr: 'ouch' }, { onOutput }).ended;
      expect(heard).toBe('stderr ouch');
    });

    runnerTest('a run has ended when nothing of it lives', async ({ startLeavingChild, isAlive }) => {
      const runId = runIdOfTest('leaves-a-child');
      const run = startLeavingChild(runId);
      expect(await run.ended).toMatchObject({ kind: 'exited', exitCode: 4 });
      expect(isAlive(runId)).toBe(false);
    });

    runnerTest('a missing program is a value too', async ({ startMissing }) => {
      expect(await startMissing().ended).toMatchObject({ kind: 'not-started', code: 'ENOENT' });
    });

    runnerTest('a run that never started can be stopped', async ({ startMissing }) => {
      await expect(startMissing().stop(1000)).resolves.toBeUndefined();
    });

    runnerTest('a stop names the signal in the end', async ({ startLasting }) => {
      const run = await startLasting(runIdOfTest('stopped'));
      await run.stop(10_000);
      expect(await run.ended).toMatchObject({ kind: 'signaled', signal: 'SIGTERM' });
    });

    runnerTest('two stops at once both resolve', async ({ startLasting }) => {
      const run = await startLasting(runIdOfTest('stopped-twice'));
      await Promise.all([run.stop(10_000), run.stop(5_000)]);
      expect((await run.ended).kind).toBe('signaled');
    });

    runnerTest('a stop after the end changes nothing', async ({ startExiting }) => {
      const run = startExiting({ ...quiet, exitCode: 5 });
      const end = await run.ended;
      await run.stop(0);
      expect(await run.ended).toBe(end);
    });

    runnerTest('leftovers are named once, and only ours', async ({ runner, leaveBehind }) => {
      const [ours, alsoOurs, foreign] = [runIdOfTest('a'), runIdOfTest('b'), runIdOfTest('foreign')];
      for (const runId of [ours, alsoOurs, foreign]) await leaveBehind(runId);
      const isOurs = (runId: string) => runId === ours || runId === alsoOurs;
      expect([...(await runner.endLeftovers(isOurs, 5_000))].sort()).toEqual([ours, alsoOurs]);
      expect(await runner.endLeftovers((runId) => isOurs(runId) || runId === foreign, 5_000)).toEqual([foreign]);
    });

    runnerTest('a living run is no leftover', async ({ runner, startLasting }) => {
      const runId = runIdOfTest('lives');
      const run = await startLasting(runId);
      expect(await runner.endLeftovers((id) => id === runId, 0)).toEqual([]);
      await run.stop(10_000);
      expect(await run.ended).toMatchObject({ kind: 'signaled', signal: 'SIGTERM' });
    });
  });
}

const suite = randomUUID();

/** Nobody else's: other tests run at the same time, and what is found by its run id is ended. */
function runIdOfTest(name: string): string {
  return `${suite}-${name}`;
}

/** Makes a harness, and leaves nothing of it running. */
export type WithHarness = (body: (harness: ProcessRunnerHarness) => Promise<void>) => Promise<void>;
