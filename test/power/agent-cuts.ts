/**
 * A real agent, with jobs from a local cloud and its `stateDir` on a logged device, whose power is cut again and again:
 * the process is killed, the device keeps what it had flushed and some of the rest, `runtimeDir` is gone, the boot id is
 * another. The cloud goes on as it was. What a job does is witnessed outside of the device.
 *
 * One cut of six falls on a card that lied about its last flushes. What the agent had written is gone then, and nothing
 * on the card tells: results may be lost (INTERRUPTED or STATE_LOST is told instead), but nothing may run twice. After an
 * honest cut only a job may be STATE_LOST that never ran: power went between its claim and its first record
 * (docs/decisions/0006).
 */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { type JobCloud, startJobCloud } from '../../local-cloud/job-cloud.ts';
import { createWitnessJob, end, execution, isTerminal, until } from '../disk/faulty-run.ts';
import { AGENT_BUNDLE, type Agent, type AgentLine } from '../disk/traced-agent.ts';
import { startBoard } from './board.ts';
import { buildLoggedDevice, openLoggedDevice } from './logged-device.ts';
import { CUT_KINDS, writesThatLast } from './power-cut.ts';
import type { Random } from './random.ts';

export interface AgentCutOptions {
  readonly cuts: number;
  readonly random: Random;
  readonly folder: string;
  /** Of `logged-device.c`. */
  readonly source: string;
}

export interface AgentCuts {
  cuts: number;
  jobs: number;
  succeeded: number;
  interrupted: number;
  /** Of the cuts, those on a card that lied; after how many the journal said that it was lost. */
  lies: number;
  saidLost: number;
  /** Of the jobs, those of which the agent could only say that it had lost them. */
  stateLost: number;
  readonly violations: string[];
}

interface Gateway {
  readonly cloud: JobCloud;
  readonly configPath: string;
  readonly image: string;
  readonly witness: string;
  readonly top: string;
  readonly program: string;
  readonly jobIds: string[];
  /** The device has lied, and no agent has started on it since. */
  liedTo: boolean;
}

const THING = 'gw-1';
const IMAGE_BYTES = 24 * 1024 * 1024;
const JOBS_PER_BOOT = 3;
const MOST_LIES = 3;
/** What three jobs write, about, with the file system's own journal. */
const MOST_LOGGED = 120_000;
const MOST_MS = 3_000;

/** @returns why not, where this machine cannot. */
export async function cutAgent({ cuts, random, folder, source }: AgentCutOptions): Promise<AgentCuts | string> {
  const top = await mkdtemp(join(folder, 'job-agent-cuts-'));
  const program = join(top, 'logged-device');
  const counts = { cuts: 0, jobs: 0, succeeded: 0, interrupted: 0, lies: 0, saidLost: 0, stateLost: 0 };
  const result: AgentCuts = { ...counts, violations: [] };
  try {
    const reason = buildLoggedDevice(source, program);
    if (reason !== null) return reason;
    const gateway = await createGateway(top, program);
    try {
      for (; result.cuts < cuts; result.cuts += 1) {
        await oneBoot(gateway, random, result).catch(({ message }: Error) => {
          result.violations.push(`cut ${result.cuts + 1}: ${message}`);
        });
      }
      await lastBoot(gateway, result);
      return result;
    } finally {
      await gateway.cloud.close();
    }
  } finally {
    await rm(top, { recursive: true, force: true });
  }
}

async function createGateway(top: string, program: string): Promise<Gateway> {
  const log = pino({ level: 'silent' });
  const local = { mqttPort: 0, httpPort: 0, host: '127.0.0.1', log };
  const cloud = await startJobCloud({ ...local, dataDir: join(top, 'cloud'), things: [THING] });
  const configPath = cloud.things[THING]?.configPath ?? '';
  const settings = JSON.parse(await readFile(configPath, 'utf8')) as object;
  await writeFile(configPath, JSON.stringify({ ...settings, stateDir: join(top, 'mounted', 'state') }));
  const image = join(top, 'image');
  await writeFile(image, '');
  await truncate(image, IMAGE_BYTES);
  spawnSync('mkfs.ext4', ['-q', '-F', '-b', '4096', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image]);
  return { cloud, configPath, image, witness: join(top, 'witness'), top, program, jobIds: [], liedTo: false };
}

