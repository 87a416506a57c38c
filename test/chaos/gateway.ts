/** One gateway: a thing with jobs, and an agent that is killed over them again and again. */
import { setTimeout as delay } from 'node:timers/promises';
import { type AgentStart, type AgentStartOptions, type LogLine, startAgentProcess } from './agent-start.ts';
import type { ChaosCloud } from './chaos-cloud.ts';
import { type JobKind, type JobPlace, jobKindOf, type Mark, readMarks } from './chaos-jobs.ts';
import { hasClosedAll, reviewStart } from './log-review.ts';
import type { Random } from './random.ts';
import { checkJob, checkLeftovers } from './settled-checks.ts';
import type { KillPoint } from './system-calls.ts';
import type { Violation } from './violation.ts';

export interface Gateway {
  /** Every job so far. */
  jobCount(): number;
  addJobs(kinds: readonly JobKind[]): void;
  /** One start that ends by SIGKILL. @returns false when every job was over first, and it was killed after that. */
  killOnce(how: KillMoment): Promise<boolean>;
  /** One start that is left alone until every job is over, and told to stop then. Checks everything. */
  settle(options?: Pick<AgentStartOptions, 'callsFile'>): Promise<void>;
}

export type KillMoment = { readonly killPoint: KillPoint } | { readonly afterMs: number };

export interface GatewayOptions {
  readonly bundle: string;
  readonly cloud: ChaosCloud;
  readonly thingName: string;
  readonly place: JobPlace;
  readonly random: Random;
  readonly complain: (violation: Violation) => void;
  /** How long a start that was left alone took until every job was over and told. */
  readonly onSettled: (tookMs: number) => void;
  /** Of the agent, as environment variables. */
  readonly env: Readonly<Record<string, string>>;
}

/** Kept waiting at each start, so that a kill at any call finds work. */
export const OPEN_JOBS = 5;
const CANCEL_WITHIN_MS = 600;
const KEPT_LOGS = 4;
/** No start takes longer, whatever goes wrong on the way; one that does hangs. */
const START_WITHIN_MS = 45_000;

export function createGateway(options: GatewayOptions): Gateway {
  const { cloud, thingName, place, random, bundle, env } = options;
  const configPath = cloud.configPaths[thingName] ?? '';
  const kinds = new Map<string, JobKind>();
  /** Checked and found in order: not looked at again. */
  const unchecked = new Set<string>();
  const journaled = new Map<string, string>();
  const leftovers = new Set<string>();
  /** Of the last starts, oldest first: what a violation is explained by. */
  const lastLogs: (readonly LogLine[])[] = [];
  let hadStarted = false;

  const complain = ({ kind, what, facts }: Violation) =>
    options.complain({ kind, what, facts: { thingName, ...facts, lastLogs: [...lastLogs] } });
  const start = (how: Pick<AgentStartOptions, 'killPoint' | 'callsFile'>) => {
    cloud.agentStarts(thingName);
    return startAgentProcess({ bundle, configPath, env, ...how });
  };

  /** Resolves when the agent has ended, or is connected with every job over, and knows it where that is asked for. */
  async function untilEndedOrSettled(agent: AgentStart, knows = false): Promise<'ended' | 'settled'> {
    const timer = new AbortController();
    const tooLate = delay(START_WITHIN_MS, 'hangs' as const, { signal: timer.signal }).catch(() => 'settled' as const);
    const settled = Promise.all([cloud.settled(thingName), agent.connected])
      .then(() => (knows ? agent.logged(hasClosedAll) : undefined))
      .then(() => 'settled' as const);
    const came = await Promise.race([agent.ended.then(() => 'ended' as const), settled, tooLate]);
    timer.abort();
    if (came !== 'hangs') return came;
    complain({ kind: 'crashes', what: 'agent hangs', facts: { open: cloud.openCount(thingName), log: agent.log } });
    return 'settled';
  }

  async function review(agent: AgentStart): Promise<void> {
    const { violations, outcomes, hasStarted } = reviewStart({ log: agent.log, end: await agent.ended, hadStarted });
    lastLogs.push(agent.log);
    if (lastLogs.length > KEPT_LOGS) lastLogs.shift();
    for (const violation of violations) complain(violation);
    for (const [jobId, status] of outcomes) journaled.set(jobId, status);
    hadStarted ||= hasStarted;
  }

  function addJobs(added: readonly JobKind[]): void {
    for (const kind of added) {
      const jobId = `${thingName}-${kind.name}-${kinds.size + 1}`;
      kinds.set(jobId, kind);
      unchecked.add(jobId);
      cloud.createJob(thingName, jobId, kind.document(place, jobId));
      if (kind.isCancelled) setTimeout(() => cloud.cancel(thingName, jobId), random.below(CANCEL_WITHIN_MS));
    }
  }

  function check(): void {
    const marks = marksByJob(place);
    for (const jobId of unchecked) {
      const kind = kinds.get(jobId);
      if (kind === undefined) continue;
      const execution = cloud.execution(thingName, jobId);
      const job = { jobId, kind, execution, journaled: journaled.get(jobId), marks: marks.get(jobId) ?? [] };
      for (const violation of checkJob(job, place)) complain(violation);
      unchecked.delete(jobId);
    }
    for (const violation of checkLeftovers(thingName, configPath)) {
      const name = JSON.stringify(violation.facts);
      if (!leftovers.has(name)) complain(violation); // else it was told when it was found first
      leftovers.add(name);
    }
  }

  return {
    addJobs,
    jobCount: () => kinds.size,
    async killOnce(how) {
      addJobs(Array.from({ length: OPEN_JOBS - cloud.openCount(thingName) }, () => jobKindOf(random)));
      const agent = await start('killPoint' in how ? how : {});
      const timer = 'afterMs' in how ? setTimeout(() => agent.signal('SIGKILL'), how.afterMs) : undefined;
      const came = await untilEndedOrSettled(agent);
      clearTimeout(timer);
      agent.signal('SIGKILL');
      await review(agent);
      return came === 'ended';
    },
    async settle(how = {}) {
      const beginMs = performance.now();
      const agent = await start(how);
      await untilEndedOrSettled(agent, true);
      options.onSettled(performance.now() - beginMs);
      agent.signal('SIGTERM');
      const killer = setTimeout(() => agent.signal('SIGKILL'), START_WITHIN_MS);
      await review(agent);
      clearTimeout(killer);
      check();
    },
  };
}

function marksByJob(place: JobPlace): ReadonlyMap<string, readonly Mark[]> {
  const byJob = new Map<string, Mark[]>();
  for (const mark of readMarks(place)) byJob.set(mark.jobId, [...(byJob.get(mark.jobId) ?? []), mark]);
  return byJob;
}
