/** A device that knows its certificate and the local CA, and gets everything else from the job document. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateJobCommand, DescribeJobCommand, GetJobDocumentCommand } from '@aws-sdk/client-iot';
import type { MqttClient } from 'mqtt';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { iotClientFor } from '../../fixtures/iot-client.ts';
import { connectThing, startTestCloud, type TestCloud } from '../../fixtures/job-cloud.ts';
import { recordMessages } from '../../fixtures/mqtt-messages.ts';
import { askStore } from './store-client.ts';

const JOBS = '$aws/things/gw-1/jobs';
const GW_1 = 'arn:aws:iot:us-east-1:123456789012:thing/gw-1';
const ROLE_ARN = 'arn:aws:iam::123456789012:role/downloads';
const FIRMWARE = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
const DOCUMENT = JSON.stringify({
  operation: 'update',
  url: '${aws:iot:s3-presigned-url-v2:https://firmware.s3.us-east-1.amazonaws.com/v1/app%20one.bin}',
  report: '${aws:iot:s3-presigned-url-upload:https://s3.us-east-1.amazonaws.com/reports/${thingName}/${jobId}.log}',
});

async function startWithJob(): Promise<{ cloud: TestCloud; client: MqttClient }> {
  const cloud = await startTestCloud();
  const artifacts = join(cloud.dataDir, 'artifacts');
  for (const folder of ['firmware/v1', 'reports']) await mkdir(join(artifacts, folder), { recursive: true });
  await writeFile(join(artifacts, 'firmware/v1/app one.bin'), FIRMWARE);
  await iotClientFor(cloud).send(
    new CreateJobCommand({
      jobId: 'a',
      targets: [GW_1],
      document: DOCUMENT,
      presignedUrlConfig: { roleArn: ROLE_ARN, expiresInSec: 60 },
    }),
  );
  return { cloud, client: await connectThing(cloud, 'gw-1') };
}

test('a device downloads in parts, and gets a fresh URL when the first has expired', async () => {
  const { cloud, client } = await startWithJob();
  const { url } = await describeJob(client);
  const first = await askStore(cloud, url, { headers: { range: 'bytes=0-49999' } });
  expect(first.status).toBe(206);

  cloud.clock.advance(60_000);
  const rest = { headers: { range: 'bytes=50000-', 'if-range': first.headers.etag ?? '' } };
  expect(await askStore(cloud, url, rest)).toMatchObject({ status: 403, code: 'AccessDenied' });

  const fresh = await describeJob(client);
  expect(fresh.url).not.toBe(url);
  const second = await askStore(cloud, fresh.url, rest);
  expect(second.status).toBe(206);
  expect(Buffer.concat([first.body, second.body]).equals(FIRMWARE)).toBe(true);
});

test('a device uploads under a key of its own', async () => {
  const { cloud, client } = await startWithJob();
  const { report } = await describeJob(client);
  expect(await askStore(cloud, report, { method: 'PUT', body: 'all is well' })).toMatchObject({ status: 200 });
  expect(await readFile(join(cloud.dataDir, 'artifacts/reports/gw-1/a.log'), 'utf8')).toBe('all is well');
  expect(await askStore(cloud, report)).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
});

test("an operator's client sees the placeholders and the role", async () => {
  const { cloud } = await startWithJob();
  const iot = iotClientFor(cloud);
  expect((await iot.send(new GetJobDocumentCommand({ jobId: 'a' }))).document).toBe(DOCUMENT);
  const { job } = await iot.send(new DescribeJobCommand({ jobId: 'a' }));
  expect(job?.presignedUrlConfig).toEqual({ roleArn: ROLE_ARN, expiresInSec: 60 });
});

describe('documentSource', () => {
  const create = (cloud: TestCloud, members: { documentSource: string; document?: string }) =>
    iotClientFor(cloud).send(new CreateJobCommand({ jobId: 'a', targets: [GW_1], ...members }));

  async function cloudWithDocument(text: string | Uint8Array): Promise<TestCloud> {
    const cloud = await startTestCloud();
    await mkdir(join(cloud.dataDir, 'artifacts/documents'));
    await writeFile(join(cloud.dataDir, 'artifacts/documents/job.json'), text);
    return cloud;
  }

  test.each([
    'https://s3.us-east-1.amazonaws.com/documents/job.json',
    'https://documents.s3.us-east-1.amazonaws.com/job.json',
    's3://documents/job.json',
  ])('%s is read once, when the job is made', async (documentSource) => {
    const cloud = await cloudWithDocument('{"operation":"x", "n":1.0}');
    await create(cloud, { documentSource });
    await writeFile(join(cloud.dataDir, 'artifacts/documents/job.json'), '{"operation":"changed"}');
    const described = await iotClientFor(cloud).send(new DescribeJobCommand({ jobId: 'a' }));
    expect(described.documentSource).toBe(documentSource);
    const { document } = await iotClientFor(cloud).send(new GetJobDocumentCommand({ jobId: 'a' }));
    expect(document).toBe('{"operation":"x", "n":1.0}');
  });

  test.each([
    ['a bucket that is not there', 's3://elsewhere/job.json', 'ResourceNotFoundException'],
    ['an object that is not there', 's3://documents/none.json', 'ResourceNotFoundException'],
    ['the CA of the cloud', 's3://documents/../../ca.key', 'ResourceNotFoundException'],
    ['a place outside S3', 'https://example.com/documents/job.json', 'InvalidRequestException'],
  ])('%s makes no job', async (_what, documentSource, name) => {
    const cloud = await cloudWithDocument('{}');
    await expect(create(cloud, { documentSource })).rejects.toMatchObject({ name });
  });

  test.each([
    ['more than 32,768 characters', `{"a":"${'x'.repeat(32_768)}"}`],
    ['a megabyte', Buffer.alloc(1024 * 1024, 0x20)],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['no JSON', '{'],
    ['nothing', ''],
  ])('a document of %s makes no job', async (_what, text) => {
    const cloud = await cloudWithDocument(text);
    const attempt = create(cloud, { documentSource: 's3://documents/job.json' });
    await expect(attempt).rejects.toMatchObject({ name: 'InvalidRequestException' });
  });

  test('beside a document it is refused', async () => {
    const cloud = await cloudWithDocument('{}');
    const attempt = create(cloud, { documentSource: 's3://documents/job.json', document: '{}' });
    await expect(attempt).rejects.toMatchObject({ name: 'InvalidRequestException' });
  });
});

async function describeJob(client: MqttClient): Promise<{ url: string; report: string }> {
  const answers = recordMessages(client);
  await client.subscribeAsync(`${JOBS}/a/get/accepted`, { qos: 1 });
  await client.publishAsync(`${JOBS}/a/get`, '{}', { qos: 1 });
  const execution = (await answers.next(`${JOBS}/a/get/accepted`)).message.execution as JsonObject;
  return execution.jobDocument as { url: string; report: string } & JsonObject;
}
