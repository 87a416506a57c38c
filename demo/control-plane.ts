/** The operator's side: AWS's own SDK, pointed at the local cloud. */
import {
  CancelJobExecutionCommand,
  CreateJobCommand,
  DescribeJobExecutionCommand,
  IoTClient,
  type JobExecution,
} from '@aws-sdk/client-iot';
import { type CloudReady, readSharedCredentials } from './cloud-ready.ts';

export interface ControlPlane {
  createJob(jobId: string, document: object): Promise<void>;
  describe(jobId: string): Promise<JobExecution>;
  forceCancel(jobId: string): Promise<void>;
  close(): void;
}

/** AWS signs a URL for S3 in a document in this role's name, and refuses the document without one. */
const PRESIGNED_URL = '${aws:iot:s3-presigned-url';
const ROLE = 'arn:aws:iam::123456789012:role/job-cloud-demo';

export async function openControlPlane(ready: CloudReady, thingName: string): Promise<ControlPlane> {
  const thingArn = ready.things[thingName]?.thingArn;
  if (thingArn === undefined) throw new Error(`the local cloud has no thing ${thingName}`);
  const client = new IoTClient({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${ready.httpPort}`,
    credentials: await readSharedCredentials(ready.credentialsPath),
  });
  return {
    async createJob(jobId, value) {
      const document = JSON.stringify(value);
      const signing = document.includes(PRESIGNED_URL) ? { presignedUrlConfig: { roleArn: ROLE } } : {};
      await client.send(new CreateJobCommand({ jobId, targets: [thingArn], document, ...signing }));
    },
    async describe(jobId) {
      const { execution } = await client.send(new DescribeJobExecutionCommand({ jobId, thingName }));
      if (execution === undefined) throw new Error(`DescribeJobExecution of ${jobId} answered without an execution`);
      return execution;
    },
    async forceCancel(jobId) {
      await client.send(new CancelJobExecutionCommand({ jobId, thingName, force: true }));
    },
    close: () => client.destroy(),
  };
}
