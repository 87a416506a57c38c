/** Rounds of jobs on one long-lived agent while cloud, broker and link fail; after each the agent is looked at, at rest. */
import { dirname, join } from 'node:path';
import { type ChaosCloud, startChaosCloud } from '../chaos/chaos-cloud.ts';
import { type JobKind, type JobPlace, type Mark, prepareJobPlace, readMarks } from '../chaos/chaos-jobs.ts';
import { reviewStart } from '../chaos/log-review.ts';
import { createRandom, type Random } from '../chaos/random.ts';
import { checkJob, checkLeftovers } from '../chaos/settled-checks.ts';
import type { Violation } from '../chaos/violation.ts';
import { startFileServer } from '../fixtures/file-server.ts';
import { createDisturber } from './disturbances.ts';
import type { ProcessFigures } from './process-figures.ts';
import { type SoakAgent, startSoakAgent } from './soak-agent.ts';
import { ARTIFACT, ARTIFACT_PATH, soakJobs } from './soak-jobs.ts';
import type { RestSample } from './soak-verdict.ts';

export interface SoakOptions {
  readonly bundle: string;
  /** For everything that is needed meanwhile. */
  readonly folder: string;
  readonly minutes: number;
  readonly seed: number;
}

export interface SoakReport {
  readonly samples: readonly RestSample[];
  readonly violations: readonly Violation[];
  readonly jobs: number;
  readonly reconnects: number;
  /** What went wrong in the cloud, and what happened to the connection, by name. */
  readonly faults: ReadonlyMap<string, number>;
  /** The most at any time. */
  readonly peaks: ProcessFigures;
}

/** So many jobs wait at a time: every kind has had its turn after a few rounds. */
const JOBS_A_ROUND = 6;
/** A round takes some 5 s; waits after a lost connection may add some. */
const ROUND_WITHIN_MS = 180_000;
const CANCEL_WITHIN_MS = 3_000;
const PEAKS_EVERY_MS = 2_000;

export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { bundle, folder, minutes, seed } = options;
  const thingName = `soak-${process.pid}`; // runs are told from others on this machine by it
  const files = await startFileServer((request, response) => {
    if (request.url === ARTIFACT_PATH) response.end(ARTIFACT);
    else response.writeHead(404).end();
  });
  const cloud = await startChaosCloud({ broker: 'aedes', dataDir: join(folder, 'cloud'), things: [thingName], seed });
  const configPath = cloud.configPaths[thingName] ?? '';
  const home = dirname(configPath);
  const place = { trailFile: join(home, 'trail'), filesDir: join(home, 'files') };
  prepareJobPlace(place, join(home, 'handlers'));
  const agent = await startSoakAgent(bundle, configPath);
  const peaks = watchPeaks(agent);
  const violations: Violation[] = [];
  const context = { cloud, agent, thingName, place, configPath, random: createRandom(seed), violations };
  const soak = await soakFor(minutes, { ...context, kinds: soakJobs(files.origin) });
  const reconnects = (await agent.connects()) - 1;
  clearInterval(peaks.timer);
  await agent.stop();
  const { log, ended } = agent.start;
  violations.push(...reviewStart({ log, end: await ended, hadStarted: false }).violations);
  await cloud.close();
  await files.close();
  const faults = new Map([...cloud.faults, ...soak.disturbances]);
  return { samples: soak.samples, violations, jobs: soak.jobs, reconnects, faults, peaks: peaks.figures };
}

interface SoakContext {
  readonly cloud: ChaosCloud;
  readonly agent: SoakAgent;
  readonly thingName: string;
  readonly place: JobPlace;
  readonly configPath: string;
  readonly random: Random;
  readonly kinds: readonly JobKind[];
  readonly violations: Violation[];
}

async function soakFor(minutes: number, context: SoakContext) {
  const { cloud, agent, thingName, kinds, random, violations } = context;
  const samples: RestSample[] = [];
  const waiting: JobKind[] = [];
  const disturbances = new Map<string, number>();
  const disturber = createDisturber(cloud, thingName, random);
  const beginMs = performance.now();
  let jobs = 0;
  for (let round = 1; performance.now() - beginMs < minutes * 60_000; round += 1) {
    cloud.allowFaults('messages');
    if (waiting.length === 0) waiting.push(...shuffled(kinds, random));
    const begun = waiting.splice(0, JOBS_A_ROUND).map((kind) => beginJob(kind, `${kind.name}-${round}`, context));
    const did = await disturber.disturb(agent.connectedMs());
    if (did !== null) disturbances.set(did, (disturbances.get(did) ?? 0) + 1);
    const isOver = await untilOver(context);
    cloud.allowFaults('none');
    jobs += begun.length;
    violations.push(...checkRound(begun, context));
    if (!isOver) {
      violations.push({ kind: 'crashes', what: 'agent hangs', facts: { log: agent.start.log.slice(-20) } });
      break;
    }
    const sample = { atHours: (performance.now() - beginMs) / 3_600_000, jobs, ...(await agent.restFigures()) };
    samples.push(sample);
  }
  return { samples, disturbances, jobs };
}

interface BegunJob {
  readonly jobId: string;
  readonly kind: JobKind;
}

function beginJob(kind: JobKind, jobId: string, { cloud, thingName, place, random }: SoakContext): BegunJob {
  cloud.createJob(thingName, jobId, kind.document(place, jobId));
  if (kind.isCancelled) setTimeout(() => cloud.cancel(thingName, jobId), random.below(CANCEL_WITHIN_MS));
  return { jobId, kind };
}

/** In the cloud, and for the agent. */
async function untilOver({ cloud, agent, thingName }: SoakContext): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ROUND_WITHIN_MS);
  });
  const isOver = await Promise.race([cloud.settled(thingName).then(() => true), tooLate]);
  clearTimeout(timer);
  return isOver && (await agent.atRest(ROUND_WITHIN_MS));
}

function checkRound(
  begun: readonly BegunJob[],
  { cloud, thingName, place, configPath }: SoakContext,
): readonly Violation[] {
  const marks = new Map<string, Mark[]>();
  for (const mark of readMarks(place)) marks.set(mark.jobId, [...(marks.get(mark.jobId) ?? []), mark]);
  const ofJobs = begun.flatMap(({ jobId, kind }) => {
    const execution = cloud.execution(thingName, jobId);
    const job = { jobId, kind, execution, journaled: undefined, marks: marks.get(jobId) ?? [] };
    const { reasonCode } = execution.statusDetails;
    const interrupted: readonly Violation[] =
      reasonCode === 'INTERRUPTED' ? [{ kind: 'lost reports', what: 'interrupted by nothing', facts: { jobId } }] : [];
    return [...checkJob(job, place), ...interrupted];
  });
  return [...ofJobs, ...checkLeftovers(thingName, configPath)];
}

function shuffled<Item>(items: readonly Item[], random: Random): readonly Item[] {
  return items
    .map((item) => ({ item, order: random.below(1_000_000) }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

function watchPeaks(agent: SoakAgent): { readonly timer: NodeJS.Timeout; readonly figures: ProcessFigures } {
  const figures: Record<keyof ProcessFigures, number> = { ...agent.busyFigures() };
  const timer = setInterval(() => {
    const now = agent.busyFigures();
    for (const name of Object.keys(figures) as (keyof ProcessFigures)[])
      figures[name] = Math.max(figures[name], now[name]);
  }, PEAKS_EVERY_MS);
  return { timer, figures };
}
