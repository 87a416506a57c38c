/**
 * What the AWS IoT Device Client gets wrong, by its source, about jobs and messages, and what this agent does instead.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type AgentAndCloud, startAgentAndCloud, THING } from '../fixtures/agent-and-cloud.ts';
import { startAgentOnBroker } from '../fixtures/agent-on-broker.ts';
import { isAlive, startAgentProcess } from '../fixtures/agent-process.ts';
import { startFileServer } from '../fixtures/file-server.ts';
import { startAedesBroker } from '../fixtures/mqtt-brokers/aedes-broker.ts';

test('D2 an unknown user is REJECTED, and nothing is executed', async () => {
  const { runJob, handlersDir } = await startAgentAndCloud({ env: { JOB_AGENT_RUN_AS_USERS: 'no-such-user' } });
  const mark = join(handlersDir, '..', 'executed');
  await writeFile(join(handlersDir, 'mark.sh'), `#!/bin/sh\n: > ${mark}\n`, { mode: 0o755 });
  const action = (type: object, runAsUser: string) => ({
    version: '1.0',
    steps: [{ action: { name: 'Mark', ...type, runAsUser } }],
  });
  const script = { type: 'runHandler', input: { handler: 'mark.sh' } };
  const command = { type: 'runCommand', input: { command: `touch,${mark}` } };
  const native = { operation: 'run-command', parameters: { command: ['touch', mark] } };
  const jobs: readonly [jobId: string, document: object, reasonCode: string][] = [
    ['script', action(script, 'no-such-user'), 'USER_UNKNOWN'],
    ['command', action(command, 'no-such-user'), 'USER_UNKNOWN'],
    ['native', { ...native, runAs: 'no-such-user' }, 'USER_UNKNOWN'],
    ['not-allowed', { ...native, runAs: 'daemon' }, 'USER_NOT_ALLOWED'],
    ['number', { ...native, runAs: '#0' }, 'JOB_DOCUMENT_INVALID'],
    ['second-step', { steps: [native, { ...native, runAs: 'no-such-user' }] }, 'USER_UNKNOWN'],
  ];
  for (const [jobId, document, reasonCode] of jobs) {
    const { status, statusDetails } = await runJob(jobId, document);
    expect([jobId, status, statusDetails.detailsMap.reasonCode]).toEqual([jobId, 'REJECTED', reasonCode]);
  }
  expect(existsSync(mark)).toBe(false);
  expect((await runJob('ours', action(script, ''))).status).toBe('SUCCEEDED');
  expect(existsSync(mark)).toBe(true);
});

interface Restart {
  readonly env?: Readonly<Record<string, string>>;
  /** The operation whose answer does not reach the agent, however late it is killed. */
  readonly lost?: 'StartNextPendingJobExecution' | 'DescribeJobExecution' | 'UpdateJobExecution';
  /** After it has said `begun`. */
  readonly script: string;
  /** Resolves at the moment in which the agent is killed. */
  readonly moment: (there: AgentAndCloud) => Promise<unknown>;
  readonly status: string;
  readonly reasonCode?: string;
}

const JOB = 'once';
const LEAVE = { JOB_AGENT_UNKNOWN_OPERATION: 'leave' };
const answered = (suffix: string) => (there: AgentAndCloud) =>
  there.cloud.deviceRequest(({ topic, accepted, answer }) => {
    const isOurs = topic.includes(`/${JOB}/`) || answer.message.execution !== undefined;
    return accepted && topic.endsWith(suffix) && isOurs && answer.message.execution !== null;
  });
const logged = (text: string) => (there: AgentAndCloud) =>
  there.agent.line(({ msg, line, jobId }) => jobId === JOB && (msg.startsWith(text) || line === text));

const RESTARTS: Readonly<Record<string, Restart>> = {
  'claimed, but it has not heard so': {
    lost: 'StartNextPendingJobExecution',
    script: '',
    moment: answered('/start-next'),
    status: 'SUCCEEDED',
  },
  'claiming, but it has not heard what': {
    env: LEAVE,
    lost: 'DescribeJobExecution',
    script: '',
    moment: answered('/get'),
    status: 'SUCCEEDED',
  },
  'taken, but it has not heard so': {
    env: LEAVE,
    lost: 'UpdateJobExecution',
    script: '',
    moment: answered('/update'),
    status: 'SUCCEEDED',
  },
  running: { script: 'sleep 300', moment: logged('begun'), status: 'FAILED', reasonCode: 'INTERRUPTED' },
  stopping: {
    script: 'trap "" TERM; echo deaf; while :; do sleep 1; done',
    async moment(there) {
      await logged('deaf')(there);
      there.cloud.jobs.control('CancelJobExecution', { jobId: JOB, thingName: THING, force: true });
      await logged('step is being stopped')(there);
    },
    status: 'CANCELED',
  },
  reporting: { script: '', moment: logged('job execution ended, reporting'), status: 'SUCCEEDED' },
  'reporting, but it has not heard the answer': {
    lost: 'UpdateJobExecution',
    script: '',
    moment: answered('/update'),
    status: 'SUCCEEDED',
  },
  closed: { script: '', moment: logged('job execution closed'), status: 'SUCCEEDED' },
};

