import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startAgentAndCloud, THING } from '../fixtures/agent-and-cloud.ts';
import { startAgentProcess } from '../fixtures/agent-process.ts';
import { startTestCloud } from '../fixtures/job-cloud.ts';

test('an AWS-Run-Command document succeeds and reports stdout when asked', async () => {
  const { runJob } = await startAgentAndCloud();
  const execution = await runJob('uname', {
    version: '1.0',
    includeStdOut: 'true',
    steps: [
      { action: { name: 'Run-Command', type: 'runCommand', input: { command: 'echo,one\\, two' }, runAsUser: '' } },
    ],
  });
  expect(execution.status).toBe('SUCCEEDED');
  expect(execution.statusDetails.detailsMap).toEqual({ stdout: 'one, two' });
});

test('queued jobs run one after the other in order', async () => {
  const { cloud, over, handlersDir } = await startAgentAndCloud();
  const trail = join(handlersDir, '..', 'trail');
  for (const name of ['first', 'second', 'third']) {
    const command = ['sh', '-c', 'echo "begin $1" >> "$2"; echo "end $1" >> "$2"', 'sh', name, trail];
    cloud.createJob({ jobId: name, document: { operation: 'run-command', parameters: { command } } });
  }
  await over('third');
  expect(await readFile(trail, 'utf8')).toBe(
    'begin first\nend first\nbegin second\nend second\nbegin third\nend third\n',
  );
});

test('every update on the wire names version, execution and token', async () => {
  const { cloud, runJob } = await startAgentAndCloud({ env: { JOB_AGENT_PROGRESS_INTERVAL_SECONDS: '1' } });
  const steps = [{ operation: 'system-info' }, { operation: 'run-command', parameters: { command: ['sleep', '1.2'] } }];
  await runJob('three-steps', { steps: [...steps, { operation: 'system-info' }] });
  await runJob('refused', { operation: 'no-such-operation' });
  await runJob('failing', { operation: 'run-command', parameters: { command: ['false'] } });

  const updates = cloud.deviceRequests.filter(({ topic }) => topic.endsWith('/update'));
  const members = updates.map(({ payload }) => JSON.parse(Buffer.from(payload).toString('utf8')));
  expect(members.map(({ status }) => status)).toEqual(
    expect.arrayContaining(['IN_PROGRESS', 'SUCCEEDED', 'REJECTED', 'FAILED']),
  );
  for (const update of members) {
    expect(update).toMatchObject({
      expectedVersion: expect.any(Number),
      executionNumber: 1,
      clientToken: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  }
  expect(new Set(members.map(({ clientToken }) => clientToken)).size).toBe(members.length);
  expect(updates.every(({ accepted }) => accepted)).toBe(true);
});

test('a queued job costs one claim and one report', async () => {
  const { cloud, runJob } = await startAgentAndCloud();
  await runJob('warm-up', { operation: 'system-info' });
  const before = cloud.deviceRequests.length;
  await runJob('only', { operation: 'system-info' });
  // The report and the claim of the next job go out together; the claim after the last one finds nothing.
  await cloud.deviceRequest((request) => cloud.deviceRequests.indexOf(request) === before + 2);
  const operations = cloud.deviceRequests.slice(before).map(({ operation }) => operation);
  expect(operations).toEqual(['StartNextPendingJobExecution', 'UpdateJobExecution', 'StartNextPendingJobExecution']);
});

test('a force-cancelled job is stopped and the next one runs', async () => {
  const { cloud, agent, inProgress, describe, runJob } = await startAgentAndCloud();
  cloud.createJob({ jobId: 'long', document: { operation: 'run-command', parameters: { command: ['sleep', '300'] } } });
  await inProgress('long');
  await agent.line(({ msg, jobId }) => msg === 'step started' && jobId === 'long');
  cloud.jobs.control('CancelJobExecution', { jobId: 'long', thingName: 'gw-1', force: true });
  await agent.line(({ msg, jobId }) => msg.startsWith('job execution closed') && jobId === 'long');
  expect(describe('long')).toMatchObject({ status: 'CANCELED', forceCanceled: true });
  expect((await runJob('next', { operation: 'system-info' })).status).toBe('SUCCEEDED');
  const afterwards = cloud.deviceRequests.filter(({ topic }) => topic.endsWith('/long/update'));
  expect(afterwards).toEqual([]);
});

test('an operation of another agent stays queued when asked to leave it', async () => {
  const { cloud, describe, runJob } = await startAgentAndCloud({ env: { JOB_AGENT_UNKNOWN_OPERATION: 'leave' } });
  cloud.createJob({ jobId: 'theirs', document: { operation: 'update-their-firmware' } });
  await cloud.deviceRequest(({ topic }) => topic.endsWith('/theirs/get'));
  expect((await runJob('ours', { operation: 'system-info' })).status).toBe('SUCCEEDED');
  expect(describe('theirs')).toMatchObject({ status: 'QUEUED', versionNumber: 1 });
});

test('two agents on one machine do the same job without touching each other', async () => {
  const cloud = await startTestCloud({ things: [THING, 'gw-2'] });
  const agents = [THING, 'gw-2'].map((thing) => startAgentProcess(cloud.things[thing]?.configPath ?? ''));
  await Promise.all(agents.map((agent) => agent.line(({ msg }) => msg === 'connected and subscribed')));
  // The one on gw-1 ends first, and clears up after itself while the other runs.
  const command = ['sh', '-c', '[ "$JOB_THING_NAME" = gw-1 ] || sleep 1.5'];
  const document = { operation: 'run-command', parameters: { command } };
  cloud.createJob({ jobId: 'both', document, things: [THING, 'gw-2'] });
  const closed = agents.map((agent) => agent.line(({ msg }) => msg === 'job execution closed'));
  expect((await Promise.all(closed)).map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
});
