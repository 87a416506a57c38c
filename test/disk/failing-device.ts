/**
 * A device that really fails under a running agent: ext4 on `logged-device.c`, which from a chosen moment on answers EIO
 * to flushes, to writes, or to everything. The kernel's own fdatasync fails then, with all that follows from it in the
 * page cache and in ext4's journal, which no injected return value brings about.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobCloud } from '../../local-cloud/job-cloud.ts';
import { buildLoggedDevice, type DeviceFault, type LoggedDevice, openLoggedDevice } from '../power/logged-device.ts';
import { createWitnessJob, end, execution, isTerminal, until } from './faulty-run.ts';
import { AGENT_BUNDLE, type Agent, startAgent } from './traced-agent.ts';

export interface FailingDeviceRun {
  readonly fault: DeviceFault;
  readonly moment: Moment;
  readonly ending: Ending;
  /** Of the first job, and of the second, told while the device failed; then of the second after the repair. */
  readonly first: string;
  readonly second: string;
  readonly secondAfterRepair: string;
  /** What `job-agent health` said while the device failed. */
  readonly health: string;
  readonly refusedWith: number | string;
  readonly violations: readonly string[];
}

export interface FailingDeviceOptions {
  readonly cloud: JobCloud;
  readonly top: string;
  /** Of `logged-device.c`. */
  readonly source: string;
}

/** When the device fails: while the first job runs, or before it comes. */
type Moment = 'running' | 'idle';
/** How the agent is ended while the device fails. */
type Ending = 'SIGTERM' | 'SIGKILL';

interface Gateway extends FailingDeviceOptions {
  readonly thingName: string;
  readonly configPath: string;
  readonly witness: string;
  /** The first job runs until this file is there. */
  readonly gate: string;
  readonly folder: string;
  readonly program: string;
  readonly image: string;
  readonly jobs: readonly [string, string];
}

interface Trial {
  readonly fault: DeviceFault;
  readonly moment: Moment;
  readonly ending: Ending;
}

const FAULTS: readonly DeviceFault[] = ['flush', 'write', 'dead'];
const MOMENTS: readonly Moment[] = ['running', 'idle'];
const ENDINGS: readonly Ending[] = ['SIGTERM', 'SIGKILL'];
const IMAGE_BYTES = 24 * 1024 * 1024;
/** EX_IOERR: no journal is possible. */
const IO_ERROR = 74;

/** @returns why not, where this machine cannot. */
export async function runOnFailingDevice(options: FailingDeviceOptions): Promise<readonly FailingDeviceRun[] | string> {
  const program = join(options.top, 'logged-device');
  const reason = buildLoggedDevice(options.source, program);
  if (reason !== null) return reason;
  const trials = FAULTS.flatMap((fault) =>
    MOMENTS.flatMap((moment) => ENDINGS.map((ending) => ({ fault, moment, ending }))),
  );
  const runs: FailingDeviceRun[] = [];
  for (const trial of trials) {
    const gateway = await createGateway(options, program, `${trial.fault}-${trial.moment}-${trial.ending}`);
    runs.push(await oneTrial(gateway, trial));
    await rm(gateway.folder, { recursive: true, force: true });
  }
  return runs;
}

async function createGateway(options: FailingDeviceOptions, program: string, name: string): Promise<Gateway> {
  const folder = await mkdtemp(join(options.top, 'failing-device-'));
  const thingName = `device-${name}`;
  const { configPath } = await options.cloud.addThing(thingName);
  const settings = JSON.parse(await readFile(configPath, 'utf8')) as object;
  await writeFile(configPath, JSON.stringify({ ...settings, stateDir: join(folder, 'mounted', 'state') }));
  const image = join(folder, 'image');
  await writeFile(image, '');
  await truncate(image, IMAGE_BYTES);
  spawnSync('mkfs.ext4', ['-q', '-F', '-b', '4096', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image]);
  const [witness, gate] = [join(folder, 'witness'), join(folder, 'gate')];
  const jobs = [`${thingName}-first`, `${thingName}-second`] as const;
  return { ...options, thingName, configPath, witness, gate, folder, program, image, jobs };
}

async function oneTrial(gateway: Gateway, trial: Trial): Promise<FailingDeviceRun> {
  const violations: string[] = [];
  const blame = (isBad: boolean, text: string) => {
    if (isBad) violations.push(text);
  };
  const device = await openLoggedDevice(gateway.program, gateway.folder, gateway.image);
  let told: Pick<FailingDeviceRun, 'first' | 'second' | 'health' | 'refusedWith'>;
  try {
    told = await whileItFails(gateway, { ...trial, device }, blame);
  } finally {
    await device.fail('none');
    await device.close();
  }
  const repair = spawnSync('e2fsck', ['-p', gateway.image]).status ?? 8;
  blame(repair >= 4, `e2fsck could not repair the file system (${repair})`); // e2fsck(8): 1 and 2 are repaired
  const secondAfterRepair = await afterRepair(gateway, { ...told, fault: trial.fault }, blame);
  return { ...trial, ...told, secondAfterRepair, violations };
}

type Blame = (isBad: boolean, text: string) => void;

