/** One gateway for a machine: the local cloud on this computer, the agent over there, and the jobs that it is given. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobExecution } from '@aws-sdk/client-iot';
import { type ControlPlane, openControlPlane } from '../../demo/control-plane.ts';
import { startCloud } from '../../demo/programs.ts';
import { foldersOf } from '../chaos/settled-checks.ts';
import { type GatewayFiles, installHandlers, serveFiles } from './gateway-files.ts';
import { type Command, type Machine, PATH } from './machine.ts';

const THING = 'gateway-1';
/** An emulated processor is some ten times slower. */
const JOB_LIMIT_MS = 300_000;
const LOOK_EVERY_MS = 200;
const STOP_LIMIT_MS = 60_000;

export interface Gateway {
  readonly configPath: string;
  readonly files: GatewayFiles;
  readonly control: ControlPlane;
  /** Resolves when it is connected. */
  startAgent(): Promise<void>;
  killAgent(): Promise<void>;
  /** @returns its exit code on SIGTERM, and the resident memory that it had then, in bytes. */
  stopAgent(): Promise<{ readonly exitCode: number | null; readonly residentBytes: number }>;
  /** Lines of level error and above, as it logged them. */
  readonly complaints: readonly string[];
  /** @throws Error when it is not so in time. */
  until(jobId: string, fits: (execution: JobExecution) => boolean): Promise<JobExecution>;
  over(jobId: string): Promise<JobExecution>;
  close(): Promise<void>;
}

export interface GatewayOptions {
  readonly machine: Machine;
  /** What starts the agent there, without its command. */
  readonly agent: Command;
  readonly folder: string;
  /** For the cloud, where it is not that of this computer. */
  readonly cloudEnv?: Readonly<Record<string, string>>;
}

export async function startGateway({ machine, agent, folder, cloudEnv }: GatewayOptions): Promise<Gateway> {
  const args = ['--data-dir', join(folder, 'cloud'), '--mqtt-port', '0', '--http-port', '0', '--thing', THING];
  const { cloud, ready: whenReady } = startCloud(args, { logDir: folder, env: { ...process.env, ...cloudEnv } });
  const endCloudWithUs = () => cloud.hurry();
  process.once('exit', endCloudWithUs);
  const ready = await whenReady;
  const configPath = ready.things[THING]?.configPath ?? '';
  await installHandlers(join(dirname(configPath), 'handlers'));
  await openToUsers(configPath);
  const files = await serveFiles(folder);
  const control = await openControlPlane(ready, THING);
  const env = {
    PATH,
    ...SETTINGS,
    JOB_AGENT_ARTIFACT_KEYS: files.artifactKeys,
    JOB_AGENT_UPLOAD_FOLDERS: join(folder, 'made'),
  };
  const complaints: string[] = [];
  let running: RunningAgent | undefined;
  const theAgent = () => {
    if (running === undefined) throw new Error('no agent runs');
    return running;
  };
  const until: Gateway['until'] = async (jobId, fits) => {
    for (const begunMs = performance.now(); performance.now() - begunMs < JOB_LIMIT_MS; await sleep(LOOK_EVERY_MS)) {
      const execution = await control.describe(jobId);
      if (fits(execution)) return execution;
    }
    throw new Error(`${jobId}: nothing within ${JOB_LIMIT_MS / 1_000} s`);
  };
  return {
    configPath,
    files,
    control,
    complaints,
    until,
    over: (jobId) => until(jobId, ({ status }) => status !== 'QUEUED' && status !== 'IN_PROGRESS'),
    async startAgent() {
      const command = machine.command([...agent, 'run', '--config', configPath]);
      running = startAgent(command, env, { complaints, logFile: join(folder, 'agent.log') });
      await withinLimit(running.connected, 'it does not connect');
    },
    async killAgent() {
      await theAgent().end('SIGKILL');
    },
    async stopAgent() {
      const { child, end } = theAgent();
      const residentBytes = residentBytesOf(child.pid ?? 0);
      return { residentBytes, exitCode: await end('SIGTERM') };
    },
    async close() {
      await running?.end('SIGKILL');
      control.close();
      files.close();
      await cloud.stop();
      process.off('exit', endCloudWithUs);
    },
  };
}

/** As systemd makes them by our unit: the users of `runAs` pass through. */
async function openToUsers(configPath: string): Promise<void> {
  for (const path of Object.values(foldersOf(configPath))) {
    await mkdir(path, { recursive: true });
    for (let above = path; above !== dirname(dirname(configPath)); above = dirname(above)) await chmod(above, 0o711);
  }
}

async function withinLimit(promise: Promise<unknown>, otherwise: string): Promise<void> {
  const timer = new AbortController();
  const tooLate = sleep(JOB_LIMIT_MS, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${otherwise} within ${JOB_LIMIT_MS / 1_000} s`);
  });
  tooLate.catch(() => undefined);
  await Promise.race([promise, tooLate]).finally(() => timer.abort());
}

const SETTINGS = {
  JOB_AGENT_PROGRESS_INTERVAL_SECONDS: '1',
  JOB_AGENT_INSECURE_DOWNLOAD_HOSTS: '127.0.0.1',
  JOB_AGENT_RUN_AS_USERS: 'nobody',
  JOB_AGENT_STOP_GRACE_SECONDS: '2',
  JOB_AGENT_SHUTDOWN_MODE: 'stop',
};

interface RunningAgent {
  readonly child: ChildProcess;
  readonly connected: Promise<unknown>;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

function startAgent(
  [program, ...args]: Command,
  env: Readonly<Record<string, string>>,
  { complaints, logFile }: { readonly complaints: string[]; readonly logFile: string },
): RunningAgent {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const closed = once(child, 'close').then(() => void process.off('exit', endWithUs));
  let connect: (value?: unknown) => void = () => {};
  const connected = new Promise((resolve, reject) => {
    connect = resolve;
    closed.then(() => reject(new Error(`the agent has ended: ${complaints.slice(-5).join('\n')}`)));
  });
  connected.catch(() => undefined);
  child.stdout.pipe(createWriteStream(logFile, { flags: 'a' }));
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.includes('"connected and subscribed"')) connect();
    if (/"level":"(?:error|fatal)"/.test(line)) complaints.push(line);
  });
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
  return {
    child,
    connected,
    async end(signal) {
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await closed;
      clearTimeout(timer);
      return child.exitCode;
    },
  };
}

/** proc_pid_status(5). */
function residentBytesOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}
