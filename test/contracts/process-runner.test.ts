import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { readProcessTable, readRunMarker } from '../../agent/adapters/process/process-table.ts';
import type { ProcessSpec } from '../../agent/ports/process-runner.ts';
import { inRunFolder, startMarkedProcess } from '../adapters/process/run-folder.ts';
import { createScriptedRunner } from '../fakes/scripted-runner.ts';
import { processRunnerContract, type WithHarness } from './process-runner-contract.ts';

const withScriptedRunner: WithHarness = async (body) => {
  const runner = createScriptedRunner();
  const start = (runId: string, extra: Partial<ProcessSpec> = {}) => {
    const process = runner.start({ runId, argv: ['program'], cwd: tmpdir(), env: {}, outputTailBytes: 100, ...extra });
    const run = runner.runs.at(-1);
    if (run === undefined) throw new Error('a started run is not listed');
    return { process, run };
  };
  await body({
    runner,
    startExiting({ stdout, stderr, exitCode, outputTailBytes }, extra) {
      const { process, run } = start('exits', { outputTailBytes, ...extra });
      if (stdout !== '') run.print('stdout', stdout);
      if (stderr !== '') run.print('stderr', stderr);
      run.end({ kind: 'exited', exitCode });
      return process;
    },
    startLasting: async (runId) => start(runId).process,
    startLeavingChild(runId) {
      const { process, run } = start(runId);
      queueMicrotask(() => run.end({ kind: 'exited', exitCode: 4 }));
      return process;
    },
    isAlive: (runId) => runner.runs.some(({ spec, isOver }) => spec.runId === runId && !isOver),
    startMissing() {
      const { process, run } = start('missing');
      run.end({ kind: 'not-started', code: 'ENOENT', message: 'there is no such program' });
      return process;
    },
    leaveBehind: async (runId) => void runner.leftovers.add(runId),
  });
};

const withDirectChildRunner: WithHarness = async (body) => {
  await inRunFolder(async ({ runner, start }) => {
    const left: { end(): Promise<unknown> }[] = [];
    try {
      await body({
        runner,
        startExiting({ stdout, stderr, exitCode, outputTailBytes }, extra) {
          const script = 'printf %s "$1"; printf %s "$2" >&2; exit "$3"';
          const argv = ['sh', '-c', script, 'sh', stdout, stderr, String(exitCode)] as const;
          return start([...argv], { outputTailBytes, ...extra });
        },
        startLasting: async (runId) => start(['sleep', '300'], { runId }),
        startLeavingChild: (runId) => start(['sh', '-c', 'sleep 300 > /dev/null 2>&1 & exit 4'], { runId }),
        isAlive: (runId) => livingPids().some((pid) => readRunMarker(pid) === runId),
        startMissing: () => start(['no-such-program']),
        async leaveBehind(runId) {
          const child = startMarkedProcess(runId);
          const exited = once(child, 'exit');
          left.push({ end: () => (child.kill('SIGKILL') ? exited : Promise.resolve()) });
        },
      });
    } finally {
      await Promise.all(left.map((process) => process.end()));
    }
  });
};

function livingPids(): readonly number[] {
  const entries = [...(readProcessTable()?.entries.values() ?? [])];
  return entries.filter(({ isOver }) => !isOver).map(({ pid }) => pid);
}

processRunnerContract('the scripted runner', withScriptedRunner);
processRunnerContract('the direct-child runner', withDirectChildRunner);
