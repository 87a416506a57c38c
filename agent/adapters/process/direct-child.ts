/**
 * Runs programs as direct children: for development, containers and boards without systemd.
 *
 * How a run ends is how its first process exits. What that leaves behind is ended too, after the output is drained, and
 * only then has the run ended: no process of it meets the next run, or works in folders that are removed. Whoever wants a service asks the service manager, whose children are not of the
 * run; a program put into the background with `&`, nohup or setsid is, and is ended.
 */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessEnd, ProcessRunner, ProcessSpec, RunningProcess } from '../../ports/process-runner.ts';
import { readBootId } from '../boot/linux.ts';
import { createRunEnder, isRunAlive, livingOf, type RunTrace } from './end-run.ts';
import { asSetprivFailure, type LaunchedChild, launch } from './launch.ts';
import { createOutputPipes } from './output-pipes.ts';
import { createOutputTail, type OutputTail } from './output-tail.ts';
import { readProcess, readProcessTable, readRunMarker } from './process-table.ts';
import { type NotStarted, notStartedBy } from './program.ts';
import { createRunFiles, type RunFiles } from './run-files.ts';

export interface DirectChildOptions {
  /** Where the files of living runs are kept: a folder of this agent's own, best on a tmpfs. Made when needed. */
  readonly runsDir: string;
  /** Told of processes that outlived KILL, because they are another user's or stuck in the kernel. */
  readonly onSurvivors?: (runId: string, pids: readonly number[]) => void;
  /** Told of processes that the first process of a run left when it ended by itself; they are ended after that. */
  readonly onLeftBehind?: (runId: string, pids: readonly number[]) => void;
}

/** A process that ended may have left output in its pipes, and a child of it may hold them open for ever. */
const DRAIN_MS = 2_000;
/** For what is left of a run that ended by itself. */
const LEFT_BEHIND_GRACE_MS = 2_000;

export function createDirectChildRunner(options: DirectChildOptions): ProcessRunner {
  const runs: Runs = { ...options, files: createRunFiles(options.runsDir, readBootId()), living: new Set() };
  const pipes = createOutputPipes(options.runsDir);
  return {
    start(spec) {
      const launched = launch(spec, pipes);
      if (launched.kind === 'not-started') return neverStarted(Promise.resolve(launched));
      const { pid } = launched.child;
      if (pid === undefined) return neverStarted(startError(launched.child, spec));
      return supervise({ ...launched, pid }, spec, runs);
    },
    endLeftovers(isOurs, graceMs) {
      pipes.removeLeftovers();
      return endLeftovers(runs, isOurs, graceMs);
    },
  };
}

interface Runs extends DirectChildOptions {
  readonly files: RunFiles;
  /** The run ids that this runner started and whose processes are not all gone. */
  readonly living: Set<string>;
}

function neverStarted(ended: Promise<NotStarted>): RunningProcess {
  return { ended, stop: async () => {} };
}

function startError(child: ChildProcess, spec: ProcessSpec): Promise<NotStarted> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(notStartedBy(error, spec.argv[0])));
  });
}

function supervise(run: StartedChild, spec: ProcessSpec, runs: Runs): RunningProcess {
  const { child, pid } = run;
  // Exact even for a program that is over already: it stays in the table until the event loop has reaped it.
  const startTime = readProcess(pid)?.startTime;
  runs.living.add(spec.runId);
  if (startTime !== undefined) runs.files.write(spec.runId, { pid, startTime });
  giveInput(child, spec.stdin);
  const trace = { runId: spec.runId, leader: { pid, startTime }, isOurChild: true };
  const closeRun = createRunCloser(runs, trace);
  let isStopped = false;
  const ended = awaitEnd(run, spec).then(async (end) => {
    if (!isStopped) tellLeftBehind(runs, trace);
    await closeRun(LEFT_BEHIND_GRACE_MS);
    return end;
  });
  return {
    ended,
    async stop(graceMs) {
      isStopped = true;
      const survivors = await closeRun(graceMs);
      if (survivors.length === 0) await ended;
    },
  };
}

type StartedChild = LaunchedChild & { readonly pid: number };

