import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CreateJobCommand } from '@aws-sdk/client-iot';
import { expect, onTestFinished, test } from 'vitest';
import { type AgentAndCloud, startAgentAndCloud, THING } from '../fixtures/agent-and-cloud.ts';
import { startAgentProcess } from '../fixtures/agent-process.ts';
import { iotClientFor } from '../fixtures/iot-client.ts';
import { startRangeServer } from '../fixtures/range-server.ts';

const FIRMWARE = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
const SHA256 = createHash('sha256').update(FIRMWARE).digest('hex');
// biome-ignore lint/suspicious/noTemplateCurlyInString: AWS's placeholder, filled in by the cloud
const PLACEHOLDER = '${aws:iot:s3-presigned-url-v2:https://firmware.s3.us-east-1.amazonaws.com/v1/app%20one.bin}';

test('an agent downloads what a pre-signed placeholder stands for', async () => {
  const { cloud, configPath, over, agent } = await startAgentAndCloud();
  await putFirmware(cloud);
  const path = join(dirname(configPath), 'app.bin');
  await createJob(cloud, { operation: 'download-file', parameters: { url: PLACEHOLDER, path, sha256: SHA256 } });
  const execution = await over('download');
  expect(execution.status).toBe('SUCCEEDED');
  expect(execution.statusDetails.detailsMap).toMatchObject({ path, bytes: '300000', sha256: SHA256 });
  expect((await readFile(path)).equals(FIRMWARE)).toBe(true);
  const told = JSON.stringify([execution, agent.log]);
  expect(told).not.toContain('X-Amz-Signature');
});

test('an agent asks for a fresh URL when the time of the first is over', async () => {
  const { cloud, configPath, over, agent, inProgress } = await startAgentAndCloud();
  await putFirmware(cloud);
  const folder = dirname(configPath);
  const wait = 'until [ -e "$1" ]; do sleep 0.1; done';
  const parameters = { url: PLACEHOLDER, path: join(folder, 'app.bin'), sha256: SHA256 };
  await createJob(cloud, {
    steps: [
      { operation: 'run-command', parameters: { command: ['sh', '-c', wait, 'sh', join(folder, 'go')] } },
      { operation: 'download-file', parameters },
    ],
  });
  await inProgress('download');
  await agent.line(({ msg }) => msg === 'step started');
  cloud.clock.advance(61_000);
  await writeFile(join(folder, 'go'), '');
  expect(await over('download')).toMatchObject({ status: 'SUCCEEDED' });
  expect((await readFile(parameters.path)).equals(FIRMWARE)).toBe(true);
  const described = cloud.deviceRequests.filter(({ topic }) => topic.endsWith('/jobs/download/get'));
  expect(described).not.toEqual([]);
});

test('a download goes on after a restart of the agent', async () => {
  const server = await startRangeServer(FIRMWARE);
  onTestFinished(() => server.close());
  server.cuts.push(200_000);
  const env = {
    JOB_AGENT_INSECURE_DOWNLOAD_HOSTS: '127.0.0.1',
    JOB_AGENT_PROGRESS_INTERVAL_SECONDS: '1',
    JOB_AGENT_SHUTDOWN_MODE: 'stop',
  };
  const { cloud, configPath, over, agent } = await startAgentAndCloud({ env });
  const path = join(dirname(configPath), 'app.bin');
  const url = `${server.origin}/app.bin?X-Amz-Signature=SECRET`;
  cloud.createJob({ jobId: 'download', document: { operation: 'download-file', parameters: { url, path } } });
  await cloud.deviceRequest(({ payload }) => Buffer.from(payload).includes('"bytesReceived":"200000"'));
  agent.child.kill('SIGTERM');
  await agent.exited;
  const next = startAgentProcess(configPath, env);
  expect(await over('download')).toMatchObject({ status: 'SUCCEEDED' });
  expect(server.answers).toEqual(['200', '206 bytes=200000-']);
  expect((await readFile(path)).equals(FIRMWARE)).toBe(true);
  expect(JSON.stringify([agent.log, next.log])).not.toContain('SECRET');
});

async function putFirmware(cloud: AgentAndCloud['cloud']): Promise<void> {
  const folder = join(cloud.dataDir, 'artifacts/firmware/v1');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'app one.bin'), FIRMWARE);
}

async function createJob(cloud: AgentAndCloud['cloud'], document: object): Promise<void> {
  await iotClientFor(cloud).send(
    new CreateJobCommand({
      jobId: 'download',
      targets: [`arn:aws:iot:us-east-1:123456789012:thing/${THING}`],
      document: JSON.stringify(document),
      presignedUrlConfig: { roleArn: 'arn:aws:iam::123456789012:role/downloads', expiresInSec: 60 },
    }),
  );
}