async function oneBoot(gateway: Gateway, random: Random, result: AgentCuts): Promise<void> {
  const kind = CUT_KINDS[result.cuts % CUT_KINDS.length] ?? 'none';
  const before = await readFile(gateway.image);
  const device = await openLoggedDevice(gateway.program, gateway.top, gateway.image);
  let agent: Agent | undefined;
  let logged = 0;
  try {
    orderJobs(gateway, JOBS_PER_BOOT);
    agent = bootAgent(gateway);
    const isAtWork = () => agent?.lines.some(({ msg }) => msg === 'connected and subscribed') ?? true;
    // One cut of four falls into the start, the others into the work.
    if (random.below(4) > 0) await until(() => isAtWork() || agent?.hasEnded() === true);
    const enough = (await device.logged()) + random.below(MOST_LOGGED);
    const limit = performance.now() + MOST_MS;
    do {
      await sleep(1);
      logged = await device.logged();
    } while (logged < enough && performance.now() < limit);
    agent.child.kill('SIGKILL');
    blame(agent, gateway, result);
  } finally {
    agent?.child.kill('SIGKILL');
    await agent?.ended;
    await device.close();
  }
  const events = await device.events(logged);
  const lies = kind === 'lie' ? 1 + random.below(MOST_LIES) : 0;
  if (lies > 0) {
    result.lies += 1;
    gateway.liedTo = true;
  }
  for (const { position, bytes } of writesThatLast(events, { kind, at: events.length, lies }, random)) {
    bytes.copy(before, position);
  }
  await writeFile(gateway.image, before);
  // A file system outlives an honest cut by itself; behind a card that lied it may need what a boot does, too.
  if (lies > 0) spawnSync('e2fsck', ['-y', gateway.image]);
  await rm(join(dirname(gateway.configPath), 'run'), { recursive: true, force: true });
}

/** With power that stays: every job comes to its end, none was run twice, and none is said to have been that was not. */
async function lastBoot(gateway: Gateway, result: AgentCuts): Promise<void> {
  const { cloud, jobIds, witness } = gateway;
  const device = await openLoggedDevice(gateway.program, gateway.top, gateway.image);
  try {
    const agent = bootAgent(gateway);
    const isOver = (jobId: string) => isTerminal(execution(cloud, THING, jobId).status);
    await until(() => agent.hasEnded() || jobIds.every(isOver));
    await end(agent);
    blame(agent, gateway, result);
  } finally {
    await device.close();
  }
  const trail = (await readFile(witness, 'utf8').catch(() => '')).split('\n');
  result.jobs = jobIds.length;
  for (const jobId of jobIds) {
    const { status, reasonCode } = execution(cloud, THING, jobId);
    const runs = trail.filter((line) => line === jobId).length;
    if (!isTerminal(status)) result.violations.push(`${jobId} is ${status} in the end`);
    if (runs > 1) result.violations.push(`${jobId} was run ${runs} times`);
    if (status === 'SUCCEEDED' && runs !== 1) result.violations.push(`${jobId} SUCCEEDED and was run ${runs} times`);
    if (status === 'SUCCEEDED') result.succeeded += 1;
    if (reasonCode === 'INTERRUPTED') result.interrupted += 1;
    else if (reasonCode === 'STATE_LOST' && (result.lies > 0 || runs === 0)) result.stateLost += 1;
    else if (status !== 'SUCCEEDED') result.violations.push(`${jobId} is ${status} ${reasonCode}`);
  }
}

/** The agent loses no journal but by a lie, and does not end by itself, whatever the cut left. */
function blame({ lines }: Agent, gateway: Gateway, result: AgentCuts): void {
  const isLoss = ({ msg }: AgentLine) => msg.startsWith('journal lost');
  const isExcused = (line: AgentLine) => gateway.liedTo && isLoss(line);
  if (lines.some(isExcused)) result.saidLost += 1;
  const bad = lines.filter((line) => line.level === 'fatal' || (line.msg.startsWith('journal') && !isExcused(line)));
  for (const line of bad) result.violations.push(`cut ${result.cuts}: ${JSON.stringify(line)}`);
  if (lines.some(({ msg }) => msg === 'agent started')) gateway.liedTo = false;
}

function orderJobs({ cloud, witness, jobIds }: Gateway, wanted: number): void {
  const open = jobIds.filter((jobId) => !isTerminal(execution(cloud, THING, jobId).status)).length;
  for (let n = open; n < wanted; n += 1) {
    const jobId = `job-${jobIds.length + 1}`;
    createWitnessJob(cloud, { thingName: THING, jobId, witness });
    jobIds.push(jobId);
  }
}

function bootAgent({ configPath, top }: Gateway): Agent {
  return startBoard({ agent: AGENT_BUNDLE, configPath, bootId: randomUUID(), bootIdFile: join(top, 'boot_id') });
}