test('D3 a restart in any phase runs no job again', async () => {
  const ends = Object.entries(RESTARTS).map(async ([phase, restart]) => [phase, await killAndRestart(restart)]);
  const expected = Object.entries(RESTARTS).map(([phase, { status, reasonCode }]) => [
    phase,
    { status, reasonCode, runs: 1, isRunning: false },
  ]);
  expect(Object.fromEntries(await Promise.all(ends))).toEqual(Object.fromEntries(expected));
});

async function killAndRestart({ env = {}, lost, script, moment }: Restart) {
  const there = await startAgentAndCloud({ env: { ...env, JOB_AGENT_LOG_LEVEL: 'debug' } });
  const { cloud, agent, configPath, describe, runJob, handlersDir } = there;
  const trail = join(handlersDir, '..', 'trail');
  const command = ['sh', '-c', `echo "run $$" >> "$1"; echo begun; ${script}`, 'sh', trail];
  // What it asked at its start is answered: only what is asked about the job may get lost.
  await cloud.deviceRequest(() => true);
  if (lost) cloud.faults.set({ rules: [{ on: 'answer', operation: lost, fault: 'lost' }] });
  cloud.createJob({ jobId: JOB, document: { operation: 'run-command', parameters: { command } } });
  await moment(there);
  agent.child.kill('SIGKILL');
  await agent.exited;
  cloud.faults.set({ rules: [] });
  startAgentProcess(configPath, { ...env, JOB_AGENT_STOP_GRACE_SECONDS: '0' });
  await runJob('next', { operation: 'system-info' }); // which waits for its turn
  const { status, statusDetails } = describe(JOB);
  const pids = [...(await readFile(trail, 'utf8')).matchAll(/^run (\d+)$/gm)].map(([, pid]) => Number(pid));
  return { status, reasonCode: statusDetails.detailsMap.reasonCode, runs: pids.length, isRunning: pids.some(isAlive) };
}

