import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CreateJobCommand } from '@aws-sdk/client-iot';
import { expect, test } from 'vitest';
import { type AgentAndCloud, startAgentAndCloud, THING } from '../fixtures/agent-and-cloud.ts';
import { iotClientFor } from '../fixtures/iot-client.ts';

const FIRMWARE = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
const SHA256 = createHash('sha256').update(FIRMWARE).digest('hex');
// biome-ignore lint/suspicious/noTemplateCurlyInString: AWS's placeholder, filled in by the cloud
const PLACEHOLDER = '${aws:iot:s3-presigned-url-v2:https://firmware.s3.us-east-1.amazonaws.com/v1/app%20one.bin}';

test('an agent downloads what a pre-signed placeholder stands for', async () => {
  const { cloud, configPath, over, agent } = await startAgentAndCloud();
  await putFirmware(cloud);
  const path = join(dirname(configPath), 'app.bin');
  await createDownloadJob(cloud, { path, sha256: SHA256 });
  const execution = await over('download');
  expect(execution.status).toBe('SUCCEEDED');
  expect(execution.statusDetails.detailsMap).toMatchObject({ path, bytes: '300000', sha256: SHA256 });
  expect((await readFile(path)).equals(FIRMWARE)).toBe(true);
  const told = JSON.stringify([execution, agent.log]);
  expect(told).not.toContain('X-Amz-Signature');
});

async function putFirmware(cloud: AgentAndCloud['cloud']): Promise<void> {
  const folder = join(cloud.dataDir, 'artifacts/firmware/v1');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'app one.bin'), FIRMWARE);
}

async function createDownloadJob(cloud: AgentAndCloud['cloud'], parameters: object, expiresInSec = 60): Promise<void> {
  await iotClientFor(cloud).send(
    new CreateJobCommand({
      jobId: 'download',
      targets: [`arn:aws:iot:us-east-1:123456789012:thing/${THING}`],
      document: JSON.stringify({ operation: 'download-file', parameters: { url: PLACEHOLDER, ...parameters } }),
      presignedUrlConfig: { roleArn: 'arn:aws:iam::123456789012:role/downloads', expiresInSec },
    }),
  );
}
