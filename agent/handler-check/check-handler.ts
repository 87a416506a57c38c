/** Puts a handler through what a gateway does to it, one check after the other, the gentle ones first. */
import type { Logger } from 'pino';
import type { JsonValue } from '../core/json.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import { type Bench, type BenchRun, openBench } from './bench.ts';
import type { Check, CheckContext } from './check-context.ts';
import { doubleDelivery, unknownParameter } from './delivery-checks.ts';
import { powerCuts, restart, stopping } from './interruption-checks.ts';
import { filesLeft, fullDisk, processesLeft } from './leftover-checks.ts';
import { closedInput, closedOutput, muchOutput, slowReader } from './stream-checks.ts';
import { fail, isSameEnd, isSuccess, notApplicable, pass, seconds, shownEnd, type Verdict } from './verdict.ts';

export interface CheckHandlerOptions
  extends Omit<GatewayParts, 'log'>,
    Pick<CheckContext, 'operation' | 'kind' | 'onInterrupted' | 'path'> {
  /** A job of this one handler that can succeed here. */
  readonly jobDocument: JsonValue;
  /** What a run may take before it counts as hung, in milliseconds; without it as the first run makes likely. */
  readonly limitMs?: number;
  /** Names of checks; without them every one. */
  readonly only?: readonly string[] | undefined;
  /** Aborted when somebody does not want to wait for the end: then it throws the reason, and nothing is left. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly onVerdict: (verdict: Verdict) => void;
}

const CHECKS: readonly Check[] = [
  processesLeft,
  doubleDelivery,
  unknownParameter,
  muchOutput,
  slowReader,
  closedInput,
  filesLeft,
  restart,
  closedOutput,
  stopping,
  powerCuts,
  fullDisk,
];

export const CHECK_NAMES: readonly string[] = CHECKS.map(({ name }) => name);

const FIRST_RUN = 'first run';
/** Of the first run nothing is known. */
const FIRST_LIMIT_MS = 600_000;
/** Ten times as long as in peace is hung, but a busy machine needs a while for anything. */
const HUNG_TIMES = 10;
const HUNG_MS = 15_000;

/** @returns every verdict, in the order they were made. @throws Error when the folders cannot be made. */
export async function checkHandler(options: CheckHandlerOptions): Promise<readonly Verdict[]> {
  let limitMs = options.limitMs ?? FIRST_LIMIT_MS;
  const bench = await openBench({ ...options, limitMs: () => limitMs });
  const checks = CHECKS.filter(({ name }) => options.only?.includes(name) ?? true);
  const verdicts: Verdict[] = [];
  const note = (check: string, what: Omit<Verdict, 'check'>) => {
    const verdict = { check, ...what };
    verdicts.push(verdict);
    options.onVerdict(verdict);
  };
  try {
    const normal = await bench.run();
    limitMs = options.limitMs ?? Math.max(HUNG_MS, HUNG_TIMES * normal.durationMs);
    note(FIRST_RUN, firstVerdict(normal));
    if (isSuccess(normal)) await performChecks(checks, { ...options, bench, normal }, note);
    else for (const { name } of checks) note(name, notTried(name, normal));
    return verdicts;
  } finally {
    await bench.close();
  }
}

function firstVerdict(run: BenchRun): Omit<Verdict, 'check'> {
  const took = `the job in peace: ${shownEnd(run)} after ${seconds(run.durationMs)}`;
  return isSuccess(run) ? pass(took) : fail(took);
}

/** A handler that asks for restarts for ever is known by its first run. */
function notTried(name: string, { end }: BenchRun): Omit<Verdict, 'check'> {
  if (name === restart.name && end?.statusDetails.reasonCode === 'REBOOT_LOOP') {
    return fail('it asked for a restart again and again: after one it is called with JOB_PURPOSE=verify');
  }
  return notApplicable('it has to succeed in peace first');
}

async function performChecks(
  checks: readonly Check[],
  context: CheckContext,
  note: (check: string, what: Omit<Verdict, 'check'>) => void,
): Promise<void> {
  let spoiledBy: string | undefined;
  for (const check of checks) {
    if (check.needsProcess && context.kind === 'inline') {
      note(check.name, notApplicable('it runs inside the agent, in no process of its own'));
    } else if (spoiledBy !== undefined) {
      note(check.name, notApplicable(`after ${spoiledBy} it did not succeed in peace any more`));
    } else {
      const what = await check.perform(context);
      note(check.name, what);
      if (what.verdict === 'fail' && !(await isWell(context.bench, context.normal))) spoiledBy = check.name;
    }
  }
}

async function isWell(bench: Bench, normal: BenchRun): Promise<boolean> {
  return isSameEnd(await bench.run(), normal);
}