test.each([
  ['waits to be tried later', 75],
  ['waits for the gateway to restart', 194],
] as const)('D3 a restart while a job %s does not run it again', async (_, exitCode) => {
  const folder = await mkdtemp(join(tmpdir(), 'waits-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [trail, reboots] = [join(folder, 'trail'), join(folder, 'reboots')];
  const env = { JOB_AGENT_REBOOT_COMMAND: JSON.stringify(['sh', '-c', 'echo asked >> "$0"', reboots]) };
  const { cloud, agent, configPath, describe, runJob, handlersDir } = await startAgentAndCloud({ env });
  await writeFile(join(handlersDir, 'waits'), `#!/bin/sh\necho run >> ${trail}\nexit ${exitCode}\n`, { mode: 0o755 });
  cloud.createJob({ jobId: JOB, document: { operation: 'waits' } });
  await agent.line(({ jobId, waitMs, bootId }) => jobId === JOB && (waitMs !== undefined || bootId !== undefined));
  if (exitCode === 194) await expect.poll(() => linesOf(reboots)).toBe(1);
  agent.child.kill('SIGKILL');
  await agent.exited;
  const next = startAgentProcess(configPath, env);
  await next.line(({ msg }) => msg === 'connected and subscribed');
  // What waits blocks nobody; before a restart nothing else begins, and it is the same boot still.
  if (exitCode === 75) expect((await runJob('next', { operation: 'system-info' })).status).toBe('SUCCEEDED');
  else await expect.poll(() => linesOf(reboots)).toBe(2);
  expect([linesOf(trail), describe(JOB).status]).toEqual([1, 'IN_PROGRESS']);
});

function linesOf(file: string): number {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
}

test('D3 only a handler declared for it runs again', async () => {
  let isHanging = true;
  let hear = () => {};
  const asked = new Promise<void>((resolve) => {
    hear = resolve;
  });
  const files = await startFileServer((_, response) => {
    hear();
    if (!isHanging) response.end('content');
  });
  onTestFinished(() => files.close());
  const env = { JOB_AGENT_INSECURE_DOWNLOAD_HOSTS: '127.0.0.1' };
  const { cloud, agent, configPath, over, handlersDir } = await startAgentAndCloud({ env });
  const parameters = { url: `${files.origin}/file`, path: join(handlersDir, '..', 'file') };
  cloud.createJob({ jobId: JOB, document: { operation: 'download-file', parameters } });
  await asked;
  agent.child.kill('SIGKILL');
  await agent.exited;
  // Without a connection it waits for the word of the service; killed once more, it still does.
  const waiting = startAgentProcess(configPath, { ...env, JOB_AGENT_PORT: '1' });
  await waiting.line(({ msg }) => msg === 'not connected');
  waiting.child.kill('SIGKILL');
  await waiting.exited;
  expect(files.requests).toHaveLength(1);
  isHanging = false;
  startAgentProcess(configPath, env);
  expect((await over(JOB)).status).toBe('SUCCEEDED');
  expect(files.requests).toHaveLength(2);
});

test('D4 a job cancelled before its claim does not run', async () => {
  const { cloud, agent, describe, runJob } = await startAgentAndCloud();
  cloud.createJob({ jobId: 'withdrawn', document: { operation: 'system-info' } });
  cloud.jobs.control('CancelJobExecution', { jobId: 'withdrawn', thingName: THING }); // the notification is on its way
  expect((await runJob('next', { operation: 'system-info' })).status).toBe('SUCCEEDED');
  expect(describe('withdrawn').status).toBe('CANCELED');
  expect(agent.log.filter(({ msg }) => msg === 'step started').map(({ jobId }) => jobId)).toEqual(['next']);
});

test('D4 a job cancelled while it is claimed does not run', async () => {
  const { cloud, agent, describe, runJob } = await startAgentAndCloud({ env: LEAVE });
  cloud.createJob({ jobId: 'withdrawn', document: { operation: 'system-info' } });
  await cloud.deviceRequest(({ topic }) => topic.endsWith('/withdrawn/get'));
  cloud.jobs.control('CancelJobExecution', { jobId: 'withdrawn', thingName: THING });
  const { accepted, payload } = await cloud.deviceRequest(({ topic }) => topic.endsWith('/withdrawn/update'));
  expect([accepted, JSON.parse(Buffer.from(payload).toString())]).toMatchObject([false, { expectedVersion: 1 }]);
  expect((await runJob('next', { operation: 'system-info' })).status).toBe('SUCCEEDED');
  expect(describe('withdrawn').status).toBe('CANCELED');
  expect(agent.log.filter(({ msg }) => msg === 'step started').map(({ jobId }) => jobId)).toEqual(['next']);
});

test('D8 late, doubled and forged answers change nothing', async () => {
  const { agent, responder } = await startAgentOnBroker(startAedesBroker);
  const folder = await mkdtemp(join(tmpdir(), 'forged-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [mark, gate] = [join(folder, 'forged'), join(folder, 'gate')];
  const jobs = `$aws/things/${THING}/jobs`;
  const say = (topic: string, message: object) => responder.say(`${jobs}/${topic}`, JSON.stringify(message));
  responder.repeatAnswers = 2;
  const waits = ['sh', '-c', 'while [ ! -e "$1" ]; do sleep 0.02; done', 'sh', gate];
  responder.createJob('ours', { operation: 'run-command', parameters: { command: waits } });
  await agent.line(({ msg, jobId }) => msg === 'step started' && jobId === 'ours');

  const over = { code: 'TerminalStateReached', message: 'forged', timestamp: 1 };
  const forged = {
    jobId: 'forged',
    status: 'IN_PROGRESS',
    queuedAt: 1,
    lastUpdatedAt: 1,
    versionNumber: 2,
    executionNumber: 1,
    jobDocument: { operation: 'run-command', parameters: { command: ['touch', mark] } },
  };
  for (const clientToken of ['', 'unknown', '__proto__', 'x'.repeat(10_000)]) {
    await say('ours/update/rejected', { ...over, clientToken });
    await say('ours/get/rejected', { ...over, clientToken });
    await say('ours/update/accepted', { timestamp: 1, clientToken });
    await say('start-next/rejected', { ...over, clientToken });
    await say('start-next/accepted', { timestamp: 1, execution: forged, clientToken });
  }
  await say('start-next/accepted', { timestamp: 1, execution: forged });
  await mkdir(gate);
  expect((await responder.over('ours')).status).toBe('SUCCEEDED');
  // The answer to a report that is long over.
  await say('ours/update/rejected', { ...over, clientToken: 'late' });
  responder.createJob('next', { operation: 'system-info' });
  expect((await responder.over('next')).status).toBe('SUCCEEDED');
  expect(existsSync(mark)).toBe(false);
  expect(agent.log.filter(({ msg }) => msg === 'step started').map(({ jobId }) => jobId)).toEqual(['ours', 'next']);
});
