/**
 * A gateway on a hostile broker, for so many packets. Every so often the broker behaves well for a while: then a job has
 * to run as if nothing had happened, and whatever the gateway was lured into has to come to an end.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openSegmentJournal } from '../../agent/adapters/journal/segment-journal.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import { type RunningService, runJobsService } from '../../local-cloud/running-service.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import type { TestPki } from '../fixtures/mqtt-brokers/test-pki.ts';
import { createRandom } from '../power/random.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { createHostileBroker, type HostileBroker } from './hostile-broker.ts';
import { type ScriptedBroker, startScriptedBroker } from './scripted-broker.ts';
import { jobViolations, waitViolations } from './session-checks.ts';

export interface HostileReport {
  readonly packets: number;
  readonly connects: number;
  /** Runs of jobs that were handed out meanwhile, in an answer that was right or wrong. */
  readonly runs: number;
  /** Jobs that had to run in between, and ran. */
  readonly jobs: number;
  /** How much more is in use at the end than after the first of these jobs. */
  readonly heapGrowthBytes: number;
  readonly violations: readonly string[];
}

export interface HostileOptions {
  readonly pki: TestPki;
  readonly packets: number;
  readonly seed: number;
  /** Packets between two jobs. */
  readonly every: number;
}

const THING_NAME = 'gateway';
/** Measured: under 2 MB after any number of packets. A leak of 100 bytes a packet would be 30 MB. */
const MAX_HEAP_GROWTH_BYTES = 12 * 1024 * 1024;
const HOSTILE_LIMITS = { idleMs: 20, limitMs: 600_000 };
const SETTLE_LIMITS = { idleMs: 20, limitMs: 60_000 };

export async function runHostile({ pki, packets, seed, every }: HostileOptions): Promise<HostileReport> {
  const folder = await mkdtemp(join(tmpdir(), 'hostile-'));
  const random = createRandom(seed);
  let gateway: Gateway | undefined;
  const ring = () => gateway?.bell.ring();
  const rounds = createRounds((topic, message) => hostile.notify(topic, message));
  const hostile: HostileBroker = createHostileBroker({
    thingName: THING_NAME,
    random,
    service: () => rounds.service(),
    onProgress: ring,
  });
  const tls = { key: pki.server.keyPem, cert: pki.server.certPem, ca: pki.caPem };
  const broker = await startScriptedBroker(tls, (packet, connection) => {
    hostile.take(packet, connection);
    ring();
  });
  const journal = await openSegmentJournal({
    dir: folder,
    binding: { thingName: THING_NAME, endpoint: 'localhost' },
    bootId: 'boot-1',
    clock: createManualClock(),
  });
  gateway = await startGateway({
    thingName: THING_NAME,
    certPem: pki.client.certPem,
    keyPem: pki.client.keyPem,
    caPem: pki.caPem,
    port: broker.port,
    random: random.next,
    journal,
  });
  const { violations, heapGrowthBytes, jobs } = await alternate({ gateway, broker, hostile, rounds, packets, every });
  violations.push(...waitViolations(gateway.waits), ...faultsIn(gateway.errors).slice(0, 5));
  violations.push(...broker.faults.map((fault) => `the gateway sent what is no packet: ${fault}`));
  if (heapGrowthBytes > MAX_HEAP_GROWTH_BYTES) violations.push(`the heap grew by ${heapGrowthBytes} bytes`);
  if (gateway.agent.illness() !== null) violations.push(`the agent is ill: ${gateway.agent.illness()}`);
  const runs = gateway.runs.length - jobs;
  await gateway.stop();
  await broker.stop();
  rounds.service().close();
  await rm(folder, { recursive: true });
  return { packets: hostile.packets, connects: gateway.attempts.length, runs, jobs, heapGrowthBytes, violations };
}

interface Stage {
  readonly gateway: Gateway;
  readonly broker: ScriptedBroker;
  readonly hostile: HostileBroker;
  readonly rounds: Rounds;
  readonly packets: number;
  readonly every: number;
}

