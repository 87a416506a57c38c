/** `npm run dev`: local cloud and agent, up until Ctrl-C. `npm run job -- FILE` gives it jobs. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CloudReady } from './cloud-ready.ts';
import { configPathOf } from './demo.ts';
import { DATA_DIR, DEV_THING, findDevCloud, READY_FILE } from './dev-cloud.ts';
import { Interrupted, type Interruption, watchForInterruption } from './interruption.ts';
import { type EndedEarly, type Program, startAgent, startCloud } from './programs.ts';

const RESTART_DELAY_MS = 2_000;
/** Wrong usage and wrong configuration: the systemd unit does not restart on them either. */
const NO_RESTART_ON: readonly (number | null)[] = [2, 78];

/** @returns 0 when a signal ended it, else 1. */
export async function dev(env: NodeJS.ProcessEnv): Promise<number> {
  if ((await findDevCloud()) !== null) {
    console.error('npm run dev is up already, in another terminal.');
    return 1;
  }
  const interruption = watchForInterruption();
  const args = ['--data-dir', DATA_DIR, '--mqtt-port', '0', '--http-port', '0', '--thing', DEV_THING];
  const { cloud, ready: whenReady } = startCloud(args, { logDir: null, env });
  try {
    const ready = await interruption.unlessFirst(whenReady);
    const configPath = configPathOf(ready);
    const handlersDir = join(dirname(configPath), 'handlers');
    await mkdir(handlersDir, { recursive: true, mode: 0o700 });
    // It holds the console's token.
    await writeFile(READY_FILE, JSON.stringify(ready), { mode: 0o600 });
    console.log(howTo(ready, { configPath, handlersDir }));
    return await keepAgentRunning(configPath, { env, cloud, interruption });
  } catch (error) {
    if (error instanceof Interrupted) return 0;
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    await rm(READY_FILE, { force: true });
    await cloud.stop();
  }
}

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly cloud: Program;
  readonly interruption: Interruption;
}

/** As systemd does on a gateway. @throws Interrupted. @throws EndedEarly of what is not started again. */
async function keepAgentRunning(configPath: string, { env, cloud, interruption }: Surroundings): Promise<never> {
  for (;;) {
    const agent = startAgent(configPath, { logDir: null, env: { JOB_AGENT_PROGRESS_INTERVAL_SECONDS: '1', ...env } });
    interruption.onImpatience(agent.hurry);
    const agentEnded = agent.endedEarly.catch((end: EndedEarly) => end);
    try {
      const end = await interruption.unlessFirst(Promise.race([cloud.endedEarly, agentEnded]));
      if (NO_RESTART_ON.includes(end.exitCode)) throw end;
      console.log(`${end.message}. It is started again in ${RESTART_DELAY_MS / 1_000} s; the cloud stays up.`);
    } finally {
      await agent.stop();
    }
    await interruption.unlessFirst(Promise.race([cloud.endedEarly, delay(RESTART_DELAY_MS)]));
  }
}

/** Paths are relative to the folder that npm runs in, so that they can be typed whatever the clone's own path is. */
function howTo(
  { httpPort, credentialsPath, consoleUrl }: CloudReady,
  paths: { readonly configPath: string; readonly handlersDir: string },
): string {
  const here = (path: string) => relative(process.cwd(), path);
  const file = join(DATA_DIR, 'my-job.json');
  return `
Local AWS IoT Jobs service and one gateway agent (thing ${DEV_THING}) are up. Ctrl-C ends both.
Jobs live in the memory of the local cloud: they are gone when this ends. What the agent knows stays in ${DATA_DIR}.

Watch and do it all in a browser:
  ${consoleUrl}

Create a job, in another terminal:
  echo '{"operation":"run-command","parameters":{"command":["uname","-a"]},"includeStdOut":true}' > ${file}
  npm run job -- ${file}

Or with the AWS command line:
  AWS_SHARED_CREDENTIALS_FILE=${here(credentialsPath)} AWS_DEFAULT_REGION=us-east-1 \\
    aws --endpoint-url http://127.0.0.1:${httpPort} iot create-job --job-id my-job \\
    --targets arn:aws:iot:us-east-1:123456789012:thing/${DEV_THING} --document file://${file}

Ask the agent what it is doing (\`job-agent status\`):
  node dist/job-agent.js status --config ${here(paths.configPath)}

Files to download: put them into ${join(DATA_DIR, 'artifacts', 'my-bucket')}. As a URL in a document, signed as S3 would:
  "\${aws:iot:s3-presigned-url-v2:https://s3.us-east-1.amazonaws.com/my-bucket/FILE}"

Try a power loss: kill -9 the pid that this shows, while a job runs. The agent is started again.
Try a restart: docs/local-cloud.md says how. The operation \`reboot\` restarts nothing here.
Your own handler is an executable, or a module NAME.mjs, in ${here(paths.handlersDir)}; its name is the operation.
`;
}
