/** `npm run dev`: local cloud and agent, up until Ctrl-C. `npm run job -- FILE` gives it jobs. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createBoard } from './board.ts';
import { openControlPlane } from './control-plane.ts';
import { configPathOf } from './demo.ts';
import { followToTheEnd } from './follow.ts';
import { type CloudReady, startAgent, startCloud } from './programs.ts';

const THING = 'gateway-1';
const DATA_DIR = '.job-cloud';
const READY_FILE = join(DATA_DIR, 'ready.json');

export async function dev(env: NodeJS.ProcessEnv): Promise<number> {
  const stopped = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
  const args = ['--data-dir', DATA_DIR, '--mqtt-port', '0', '--http-port', '0', '--thing', THING];
  const { cloud, ready } = await startCloud(args, { logDir: null, env });
  const configPath = configPathOf(ready);
  const handlersDir = join(dirname(configPath), 'handlers');
  await mkdir(handlersDir, { recursive: true, mode: 0o700 });
  await writeFile(READY_FILE, JSON.stringify(ready));
  const agent = startAgent(configPath, { logDir: null, env: { ...env, JOB_AGENT_PROGRESS_INTERVAL_SECONDS: '1' } });
  try {
    console.log(howTo(ready, handlersDir));
    await Promise.race([stopped, cloud.endedEarly, agent.endedEarly]);
  } finally {
    await agent.stop();
    await cloud.stop();
  }
  return 0;
}

/** `npm run job -- FILE`: creates a job from a document on the cloud of `npm run dev`, and follows it to its end. */
export async function createJob(file: string | undefined): Promise<number> {
  if (file === undefined) {
    console.error('Which document? npm run job -- FILE');
    return 2;
  }
  const document = JSON.parse(await readFile(resolve(file), 'utf8')) as object;
  const ready = await readReady();
  if (ready === null) {
    console.error('No local cloud is up. In another terminal: npm run dev');
    return 69;
  }
  const control = await openControlPlane(ready, THING);
  const jobId = `job-${Date.now()}`;
  await control.createJob(jobId, document);
  const board = createBoard([{ jobId, title: `${jobId} (${file})` }], process.stdout);
  const executions = await followToTheEnd({ jobIds: [jobId], control, board, limitMs: 24 * 3_600_000 });
  const execution = executions.get(jobId);
  console.log(JSON.stringify(execution, null, 2));
  control.close();
  return execution?.status === 'SUCCEEDED' ? 0 : 1;
}

async function readReady(): Promise<CloudReady | null> {
  try {
    const ready = JSON.parse(await readFile(READY_FILE, 'utf8')) as CloudReady;
    await fetch(`http://127.0.0.1:${ready.httpPort}/`);
    return ready;
  } catch {
    return null;
  }
}

function howTo({ httpPort, credentialsPath }: CloudReady, handlersDir: string): string {
  return `
Local AWS IoT Jobs service and one gateway agent (thing ${THING}) are up. Ctrl-C ends both.

Create a job, in another terminal:
  echo '{"operation":"run-command","parameters":{"command":["uname","-a"]},"includeStdOut":true}' > my-job.json
  npm run job -- my-job.json

Or with the AWS command line:
  AWS_SHARED_CREDENTIALS_FILE=${credentialsPath} AWS_DEFAULT_REGION=us-east-1 \\
    aws --endpoint-url http://127.0.0.1:${httpPort} iot create-job --job-id my-job \\
    --targets arn:aws:iot:us-east-1:123456789012:thing/${THING} --document file://my-job.json

Your own handler is an executable in ${handlersDir}; its file name is the operation.
`;
}
