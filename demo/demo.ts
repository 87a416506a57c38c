/** `npm run demo`: two real processes, six jobs, and a look at how each ended. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startArtifactServer } from './artifact-server.ts';
import { createBoard } from './board.ts';
import { type ControlPlane, openControlPlane } from './control-plane.ts';
import { installDemoHandlers } from './demo-handlers.ts';
import { type DemoJob, demoJobs } from './demo-jobs.ts';
import { followToTheEnd } from './follow.ts';
import { type CloudReady, startAgent, startCloud } from './programs.ts';

const THING = 'demo-gateway';
const CANCEL_AT_PERCENT = 5;
const ARTIFACT_BYTES = 8 * 1024 * 1024;

/** @returns 0 when every job ended as it should, else 1. */
export async function demo(env: NodeJS.ProcessEnv): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'job-demo-'));
  const closers: (() => unknown)[] = [];
  try {
    const artifact = await startArtifactServer(ARTIFACT_BYTES);
    closers.unshift(artifact.close);
    const logDir = folder;
    const dataDir = join(folder, 'cloud');
    const args = ['--data-dir', dataDir, '--mqtt-port', '0', '--http-port', '0', '--thing', THING];
    const { cloud, ready } = await startCloud(args, { logDir, env });
    closers.unshift(cloud.stop);
    console.log(`job-cloud: MQTT with mutual TLS on ${ready.mqttPort}, AWS IoT's HTTP API on ${ready.httpPort}`);

    const configPath = configPathOf(ready);
    await installDemoHandlers(join(dirname(configPath), 'handlers'));
    const agent = startAgent(configPath, {
      logDir,
      env: { ...env, JOB_AGENT_PROGRESS_INTERVAL_SECONDS: '1', JOB_AGENT_INSECURE_DOWNLOAD_HOSTS: '127.0.0.1' },
    });
    closers.unshift(agent.stop);
    console.log(`job-agent: thing ${THING}, with an X.509 certificate of its own\n`);

    const targetDir = join(folder, 'target');
    await mkdir(targetDir);
    const control = await openControlPlane(ready, THING);
    closers.unshift(control.close);
    const jobs = demoJobs({ artifactUrl: artifact.url, artifactSha256: artifact.sha256, targetDir });
    const wrong = await Promise.race([runJobs(jobs, control), cloud.endedEarly, agent.endedEarly]);
    const agentExit = await agent.stop();
    if (agentExit !== 0) wrong.push(`job-agent: exit code ${agentExit} on SIGTERM, expected 0`);
    for (const line of wrong) console.log(`WRONG  ${line}`);
    console.log(wrong.length === 0 ? `All ${jobs.length} jobs ended as they should.` : `${wrong.length} did not.`);
    if (wrong.length > 0) console.log(`Logs and state: ${folder}`);
    else closers.push(() => rm(folder, { recursive: true, force: true }));
    return wrong.length === 0 ? 0 : 1;
  } finally {
    for (const close of closers) await close();
  }
}

export function configPathOf({ things }: CloudReady): string {
  const [thing] = Object.values(things);
  if (thing === undefined) throw new Error('the local cloud started without a thing');
  return thing.configPath;
}

/** @returns what ended otherwise than it should. */
async function runJobs(jobs: readonly DemoJob[], control: ControlPlane): Promise<string[]> {
  for (const { jobId, document } of jobs) await control.createJob(jobId, document);
  const canceled = new Set<string>();
  const executions = await followToTheEnd({
    jobIds: jobs.map(({ jobId }) => jobId),
    control,
    board: createBoard(jobs, process.stdout),
    // In the middle: once the handler itself has told that it is under way.
    onInProgress: async (jobId, { statusDetails }) => {
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
