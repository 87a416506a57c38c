/** A process runner that sees what the processes of a handler do, and can start them in worse circumstances. */
import { readFileSync } from 'node:fs';
import { createDirectChildRunner } from '../adapters/process/direct-child.ts';
import type { ProcessEnd, ProcessRunner, ProcessSpec, RunningProcess } from '../ports/process-runner.ts';

export interface ObservedProcess {
  /** On the monotonic clock. */
  readonly startedMs: number;
  readonly running: RunningProcess;
  readonly spec: ProcessSpec;
  /** When it printed, in milliseconds since its start. */
  readonly outputTimes: readonly number[];
  /** How it ended; `undefined` as long as it runs. */
  readonly end: ProcessEnd | undefined;
  /** When nothing of it was left, in milliseconds since its start. */
  readonly endedAfterMs: number | undefined;
  /** What it left running when it ended by itself: program and pid. */
  readonly leftBehind: readonly string[];
}

export interface ObservedRunner extends ProcessRunner {
  /** From now on processes are started so, and this is told of each. */
  observe(change: (spec: ProcessSpec) => ProcessSpec, onStart: (process: ObservedProcess) => void): void;
}

/** Times of output: more would say nothing more. */
const MAX_TIMES = 1_000;

type Observation = { -readonly [Key in keyof ObservedProcess]: ObservedProcess[Key] };

export function createObservedRunner(runsDir: string): ObservedRunner {
  const byRunId = new Map<string, Observation>();
  const runner = createDirectChildRunner({
    runsDir,
    onLeftBehind(runId, pids) {
      const process = byRunId.get(runId);
      if (process !== undefined) process.leftBehind = pids.map(nameOf);
    },
  });
  let change = (spec: ProcessSpec) => spec;
  let onStart: (process: ObservedProcess) => void = () => undefined;
  return {
    ...runner,
    observe(nextChange, nextOnStart) {
      change = nextChange;
      onStart = nextOnStart;
      byRunId.clear();
    },
    start(asked) {
      if (asked.env.JOB_ID === undefined) return runner.start(asked); // of no job: a module is asked what it is
      const spec = change(asked);
      const startedMs = performance.now();
      const outputTimes: number[] = [];
      const running = runner.start({
        ...spec,
        onOutput(stream, chunk) {
          if (outputTimes.length < MAX_TIMES) outputTimes.push(performance.now() - startedMs);
          spec.onOutput?.(stream, chunk);
        },
      });
      const process: Observation = {
        startedMs,
        running,
        spec,
        outputTimes,
        end: undefined,
        endedAfterMs: undefined,
        leftBehind: [],
      };
      byRunId.set(spec.runId, process);
      const ended = running.ended.then((end) => {
        process.end = end;
        process.endedAfterMs = performance.now() - startedMs;
        return end;
      });
      onStart(process);
      return { ...running, ended };
    },
  };
}

function nameOf(pid: number): string {
  try {
    return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (process ${pid})`;
  } catch {
    return `process ${pid}`;
  }
}
