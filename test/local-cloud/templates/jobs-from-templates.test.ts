import {
  CreateJobCommand,
  CreateJobTemplateCommand,
  DescribeJobCommand,
  DescribeJobTemplateCommand,
  GetJobDocumentCommand,
  InvalidRequestException,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-iot';
import { StartNextPendingJobExecutionCommand } from '@aws-sdk/client-iot-jobs-data-plane';
import { expect, test } from 'vitest';
import { iotClientFor } from '../../fixtures/iot-client.ts';
import { startTestCloud } from '../../fixtures/job-cloud.ts';
import { jobsDataClientFor } from '../../fixtures/jobs-data-client.ts';

const ACCOUNT = 'arn:aws:iot:us-east-1:123456789012';
const DOWNLOAD = 'arn:aws:iot:us-east-1::jobtemplate/AWS-Download-File:1.0';
const targets = [`${ACCOUNT}:thing/gw-1`];

test("a device gets the document of AWS's template with the parameters in their places", async () => {
  const cloud = await startTestCloud();
  const client = iotClientFor(cloud);
  const documentParameters = { downloadUrl: 'https://example.com/a?b="c"', filePath: '/tmp/a' };
  const made = await client.send(
    new CreateJobCommand({ jobId: 'a', targets, jobTemplateArn: DOWNLOAD, documentParameters }),
  );
  expect(made).toMatchObject({ jobId: 'a', description: 'A managed job template for downloading a file.' });
  const { job } = await client.send(new DescribeJobCommand({ jobId: 'a' }));
  expect(job).toMatchObject({ jobTemplateArn: DOWNLOAD, documentParameters });
  const expected = {
    version: '1.0',
    steps: [
      {
        action: {
          name: 'Download-File',
          type: 'runHandler',
          input: { handler: 'download-file.sh', args: [documentParameters.downloadUrl, '/tmp/a'], path: '' },
          runAsUser: '',
        },
      },
    ],
  };
  const { document = '' } = await client.send(new GetJobDocumentCommand({ jobId: 'a' }));
  expect(JSON.parse(document)).toEqual(expected);
  const { execution } = await jobsDataClientFor(cloud).send(
    new StartNextPendingJobExecutionCommand({ thingName: 'gw-1' }),
  );
  expect(JSON.parse(execution?.jobDocument ?? '')).toEqual(expected);
});

test('a job of a template that is filled in wrongly is refused, and not made', async () => {
  const client = iotClientFor(await startTestCloud());
  const create = (documentParameters: Record<string, string>) =>
    client.send(new CreateJobCommand({ jobId: 'a', targets, jobTemplateArn: DOWNLOAD, documentParameters }));
  await expect(create({ filePath: '/tmp/a' })).rejects.toThrow(InvalidRequestException);
  await expect(create({ downloadUrl: 'x', filePath: '/tmp/a', speed: 'high' })).rejects.toThrow(
    'Template AWS-Download-File has no document parameter speed',
  );
  await create({ downloadUrl: 'x', filePath: '/tmp/a' });
});

test("a job of the operator's own template has its configurations, but for those it names itself", async () => {
  const client = iotClientFor(await startTestCloud());
  const { jobTemplateArn } = await client.send(
    new CreateJobTemplateCommand({
      jobTemplateId: 'ours',
      description: 'Ours',
      document: '{"operation": "x"}',
      timeoutConfig: { inProgressTimeoutInMinutes: 10 },
      jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 2 }] },
    }),
  );
  const tags = [{ Key: 'team', Value: 'a' }];
  const timeoutConfig = { inProgressTimeoutInMinutes: 20 };
  const { jobArn } = await client.send(
    new CreateJobCommand({ jobId: 'a', targets, jobTemplateArn, timeoutConfig, tags }),
  );
  const { job } = await client.send(new DescribeJobCommand({ jobId: 'a' }));
  expect(job).toMatchObject({
    description: 'Ours',
    jobTemplateArn,
    timeoutConfig,
    jobExecutionsRetryConfig: { criteriaList: [{ failureType: 'FAILED', numberOfRetries: 2 }] },
  });
  expect((await client.send(new GetJobDocumentCommand({ jobId: 'a' }))).document).toBe('{"operation": "x"}');
  expect((await client.send(new ListTagsForResourceCommand({ resourceArn: jobArn }))).tags).toEqual(tags);
});

test("a template made from a job of AWS's template holds the document with its parameters filled in", async () => {
  const client = iotClientFor(await startTestCloud());
  const documentParameters = { downloadUrl: 'https://example.com/a', filePath: '/tmp/a' };
  const job = { jobId: 'a', targets, jobTemplateArn: DOWNLOAD, documentParameters };
  const { jobArn } = await client.send(new CreateJobCommand(job));
  await client.send(new CreateJobTemplateCommand({ jobTemplateId: 'ours', description: 'd', jobArn }));
  const { document = '' } = await client.send(new DescribeJobTemplateCommand({ jobTemplateId: 'ours' }));
  expect(JSON.parse(document)).toMatchObject({
    steps: [{ action: { input: { args: ['https://example.com/a', '/tmp/a'] } } }],
  });
});
