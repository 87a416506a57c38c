/** What a gateway does to a handler: it stops it, loses power while it runs, and restarts when it asks for that. */
import type { BenchRun } from './bench.ts';
import type { Check, CheckContext } from './check-context.ts';
import { newEntries, type Scratch, withScratch } from './scratch-home.ts';
import { fail, isSameEnd, notApplicable, pass, seconds, shownEnd } from './verdict.ts';

/** Longer checks are waited for by nobody. */
const KILL_BUDGET_MS = 120_000;
const MAX_POINTS = 12;
const MIN_POINTS = 4;
const FRACTIONS = [0.1, 0.25, 0.5, 0.75, 0.9];

/** Moments of a run in peace, in milliseconds since its start: the start, what it was seen to do, and in between. */
export function momentsOf({ processes: [first], reportTimes }: BenchRun): readonly number[] {
  const { endedAfterMs: durationMs = 0, outputTimes = [] } = first ?? {};
  const seen = [...outputTimes, ...reportTimes].map((ms) => ms + 1);
  const all = [0, ...FRACTIONS.map((fraction) => fraction * durationMs), ...seen].map(Math.round);
  const moments = [...new Set(all)].filter((ms) => ms < durationMs).sort((a, b) => a - b);
  return thinned(moments, Math.max(MIN_POINTS, Math.min(MAX_POINTS, Math.floor(KILL_BUDGET_MS / durationMs))));
}

/** At most so many of them, the first and the last among them. */
function thinned(moments: readonly number[], count: number): readonly number[] {
  if (moments.length <= count) return moments;
  const indexes = Array.from({ length: count }, (_, index) => Math.round((index * (moments.length - 1)) / (count - 1)));
  return indexes.flatMap((index) => moments[index] ?? []);
}

export const powerCuts: Check = {
  name: 'SIGKILL',
  needsProcess: true,
  async perform(context) {
    const { onInterrupted, normal } = context;
    const moments = momentsOf(normal);
    const hits: number[] = [];
    for (const afterMs of moments) {
      const run = await context.bench.run({ powerCut: { process: 0, afterMs } });
      if (run.wasHit) hits.push(afterMs);
      const problem = run.wasHit ? await problemAfterCut(context, run) : undefined;
      if (problem !== undefined) return fail(`killed ${afterMs} ms after its start, as by a power cut: ${problem}`);
    }
    if (hits.length === 0)
      return notApplicable(`it was over before it could be killed (${seconds(normal.durationMs)})`);
    const after =
      onInterrupted === 'fail' ? 'FAILED (INTERRUPTED), and a new job succeeded' : `${onInterrupted}: SUCCEEDED`;
    return pass(`killed at ${hits.length} moments, ${hits.join(', ')} ms after its start: ${after} each time`);
  },
};

async function problemAfterCut(
  { bench, onInterrupted, normal }: CheckContext,
  run: BenchRun,
): Promise<string | undefined> {
  if (onInterrupted !== 'fail') {
    return isSameEnd(run, normal) ? undefined : `by its rule ${onInterrupted} it ran again: ${shownEnd(run)}`;
  }
  if (run.end?.statusDetails.reasonCode !== 'INTERRUPTED') return shownEnd(run);
  const next = await bench.run();
  return isSameEnd(next, normal) ? undefined : `FAILED, as its rule says; then a new job: ${shownEnd(next)}`;
}

export const stopping: Check = {
  name: 'SIGTERM',
  needsProcess: true,
  async perform(context) {
    const { bench, normal } = context;
    const { endedAfterMs: durationMs = 0, outputTimes = [] } = normal.processes[0] ?? {};
    const [first = durationMs / 4] = [...outputTimes, ...normal.reportTimes];
    const moments = [...new Set([0, first + 1, durationMs / 2].map(Math.round))];
    const hits: number[] = [];
    for (const afterMs of moments) {
      const problem = await withScratch(context, async (scratch) => {
        const run = await bench.run({ cancelAfterMs: afterMs, change: scratch.change });
        if (run.wasHit) hits.push(afterMs);
        return run.wasHit ? stopProblem(context, { run, afterMs, scratch }) : undefined;
      });
      if (problem !== undefined) return fail(`SIGTERM ${afterMs} ms after its start: ${problem}`);
    }
    if (hits.length === 0) return notApplicable(`it was over before SIGTERM came (${seconds(normal.durationMs)})`);
    const next = await bench.run();
    if (!isSameEnd(next, normal)) return fail(`it ended; but then a new job: ${shownEnd(next)}`);
    return pass(
      `SIGTERM ${hits.join(', ')} ms after its start: it ended in time and left nothing; a new job succeeded`,
    );
  },
};

interface Stop {
  readonly run: BenchRun;
  readonly afterMs: number;
  readonly scratch: Scratch;
}

async function stopProblem({ bench }: CheckContext, { run, afterMs, scratch }: Stop): Promise<string | undefined> {
  if (run.end === null) return 'it did not end, and neither did SIGKILL end it';
  const { stopGraceSeconds } = bench.config;
  // SIGKILL comes after the grace, and never before.
  const [{ endedAfterMs = Number.POSITIVE_INFINITY } = {}] = run.processes;
  if (endedAfterMs - afterMs >= stopGraceSeconds * 1_000) {
    return `it, or a process of it, was still there after stopGraceSeconds (${stopGraceSeconds} s), and was killed`;
  }
  const left = await newEntries(scratch);
  return left.length === 0 ? undefined : `it left ${left.join(', ')}`;
}

export const restart: Check = {
  name: 'restart',
  needsProcess: false,
  async perform({ bench, normal }) {
    if (normal.end?.statusDetails.bootIdAfter === undefined) return notApplicable('it did not ask for a restart');
    const verify = normal.processes.findIndex(({ spec }) => spec.env.JOB_PURPOSE === 'verify');
    if (verify === -1) return pass('it asked for a restart, and succeeded after one that was taken to have happened');
    const took = normal.processes[verify]?.endedAfterMs ?? 0;
    for (const afterMs of [0, Math.round(took / 2)]) {
      const run = await bench.run({ powerCut: { process: verify, afterMs } });
      if (!isSameEnd(run, normal)) {
        return fail(
          `power was lost ${afterMs} ms after it was called to verify, and it was called again: ${shownEnd(run)}`,
        );
      }
    }
    return pass(
      'it asked for a restart and was called to verify, and once more where power was lost meanwhile: SUCCEEDED',
    );
  },
};
