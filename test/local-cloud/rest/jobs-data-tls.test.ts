import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAuthority, issueClientCertificate } from '../../../local-cloud/identity/certificates.ts';
import type { Certificate } from '../../../local-cloud/registry/registry-state.ts';
import { createCertificateAuthority, HOUR_MS } from '../../fixtures/certificates.ts';
import { connectThing, startTestCloud, type TestCloud, thingIdentity } from '../../fixtures/job-cloud.ts';
import { recordMessages } from '../../fixtures/mqtt-messages.ts';

const POLICY = 'over-gw-2';

test('a device works through its jobs over HTTPS with nothing but its certificate', async () => {
  const cloud = await start();
  cloud.createJob({ jobId: 'a' });
  const call = await callerAs(cloud, 'gw-1');
  expect((await call('GET', '/things/gw-1/jobs')).body).toMatchObject({ queuedJobs: [{ jobId: 'a' }] });
  expect((await call('PUT', '/things/gw-1/jobs/$next', {})).body).toMatchObject({
    execution: { jobId: 'a', status: 'IN_PROGRESS', jobDocument: '{"operation":"noop"}' },
  });
  expect((await call('GET', '/things/gw-1/jobs/%24next?includeJobDocument=false')).body).toMatchObject({
    execution: { jobId: 'a' },
  });
  expect(await call('POST', '/things/gw-1/jobs/a', { status: 'SUCCEEDED' })).toMatchObject({ status: 200, body: {} });
  const refused = await call('GET', '/things/gw-1/jobs/a');
  expect(refused).toMatchObject({ status: 410, errorType: 'TerminalStateException' });
});

test('what a device changes over HTTPS is told over MQTT', async () => {
  const cloud = await start();
  cloud.createJob({ jobId: 'a' });
  const client = await connectThing(cloud, 'gw-1');
  await client.subscribeAsync('$aws/things/gw-1/jobs/notify', { qos: 1 });
  const messages = recordMessages(client);
  const call = await callerAs(cloud, 'gw-1');
  await call('POST', '/things/gw-1/jobs/a', { status: 'FAILED' });
  expect((await messages.next('$aws/things/gw-1/jobs/notify')).message).toMatchObject({ jobs: {} });
});

test('a second connection that resumes the TLS session is still known', async () => {
  const cloud = await start();
  const agent = new Agent({ maxCachedSessions: 10 });
  const call = await callerAs(cloud, 'gw-1', agent);
  const sessions = [];
  for (const _ of 'ab') {
    const answer = await call('GET', '/things/gw-1/jobs');
    expect(answer.status).toBe(200);
    sessions.push(answer.isSessionReused);
  }
  expect(sessions).toEqual([false, true]);
});

describe('what is forbidden', () => {
  test('another thing’s jobs', async () => {
    const cloud = await start();
    const call = await callerAs(cloud, 'gw-1');
    const refused = await call('GET', '/things/gw-2/jobs');
    expect(refused).toMatchObject({ status: 403, errorType: 'ForbiddenException' });
    expect(refused.body).toEqual({ message: 'Forbidden', traceId: expect.any(String) });
  });

  test('a client without a certificate', async () => {
    const cloud = await start();
    const { ca } = await thingIdentity(cloud, 'gw-1');
    const refused = await send(cloud, { ca }, { method: 'GET', path: '/things/gw-1/jobs' });
    expect(refused).toMatchObject({ status: 403, errorType: 'ForbiddenException' });
  });

  test('a certificate that is not registered, whoever issued it', async () => {
    const cloud = await start();
    const { ca } = await thingIdentity(cloud, 'gw-1');
    const { certPem: cert, keyPem: key } = await issueClientCertificate(await createAuthority('another'), 'gw-1');
    const refused = await send(cloud, { ca, cert, key }, { method: 'GET', path: '/things/gw-1/jobs' });
    expect(refused).toMatchObject({ status: 403, errorType: 'ForbiddenException' });
  });

  test('a certificate that has expired, as CertificateValidationException', async () => {
    const cloud = await start();
    const { ca } = await thingIdentity(cloud, 'gw-1');
    const authority = await createCertificateAuthority('another CA');
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * HOUR_MS);
    const { certPem: cert, keyPem: key } = await authority.issue({
      commonName: 'gw-1',
      usage: 'client',
      notBefore: hoursAgo(48),
      notAfter: hoursAgo(1),
    });
    const refused = await send(cloud, { ca, cert, key }, { method: 'GET', path: '/things/gw-1/jobs' });
    expect(refused).toMatchObject({ status: 400, errorType: 'CertificateValidationException' });
  });

  test.each(['INACTIVE', 'REVOKED'] as const)('a certificate that is %s', async (status) => {
    const cloud = await start();
    certificateOf(cloud, 'gw-1').status = status;
    const call = await callerAs(cloud, 'gw-1');
    expect(await call('GET', '/things/gw-1/jobs')).toMatchObject({ status: 403, errorType: 'ForbiddenException' });
  });

  test('a certificate whose policies do not speak of iotjobsdata', async () => {
    const cloud = await start();
    certificateOf(cloud, 'gw-1').policies.clear();
    const call = await callerAs(cloud, 'gw-1');
    expect(await call('GET', '/things/gw-1/jobs')).toMatchObject({ status: 403 });
  });
});

