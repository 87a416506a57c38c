import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CancelJobExecutionCommand,
  CreateJobCommand,
  DescribeJobExecutionCommand,
  ListJobExecutionsForThingCommand,
} from '@aws-sdk/client-iot';
import { GetPendingJobExecutionsCommand } from '@aws-sdk/client-iot-jobs-data-plane';
import { describe, expect, onTestFinished, test } from 'vitest';
import { IOT, IOT_JOBS_DATA } from '../../../local-cloud/api-model/model.ts';
import { parseKeyPairs } from '../../../local-cloud/identity/key-pairs.ts';
import { controlAction, dataAction } from '../../../local-cloud/rest/action-resources.ts';
import { parseIamPolicies } from '../../../local-cloud/rest/iam-policies.ts';
import { iotClientFor } from '../../fixtures/iot-client.ts';
import { startTestCloud, type TestCloud } from '../../fixtures/job-cloud.ts';
import { jobsDataClientFor } from '../../fixtures/jobs-data-client.ts';

const GW_1 = 'arn:aws:iot:us-east-1:123456789012:thing/gw-1';
const VISITOR = { accessKeyId: 'LOCALVISITOR', secretAccessKey: 'visiting' };
const CREDENTIALS = `[default]
aws_access_key_id = LOCALDEFAULT
aws_secret_access_key = managing

[visitor]
aws_access_key_id = ${VISITOR.accessKeyId}
aws_secret_access_key = ${VISITOR.secretAccessKey}
`;
const MAY_READ = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: ['iot:Describe*', 'iot:ListJobExecutionsForThing'], Resource: '*' },
    { Effect: 'Deny', Action: 'iot:DescribeJobExecution', Resource: '*:job/secret' },
  ],
};