async function alternate({ gateway, broker, hostile, rounds, packets, every }: Stage) {
  const violations: string[] = [];
  const heaps: number[] = [];
  let jobs = 0;
  while (hostile.packets < packets) {
    const until = Math.min(hostile.packets + every, packets);
    rounds.begin();
    hostile.beginHostilities();
    if (!(await gateway.drive(() => hostile.packets >= until, HOSTILE_LIMITS))) {
      violations.push(`stuck after ${hostile.packets} packets`);
      break;
    }
    hostile.makePeace();
    const jobId = `sound-${jobs}`;
    rounds.createJob(jobId);
    const { agent } = gateway;
    const isIdle = () => agent.status().connection.connected && agent.status().executions.length === 0;
    const isSettled = await gateway.drive(() => rounds.open() === 0 && isIdle(), SETTLE_LIMITS);
    const where = `after ${hostile.packets} packets`;
    if (!isSettled) violations.push(`not settled ${where}: ${JSON.stringify(agent.status())}`);
    const found = jobViolations([jobId], { runs: gateway.runs, told: rounds.told() });
    violations.push(...[...found, ...rounds.violations()].map((violation) => `${violation} ${where}`));
    jobs += 1;
    broker.forget();
    heaps.push(heapUsed());
    if (!isSettled) break;
  }
  const heapGrowthBytes = (heaps.at(-1) ?? 0) - (heaps[0] ?? 0);
  return { violations, jobs, heapGrowthBytes };
}

/** Each round has a service of its own, with jobs for the hostile part. */
interface Rounds {
  service(): RunningService;
  begin(): void;
  createJob(jobId: string): void;
  /** Jobs of this round that are not over. */
  open(): number;
  /** Terminal statuses the service accepted in this round. */
  told(): readonly string[];
  violations(): readonly string[];
}

const BAITS = 3;
const TERMINAL = new Set(['SUCCEEDED', 'FAILED', 'REJECTED']);

function createRounds(notify: (topic: string, message: JsonObject) => void): Rounds {
  let rounds = 0;
  let told: string[] = [];
  let jobIds: string[] = [];
  let service = newService();

  function newService(): RunningService {
    const plain = runJobsService({ now: Date.now, notify: ({ topic, message }) => notify(topic, message) });
    plain.addThing(THING_NAME);
    const device: RunningService['device'] = (request, answer) =>
      plain.device(request, (given) => {
        const { status } = statusIn(request.payload);
        const isTold = given.accepted && given.operation === 'UpdateJobExecution' && TERMINAL.has(status);
        if (isTold) told.push(`${request.topic.split('/').at(-2)} ${status}`);
        answer(given);
      });
    return { ...plain, device };
  }

  function createJob(jobId: string): void {
    jobIds.push(jobId);
    const targets = [`arn:aws:iot:us-east-1:123456789012:thing/${THING_NAME}`];
    service.control('CreateJob', { jobId, targets, document: JSON.stringify({ operation: 'work' }) });
  }

  const statusOf = (jobId: string) =>
    String((service.control('DescribeJobExecution', { jobId, thingName: THING_NAME }).execution as JsonObject).status);

  return {
    service: () => service,
    begin() {
      service.close();
      rounds += 1;
      told = [];
      jobIds = [];
      service = newService();
      for (let bait = 0; bait < BAITS; bait += 1) createJob(`bait-${rounds}-${bait}`);
    },
    createJob,
    open: () => jobIds.filter((jobId) => !TERMINAL.has(statusOf(jobId))).length,
    told: () => told,
    violations: () =>
      jobIds.flatMap((jobId) => {
        const count = told.filter((entry) => entry.startsWith(`${jobId} `)).length;
        return count === 1 ? [] : [`${jobId} was told ${count} times`];
      }),
  };
}

function statusIn(payload: Uint8Array): { readonly status: string } {
  try {
    return JSON.parse(Buffer.from(payload).toString()) as { status: string };
  } catch {
    return { status: '' };
  }
}

/** That the link is bad is told rightly. */
function faultsIn(errors: readonly string[]): readonly string[] {
  return errors.filter(
    (error) => !/^(closed by the broker again and again|the policy forbids subscriptions)/.test(error),
  );
}

/** After a collection, which Node does not offer without being asked at its start. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
