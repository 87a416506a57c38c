/**
 * One agent on a disk that fails, then on a sound one again, with two jobs in the local cloud: what must hold whatever
 * call failed.
 */
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobCloud } from '../../local-cloud/job-cloud.ts';
import { type Agent, type Fault, injected, startAgent, startTracedAgent } from './traced-agent.ts';

export interface FaultyRun {
  /** False when there were fewer such calls. */
  readonly failed: boolean;
  /** How the agent on the failing disk ended; `null`: it went on, and was told to stop. */
  readonly exitCode: number | string | null;
  readonly journalFailed: boolean;
  readonly violations: readonly string[];
}

export interface FaultyDisk {
  readonly cloud: JobCloud;
  /** Which no other run uses. */
  readonly thingName: string;
  readonly fault: Fault;
}

export interface Seen {
  readonly status: string;
  readonly reasonCode: string | undefined;
  readonly reason: string | undefined;
}

/** EX_IOERR: no journal is possible. */
const IO_ERROR = 74;
const JOBS = ['first', 'second'];
const LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 25;

export async function runOnFaultyDisk({ cloud, thingName, fault }: FaultyDisk): Promise<FaultyRun> {
  const { configPath } = await cloud.addThing(thingName);
  const folder = dirname(configPath);
  const witness = join(folder, 'witness');
  for (const job of JOBS) createWitnessJob(cloud, { thingName, jobId: jobIdOf(thingName, job), witness });
  const traceFile = join(folder, 'trace');
  const agent = startTracedAgent(configPath, { fault, paths: journalPaths(folder, thingName), traceFile });
  try {
    const settled = await until(() => agent.hasEnded() || isSettled(cloud, thingName, agent));
    const endedByItself = agent.hasEnded();
    const exitCode = await end(agent);
    const violations = settled ? [] : ['the agent neither ended nor came to rest'];
    if (endedByItself && exitCode !== IO_ERROR) violations.push(`it ended with ${exitCode}: ${agent.complaints()}`);
    if (!endedByItself && exitCode !== 0) violations.push(`told to stop, it ended with ${exitCode}`);
    violations.push(...startedWithoutJournal(agent), ...(await afterRepair(cloud, { thingName, configPath, witness })));
    return {
      failed: (await injected(traceFile)) > 0,
      exitCode: endedByItself ? exitCode : null,
      journalFailed: hasLine(agent, 'journal failed'),
      violations,
    };
  } finally {
    agent.child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}

/** What has a name that is known before; strace looks at whole paths only. The folders of a run have random names. */
function journalPaths(folder: string, thingName: string): readonly string[] {
  const [state, run] = [join(folder, 'state'), join(folder, 'run')];
  const digest = createHash('sha256')
    .update(JSON.stringify([thingName, 'localhost']))
    .digest('hex');
  const journal = join(state, 'journal', digest.slice(0, 16));
  const inJournal = ['journal-a.log', 'journal-b.log', 'journal.lock'].map((name) => join(journal, name));
  const folders = ['journal', 'work', 'checkpoints', 'journal.lock'].map((name) => join(state, name));
  return [state, ...folders, journal, ...inJournal, run, join(run, 'runs'), join(run, 'journal.lock')];
}

/** On a sound disk every job comes to its end, was run once at most, and succeeded only if it was. */
async function afterRepair(
  cloud: JobCloud,
  { thingName, configPath, witness }: { thingName: string; configPath: string; witness: string },
): Promise<readonly string[]> {
  const agent = startAgent(configPath);
  const isOver = (job: string) => isTerminal(execution(cloud, thingName, jobIdOf(thingName, job)).status);
  const isAtWork = () => hasLine(agent, 'connected and subscribed');
  const allOver = await until(() => agent.hasEnded() || (isAtWork() && JOBS.every(isOver)));
  const exitCode = await end(agent);
  const violations =
    allOver && exitCode === 0 ? [] : [`after the repair: ended with ${exitCode} ${agent.complaints()}`];
  const trail = await readFile(witness, 'utf8').catch(() => '');
  for (const job of JOBS) {
    const runs = trail.split('\n').filter((line) => line === jobIdOf(thingName, job)).length;
    const { status, reasonCode } = execution(cloud, thingName, jobIdOf(thingName, job));
    if (!isTerminal(status)) violations.push(`${job} is ${status} after the repair`);
    if (runs > 1) violations.push(`${job} was run ${runs} times`);
    if (status === 'SUCCEEDED' && runs !== 1) violations.push(`${job} SUCCEEDED and was run ${runs} times`);
    if (reasonCode === 'JOURNAL_FAILED' && runs > 0) violations.push(`${job} was run, and is said not to have been`);
  }
  return violations;
}

/** Nothing new is begun once the journal has failed. */
function startedWithoutJournal({ lines }: Agent): readonly string[] {
  const failedAt = lines.findIndex(({ msg }) => msg.startsWith('journal failed'));
  const started = failedAt === -1 ? [] : lines.slice(failedAt).filter(({ msg }) => msg === 'step started');
  return started.map(({ jobId }) => `${jobId} was started after the journal had failed`);
}

/** All told; or, with a journal that failed, all that was taken is told. */
function isSettled(cloud: JobCloud, thingName: string, agent: Agent): boolean {
  const states = JOBS.map((job) => execution(cloud, thingName, jobIdOf(thingName, job)).status);
  if (states.every(isTerminal)) return true;
  return hasLine(agent, 'journal failed') && states.every((status) => isTerminal(status) || status === 'QUEUED');
}

/** Tells it to stop, if it has not ended. */
export async function end(agent: Agent): Promise<number | string> {
  agent.child.kill('SIGTERM');
  const given = await Promise.race([agent.ended, sleep(LIMIT_MS, 'nothing, within its time' as const)]);
  if (!agent.hasEnded()) agent.child.kill('SIGKILL');
  return given;
}

/** @returns false when it did not come to hold in time. */
export async function until(holds: () => boolean): Promise<boolean> {
  const limit = performance.now() + LIMIT_MS;
  while (performance.now() < limit) {
    if (holds()) return true;
    await sleep(LOOK_EVERY_MS);
  }
  return holds();
}

export interface WitnessJob {
  readonly thingName: string;
  readonly jobId: string;
  readonly witness: string;
  /** The job runs until this file is there; without it, for a tenth of a second. */
  readonly gate?: string;
}

/** A job that leaves its id in the witness file each time it is run. */
export function createWitnessJob(cloud: JobCloud, { thingName, jobId, witness, gate = '' }: WitnessJob): void {
  const script = 'echo "$1" >> "$2"; sleep 0.1; while [ -n "$3" ] && ! [ -e "$3" ]; do sleep 0.05; done';
  const command = ['sh', '-c', script, 'sh', jobId, witness, gate];
  cloud.jobs.control('CreateJob', {
    jobId,
    targets: [`arn:aws:iot:us-east-1:123456789012:thing/${thingName}`],
    document: JSON.stringify({ operation: 'run-command', parameters: { command } }),
  });
}

export function execution(cloud: JobCloud, thingName: string, jobId: string): Seen {
  const { execution } = cloud.jobs.control('DescribeJobExecution', { jobId, thingName }) as unknown as {
    execution: { status: string; statusDetails?: { detailsMap: Record<string, string> } };
  };
  const { reasonCode, reason } = execution.statusDetails?.detailsMap ?? {};
  return { status: execution.status, reasonCode, reason };
}

function hasLine({ lines }: Agent, start: string): boolean {
  return lines.some(({ msg }) => msg.startsWith(start));
}

export function isTerminal(status: string): boolean {
  return !['QUEUED', 'IN_PROGRESS'].includes(status);
}

function jobIdOf(thingName: string, job: string): string {
  return `${thingName}-${job}`;
}
