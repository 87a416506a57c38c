/** Jobs by chance: mostly good ones, and of every bad kind some. */
import type { Draw } from './draw.ts';
import type { JobScript, StepScript } from './job-script.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

export function drawScript(draw: Draw): JobScript {
  const isTemplate = draw.chance(0.2);
  const verdict = draw.weighted({ run: 90, invalid: 3, unknown: 4, refused: 3 });
  const count = draw.weighted({ 1: 70, 2: 20, 3: 10 });
  const inProgressTimeoutInMinutes = draw.chance(0.12) ? draw.between(1, 60) : null;
  const drawn = Array.from({ length: Number(count) }, () =>
    drawStep(draw, { isTemplate, mayHang: inProgressTimeoutInMinutes !== null }),
  );
  const { steps, always } = isTemplate || draw.chance(0.6) ? { steps: drawn, always: [] } : drawEnding(draw, drawn);
  return {
    verdict,
    // A template names no operation that could be unknown: its handler is a file.
    isTemplate: isTemplate && verdict === 'run',
    steps: verdict === 'run' ? steps : steps.map((step) => ({ ...step, mayFail: false })),
    always,
    includeStdOut: draw.chance(0.3),
    timeoutSeconds: !isTemplate && draw.chance(0.1) ? draw.spread(5, 3_600) : null,
    inProgressTimeoutInMinutes,
    retries: draw.chance(0.15) ? draw.between(1, 2) : 0,
  };
}

/** @param mayHang the service ends it one day; otherwise only a limit of its own does. */
function drawStep(draw: Draw, { isTemplate, mayHang }: { isTemplate: boolean; mayHang: boolean }): StepScript {
  const runsMs = draw.weighted({ instant: 20, short: 60, long: 20 });
  const wanted = draw.weighted({ succeed: 66, fail: 14, signal: 6, reject: 4, hang: 10 });
  const mayHaveLimit = !isTemplate;
  const ending = wanted === 'hang' && !mayHaveLimit && !mayHang ? 'fail' : wanted;
  const hasLimit = mayHaveLimit && (ending === 'hang' ? !mayHang || draw.chance(0.5) : draw.chance(0.2));
  return {
    ending,
    runsMs: { instant: 0, short: draw.spread(50, MINUTE_MS), long: draw.spread(MINUTE_MS, 60 * MINUTE_MS) }[runsMs],
    stopping: draw.weighted({ obey: 50, linger: 20, ignore: 20, finish: 10 }),
    onInterrupted: draw.weighted({ fail: 60, rerun: 25, resume: 15 }),
    timeoutSeconds: hasLimit ? draw.spread(1, 1_800) : null,
    mayFail: draw.chance(isTemplate ? 0.4 : 0.1),
    ...drawFailures(draw, isTemplate),
    condition: !isTemplate && draw.chance(0.2) ? draw.weighted({ holds: 60, 'holds not': 30, unknown: 10 }) : null,
    progress: { none: 0, some: draw.between(1, 8), flood: draw.between(50, 300) }[
      draw.weighted({ none: 65, some: 30, flood: 5 })
    ],
    ...drawAsking(draw),
    cleansUp: draw.chance(0.2),
    exclusive: draw.chance(0.15),
    rollback: null,
  };
}

/** Rollbacks, and what always runs. Where there is something to roll back, mostly only the last step fails. */
function drawEnding(draw: Draw, drawn: readonly StepScript[]): Pick<JobScript, 'steps' | 'always'> {
  const hasRollbacks = draw.chance(0.8);
  const always = Number(draw.weighted(hasRollbacks ? { 0: 30, 1: 50, 2: 20 } : { 1: 70, 2: 30 }));
  const more = hasRollbacks && drawn.length === 1 ? [drawStep(draw, { isTemplate: false, mayHang: false })] : [];
  const work = [...drawn, ...more];
  return {
    steps: work.map((step, at) => (hasRollbacks ? withRollback(draw, step, at === work.length - 1) : step)),
    always: Array.from({ length: always }, () => ({
      ...drawEndingStep(draw),
      condition: draw.chance(0.2) ? draw.weighted({ holds: 60, 'holds not': 30, unknown: 10 }) : null,
    })),
  };
}

function withRollback(draw: Draw, step: StepScript, isLast: boolean): StepScript {
  const rollback = draw.chance(0.85) ? { ...drawEndingStep(draw), mayFail: false } : null;
  if (draw.chance(0.3)) return { ...step, rollback };
  if (!isLast) return { ...step, ending: 'succeed', failures: Math.min(step.failures, step.retries), rollback };
  return { ...step, ending: draw.pick(['fail', 'signal', 'reject'] as const), mayFail: false, rollback };
}

/** Mostly short: the limit of one that hangs is ten minutes where it has none of its own. */
function drawEndingStep(draw: Draw): StepScript {
  const step = drawStep(draw, { isTemplate: false, mayHang: true });
  return { ...step, runsMs: Math.min(step.runsMs, draw.spread(SECOND_MS, 15 * MINUTE_MS)), condition: null };
}

/** A template cannot say that a step is run again. */
function drawFailures(draw: Draw, isTemplate: boolean) {
  const isFlaky = draw.chance(0.2);
  return {
    failures: isFlaky ? draw.between(1, 3) : 0,
    retries: !isTemplate && (isFlaky || draw.chance(0.1)) ? draw.between(1, 3) : 0,
    retryDelaySeconds: draw.pick([0, 1, 30, 600]),
  };
}

/** Most steps ask for nothing; a few ask for ever. */
function drawAsking(draw: Draw) {
  const postpones = draw.weighted({ 0: 88, 1: 6, 3: 4, 30: 2 });
  const restarts = draw.weighted({ 0: 92, 1: 5, 2: 2, 9: 1 });
  return {
    postpones: Number(postpones),
    laterMs: postpones === '30' || draw.chance(0.7) ? draw.spread(SECOND_MS, 10 * MINUTE_MS) : null,
    restarts: Number(restarts),
    powersOff: draw.chance(0.3),
    verifies: draw.chance(0.5),
    isVerified: draw.chance(0.8),
  };
}