describe('a key pair with policies', () => {
  test('may call what they allow', async () => {
    const { iot } = await startWith({ LOCALVISITOR: [MAY_READ] });
    await iot.send(new ListJobExecutionsForThingCommand({ thingName: 'gw-1' }));
    expect(
      (await iot.send(new DescribeJobExecutionCommand({ thingName: 'gw-1', jobId: 'a' }))).execution,
    ).toBeDefined();
  });

  test('is told in AWS’s words what it may not', async () => {
    const { cloud, iot } = await startWith({ LOCALVISITOR: [MAY_READ] });
    await expect(iot.send(new CancelJobExecutionCommand({ thingName: 'gw-1', jobId: 'a' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message:
        'User: arn:aws:iam::123456789012:user/visitor is not authorized to perform: iot:CancelJobExecution on resource: ' +
        'arn:aws:iot:us-east-1:123456789012:job/a because no identity-based policy allows the iot:CancelJobExecution action',
      $metadata: { httpStatusCode: 403 },
    });
    expect(cloud.jobs.state.jobs.get('a')?.executions[0]?.status).toBe('QUEUED');
  });

  test('is told of an explicit deny, which wins', async () => {
    const { iot } = await startWith({ LOCALVISITOR: [MAY_READ] });
    await expect(
      iot.send(new DescribeJobExecutionCommand({ thingName: 'gw-1', jobId: 'secret' })),
    ).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringMatching(/job\/secret with an explicit deny in an identity-based policy$/),
    });
  });

  test('makes a job only for things it may target', async () => {
    const { iot } = await startWith({
      LOCALVISITOR: [
        { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'iot:CreateJob', Resource: ['*:job/*', GW_1] } },
      ],
    });
    const create = (target: string) =>
      iot.send(new CreateJobCommand({ jobId: 'b', targets: [GW_1, target], document: '{}' }));
    await expect(create(GW_1.replace('gw-1', 'gw-2'))).rejects.toMatchObject({
      message: expect.stringContaining('on resource: arn:aws:iot:us-east-1:123456789012:thing/gw-2'),
    });
    expect(await create(GW_1)).toMatchObject({ jobId: 'b' });
  });

  test('needs iotjobsdata for the data plane', async () => {
    const statement = { Effect: 'Allow', Action: 'iotjobsdata:GetPendingJobExecutions', Resource: GW_1 };
    const { cloud, iot } = await startWith({ LOCALVISITOR: [{ Version: '2012-10-17', Statement: statement }] });
    const data = jobsDataClientFor(cloud, VISITOR);
    await data.send(new GetPendingJobExecutionsCommand({ thingName: 'gw-1' }));
    await expect(data.send(new GetPendingJobExecutionsCommand({ thingName: 'gw-2' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('iotjobsdata:GetPendingJobExecutions on resource: '),
    });
    await expect(iot.send(new ListJobExecutionsForThingCommand({ thingName: 'gw-1' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
  });

  test('does not learn whether what it may not see exists', async () => {
    const { iot } = await startWith({ LOCALVISITOR: [] });
    await expect(
      iot.send(new DescribeJobExecutionCommand({ thingName: 'gw-9', jobId: 'nothing' })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

describe('who may do everything', () => {
  test('every key pair where there is no file', async () => {
    const { iot } = await startWith(undefined);
    expect(await iot.send(new CreateJobCommand({ jobId: 'b', targets: [GW_1], document: '{}' }))).toBeDefined();
  });

  test('the default one where the file does not speak of it, and no other', async () => {
    const { cloud, iot } = await startWith({});
    const input = { thingName: 'gw-1' };
    await iotClientFor(cloud).send(new ListJobExecutionsForThingCommand(input));
    await expect(iot.send(new ListJobExecutionsForThingCommand(input))).rejects.toThrow('not authorized');
  });

  test('not the default one where the file does', async () => {
    const { cloud } = await startWith({ LOCALDEFAULT: [] });
    const refused = iotClientFor(cloud).send(new ListJobExecutionsForThingCommand({ thingName: 'gw-1' }));
    await expect(refused).rejects.toThrow('user/default is not authorized');
  });
});

describe('a file that is wrong', () => {
  test.each([
    ['{', 'it is not valid JSON'],
    ['[]', 'it must be an object'],
    ['{"A":{}}', 'A: a list of policy documents was expected'],
    ['{"B":[]}', 'B: no profile of the credentials file has this access key id'],
    ['{"A":[{"Statement":[]}]}', 'A[0]: '],
    ['{"A":[null]}', 'A[0]: '],
    ['{"__proto__":[]}', '__proto__: no profile'],
  ])('%s is refused with its place', (text, message) => {
    const keyPairs = [{ profile: 'default', accessKeyId: 'A', secretAccessKey: 'B', sessionToken: undefined }];
    expect(() => parseIamPolicies(text, keyPairs)).toThrow(message);
  });
});

describe('credentials files', () => {
  test('comments, spaces, roles and tokens are read as AWS’s tools read them', () => {
    const text = `# mine
[ profile  one ] ; the first
 AWS_ACCESS_KEY_ID=ignored, because it is indented
aws_access_key_id = A1
aws_secret_access_key=S/1=+
aws_session_token = T1\r
[two]
role_arn = arn:aws:iam::123456789012:role/x
[three]
aws_secret_access_key = S3
AWS_ACCESS_KEY_ID = A3
`;
    expect(parseKeyPairs(text)).toEqual([
      { profile: 'one', accessKeyId: 'A1', secretAccessKey: 'S/1=+', sessionToken: 'T1' },
      { profile: 'three', accessKeyId: 'A3', secretAccessKey: 'S3', sessionToken: undefined },
    ]);
  });

  test.each([
    ['[a]\naws_access_key_id=A', 'profile [a] has no aws_secret_access_key'],
    ['[a]\naws_secret_access_key=A', 'profile [a] has no aws_access_key_id'],
    ['[a]\naws_access_key_id=A/B\naws_secret_access_key=S', 'is none'],
    [
      '[a]\naws_access_key_id=A\naws_secret_access_key=S\n[b]\naws_access_key_id=A\naws_secret_access_key=T',
      'profiles [a] and [b] have one access key id with two secrets',
    ],
  ])('%j is refused', (text, message) => {
    expect(() => parseKeyPairs(text)).toThrow(message);
  });
});

describe('resources of actions', () => {
  test.each(Object.keys(IOT.operations) as (keyof typeof IOT.operations)[])('%s has resources or *', (operation) => {
    const { action, resources } = controlAction(operation, {});
    expect(action).toBe(`iot:${operation}`);
    expect(resources).toEqual(['*']);
  });

  test('members that are no text name no resource', () => {
    const input = { jobId: 'a', targets: [{}, null, 7, '', 'arn:x'], jobTemplateArn: {} };
    const { resources } = controlAction('CreateJob', input);
    expect(resources).toEqual(['arn:aws:iot:us-east-1:123456789012:job/a', 'arn:x']);
  });

  test('a package version and a managed template have ARNs of their own form', () => {
    expect(controlAction('GetPackageVersion', { packageName: 'p', versionName: '1' }).resources).toEqual([
      'arn:aws:iot:us-east-1:123456789012:package/p/version/1',
    ]);
    expect(controlAction('DescribeManagedJobTemplate', { templateName: 'AWS-Reboot' }).resources).toEqual([
      'arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot',
    ]);
  });

  test.each(Object.keys(IOT_JOBS_DATA.operations) as (keyof typeof IOT_JOBS_DATA.operations)[])(
    '%s of the data plane is on the thing',
    (operation) => {
      expect(dataAction(operation, { thingName: 'gw-1', jobId: 'a' })).toMatchObject({
        action: `iotjobsdata:${operation}`,
        resources: [GW_1],
        keys: { 'iot:JobId': 'a' },
      });
    },
  );
});

/** A cloud with two key pairs and jobs `a` and `secret`; `iot` signs with the visitor's. */
async function startWith(policies: object | undefined): Promise<{
  cloud: TestCloud;
  iot: ReturnType<typeof iotClientFor>;
}> {
  const dataDir = await mkdtemp(join(tmpdir(), 'job-cloud-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  await writeFile(join(dataDir, 'credentials'), CREDENTIALS);
  const iamPolicies = join(dataDir, 'policies.json');
  if (policies) await writeFile(iamPolicies, JSON.stringify(policies));
  const cloud = await startTestCloud({ dataDir, things: ['gw-1', 'gw-2'], ...(policies && { iamPolicies }) });
  cloud.createJob({ jobId: 'a' });
  cloud.createJob({ jobId: 'secret' });
  return { cloud, iot: iotClientFor(cloud, VISITOR) };
}
