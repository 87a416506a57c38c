import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { askAdmin } from '../../fixtures/admin-client.ts';
import { connectThing, startTestCloud, type TestCloud } from '../../fixtures/job-cloud.ts';

function get(cloud: TestCloud, path: string): Promise<JsonObject> {
  return askAdmin(cloud, { path: `/admin/v1/${path}` }).then(({ body }) => body);
}

function post(cloud: TestCloud, path: string, body: JsonObject): ReturnType<typeof askAdmin> {
  return askAdmin(cloud, { method: 'POST', path: `/admin/v1/${path}`, body });
}

describe('things', () => {
  test('are listed by name, with their connections and queues', async () => {
    const cloud = await startTestCloud({ things: ['gw-2', 'gw-1'] });
    await connectThing(cloud, 'gw-2');
    cloud.createJob({ jobId: 'a', things: ['gw-1'] });
    const shown = (thingName: string, facts: JsonObject) => ({
      thingName,
      thingArn: `arn:aws:iot:us-east-1:123456789012:thing/${thingName}`,
      connected: false,
      queued: 0,
      inProgress: 0,
      ...facts,
    });
    expect(await get(cloud, 'things')).toEqual({
      items: [shown('gw-1', { queued: 1 }), shown('gw-2', { connected: true })],
      total: 2,
      offset: 0,
      connectedCount: 1,
    });
    expect(await get(cloud, 'things?connected=false')).toMatchObject({ total: 1, items: [{ thingName: 'gw-1' }] });
    expect(await get(cloud, 'things?search=W-2')).toMatchObject({ total: 1, items: [{ thingName: 'gw-2' }] });
    expect(await get(cloud, 'things/gw-1')).toEqual(shown('gw-1', { queued: 1 }));
  });

  test('one that is made has a certificate and can connect', async () => {
    const cloud = await startTestCloud();
    const { status, body } = await post(cloud, 'things', { thingName: 'plant:press_7' });
    expect(status).toBe(200);
    expect(body).toEqual({
      thingName: 'plant:press_7',
      configPath: `${cloud.dataDir}/things/plant:press_7/config.json`,
      thingArn: 'arn:aws:iot:us-east-1:123456789012:thing/plant:press_7',
    });
    await connectThing(cloud, 'plant:press_7');
    expect(await get(cloud, 'things/plant%3Apress_7')).toMatchObject({ connected: true });
  });

  test.each([{ thingName: '../evil' }, { thingName: '' }, { thingName: 7 }, {}])('%j makes none', async (body) => {
    const cloud = await startTestCloud();
    const { status, headers } = await post(cloud, 'things', body);
    expect([status, headers['x-amzn-errortype']]).toEqual([400, 'InvalidRequestException']);
  });

  test('one that is told to be disconnected loses its connection', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1');
    const closed = new Promise((resolve) => client.once('close', () => resolve('closed')));
    expect((await post(cloud, 'things/gw-1/disconnect', {})).body).toEqual({ disconnected: 1 });
    expect(await closed).toBe('closed');
    expect((await post(cloud, 'things/gw-9/disconnect', {})).status).toBe(404);
  });
});

