import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { onCloud, startAgentAndCloud, THING } from '../fixtures/agent-and-cloud.ts';
import { AGENT_BUNDLE, runAgentCommand, startAgentProcess } from '../fixtures/agent-process.ts';
import { startTestCloud } from '../fixtures/job-cloud.ts';

const SLEEP = { operation: 'run-command', parameters: { command: ['sleep', '300'] } };

/** A job that ends once there is such a file. */
function waitFor(gate: string) {
  const command = ['sh', '-c', 'until [ -e "$1" ]; do sleep 0.05; done', 'sh', gate];
  return { operation: 'run-command', parameters: { command } };
}

test('SIGTERM ends an idle agent with exit code 0', async () => {
  const { agent } = await startAgentAndCloud();
  agent.child.kill('SIGTERM');
  expect(await agent.exited).toMatchObject({ code: 0, signal: null, stderr: '' });
});

test('an agent told to wait lets its job end first', async () => {
  const { cloud, agent, configPath, inProgress, describe } = await startAgentAndCloud();
  const gate = join(dirname(configPath), 'gate');
  cloud.createJob({ jobId: 'short', document: waitFor(gate) });
  await inProgress('short');
  await agent.line(({ msg }) => msg === 'step started');
  agent.child.kill('SIGTERM');
  await agent.line(({ msg }) => msg.startsWith('agent stops'));
  await writeFile(gate, '');
  expect((await agent.exited).code).toBe(0);
  expect(describe('short').status).toBe('SUCCEEDED');
});

test('an agent told to stop reports the job it stopped', async () => {
  const { cloud, agent, inProgress, describe } = await startAgentAndCloud({ env: { JOB_AGENT_SHUTDOWN_MODE: 'stop' } });
  cloud.createJob({ jobId: 'long', document: SLEEP });
  await inProgress('long');
  await agent.line(({ msg }) => msg === 'step started');
  agent.child.kill('SIGTERM');
  expect((await agent.exited).code).toBe(0);
  expect(describe('long')).toMatchObject({
    status: 'FAILED',
    statusDetails: { detailsMap: { reasonCode: 'AGENT_STOPPED' } },
  });
});

test('a second SIGTERM ends the agent at once', async () => {
  const { cloud, agent, inProgress } = await startAgentAndCloud();
  cloud.createJob({ jobId: 'long', document: SLEEP });
  await inProgress('long');
  await agent.line(({ msg }) => msg === 'step started');
  agent.child.kill('SIGTERM');
  await agent.line(({ msg }) => msg.startsWith('agent stops'));
  agent.child.kill('SIGTERM');
  expect((await agent.exited).code).toBe(1);
});

