/**
 * The local cloud under load: a thousand things connected, ten thousand jobs queued and done, beside a broker that does
 * nothing but pass messages on. Clients and control plane are in this process, each service in one of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CreateJobCommand, IoTClient } from '@aws-sdk/client-iot';
import type { MqttClient } from 'mqtt';
import { type CloudReady, readSharedCredentials } from '../demo/cloud-ready.ts';
import { connectFleet, type FleetThing, type ThingIdentity } from './fleet.ts';

export interface LoadRow {
  readonly what: string;
  readonly jobCloud: string;
  /** What the bare broker took for the same, where it can do it. */
  readonly bareBroker: string;
}

export interface Load {
  readonly things: number;
  readonly jobsAThing: number;
}

export async function benchCloudLoad({ things, jobsAThing }: Load): Promise<readonly LoadRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-load-'));
  const names = Array.from({ length: things }, (_, index) => `load-${index}`);
  const cloud = await startService([
    ...[program('job-cloud'), '--data-dir', folder, '--mqtt-port', '0', '--http-port', '0'],
    ...names.flatMap((name) => ['--thing', name]),
  ]);
  const started: Service[] = [cloud];
  try {
    const ready: CloudReady = JSON.parse(cloud.line);
    const identities = await Promise.all(
      names.map((name) => readIdentity(name, dirname(ready.things[name]?.configPath ?? ''))),
    );
    const bare = await startService([program('bench'), '--bare-broker', folder]);
    started.push(bare);
    const bareConnect = await connectFleet(Number(bare.line), identities);
    const bareDelays = await bareNotifications(bareConnect.things, jobsAThing);
    await endFleet(bareConnect.things);

    const memory = [await residentMiB(cloud.pid)];
    const fleet = await connectFleet(ready.mqttPort, identities);
    memory.push(await residentMiB(cloud.pid));
    const queued = await queueJobs(ready, { fleet: fleet.things, jobsAThing });
    memory.push(await residentMiB(cloud.pid));
    const doneASecond = await doAllJobs(fleet.things, things * jobsAThing);
    memory.push(await residentMiB(cloud.pid));
    await endFleet(fleet.things);
    const [idle, connected, full, after] = memory;
    return [
      row(
        'connections a second, with SUBSCRIBE',
        perSecond(things, fleet.tookMs),
        perSecond(things, bareConnect.tookMs),
      ),
      row('CreateJob calls a second, signed, over HTTP', perSecond(things * jobsAThing, queued.tookMs), '-'),
      row('notification delay, median', ms(quantile(queued.delays, 0.5)), ms(quantile(bareDelays, 0.5))),
      row('notification delay, p99', ms(quantile(queued.delays, 0.99)), ms(quantile(bareDelays, 0.99))),
      row('jobs a second, StartNext and SUCCEEDED each', doneASecond.toFixed(0), '-'),
      row('resident memory, idle with the things known', `${idle} MiB`, '-'),
      row('resident memory, all connected', `${connected} MiB`, `${await residentMiB(bare.pid)} MiB`),
      row('resident memory, all jobs queued', `${full} MiB`, '-'),
      row('resident memory, all jobs done', `${after} MiB`, '-'),
    ];
  } finally {
    for (const service of started) await service.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Milliseconds from before CreateJob is called until the thing's `notify` that has it. */
async function queueJobs(
  ready: CloudReady,
  { fleet, jobsAThing }: { fleet: readonly FleetThing[]; jobsAThing: number },
): Promise<{ readonly tookMs: number; readonly delays: readonly number[] }> {
  const iot = new IoTClient({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${ready.httpPort}`,
    credentials: await readSharedCredentials(ready.credentialsPath),
  });
  const delays: number[] = [];
  const askedAtMs = new Map<string, number>();
  for (const { client } of fleet) {
    client.on('message', (topic, payload) => {
      if (!topic.endsWith('/notify')) return;
      for (const { jobId } of JSON.parse(payload.toString()).jobs.QUEUED ?? []) {
        const atMs = askedAtMs.get(jobId);
        if (atMs !== undefined) delays.push(performance.now() - atMs);
        askedAtMs.delete(jobId);
      }
    });
  }
  const calls = fleet.flatMap(({ name }) =>
    Array.from({ length: jobsAThing }, (_, n) => ({ name, jobId: `${name}-${n}` })),
  );
  const startMs = performance.now();
  const next = async (): Promise<void> => {
    for (let call = calls.pop(); call; call = calls.pop()) {
      askedAtMs.set(call.jobId, performance.now());
      const targets = [ready.things[call.name]?.thingArn ?? ''];
      await iot.send(new CreateJobCommand({ jobId: call.jobId, targets, document: '{"operation":"noop"}' }));
    }
  };
  await Promise.all(Array.from({ length: 8 }, next));
  const tookMs = performance.now() - startMs;
  while (askedAtMs.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  iot.destroy();
  return { tookMs, delays };
}

/** Each thing takes its jobs one after the other, all things at the same time. */
async function doAllJobs(fleet: readonly FleetThing[], jobs: number): Promise<number> {
  const startMs = performance.now();
  await Promise.all(
    fleet.map(async ({ name, client }) => {
      const prefix = `$aws/things/${name}/jobs/`;
      const ask = askOf(client);
      for (;;) {
        const { execution } = await ask(`${prefix}start-next`, {});
        if (!execution) return;
        const { jobId, versionNumber: expectedVersion } = execution;
        await ask(`${prefix}${jobId}/update`, { status: 'SUCCEEDED', expectedVersion });
      }
    }),
  );
  return perSecondNumber(jobs, performance.now() - startMs);
}

interface JobsAnswer {
  readonly execution?: { readonly jobId: string; readonly versionNumber: number };
}

/** One request at a time: the next answer is its own. */
function askOf(client: MqttClient): (topic: string, body: object) => Promise<JobsAnswer> {
  return (topic, body) =>
    new Promise((resolve, reject) => {
      const onMessage = (answered: string, payload: Buffer) => {
        if (!answered.startsWith(`${topic}/`)) return;
        client.off('message', onMessage);
        if (answered.endsWith('/accepted')) resolve(JSON.parse(payload.toString()));
        else reject(new Error(`${topic} was rejected: ${payload.toString()}`));
      };
      client.on('message', onMessage);
      client.publish(topic, JSON.stringify(body), { qos: 0 });
    });
}

/** As many messages as there would be notifications, eight on their way at a time, from one client to each thing. */
async function bareNotifications(fleet: readonly FleetThing[], jobsAThing: number): Promise<readonly number[]> {
  const [sender] = fleet;
  if (sender === undefined) return [];
  const delays: number[] = [];
  const heard = new Map<string, () => void>();
  for (const { client } of fleet) {
    client.on('message', (_, payload) => {
      const key = JSON.parse(payload.toString()).key;
      heard.get(key)?.();
      heard.delete(key);
    });
  }
  const calls = fleet.flatMap(({ name }) =>
    Array.from({ length: jobsAThing }, (_, n) => ({ name, key: `${name}-${n}` })),
  );
  const next = async (): Promise<void> => {
    for (let call = calls.pop(); call; call = calls.pop()) {
      const { name, key } = call;
      const startMs = performance.now();
      await new Promise<void>((resolve) => {
        heard.set(key, resolve);
        sender.client.publish(`$aws/things/${name}/jobs/notify`, JSON.stringify({ key }), { qos: 1 });
      });
      delays.push(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: 8 }, next));
  return delays;
}

async function endFleet(fleet: readonly FleetThing[]): Promise<void> {
  await Promise.all(fleet.map(({ client }) => client.endAsync(true)));
}

interface Service {
  readonly pid: number;
  /** The first on its stdout: it listens. */
  readonly line: string;
  stop(): Promise<void>;
}

async function startService(args: readonly string[]): Promise<Service> {
  const env = { ...process.env, JOB_CLOUD_LOG_LEVEL: 'error' };
  const child: ChildProcess = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  const [line] = await Promise.race([
    once(lines, 'line'),
    exited.then(([code]): never => {
      throw new Error(`${args[0]} ended with ${code} before it listened`);
    }),
  ]);
  return {
    pid: child.pid ?? 0,
    line,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function program(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

async function readIdentity(name: string, folder: string): Promise<ThingIdentity> {
  const read = (file: string) => readFile(join(folder, file));
  return { name, cert: await read('certificate.pem'), key: await read('private.key'), ca: await read('ca.pem') };
}

/** proc(5): VmRSS. */
async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
}

function row(what: string, jobCloud: string, bareBroker: string): LoadRow {
  return { what, jobCloud, bareBroker };
}

function perSecondNumber(count: number, tookMs: number): number {
  return (count * 1000) / tookMs;
}

function perSecond(count: number, tookMs: number): string {
  return perSecondNumber(count, tookMs).toFixed(0);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
