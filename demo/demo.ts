/** `npm run demo`: two real processes, six jobs, and a look at how each ended. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startArtifactServer } from './artifact-server.ts';
import { createBoard } from './board.ts';
import type { CloudReady } from './cloud-ready.ts';
import { type ControlPlane, openControlPlane } from './control-plane.ts';
import { installDemoHandlers } from './demo-handlers.ts';
import { type DemoJob, demoJobs } from './demo-jobs.ts';
import { followToTheEnd } from './follow.ts';
import { Interrupted, type Interruption, watchForInterruption } from './interruption.ts';
import { startAgent, startCloud } from './programs.ts';

const THING = 'demo-gateway';
const CANCEL_AT_PERCENT = 5;
const ARTIFACT_BYTES = 8 * 1024 * 1024;

/** @returns 0 when every job ended as it should, 128 and the number of the signal that stopped it, else 1. */
export async function demo(env: NodeJS.ProcessEnv): Promise<number> {
  const interruption = watchForInterruption();
  const folder = await mkdtemp(join(tmpdir(), 'job-demo-'));
  const closers: (() => unknown)[] = [];
  let exitCode = 1;
  try {
    exitCode = await play({ env, folder, closers, interruption });
  } catch (error) {
    if (error instanceof Interrupted) exitCode = error.exitCode;
    console.error(error instanceof Error ? error.message : error);
  }
  for (const close of closers) await close();
  if (exitCode === 1) console.log(`Logs and state: ${folder}`);
  else await rm(folder, { recursive: true, force: true });
  return exitCode;
}

interface Stage {
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
  /** What was started is stopped by these, the last first. */
  readonly closers: (() => unknown)[];
  readonly interruption: Interruption;
}

async function play({ env, folder, closers, interruption }: Stage): Promise<0 | 1> {
  const artifact = await startArtifactServer(ARTIFACT_BYTES);
  closers.unshift(artifact.close);
  const args = ['--data-dir', join(folder, 'cloud'), '--mqtt-port', '0', '--http-port', '0', '--thing', THING];
  const { cloud, ready: whenReady } = startCloud(args, { logDir: folder, env });
  closers.unshift(cloud.stop);
  const ready = await interruption.unlessFirst(whenReady);
  console.log(`job-cloud: MQTT with mutual TLS on ${ready.mqttPort}, AWS IoT's HTTP API on ${ready.httpPort}`);

  const configPath = configPathOf(ready);
  await installDemoHandlers(join(dirname(configPath), 'handlers'));
  const agent = startAgent(configPath, { logDir: folder, env: { ...env, ...AGENT_SETTINGS } });
  closers.unshift(agent.stop);
  console.log(`job-agent: thing ${THING}, with an X.509 certificate of its own\n`);

  const targetDir = join(folder, 'target');
  await mkdir(targetDir);
  const control = await openControlPlane(ready, THING);
  closers.unshift(control.close);
  const jobs = demoJobs({ artifactUrl: artifact.url, artifactSha256: artifact.sha256, targetDir });
  const work = Promise.race([runJobs(jobs, control, interruption.signal), cloud.endedEarly, agent.endedEarly]);
  const wrong = await interruption.unlessFirst(work);
  const agentExit = await agent.stop();
  if (agentExit !== 0) wrong.push(`job-agent: exit code ${agentExit} on SIGTERM, expected 0`);
  for (const line of wrong) console.log(`WRONG  ${line}`);
  console.log(wrong.length === 0 ? `All ${jobs.length} jobs ended as they should.` : `${wrong.length} did not.`);
  return wrong.length === 0 ? 0 : 1;
}

/** Progress often enough to be watched; plain HTTP from this machine; a job in hand does not hold up a Ctrl-C. */
const AGENT_SETTINGS = {
  JOB_AGENT_PROGRESS_INTERVAL_SECONDS: '1',
  JOB_AGENT_INSECURE_DOWNLOAD_HOSTS: '127.0.0.1',
  JOB_AGENT_SHUTDOWN_MODE: 'stop',
};

export function configPathOf({ things }: CloudReady): string {
  const [thing] = Object.values(things);
  if (thing === undefined) throw new Error('the local cloud started without a thing');
  return thing.configPath;
}

/** @returns what ended otherwise than it should. */
async function runJobs(jobs: readonly DemoJob[], control: ControlPlane, signal: AbortSignal): Promise<string[]> {
  for (const { jobId, document } of jobs) await control.createJob(jobId, document);
  const canceled = new Set<string>();
  const executions = await followToTheEnd({
    jobIds: jobs.map(({ jobId }) => jobId),
    control,
    board: createBoard(jobs, process.stdout),
    signal,
    // In the middle: once the handler itself has told that it is under way.
    onOpen: async (jobId, { statusDetails }) => {
      const isForCancel = jobs.some((job) => job.jobId === jobId && job.cancelInTheMiddle === true);
      const percent = Number(statusDetails?.detailsMap?.percent ?? 0);
      if (!isForCancel || canceled.has(jobId) || percent < CANCEL_AT_PERCENT) return;
      canceled.add(jobId);
      await control.forceCancel(jobId);
    },
  });
  const wrong: string[] = [];
  for (const { jobId, title, check } of jobs) {
    const execution = executions.get(jobId) ?? {};
    console.log(`\nDescribeJobExecution ${jobId} (${title})`);
    console.log(JSON.stringify(execution, null, 2));
    const problem = await check(execution);
    if (problem !== undefined) wrong.push(`${jobId}: ${problem}`);
  }
  console.log('');
  return wrong;
}