test('an error that nobody expected is told by the next start', async () => {
  const crash = "process.on('SIGUSR2', () => { throw new Error('a fault of its own'); })";
  const { cloud, agent, configPath, over, inProgress } = await startAgentAndCloud({
    env: {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(crash)}`,
      JOB_AGENT_SHUTDOWN_MODE: 'stop',
    },
  });
  cloud.createJob({ jobId: 'cut-short', document: SLEEP });
  await inProgress('cut-short');
  await agent.line(({ msg }) => msg === 'step started');
  agent.child.kill('SIGUSR2');
  expect(await over('cut-short')).toMatchObject({
    status: 'FAILED',
    statusDetails: { detailsMap: { reasonCode: 'AGENT_STOPPED' } },
  });
  expect((await agent.exited).code).toBe(1);
  const next = startAgentProcess(configPath);
  const told = await next.line(({ msg }) => msg === 'agent before this one ended by an error of its own');
  expect(told).toMatchObject({ level: 'error', reason: 'a fault of its own' });
});

test('a job whose agent was killed is reported INTERRUPTED and not run again', async () => {
  const { cloud, agent, configPath, over, handlersDir } = await startAgentAndCloud({
    env: { JOB_AGENT_LOG_LEVEL: 'debug' },
  });
  const trail = join(handlersDir, '..', 'trail');
  const command = ['sh', '-c', 'echo run >> "$1"; echo begun; exec sleep 300', 'sh', trail];
  cloud.createJob({ jobId: 'once', document: { operation: 'run-command', parameters: { command } } });
  await agent.line(({ line }) => line === 'begun');
  agent.child.kill('SIGKILL');
  await agent.exited;

  const next = startAgentProcess(configPath);
  expect(await over('once')).toMatchObject({
    status: 'FAILED',
    statusDetails: { detailsMap: { reasonCode: 'INTERRUPTED' } },
  });
  await next.line(({ msg, jobId }) => msg === 'job execution closed' && jobId === 'once');
  expect(next.log.find(({ msg }) => msg.startsWith('runs of an earlier'))).toMatchObject({ runs: 1 });
  expect((await readFile(trail, 'utf8')).match(/run/g)).toHaveLength(1);
});

test('a result that could not be told is told after a restart', async () => {
  const cloud = await startTestCloud({ things: [THING], mqttPort: 0 });
  const configPath = cloud.things[THING]?.configPath ?? '';
  const agent = startAgentProcess(configPath, { JOB_AGENT_SHUTDOWN_GRACE_SECONDS: '0' });
  await agent.line(({ msg }) => msg === 'connected and subscribed');
  const gate = join(dirname(configPath), 'gate');
  cloud.createJob({ jobId: 'offline', document: waitFor(gate) });
  await agent.line(({ msg }) => msg === 'step started');
  const { dataDir, mqttPort, jobs } = cloud;
  await cloud.close();
  await writeFile(gate, '');
  await agent.line(({ msg }) => msg === 'job execution ended, reporting');
  agent.child.kill('SIGTERM');
  await agent.exited;

  // The service forgets its jobs with the process, so the same job is made again, and handed out as what it is: unknown.
  const again = await startTestCloud({ things: [THING], dataDir, mqttPort });
  expect(jobs.state).not.toBe(again.jobs.state);
  const next = startAgentProcess(configPath);
  const closed = await next.line(({ msg, jobId }) => jobId === 'offline' && msg.startsWith('job execution closed'));
  expect(closed).toMatchObject({ status: 'SUCCEEDED', how: 'over' });
});

test('a result survives an endpoint that is mistyped and put right', async () => {
  const { cloud, agent, configPath, describe } = await startAgentAndCloud({
    env: { JOB_AGENT_STOP_GRACE_SECONDS: '0' },
  });
  cloud.createJob({ jobId: 'kept', document: SLEEP });
  await agent.line(({ msg }) => msg === 'step started');
  agent.child.kill('SIGKILL');
  await agent.exited;
  const mistyped = startAgentProcess(configPath, { JOB_AGENT_ENDPOINT: 'localhst' });
  await mistyped.line(({ msg }) => msg === 'not connected');
  mistyped.child.kill('SIGTERM');
  await mistyped.exited;
  const corrected = startAgentProcess(configPath);
  await corrected.line(({ msg, jobId }) => msg === 'job execution closed' && jobId === 'kept');
  // The journal of the right endpoint knew that the job had been begun; a lost one would say STATE_LOST.
  expect(describe('kept').statusDetails.detailsMap.reasonCode).toBe('INTERRUPTED');
});

test('a wrong configuration is told whole and ends with 78', async () => {
  const cloud = await startTestCloud({ things: [THING] });
  const configPath = cloud.things[THING]?.configPath ?? '';
  const keyPath = join(dirname(configPath), 'private.key');
  const config = JSON.parse(await readFile(configPath, 'utf8')) as object;
  await writeFile(
    configPath,
    JSON.stringify({ ...config, keepAliveSecond: 30, port: 'high', runtimeDir: 'r'.repeat(120) }),
  );
  await chmod(keyPath, 0o644);
  const agent = startAgentProcess(configPath);
  const { code, stderr } = await agent.exited;
  expect(code).toBe(78);
  expect(stderr).toMatch(/did you mean .?keepAliveSeconds/);
  expect(stderr).toMatch(/port: expected a whole number .*got "high"/);
  expect(stderr).toContain(`chmod 600 ${keyPath}`);
  expect(stderr).toMatch(/runtimeDir: expected a path of at most 96 bytes/);
});

test('a log that cannot be written keeps no job from running', async () => {
  const cloud = await startTestCloud({ things: [THING] });
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [AGENT_BUNDLE, 'run', '--config', cloud.things[THING]?.configPath ?? ''], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', full, 'pipe'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    closeSync(full);
  });
  expect((await onCloud(cloud).runJob('unlogged', { operation: 'system-info' })).status).toBe('SUCCEEDED');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a second agent on the same state ends with 74', async () => {
  const { configPath } = await startAgentAndCloud();
  const second = startAgentProcess(configPath);
  expect((await second.exited).code).toBe(74);
  expect(second.log.at(-1)).toMatchObject({ level: 'fatal', code: 'JOURNAL_LOCKED' });
});

test('status and health answer while an agent runs, and 69 after it', async () => {
  const { agent, configPath, runJob } = await startAgentAndCloud();
  await runJob('inventory', { operation: 'system-info' });
  await agent.line(({ msg }) => msg === 'job execution closed');
  const status = await runAgentCommand(['status', '--config', configPath]);
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(status.stdout).toMatch(/connected to localhost\n(.*\n)*since the start: 1 succeeded/);
  const json = await runAgentCommand(['status', '--json', '--config', configPath]);
  expect(JSON.parse(json.stdout)).toMatchObject({
    thingName: THING,
    connection: { connected: true },
    recent: [{ jobId: 'inventory', status: 'SUCCEEDED' }],
  });
  expect(await runAgentCommand(['health', '--config', configPath])).toMatchObject({ code: 0, stdout: 'well\n' });
  agent.child.kill('SIGTERM');
  await agent.exited;
  expect(await runAgentCommand(['status', '--config', configPath])).toMatchObject({
    code: 69,
    stderr: expect.stringMatching(/no agent answers on .*: it is not running/),
  });
});

test.each([
  [['dance'], /there is no command "dance"/, 'job-agent --help'],
  [[], /which command/, 'job-agent --help'],
  [['run', '--confg', 'x'], /--confg/, 'job-agent run --help'],
])('%j is wrong usage and ends with 2', async (args, message, help) => {
  const { code, stderr } = await runAgentCommand(args);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr).toContain(`Try '${help}'`);
});

test('the status fixture reads what the service has', async () => {
  const cloud = await startTestCloud({ things: [THING] });
  cloud.createJob({ jobId: 'waiting', things: [THING] });
  expect(onCloud(cloud).describe('waiting').status).toBe('QUEUED');
});
