import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createEventHub, type EventHub } from '../../../local-cloud/admin/event-hub.ts';
import { askAdmin, createEventLog, listenToEvents, tokenOf } from '../../fixtures/admin-client.ts';
import { connectThing, startTestCloud } from '../../fixtures/job-cloud.ts';

describe('who listens hears of', () => {
  test('each change of an execution', async () => {
    const cloud = await startTestCloud();
    const events = await listenToEvents(cloud);
    cloud.createJob({ jobId: 'a' });
    const client = await connectThing(cloud, 'gw-1');
    await client.publishAsync('$aws/things/gw-1/jobs/start-next', '{}', { qos: 1 });
    const { data } = await events.next(({ data }) => data.status === 'IN_PROGRESS');
    expect(data).toEqual({
      thingName: 'gw-1',
      jobId: 'a',
      executionNumber: 1,
      status: 'IN_PROGRESS',
      versionNumber: 2,
    });
    expect(events.all).toContainEqual({ type: 'execution', data: { ...data, status: 'QUEUED', versionNumber: 1 } });
  });

  test('things that come and go', async () => {
    const cloud = await startTestCloud();
    const events = await listenToEvents(cloud);
    const client = await connectThing(cloud, 'gw-1');
    await events.next(({ type, data }) => type === 'connection' && data.connected === true);
    await client.endAsync();
    const { data } = await events.next(({ type, data }) => type === 'connection' && data.connected === false);
    expect(data).toEqual({ thingName: 'gw-1', connected: false });
  });

  test('operations that change something, whoever asked for them, and of no others', async () => {
    const cloud = await startTestCloud();
    const events = await listenToEvents(cloud);
    await cloud.call('ListThings', {});
    await cloud.call('CreateThingGroup', { thingGroupName: 'g' });
    await events.next(({ data }) => data.operation === 'CreateThingGroup');
    expect(events.all.map(({ data }) => data.operation)).not.toContain('ListThings');
  });

  test('faults and the clock', async () => {
    const cloud = await startTestCloud();
    const events = await listenToEvents(cloud);
    await askAdmin(cloud, { method: 'PUT', path: '/admin/v1/faults', body: { rules: [] } });
    await events.next(({ type }) => type === 'faults');
    cloud.clock.advance(1);
    await events.next(({ type }) => type === 'clock');
  });
});

test('the cloud closes with listeners connected', async () => {
  const cloud = await startTestCloud();
  await listenToEvents(cloud);
  await cloud.close();
  await expect(fetch(`http://127.0.0.1:${cloud.httpPort}/`)).rejects.toThrow('fetch failed');
});

test('no more than 32 listen at once, and who goes makes room', async () => {
  const cloud = await startTestCloud();
  const aborts: AbortController[] = [];
  const open = (signal: AbortSignal) =>
    fetch(`http://127.0.0.1:${cloud.httpPort}/admin/v1/events`, {
      headers: { authorization: `Bearer ${tokenOf(cloud)}` },
      signal,
    });
  for (let count = 0; count < 32; count++) {
    const abort = new AbortController();
    aborts.push(abort);
    expect((await open(abort.signal)).status).toBe(200);
  }
  onTestFinished(() => {
    for (const abort of aborts) abort.abort();
  });
  const refused = await askAdmin(cloud, { path: '/admin/v1/events' });
  expect([refused.status, refused.headers['x-amzn-errortype']]).toEqual([410, 'LimitExceededException']);
  aborts[0]?.abort();
  await expect.poll(async () => (await open(AbortSignal.timeout(60_000))).status).toBe(200);
});

describe('a hub', () => {
  test('is heard of while nothing happens', async () => {
    const { hub, response } = await openHub({ heartbeatMs: 5 });
    const events = createEventLog();
    response.setEncoding('utf8').on('data', events.push);
    await expect.poll(() => events.text().split(': still here').length).toBeGreaterThan(3);
    hub.close();
  });

  test('tells one that fell behind that it missed something, and holds no more for it', async () => {
    const { hub, response } = await openHub({ heartbeatMs: 1_000_000 });
    response.pause();
    // More than the sockets between them take.
    const thingName = 'x'.repeat(10_000);
    for (let count = 0; count < 3_000; count++) hub.publish({ type: 'connection', thingName, connected: true });
    const events = createEventLog();
    response.setEncoding('utf8').on('data', events.push).resume();
    await events.next(({ type }) => type === 'resync');
    expect(events.all.length).toBeLessThan(3_000);
    hub.publish({ type: 'clock' });
    await events.next(({ type }) => type === 'clock');
    expect(events.all.slice(-2).map(({ type }) => type)).toEqual(['resync', 'clock']);
  });

  test('gives up one that takes nothing any more', async () => {
    const { hub, response } = await openHub({ heartbeatMs: 20 });
    const closed = new Promise((resolve) => response.once('close', () => resolve('closed')));
    response.on('error', () => undefined);
    response.pause();
    const thingName = 'x'.repeat(10_000);
    const publishMore = () => {
      for (let count = 0; count < 150; count++) hub.publish({ type: 'connection', thingName, connected: true });
      return hub.clientCount();
    };
    // Few enough to be kept until there is room; until the sockets between them take no more either.
    await expect.poll(publishMore).toBe(0);
    response.resume();
    expect(await closed).toBe('closed');
  });
});

/** A hub with one client that has its answer's head, and has not read on. */
async function openHub(options: { heartbeatMs: number }): Promise<{ hub: EventHub; response: IncomingMessage }> {
  const hub = createEventHub(options);
  const server = createServer((_request, response) => hub.open(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    hub.close();
    server.close();
    server.closeAllConnections();
  });
  const request = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { hub, response };
}