async function whileItFails(
  gateway: Gateway,
  { device, fault, moment, ending }: Trial & { readonly device: LoggedDevice },
  blame: Blame,
) {
  const { cloud, thingName, configPath, jobs, witness, gate } = gateway;
  const orderFirst = () => createWitnessJob(cloud, { thingName, jobId: jobs[0], witness, gate });
  const agent = startAgent(configPath);
  try {
    await until(() => agent.hasEnded() || hasLine(agent, 'connected and subscribed'));
    if (moment === 'running') {
      orderFirst();
      await until(() => agent.hasEnded() || hasLine(agent, 'step started'));
    }
    await device.fail(fault);
    if (moment === 'idle') orderFirst();
    createWitnessJob(cloud, { thingName, jobId: jobs[1], witness, gate });
    await writeFile(gate, '');
    const isTold = await until(() => agent.hasEnded() || isTerminal(execution(cloud, thingName, jobs[0]).status));
    blame(!isTold || agent.hasEnded(), 'what became of the first job was not told while the device failed');
    blame(!hasLine(agent, 'journal failed'), 'the agent did not notice that the device fails');
    const health = await askHealth(configPath);
    blame(health !== '1 ill: the journal cannot be written', `health: ${health}`);
    const code = await endBy(agent, ending);
    blame(code !== (ending === 'SIGTERM' ? 0 : ending), `ended by ${ending}, its exit code was ${code}`);
  } finally {
    agent.child.kill('SIGKILL');
  }
  const [first, second] = jobs.map((jobId) => told(gateway, jobId)) as [string, string];
  const runs = runsOf(await trail(witness), jobs[0]);
  blame(first !== (moment === 'running' ? 'SUCCEEDED' : 'FAILED JOURNAL_FAILED'), `the first job is ${first}`);
  blame(runs !== (moment === 'running' ? 1 : 0), `the first job was run ${runs} times`);
  const health = 'ill, exit code 1';
  return { first, second, health, refusedWith: await startRefused(gateway, jobs[1], blame) };
}

/** On the failing device nothing can be begun, so nothing may be taken out of the queue either. */
async function startRefused(
  { configPath, cloud, thingName }: Gateway,
  waitingJob: string,
  blame: Blame,
): Promise<number | string> {
  const before = execution(cloud, thingName, waitingJob).status;
  const refused = startAgent(configPath);
  await until(() => refused.hasEnded() || hasLine(refused, 'journal failed'));
  const code = await end(refused);
  blame(code !== IO_ERROR, `started on the failing device, it ended with ${code}`);
  const after = execution(cloud, thingName, waitingJob).status;
  blame(before !== after, `started on the failing device, it made ${waitingJob}, which was ${before}, ${after}`);
  return code;
}

async function afterRepair(
  gateway: Gateway,
  { first: toldBefore, fault }: { readonly first: string; readonly fault: DeviceFault },
  blame: Blame,
): Promise<string> {
  const { cloud, thingName, configPath, jobs, witness, gate } = gateway;
  const device = await openLoggedDevice(gateway.program, gateway.folder, gateway.image);
  try {
    const agent = startAgent(configPath);
    const isOver = (jobId: string) => isTerminal(execution(cloud, thingName, jobId).status);
    await until(() => agent.hasEnded() || (hasLine(agent, 'connected and subscribed') && jobs.every(isOver)));
    blame(hasLine(agent, 'journal lost'), 'after the repair the journal was lost');
    const code = await end(agent);
    blame(code !== 0, `after the repair it ended with ${code}: ${agent.complaints()}`);
    // Once more, with a journal in which nothing is open: its first record would be that of a new job.
    const third = `${thingName}-third`;
    createWitnessJob(cloud, { thingName, jobId: third, witness, gate });
    await device.fail(fault);
    await startRefused(gateway, third, blame);
  } finally {
    await device.fail('none');
    await device.close();
  }
  const lines = await trail(witness);
  for (const jobId of jobs) {
    const [runs, { status }] = [runsOf(lines, jobId), execution(cloud, thingName, jobId)];
    blame(runs > 1, `${jobId} was run ${runs} times`);
    blame(!isTerminal(status), `${jobId} is ${status} after the repair`);
    blame((status === 'SUCCEEDED') !== (runs === 1), `${jobId} is ${status} and was run ${runs} times`);
  }
  blame(told(gateway, jobs[0]) !== toldBefore, `of the first job it was told ${toldBefore}, then something else`);
  return told(gateway, jobs[1]);
}

/** As a health check does. @returns exit code and text. */
async function askHealth(configPath: string): Promise<string> {
  const child = spawn(process.execPath, [AGENT_BUNDLE, 'health', '--config', configPath], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(child, 'close');
  return `${child.exitCode} ${text.trim()}`;
}

async function endBy(agent: Agent, ending: Ending): Promise<number | string> {
  if (ending === 'SIGTERM') return end(agent);
  agent.child.kill(ending);
  return agent.ended;
}

function told({ cloud, thingName }: Gateway, jobId: string): string {
  const { status, reasonCode } = execution(cloud, thingName, jobId);
  return reasonCode === undefined ? status : `${status} ${reasonCode}`;
}

async function trail(witness: string): Promise<readonly string[]> {
  return (await readFile(witness, 'utf8').catch(() => '')).split('\n');
}

function runsOf(lines: readonly string[], jobId: string): number {
  return lines.filter((line) => line === jobId).length;
}

function hasLine({ lines }: Agent, start: string): boolean {
  return lines.some(({ msg }) => msg.startsWith(start));
}
