import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ConflictException,
  CreateJobCommand,
  CreateJobTemplateCommand,
  DeleteJobTemplateCommand,
  DescribeJobTemplateCommand,
  InvalidRequestException,
  paginateListJobTemplates,
  ResourceNotFoundException,
} from '@aws-sdk/client-iot';
import { expect, test } from 'vitest';
import { iotClientFor } from '../../fixtures/iot-client.ts';
import { startTestCloud } from '../../fixtures/job-cloud.ts';

const ACCOUNT = 'arn:aws:iot:us-east-1:123456789012';
const DOCUMENT = '{"operation": "update"}';

test('a template is made, described and deleted', async () => {
  const client = iotClientFor(await startTestCloud());
  const jobTemplateId = 'update';
  const settings = {
    timeoutConfig: { inProgressTimeoutInMinutes: 10 },
    abortConfig: {
      criteriaList: [
        { failureType: 'ALL', action: 'CANCEL', thresholdPercentage: 12.5, minNumberOfExecutedThings: 4 } as const,
      ],
    },
    maintenanceWindows: [{ startTime: 'cron(0 18 * * ? *)', durationInMinutes: 60 }],
  };
  const given = { jobTemplateId, description: 'Update all', document: DOCUMENT, ...settings };
  const made = await client.send(new CreateJobTemplateCommand(given));
  expect(made).toMatchObject({ jobTemplateId, jobTemplateArn: `${ACCOUNT}:jobtemplate/update` });
  const described = await client.send(new DescribeJobTemplateCommand({ jobTemplateId }));
  expect(described).toMatchObject({ ...given, jobTemplateArn: made.jobTemplateArn });
  expect(described.createdAt).toBeInstanceOf(Date);
  await client.send(new DeleteJobTemplateCommand({ jobTemplateId }));
  await expect(client.send(new DescribeJobTemplateCommand({ jobTemplateId }))).rejects.toThrow(
    ResourceNotFoundException,
  );
  await expect(client.send(new DeleteJobTemplateCommand({ jobTemplateId }))).rejects.toThrow(ResourceNotFoundException);
});

test('a second template of the same name is refused', async () => {
  const client = iotClientFor(await startTestCloud());
  const template = { jobTemplateId: 'a', description: 'd', document: DOCUMENT };
  await client.send(new CreateJobTemplateCommand(template));
  const refusal = await client.send(new CreateJobTemplateCommand(template)).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ConflictException);
  expect(refusal).toMatchObject({ resourceId: 'a' });
});

test('templates are listed in pages', async () => {
  const client = iotClientFor(await startTestCloud());
  for (const jobTemplateId of ['b', 'a', 'c']) {
    await client.send(new CreateJobTemplateCommand({ jobTemplateId, description: jobTemplateId, document: DOCUMENT }));
  }
  const pages: unknown[][] = [];
  for await (const { jobTemplates } of paginateListJobTemplates({ client, pageSize: 2 }, {})) {
    pages.push((jobTemplates ?? []).map(({ jobTemplateId, description }) => [jobTemplateId, description]));
  }
  expect(pages).toEqual([
    [
      ['a', 'a'],
      ['b', 'b'],
    ],
    [['c', 'c']],
  ]);
});

test('a template made from a job has its document and its configurations, unless others are given', async () => {
  const client = iotClientFor(await startTestCloud());
  const { jobArn } = await client.send(
    new CreateJobCommand({
      jobId: 'j',
      targets: [`${ACCOUNT}:thing/gw-1`],
      document: DOCUMENT,
      timeoutConfig: { inProgressTimeoutInMinutes: 10 },
    }),
  );
  const create = (jobTemplateId: string, members: object) =>
    client.send(new CreateJobTemplateCommand({ jobTemplateId, description: 'd', jobArn, ...members }));
  await create('same', {});
  await create('other', { timeoutConfig: { inProgressTimeoutInMinutes: 20 } });
  expect(await client.send(new DescribeJobTemplateCommand({ jobTemplateId: 'same' }))).toMatchObject({
    document: DOCUMENT,
    timeoutConfig: { inProgressTimeoutInMinutes: 10 },
  });
  expect(await client.send(new DescribeJobTemplateCommand({ jobTemplateId: 'other' }))).toMatchObject({
    document: DOCUMENT,
    timeoutConfig: { inProgressTimeoutInMinutes: 20 },
  });
});

test('a template of a documentSource holds what was there when it was made', async () => {
  const cloud = await startTestCloud();
  await mkdir(join(cloud.dataDir, 'artifacts/documents'));
  const path = join(cloud.dataDir, 'artifacts/documents/job.json');
  await writeFile(path, DOCUMENT);
  const client = iotClientFor(cloud);
  const source = { documentSource: 's3://documents/job.json', description: 'd' };
  await client.send(new CreateJobTemplateCommand({ jobTemplateId: 'a', ...source }));
  await writeFile(path, '{"operation":"changed"}');
  expect(await client.send(new DescribeJobTemplateCommand({ jobTemplateId: 'a' }))).toMatchObject({
    ...source,
    document: DOCUMENT,
  });
});

test.each([
  ['nothing to make it of', {}, InvalidRequestException],
  ['two things to make it of', { document: DOCUMENT, jobArn: `${ACCOUNT}:job/j` }, InvalidRequestException],
  ['a document that is no JSON', { document: '{' }, InvalidRequestException],
  ['a document that is no object', { document: '[]' }, InvalidRequestException],
  ['a job that is not there', { jobArn: `${ACCOUNT}:job/j` }, ResourceNotFoundException],
])('%s makes no template', async (_what, members, refusal) => {
  const client = iotClientFor(await startTestCloud());
  const create = new CreateJobTemplateCommand({ jobTemplateId: 'a', description: 'd', ...members });
  await expect(client.send(create)).rejects.toThrow(refusal);
});
