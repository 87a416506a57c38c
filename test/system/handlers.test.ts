import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startAgentAndCloud } from '../fixtures/agent-and-cloud.ts';
import { isAlive, residentBytes } from '../fixtures/agent-process.ts';

const MIB = 1024 * 1024;

test('a handler killed by a signal is FAILED and names it', async () => {
  const { runJob } = await startAgentAndCloud({ handlers: ['kill-self.sh'] });
  const execution = await runJob('killed', { operation: 'kill-self.sh', args: ['KILL'] });
  expect(execution.status).toBe('FAILED');
  expect(execution.statusDetails.detailsMap).toMatchObject({
    reasonCode: 'HANDLER_SIGNALED',
    reason: expect.stringContaining('SIGKILL'),
  });
});

test.each([
  ['stderr', ['stderr']],
  ['both streams', ['stdout', 'stderr']],
])('100 MB on %s neither hang nor grow the agent', async (_, streams) => {
  const { agent, runJob } = await startAgentAndCloud({ handlers: ['flood.sh'] });
  await runJob('warm-up', { operation: 'system-info' });
  const before = await residentBytes(agent.pid);
  const document = {
    version: '1.0',
    steps: [{ action: { name: 'Flood', type: 'runHandler', input: { handler: 'flood.sh', args: streams } } }],
    includeStdOut: true,
  };
  // argv[1] is the user, which is empty here: the script ignores it.
  const execution = await runJob('flood', document);
  const after = await residentBytes(agent.pid);
  expect(execution.status).toBe('SUCCEEDED');
  expect((after - before) / MIB).toBeLessThan(64);
  if (streams.includes('stdout')) expect(execution.statusDetails.detailsMap.stdout).toMatch(/the end$/);
});

test('a handler deaf to TERM is gone after the grace, with its children', async () => {
  const { cloud, agent, inProgress, handlersDir } = await startAgentAndCloud({
    handlers: ['leave-a-child.sh', 'ignore-term.sh'],
    env: { JOB_AGENT_STOP_GRACE_SECONDS: '1', JOB_AGENT_LOG_LEVEL: 'debug' },
  });
  const pidFile = join(handlersDir, 'daemon.pid');
  const command = ['sh', '-c', `${handlersDir}/leave-a-child.sh ${pidFile} go; exec ${handlersDir}/ignore-term.sh`];
  cloud.createJob({ jobId: 'deaf', document: { operation: 'run-command', parameters: { command } } });
  await inProgress('deaf');
  const told = await agent.line(({ jobId, line }) => jobId === 'deaf' && /^\d+ \d+$/.test(String(line)));
  const [leader = 0, child = 0] = String(told.line).split(' ').map(Number);
  const daemon = Number(await readFile(pidFile, 'utf8'));
  expect([leader, child, daemon].map(isAlive)).toEqual([true, true, true]);

  cloud.jobs.control('CancelJobExecution', { jobId: 'deaf', thingName: 'gw-1', force: true });
  await agent.line(({ jobId, msg }) => jobId === 'deaf' && msg.startsWith('job execution closed'));
  expect([leader, child, daemon].map(isAlive)).toEqual([false, false, false]);
});

test('a step over its time limit is stopped and FAILED', async () => {
  const { runJob } = await startAgentAndCloud();
  const execution = await runJob('slow', {
    steps: [
      { operation: 'run-command', parameters: { command: ['sleep', '300'] }, timeoutSeconds: 1 },
      { operation: 'system-info' },
    ],
  });
  expect(execution.status).toBe('FAILED');
  expect(execution.statusDetails.detailsMap).toMatchObject({ reasonCode: 'STEP_TIMED_OUT', step: '1/2 run-command' });
});

test('secrets of a document reach neither log nor status details', async () => {
  const { agent, runJob } = await startAgentAndCloud({ env: { JOB_AGENT_LOG_LEVEL: 'trace' } });
  const url = 'https://bucket.s3.amazonaws.com/key?X-Amz-Signature=canary4711&X-Amz-Credential=canary4712';
  await runJob('print-url', {
    operation: 'run-command',
    parameters: { command: ['sh', '-c', `echo ${url} >&2; exit 1`] },
  });
  const execution = await runJob('wrong-url', {
    operation: 'download-file',
    parameters: { url, path: '/proc/nowhere' },
  });
  expect(JSON.stringify([agent.log, execution])).not.toMatch(/canary471/);
});
