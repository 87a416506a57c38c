import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { readStateFile, stateFilePath } from '../../../local-cloud/persist/state-file.ts';
import { connectThing, startTestCloud, type TestCloud } from '../../fixtures/job-cloud.ts';
import { recordMessages } from '../../fixtures/mqtt-messages.ts';

const PROGRAM = fileURLToPath(new URL('../../../dist/job-cloud.js', import.meta.url));
const JOBS = '$aws/things/gw-1/jobs';
const MINUTE_MS = 60_000;

test('after a restart a device finds its job where it left it, with its document as it was written', async () => {
  const dataDir = await emptyFolder();
  const document = '{ "operation" : "x", "n": 1.0 }';
  const first = await startTestCloud({ dataDir, persist: true });
  const targets = ['arn:aws:iot:us-east-1:123456789012:thing/gw-1'];
  await first.call('CreateJob', { jobId: 'a', targets, document });
  await first.call('CreateJob', { jobId: 'b', targets, document });
  const { message: started } = await askOnce(first, 'start-next');
  await first.close();

  const second = await startTestCloud({ dataDir, persist: true });
  const { message, payload } = await askOnce(second, 'start-next');
  expect(message).toEqual({ ...started, timestamp: expect.any(Number) });
  expect(payload).toContain(document);
  const { message: pending } = await askOnce(second, 'get');
  expect(pending).toMatchObject({ inProgressJobs: [{ jobId: 'a' }], queuedJobs: [{ jobId: 'b' }] });
  expect(await second.call('GetJobDocument', { jobId: 'b' })).toEqual({ document });
});

test('things, groups, templates and certificates are there again', async () => {
  const dataDir = await emptyFolder();
  const first = await startTestCloud({ dataDir, persist: true });
  await first.call('CreateThing', { thingName: 'gw-9', attributePayload: { attributes: { site: 'north' } } });
  await first.call('CreateThingGroup', { thingGroupName: 'plant' });
  await first.call('AddThingToThingGroup', { thingGroupName: 'plant', thingName: 'gw-9' });
  await first.call('CreateJobTemplate', { jobTemplateId: 't', description: 'd', document: '{}' });
  await first.call('CreatePackage', { packageName: 'p' });
  const { certificateId } = await first.call('CreateKeysAndCertificate', { setAsActive: true });
  const ask = async (cloud: TestCloud) => [
    await cloud.call('DescribeThing', { thingName: 'gw-9' }),
    await cloud.call('ListThingsInThingGroup', { thingGroupName: 'plant' }),
    await cloud.call('DescribeJobTemplate', { jobTemplateId: 't' }),
    await cloud.call('GetPackage', { packageName: 'p' }),
    await cloud.call('DescribeCertificate', { certificateId: String(certificateId) }),
  ];
  const before = await ask(first);
  await first.close();
  expect(await ask(await startTestCloud({ dataDir, persist: true }))).toEqual(before);
});

test('the clock stays turned', async () => {
  const dataDir = await emptyFolder();
  const first = await startTestCloud({ dataDir, persist: true });
  first.clock.advance(90 * MINUTE_MS);
  await first.close();
  expect((await startTestCloud({ dataDir, persist: true })).clock.offsetMs()).toBe(90 * MINUTE_MS);
});

test('what ran out while nothing ran has timed out, at its own time', async () => {
  const dataDir = await emptyFolder();
  const first = await startTestCloud({ dataDir, persist: true });
  first.createJob({ jobId: 'a', timeoutInMinutes: 10 });
  await askOnce(first, 'start-next');
  await first.close();
  const laterMs = Date.now() + 60 * MINUTE_MS;
  const second = await startTestCloud({ dataDir, persist: true, now: () => laterMs });
  const execution = second.jobs.state.things.get('gw-1')?.executions.get('a')?.[0];
  expect(execution?.status).toBe('TIMED_OUT');
  expect(Number(execution?.lastUpdatedAtMs) - Number(execution?.startedAtMs)).toBe(10 * MINUTE_MS);
  expect((await askOnce(second, 'get')).message).toMatchObject({ inProgressJobs: [], queuedJobs: [] });
});

test('killed with SIGKILL, it has again what was written, whole', async () => {
  const dataDir = await emptyFolder();
  const first = await startProgram(dataDir);
  const create = (port: number, jobId: string) =>
    fetch(`http://127.0.0.1:${port}/jobs/${jobId}`, {
      method: 'PUT',
      body: JSON.stringify({ targets: ['arn:aws:iot:us-east-1:123456789012:thing/gw-1'], document: '{}' }),
    });
  let acknowledged = 0;
  const load = (async () => {
    for (; ; acknowledged++) if (!(await create(first.httpPort, `job-${acknowledged}`)).ok) throw new Error('refused');
  })().catch(() => undefined);
  // In the midst of it, once something was written.
  await fileHolds(dataDir, 'job-20');
  first.program.kill('SIGKILL');
  await load;

  const kept = await readStateFile(stateFilePath(dataDir));
  expect(kept).toBeDefined();
  const second = await startProgram(dataDir);
  const exists = async (number: number) => (await fetch(`http://127.0.0.1:${second.httpPort}/jobs/job-${number}`)).ok;
  const there = await Promise.all(Array.from({ length: acknowledged + 2 }, (_, number) => exists(number)));
  const firstLost = there.indexOf(false);
  expect(firstLost).toBeGreaterThan(20);
  // A state of one moment: all before, nothing after.
  expect(there.slice(firstLost)).not.toContain(true);
});

test('a state that is damaged ends the program with 1, and a reason', async () => {
  const dataDir = await emptyFolder();
  await writeFile(stateFilePath(dataDir), '{');
  const program = spawn('node', [PROGRAM, '--data-dir', dataDir, '--persist', '--mqtt-port', '0', '--http-port', '0']);
  let stderr = '';
  program.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  expect(await once(program, 'exit')).toEqual([1, null]);
  expect(stderr).toContain(`${stateFilePath(dataDir)} is damaged`);
});

/** The answer to one request of gw-1, on a connection of its own. */
async function askOnce(cloud: TestCloud, operation: string) {
  const client = await connectThing(cloud, 'gw-1');
  const messages = recordMessages(client);
  let payload = '';
  client.on('message', (_topic, bytes) => {
    payload = bytes.toString();
  });
  await client.subscribeAsync(`${JOBS}/${operation}/accepted`, { qos: 1 });
  client.publish(`${JOBS}/${operation}`, '{}');
  const { message } = await messages.next(`${JOBS}/${operation}/accepted`);
  await client.endAsync();
  return { message, payload };
}

/** Resolves when the state's file has that text in it. */
async function fileHolds(dataDir: string, text: string): Promise<void> {
  for (;;) {
    const written = await readFile(stateFilePath(dataDir), 'utf8').catch(() => '');
    if (written.includes(text)) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function startProgram(dataDir: string): Promise<{ program: ChildProcess; httpPort: number }> {
  const ports = ['--mqtt-port', '0', '--http-port', '0'];
  const program = spawn(
    'node',
    [PROGRAM, '--data-dir', dataDir, '--persist', '--no-auth', '--thing', 'gw-1', ...ports],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  onTestFinished(async () => {
    if (program.exitCode !== null || program.signalCode !== null) return;
    program.kill('SIGKILL');
    await once(program, 'exit');
  });
  const [line] = await once(createInterface(program.stdout), 'line');
  return { program, httpPort: JSON.parse(line).httpPort };
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'job-cloud-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
