import { expect, test } from 'vitest';
import { startTestCloud, type TestCloud } from '../../fixtures/job-cloud.ts';

const GW_1 = 'arn:aws:iot:us-east-1:123456789012:thing/gw-1';
const DATA_SCOPE = 'AWS4-HMAC-SHA256 Credential=X/20260101/us-east-1/iot-jobs-data/aws4_request';

test('a member that is null is absent for operators', async () => {
  const cloud = await startTestCloud({ auth: false });
  const created = await call(cloud, ['PUT', '/jobs/a'], {
    targets: [GW_1],
    document: '{"operation":"x"}',
    documentSource: null,
    description: null,
    timeoutConfig: null,
    targetSelection: null,
    jobExecutionsRolloutConfig: { maximumPerMinute: 5, exponentialRate: null },
  });
  expect(created).toEqual({ status: 200, body: { jobId: 'a', jobArn: expect.any(String) } });
  const { body } = await call(cloud, ['GET', '/jobs/a']);
  expect(body.job).toMatchObject({ targetSelection: 'SNAPSHOT', jobExecutionsRolloutConfig: { maximumPerMinute: 5 } });
  expect(body.job).not.toHaveProperty('description');
  expect(body.job).not.toHaveProperty('timeoutConfig');
});

test('a required member that is null is missing', async () => {
  const cloud = await startTestCloud({ auth: false });
  const refused = await call(cloud, ['PUT', '/jobs/a'], { targets: null, document: '{"operation":"x"}' });
  expect(refused).toMatchObject({ status: 400, errorType: 'InvalidRequestException' });
  expect(refused.body.message).toContain("Value null at 'targets' failed to satisfy constraint: Member must not be");
});

test('a member that is null is absent for devices', async () => {
  const cloud = await startTestCloud({ auth: false });
  cloud.createJob({ jobId: 'a' });
  const members = { statusDetails: null, expectedVersion: null, stepTimeoutInMinutes: null };
  const update = (body: object) => call(cloud, ['POST', '/things/gw-1/jobs/a'], body, DATA_SCOPE);
  expect(await update({ status: 'IN_PROGRESS', ...members, statusDetails: { step: '1' } })).toMatchObject({
    status: 200,
  });
  const { body } = await update({ status: 'IN_PROGRESS', ...members, includeJobExecutionState: true });
  expect(body.executionState).toEqual({ status: 'IN_PROGRESS', statusDetails: { step: '1' }, versionNumber: 3 });
});

test('StartCommandExecution is no operation of the data plane here', async () => {
  const cloud = await startTestCloud({ auth: false });
  const body = { commandArn: 'arn:aws:iot:us-east-1:123456789012:command/c', targetArn: GW_1 };
  expect(await call(cloud, ['POST', '/command-executions'], body, DATA_SCOPE)).toMatchObject({
    status: 404,
    errorType: 'UnknownOperationException',
  });
});

interface Answer {
  readonly status: number;
  readonly errorType?: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** As bytes on the wire: AWS's clients would leave out what is null. */
async function call(
  cloud: TestCloud,
  [method, path]: readonly [string, string],
  body?: object,
  authorization?: string,
): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${cloud.httpPort}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
    ...(authorization !== undefined && { headers: { authorization } }),
  });
  const errorType = response.headers.get('x-amzn-errortype');
  const answered = (await response.json()) as Answer['body'];
  return { status: response.status, ...(errorType !== null && { errorType }), body: answered };
}