describe('jobs and executions', () => {
  test('jobs come newest first, and page by page', async () => {
    const cloud = await startTestCloud();
    for (let number = 1; number <= 7; number++) cloud.createJob({ jobId: `job-${number}` });
    const page = await get(cloud, 'jobs?offset=2&pageSize=3');
    expect(page).toMatchObject({
      total: 7,
      offset: 2,
      items: [{ jobId: 'job-5' }, { jobId: 'job-4' }, { jobId: 'job-3' }],
    });
    expect(await get(cloud, 'jobs?search=B-3')).toMatchObject({ total: 1, items: [{ jobId: 'job-3' }] });
    expect(await get(cloud, 'jobs?status=COMPLETED')).toMatchObject({ total: 0, items: [] });
    expect(await get(cloud, 'jobs/job-3')).toMatchObject({ jobId: 'job-3', executionCounts: { QUEUED: 1 } });
  });

  test.each(['offset=-1', 'offset=x', 'pageSize=251', 'pageSize=1.5'])('%s is refused', async (query) => {
    const cloud = await startTestCloud();
    const { status, body } = await askAdmin(cloud, { path: `/admin/v1/jobs?${query}` });
    expect(status).toBe(400);
    expect(body.message).toContain(query.split('=')[0]);
  });

  test('an execution tells its whole history, and who made each change', async () => {
    const cloud = await startTestCloud();
    cloud.createJob({ jobId: 'a' });
    const client = await connectThing(cloud, 'gw-1');
    const ask = (topic: string, body: JsonObject) =>
      client.publishAsync(`$aws/things/gw-1/jobs/${topic}`, JSON.stringify(body), { qos: 1 });
    await ask('start-next', { statusDetails: { percent: '10' } });
    await ask('a/update', { status: 'IN_PROGRESS', statusDetails: { percent: '60' } });
    await cloud.deviceRequest(({ operation }) => operation === 'UpdateJobExecution');
    await cloud.call('CancelJobExecution', { jobId: 'a', thingName: 'gw-1', force: true });
    const execution = await get(cloud, 'executions/gw-1/a/1');
    expect(execution).toMatchObject({
      jobId: 'a',
      thingName: 'gw-1',
      executionNumber: 1,
      status: 'CANCELED',
      forceCanceled: true,
      versionNumber: 4,
      history: [
        { status: 'QUEUED', versionNumber: 1, statusDetails: {}, by: 'service' },
        { status: 'IN_PROGRESS', versionNumber: 2, statusDetails: { percent: '10' }, by: 'device' },
        { status: 'IN_PROGRESS', versionNumber: 3, statusDetails: { percent: '60' }, by: 'device' },
        { status: 'CANCELED', versionNumber: 4, by: 'operator' },
      ],
    });
    expect(await get(cloud, 'executions?jobId=a')).toMatchObject({ total: 1, items: [{ thingName: 'gw-1' }] });
    expect(await get(cloud, 'executions?thingName=gw-1&status=QUEUED')).toMatchObject({ total: 0 });
  });

  test.each(['jobs/b', 'executions/gw-1/a/2', 'executions/gw-9/a/1', 'executions/gw-1/a/x', 'executions?jobId=b'])(
    '%s is a ResourceNotFoundException',
    async (path) => {
      const cloud = await startTestCloud();
      cloud.createJob({ jobId: 'a' });
      const { status, headers } = await askAdmin(cloud, { path: `/admin/v1/${path}` });
      expect([status, headers['x-amzn-errortype']]).toEqual([404, 'ResourceNotFoundException']);
    },
  );
});

