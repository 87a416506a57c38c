/** A module in `handlersDir` and a manifest beside an executable, in an agent process that takes its jobs from a cloud. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startAgentAndCloud } from '../fixtures/agent-and-cloud.ts';
import { installHandlers, isAlive, startAgentProcess } from '../fixtures/agent-process.ts';

const COUNTING = `
import { succeeded, Type } from 'iot-job-agent/handler-api';
export default {
  operation: 'count', kind: 'module', onInterrupted: 'resume', apiVersion: 3,
  parameters: Type.Object({ to: Type.Integer({ maximum: 1000 }) }, { additionalProperties: false }),
  async run({ restored, checkpoint, progress, attempt }, { to }) {
    const first = restored ?? 0;
    for (let n = first + 1; n <= to; n++) {
      await checkpoint(n);
      progress({ n, pid: process.pid });
      if (attempt === 1 && n === 3) await new Promise((resolve) => setTimeout(resolve, 600_000));
    }
    return succeeded({ first, attempt });
  },
};`;

test('a module that is put there while the agent runs does its job, and goes on after a kill of the agent', async () => {
  const env = { JOB_AGENT_PROGRESS_INTERVAL_SECONDS: '1' };
  const { cloud, configPath, over, agent } = await startAgentAndCloud({ env });
  const handlersDir = await installHandlers(configPath, []);
  await writeFile(join(handlersDir, 'count.mjs'), COUNTING, { mode: 0o644 });
  cloud.createJob({ jobId: 'count', document: { operation: 'count', parameters: { to: 5 } } });
  const told = await cloud.deviceRequest(({ payload }) => Buffer.from(payload).includes('"n":"3"'));
  const pid = Number(/"pid":"(\d+)"/.exec(Buffer.from(told.payload).toString())?.[1]);
  agent.child.kill('SIGKILL');
  await agent.exited;
  expect(isAlive(pid)).toBe(true);
  startAgentProcess(configPath, env);
  const execution = await over('count');
  expect(execution.status).toBe('SUCCEEDED');
  expect(execution.statusDetails.detailsMap).toMatchObject({ n: '5', first: '3', attempt: '2' });
  expect(isAlive(pid)).toBe(false);
});

test('what is wrong is refused in the cloud with its place, and the next job runs', async () => {
  const { cloud, configPath, over, agent } = await startAgentAndCloud();
  const handlersDir = await installHandlers(configPath, []);
  await writeFile(join(handlersDir, 'leave.mjs'), 'process.exit(0);', { mode: 0o644 });
  await writeFile(join(handlersDir, 'count.mjs'), COUNTING, { mode: 0o644 });
  await writeFile(join(handlersDir, 'say'), '#!/bin/sh\necho said=yes >> "$JOB_STATUS_FILE"; exit 7\n', {
    mode: 0o755,
  });
  await writeFile(join(handlersDir, 'say.handler.json'), '{"exitCodes":{"succeeded":[7]}}', { mode: 0o644 });
  cloud.createJob({ jobId: 'silent', document: { operation: 'leave' } });
  cloud.createJob({ jobId: 'misfit', document: { operation: 'count', parameters: { to: 1001 } } });
  cloud.createJob({ jobId: 'said', document: { operation: 'say' } });
  const detailsOf = async (jobId: string) => {
    const { status, statusDetails } = await over(jobId);
    return { status, ...statusDetails.detailsMap };
  };
  expect(await detailsOf('silent')).toMatchObject({ status: 'REJECTED', reasonCode: 'HANDLER_MODULE_SILENT' });
  expect(await detailsOf('misfit')).toMatchObject({
    status: 'REJECTED',
    reasonCode: 'PARAMETERS_INVALID',
    path: '/parameters/to',
    reason: '/parameters/to: expected at most 1000, got the number 1001',
  });
  expect(await detailsOf('said')).toMatchObject({ status: 'SUCCEEDED', said: 'yes' });
  expect(agent.log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
});
