/** A process runner whose runs print and end as the test says. Nothing is started. */
import type {
  ProcessEnd,
  ProcessOutput,
  ProcessRunner,
  ProcessSpec,
  RunningProcess,
} from '../../agent/ports/process-runner.ts';

export interface ScriptedRunner extends ProcessRunner {
  /** In the order they were started. */
  readonly runs: readonly ScriptedRun[];
  /** Run ids that an earlier agent process is to have left alive; `endLeftovers` takes them out. */
  readonly leftovers: Set<string>;
}

export interface ScriptedRun {
  readonly spec: ProcessSpec;
  /** The grace of each `stop`, in milliseconds. */
  readonly stops: readonly number[];
  readonly isOver: boolean;
  print(stream: 'stdout' | 'stderr', text: string): void;
  /** What was printed is added to an exit or signal. Only the first end counts. */
  end(end: ScriptedEnd): void;
}

export type ScriptedEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'signaled'; readonly signal: string }
  | { readonly kind: 'not-started'; readonly code: string; readonly message: string };

export interface ScriptedRunnerOptions {
  /** Called when a run was started, on the next microtask: for runs that end without the test's doing. */
  readonly onStart?: (run: ScriptedRun) => void;
  /** What a stop does; ending by SIGTERM unless given. A run that is not ended here is deaf until the test ends it. */
  readonly onStop?: (run: ScriptedRun) => void;
}

export function createScriptedRunner(options: ScriptedRunnerOptions = {}): ScriptedRunner {
  const onStop = options.onStop ?? ((run) => run.end({ kind: 'signaled', signal: 'SIGTERM' }));
  const runs: ScriptedRun[] = [];
  const leftovers = new Set<string>();
  return {
    runs,
    leftovers,
    start(spec) {
      const { run, process } = createRun(spec, onStop);
      runs.push(run);
      queueMicrotask(() => options.onStart?.(run));
      return process;
    },
    async endLeftovers(isOurs) {
      const ended = [...leftovers].filter(isOurs);
      for (const runId of ended) leftovers.delete(runId);
      return ended;
    },
  };
}

function createRun(
  spec: ProcessSpec,
  onStop: (run: ScriptedRun) => void,
): { run: ScriptedRun; process: RunningProcess } {
  const printed = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  const stops: number[] = [];
  let isOver = false;
  let resolveEnded: (end: ProcessEnd) => void = () => {};
  const ended = new Promise<ProcessEnd>((resolve) => {
    resolveEnded = resolve;
  });
  const run: ScriptedRun = {
    spec,
    stops,
    get isOver() {
      return isOver;
    },
    print(stream, text) {
      const chunk = Buffer.from(text);
      printed[stream] = Buffer.concat([printed[stream], chunk]);
      spec.onOutput?.(stream, chunk);
    },
    end(end) {
      isOver = true;
      resolveEnded(end.kind === 'not-started' ? end : { ...end, ...outputOf(printed, spec.outputTailBytes) });
    },
  };
  const stop = async (graceMs: number) => {
    stops.push(graceMs);
    if (!isOver) onStop(run);
    await ended;
  };
  return { run, process: { ended, stop } };
}

function outputOf({ stdout, stderr }: Record<'stdout' | 'stderr', Buffer>, tailBytes: number): ProcessOutput {
  const tail = (printed: Buffer) => printed.subarray(Math.max(0, printed.length - tailBytes)).toString();
  return {
    stdoutTail: tail(stdout),
    stderrTail: tail(stderr),
    stdoutBytes: stdout.length,
    stderrBytes: stderr.length,
    stderrLines: stderr.length === 0 ? 0 : stderr.toString().replace(/\n$/, '').split('\n').length,
  };
}