describe('policies', () => {
  test('one that allows an action on another thing is heeded, and no further', async () => {
    const cloud = await start();
    attachPolicy(cloud, { Effect: 'Allow', Action: 'iotjobsdata:Get*', Resource: arn('thing/gw-2') });
    const call = await callerAs(cloud, 'gw-1');
    expect(await call('GET', '/things/gw-2/jobs')).toMatchObject({ status: 200 });
    expect(await call('PUT', '/things/gw-2/jobs/$next', {})).toMatchObject({ status: 403 });
  });

  test('one that denies a job wins over the one that allows all', async () => {
    const cloud = await start();
    cloud.createJob({ jobId: 'a' });
    cloud.createJob({ jobId: 'b' });
    attachPolicy(cloud, {
      Effect: 'Deny',
      Action: 'iotjobsdata:DescribeJobExecution',
      Resource: '*',
      Condition: { StringEquals: { 'iot:JobId': 'b' } },
    });
    const call = await callerAs(cloud, 'gw-1');
    expect(await call('GET', '/things/gw-1/jobs/a')).toMatchObject({ status: 200 });
    expect(await call('GET', '/things/gw-1/jobs/b')).toMatchObject({ status: 403 });
  });
});

test('a path of the control plane is not served to devices', async () => {
  const call = await callerAs(await start(), 'gw-1');
  expect(await call('GET', '/jobs/a')).toMatchObject({ status: 404, errorType: 'UnknownOperationException' });
});

test('a handshake that never ends does not hold up the close', async () => {
  const cloud = await start();
  const socket = connect(cloud.jobsDataTlsPort ?? 0, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  await cloud.close();
  await closed;
});

interface Answer {
  readonly status: number | undefined;
  readonly errorType: string | string[] | undefined;
  readonly body: object;
  readonly isSessionReused: boolean;
}

type Call = (method: string, path: string, body?: object) => Promise<Answer>;

function start(): Promise<TestCloud> {
  return startTestCloud({ things: ['gw-1', 'gw-2'], jobsDataPort: 0 });
}

async function callerAs(cloud: TestCloud, thingName: string, agent = new Agent()): Promise<Call> {
  const identity = await thingIdentity(cloud, thingName);
  onTestFinished(() => agent.destroy());
  return (method, path, body) => send(cloud, { ...identity, agent }, { method, path, body });
}

async function send(
  cloud: TestCloud,
  tls: { ca: Buffer; cert?: Buffer | string; key?: Buffer | string; agent?: Agent },
  call: { method: string; path: string; body?: object | undefined },
): Promise<Answer> {
  const { method, path, body } = call;
  const sent = request({ host: 'localhost', port: cloud.jobsDataTlsPort, method, path, ...tls });
  sent.end(body && JSON.stringify(body));
  const [response]: [IncomingMessage] = (await once(sent, 'response')) as [IncomingMessage];
  const isSessionReused =
    sent.reusedSocket || (sent.socket as unknown as { isSessionReused(): boolean }).isSessionReused();
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  const errorType = response.headers['x-amzn-errortype'];
  return { status: response.statusCode, errorType, body: JSON.parse(text), isSessionReused };
}

function certificateOf(cloud: TestCloud, thingName: string): Certificate {
  const found = [...cloud.jobs.state.registry.certificates.values()].find(({ things }) => things.has(thingName));
  if (!found) throw new Error(`${thingName} has no certificate`);
  return found;
}

function attachPolicy(cloud: TestCloud, statement: object): void {
  cloud.jobs.state.registry.policies.set(POLICY, {
    policyName: POLICY,
    policyArn: arn(`policy/${POLICY}`),
    policyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
    createdAtMs: 0,
  });
  certificateOf(cloud, 'gw-1').policies.add(POLICY);
}

function arn(resource: string): string {
  return `arn:aws:iot:us-east-1:123456789012:${resource}`;
}