function tellLeftBehind({ onLeftBehind }: Runs, trace: RunTrace): void {
  if (onLeftBehind === undefined) return; // looking takes a walk through /proc
  const pids = livingOf(trace);
  if (pids.length > 0) onLeftBehind(trace.runId, pids);
}

function giveInput(child: ChildProcess, text: string | undefined): void {
  child.stdin?.on('error', () => {}); // EPIPE: it did not want to read
  child.stdin?.end(text);
}

async function awaitEnd({ child, ...streams }: StartedChild, spec: ProcessSpec): Promise<ProcessEnd> {
  const stdout = keepOutput('stdout', streams.stdout, spec);
  const stderr = keepOutput('stderr', streams.stderr, spec);
  const exit = await new Promise<ExitStatus>((resolve) => {
    child.once('exit', (exitCode, signal) =>
      resolve(signal === null ? { kind: 'exited', exitCode: exitCode ?? 0 } : { kind: 'signaled', signal }),
    );
  });
  await withinDrainTime(Promise.all([stdout.closed, stderr.closed]));
  streams.stdout?.destroy();
  streams.stderr?.destroy();
  const output = {
    stdoutTail: stdout.tail.text(),
    stderrTail: stderr.tail.text(),
    stdoutBytes: stdout.tail.bytes(),
    stderrBytes: stderr.tail.bytes(),
    stderrLines: stderr.tail.lines(),
  };
  return asSetprivFailure({ ...exit, ...output }, spec);
}

type ExitStatus = { kind: 'exited'; exitCode: number } | { kind: 'signaled'; signal: string };

interface KeptOutput {
  readonly tail: OutputTail;
  /** Everything that was printed has been read. */
  readonly closed: Promise<void>;
}

/** Reads from the first moment to the last, so that no program waits for us to read. */
function keepOutput(name: 'stdout' | 'stderr', stream: Readable | null, spec: ProcessSpec): KeptOutput {
  const tail = createOutputTail(spec.outputTailBytes);
  stream?.on('error', () => {});
  stream?.on('data', (chunk: Buffer) => {
    tail.push(chunk);
    spec.onOutput?.(name, chunk);
  });
  return { tail, closed: new Promise((resolve) => stream?.once('close', () => resolve())) };
}

async function withinDrainTime(closed: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([closed, delay(DRAIN_MS, undefined, { signal: timer.signal }).catch(() => {})]);
  timer.abort();
}

/** Ends a run's processes and forgets the run. A run with survivors is not forgotten, so that a later agent tries again. */
function createRunCloser(runs: Runs, trace: RunTrace): (graceMs: number) => Promise<readonly number[]> {
  const ender = createRunEnder(trace);
  let closing: Promise<readonly number[]> | undefined;
  const close = async (ending: Promise<readonly number[]>): Promise<readonly number[]> => {
    const survivors = await ending;
    runs.living.delete(trace.runId);
    if (survivors.length === 0) runs.files.remove(trace.runId);
    else runs.onSurvivors?.(trace.runId, survivors);
    return survivors;
  };
  return (graceMs) => {
    const ending = ender.end(graceMs);
    closing ??= close(ending);
    return closing;
  };
}

async function endLeftovers(
  runs: Runs,
  isOurs: (runId: string) => boolean,
  graceMs: number,
): Promise<readonly string[]> {
  const leaders = new Map(runs.files.list().map((file) => [file.runId, file.leader]));
  for (const runId of markedRunIds()) if (isOurs(runId) && !leaders.has(runId)) leaders.set(runId, undefined);
  for (const runId of runs.living) leaders.delete(runId);
  const traces = [...leaders].map(([runId, leader]) => ({ runId, leader, isOurChild: false }));
  const alive = traces.filter(isRunAlive);
  await Promise.all(traces.map((trace) => createRunCloser(runs, trace)(graceMs)));
  return alive.map((trace) => trace.runId);
}

function markedRunIds(): ReadonlySet<string> {
  const marked = [...(readProcessTable()?.entries.keys() ?? [])].map(readRunMarker);
  return new Set(marked.filter((runId) => runId !== undefined));
}
