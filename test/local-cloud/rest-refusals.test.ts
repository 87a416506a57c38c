import { CreateJobCommand, DescribeJobExecutionCommand, type IoTClient } from '@aws-sdk/client-iot';
import { describe, expect, test } from 'vitest';
import { iotClientFor } from '../fixtures/iot-client.ts';
import { startTestCloud } from '../fixtures/job-cloud.ts';

const GW_1 = 'arn:aws:iot:us-east-1:123456789012:thing/gw-1';

describe('signatures', () => {
  test('another secret is refused', async () => {
    const cloud = await startTestCloud();
    const iot = iotClientFor(cloud, { ...cloud.credentials, secretAccessKey: 'wrong' });
    await expect(describeExecution(iot)).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      $metadata: { httpStatusCode: 403 },
    });
  });

  test('another access key is refused', async () => {
    const cloud = await startTestCloud();
    const iot = iotClientFor(cloud, { ...cloud.credentials, accessKeyId: 'AKIDEXAMPLE' });
    await expect(describeExecution(iot)).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
      $metadata: { httpStatusCode: 403 },
    });
  });

  test('a body changed after signing is refused', async () => {
    const iot = iotClientFor(await startTestCloud());
    iot.middlewareStack.add(
      (next) => (args) => {
        const { request } = args as unknown as { request: { body: Uint8Array } };
        request.body = Buffer.from(new TextDecoder().decode(request.body).replace('good', 'evil'));
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low', name: 'tamper' },
    );
    const refused = iot.send(new CreateJobCommand({ jobId: 'a', targets: [GW_1], document: '{"file":"good"}' }));
    await expect(refused).rejects.toMatchObject({ name: 'InvalidSignatureException' });
  });

  test.each([-6, 6])('a request signed %i minutes from now is refused', async (minutes) => {
    const iot = iotClientFor(await startTestCloud());
    iot.config.systemClockOffset = minutes * 60_000;
    await expect(describeExecution(iot)).rejects.toMatchObject({ name: 'InvalidSignatureException' });
  });

  test('a request that is not signed is refused', async () => {
    const cloud = await startTestCloud();
    const response = await fetch(`http://127.0.0.1:${cloud.httpPort}/jobs/a`);
    expect(response.status).toBe(403);
    expect(response.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
  });

  test('without auth a request that is not signed is served', async () => {
    const cloud = await startTestCloud({ auth: false });
    cloud.createJob({ jobId: 'a' });
    const response = await fetch(`http://127.0.0.1:${cloud.httpPort}/jobs/a`);
    expect(await response.json()).toMatchObject({ job: { jobId: 'a' } });
  });
});

describe('bad input', () => {
  test('force counts in the query, as AWS reads it, not in the body', async () => {
    const cloud = await startTestCloud({ auth: false });
    cloud.createJob({ jobId: 'a' });
    cloud.jobs.device(
      { thingName: 'gw-1', topic: '$aws/things/gw-1/jobs/start-next', payload: Buffer.from('{}') },
      () => undefined,
    );
    const cancel = (query: string) =>
      fetch(`http://127.0.0.1:${cloud.httpPort}/things/gw-1/jobs/a/cancel${query}`, {
        method: 'PUT',
        body: JSON.stringify({ force: true }),
      });
    const refused = await cancel('');
    expect(refused.headers.get('x-amzn-errortype')).toBe('InvalidStateTransitionException');
    expect((await cancel('?force=true')).status).toBe(200);
  });

  test.each([
    ['GET', '/', undefined, 404],
    ['GET', '/jobs/%zz', undefined, 404],
    ['GET', '/jobs/a/b/c', undefined, 404],
    ['POST', '/jobs/a', '{}', 404],
    ['PUT', '/jobs/a', '{', 400],
    ['PUT', '/jobs/a', 'null', 400],
    ['PUT', '/jobs/a', '{"targets":[{}],"document":"{}"}', 400],
    ['PUT', '/jobs/a', '{"targets":{},"document":"{}"}', 400],
    ['PUT', '/jobs/a', `{"targets":${'['.repeat(60_000)}${']'.repeat(60_000)},"document":"{}"}`, 400],
    ['PUT', '/jobs/__proto__', '{"targets":[],"document":"{}"}', 400],
    ['PUT', '/jobs/a', `"${'x'.repeat(1024 * 1024)}"`, 413],
    ['GET', '/things/gw-1/jobs/a?executionNumber=one', undefined, 400],
    ['GET', '/things/gw-1/jobs?maxResults=0', undefined, 400],
    ['GET', '/things/gw-1/jobs?nextToken=x', undefined, 400],
    ['GET', '/things/gw-1/jobs?status=DONE', undefined, 400],
    ['GET', '/things/__proto__/jobs', undefined, 404],
  ])('%s %s with %.40s is %i', async (method, path, body, status) => {
    const cloud = await startTestCloud({ auth: false });
    const response = await fetch(`http://127.0.0.1:${cloud.httpPort}${path}`, { method, body: body ?? null });
    expect(response.status).toBe(status);
    expect(response.headers.get('x-amzn-errortype')).toMatch(/Exception$/);
    expect(await response.json()).toEqual({ message: expect.any(String) });
  });
});

function describeExecution(iot: IoTClient) {
  return iot.send(new DescribeJobExecutionCommand({ thingName: 'gw-1', jobId: 'a' }));
}