describe('an operation of the control plane', () => {
  test('is answered as over AWS’s API, unsigned', async () => {
    const cloud = await startTestCloud();
    const targets = ['arn:aws:iot:us-east-1:123456789012:thing/gw-1'];
    const made = await post(cloud, 'call/CreateJob', { jobId: 'a', targets, document: '{}' });
    expect(made.body).toMatchObject({ jobId: 'a', jobArn: 'arn:aws:iot:us-east-1:123456789012:job/a' });
    const again = await post(cloud, 'call/CreateJob', { jobId: 'a', targets, document: '{}' });
    expect([again.status, again.headers['x-amzn-errortype']]).toEqual([409, 'ResourceAlreadyExistsException']);
    expect(again.body).toMatchObject({ resourceId: 'a' });
  });

  test('that needs more than the rules is served too', async () => {
    const cloud = await startTestCloud();
    const { body } = await post(cloud, 'call/CreateKeysAndCertificate', { setAsActive: true });
    expect(body).toMatchObject({ certificateId: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  test.each(['toString', '__proto__', 'CreateCoffee', ''])('%j is none', async (operation) => {
    const cloud = await startTestCloud();
    const { status, headers } = await post(cloud, `call/${operation}`, {});
    expect([status, headers['x-amzn-errortype']]).toEqual([404, 'UnknownOperationException']);
  });
});

describe('the clock', () => {
  test('is turned forward, and what is due has happened', async () => {
    const cloud = await startTestCloud();
    cloud.createJob({ jobId: 'a', timeoutInMinutes: 5 });
    const client = await connectThing(cloud, 'gw-1');
    await client.publishAsync('$aws/things/gw-1/jobs/start-next', '{}', { qos: 1 });
    await cloud.deviceRequest(({ operation }) => operation === 'StartNextPendingJobExecution');
    const { body } = await post(cloud, 'clock', { advanceMs: 6 * 60_000 });
    expect(body).toEqual({ nowMs: expect.any(Number), offsetMs: 360_000 });
    expect(await get(cloud, 'executions/gw-1/a/1')).toMatchObject({ status: 'TIMED_OUT' });
    expect(await get(cloud, 'cloud')).toMatchObject({ clock: { offsetMs: 360_000 } });
  });

  test.each([-1, 0.5, 1e300, '60000', null])('%j does not turn it', async (advanceMs) => {
    const cloud = await startTestCloud();
    expect((await post(cloud, 'clock', { advanceMs })).status).toBe(400);
    expect(await get(cloud, 'clock')).toMatchObject({ offsetMs: 0 });
  });
});

describe('faults', () => {
  const RULE = { id: 'no-news', on: 'notification', fault: 'lost' };
  const put = (cloud: TestCloud, body: JsonObject) =>
    askAdmin(cloud, { method: 'PUT', path: '/admin/v1/faults', body });

  test('are set, counted and ended', async () => {
    const cloud = await startTestCloud();
    expect(await get(cloud, 'faults')).toMatchObject({ settings: { rules: [] }, counts: {} });
    expect((await put(cloud, { seed: 7, rules: [RULE] })).body).toMatchObject({
      settings: { seed: 7, rules: [RULE] },
      counts: { 'no-news': 0 },
    });
    await connectThing(cloud, 'gw-1');
    cloud.createJob({ jobId: 'a' });
    const { counts } = await get(cloud, 'faults');
    expect(Number((counts as JsonObject)['no-news'])).toBeGreaterThan(0);
    await askAdmin(cloud, { method: 'DELETE', path: '/admin/v1/faults' });
    expect(await get(cloud, 'faults')).toMatchObject({ settings: { seed: 7, rules: [] }, counts: {} });
  });

  test('a rule that is none changes nothing, and is explained', async () => {
    const cloud = await startTestCloud();
    await put(cloud, { rules: [RULE] });
    const { status, body } = await put(cloud, { rules: [{ ...RULE, fault: 'coffee' }] });
    expect(status).toBe(400);
    expect(body.message).toContain('fault');
    expect(await get(cloud, 'faults')).toMatchObject({ settings: { rules: [RULE] } });
  });
});

describe('a request that is none', () => {
  test.each([
    ['a body that is no JSON', 'POST', 'things', '{"thingName":'],
    ['a body that is no object', 'POST', 'things', '["gw-9"]'],
    ['a path that cannot be decoded', 'GET', 'things/%E0%A4%A', undefined],
  ])('%s is an InvalidRequestException', async (_what, method, path, body) => {
    const cloud = await startTestCloud();
    const request = { method, path: `/admin/v1/${path}`, ...(body !== undefined && { body }) };
    const { status, headers } = await askAdmin(cloud, request);
    expect([status, headers['x-amzn-errortype']]).toEqual([400, 'InvalidRequestException']);
  });

  test('a body of more than 1 MiB is refused', async () => {
    const cloud = await startTestCloud();
    const body = JSON.stringify({ thingName: 'x'.repeat(1024 * 1024) });
    const { status } = await askAdmin(cloud, { method: 'POST', path: '/admin/v1/things', body });
    expect(status).toBe(413);
  });

  test.each([
    ['GET', '/admin/v1/'],
    ['GET', '/admin/v2/things'],
    ['GET', '/admin/'],
    ['DELETE', '/admin/v1/things/gw-1'],
    ['GET', '/admin/v1/things/gw-1/disconnect'],
  ])('%s %s is an UnknownOperationException', async (method, path) => {
    const cloud = await startTestCloud();
    const { status, headers } = await askAdmin(cloud, { method, path });
    expect([status, headers['x-amzn-errortype']]).toEqual([404, 'UnknownOperationException']);
  });
});
