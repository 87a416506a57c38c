/** Gateways side by side, killed until the count is full; then settled and checked. */

import { dirname, join } from 'node:path';
import type { ChaosCloud } from './chaos-cloud.ts';
import { JOB_KINDS, prepareJobPlace } from './chaos-jobs.ts';
import { createGateway, type Gateway, type KillMoment, OPEN_JOBS } from './gateway.ts';
import { createKillReport, type KillReport } from './kill-report.ts';
import { createRandom, type Random } from './random.ts';
import { countCalls } from './strace.ts';
import { type CallKind, createKillSchedule, type KillSchedule } from './system-calls.ts';
import type { Violation } from './violation.ts';

export interface ChaosOptions {
  readonly bundle: string;
  readonly cloud: ChaosCloud;
  readonly things: readonly string[];
  readonly kills: number;
  readonly seed: number;
  /** False kills at moments of chance instead of system calls. */
  readonly hasStrace: boolean;
  /** Whether the cloud may fail meanwhile. */
  readonly hasFaults: boolean;
  /** A folder for what is only needed meanwhile. */
  readonly scratchDir: string;
}

/** Starts between two that are left alone: enough for a job to be interrupted more often than the loop breaker lets it. */
const KILLS_UNTIL_SETTLED = 12;
const LATEST_MOMENT_MS = 900;
/** What got lost on the way is asked for again before the agent is taken to hang. */
const SETTINGS_FOR_FAULTS = { JOB_AGENT_REQUEST_TIMEOUT_SECONDS: '1', JOB_AGENT_POLL_INTERVAL_SECONDS: '3' };

export async function runChaos(options: ChaosOptions): Promise<KillReport> {
  const violations: Violation[] = [];
  const settleTimesMs: number[] = [];
  const facts = { violations, settleTimesMs };
  const gateways = options.things.map((thingName, index) => gatewayOf(options, { thingName, index }, facts));
  options.cloud.allowFaults(options.hasFaults ? 'all' : 'none');
  const reach = options.hasStrace ? await measureReach(gateways, options.scratchDir) : new Map<CallKind, number>();
  const report = createKillReport({ reach, ...facts, faults: options.cloud.faults });
  const random = createRandom(options.seed);
  const schedule = options.hasStrace ? createKillSchedule(reach, options.seed) : undefined;
  let left = options.kills;
  const takeOne = () => left-- > 0;
  await Promise.all(
    gateways.map((gateway) => killUntil(gateway, { takeOne, report, next: moments(schedule, random) })),
  );
  report.executions = gateways.reduce((sum, gateway) => sum + gateway.jobCount(), 0);
  return report;
}

interface ChaosFacts {
  readonly violations: Violation[];
  readonly settleTimesMs: number[];
}

function gatewayOf(
  options: ChaosOptions,
  { thingName, index }: { readonly thingName: string; readonly index: number },
  { violations, settleTimesMs }: ChaosFacts,
): Gateway {
  const { bundle, cloud, seed, hasFaults } = options;
  const folder = dirname(cloud.configPaths[thingName] ?? '');
  const place = { trailFile: join(folder, 'trail'), filesDir: join(folder, 'files') };
  prepareJobPlace(place, join(folder, 'handlers'));
  const random: Random = createRandom(seed + index);
  const complain = (violation: Violation) => void violations.push(violation);
  const onSettled = (tookMs: number) => void settleTimesMs.push(tookMs);
  // Every other gateway claims jobs in the other way: one it chose, while another may run.
  const env = { ...(hasFaults ? SETTINGS_FOR_FAULTS : {}), JOB_AGENT_MAX_CONCURRENT_JOBS: index % 2 === 0 ? '1' : '2' };
  return createGateway({ bundle, cloud, thingName, place, random, complain, onSettled, env });
}

/** How many calls of each kind a start makes that is not killed. */
async function measureReach([gateway]: readonly Gateway[], scratchDir: string): Promise<ReadonlyMap<CallKind, number>> {
  const callsFile = join(scratchDir, 'calls');
  gateway?.addJobs(JOB_KINDS.slice(0, OPEN_JOBS));
  await gateway?.settle({ callsFile });
  return countCalls(callsFile);
}

function moments(schedule: KillSchedule | undefined, random: Random): () => KillMoment {
  if (schedule === undefined) return () => ({ afterMs: random.below(LATEST_MOMENT_MS) });
  return () => ({ killPoint: schedule.next() });
}

interface KillLoop {
  readonly takeOne: () => boolean;
  readonly next: () => KillMoment;
  readonly report: KillReport;
}

async function killUntil(gateway: Gateway, { takeOne, next, report }: KillLoop): Promise<void> {
  let sinceSettled = 0;
  while (takeOne()) {
    const how = next();
    const isAtPoint = await gateway.killOnce(how);
    report.killed(how, isAtPoint);
    sinceSettled += 1;
    if (sinceSettled < KILLS_UNTIL_SETTLED) continue;
    await gateway.settle();
    sinceSettled = 0;
  }
  await gateway.settle();
}
