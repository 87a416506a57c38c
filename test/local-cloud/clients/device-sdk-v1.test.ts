/** The jobs agent that ships with AWS's first device SDK for JavaScript, as it is, against the local cloud. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startTestCloud, type TestCloud } from '../../fixtures/job-cloud.ts';

const AGENT = join(dirname(createRequire(import.meta.url).resolve('aws-iot-device-sdk')), 'examples/jobs-agent.js');

test('it does the job that waited, and the one that comes, and fails what it cannot do', async () => {
  const cloud = await startTestCloud();
  cloud.createJob({ jobId: 'waited', document: { operation: 'systemStatus' } });
  await startJobsAgent(cloud);
  expect(await endOf(cloud, 'waited')).toMatchObject({
    status: 'SUCCEEDED',
    versionNumber: 2,
    statusDetails: {
      detailsMap: { installedPackages: '[]', arch: process.arch, uptime: expect.stringMatching(/^[0-9.]+$/) },
    },
  });
  cloud.createJob({ jobId: 'comes', document: { operation: 'systemStatus' } });
  expect(await endOf(cloud, 'comes')).toMatchObject({ status: 'SUCCEEDED' });
  cloud.createJob({ jobId: 'cannot', document: { operation: 'stop' } });
  expect(await endOf(cloud, 'cannot')).toMatchObject({
    status: 'FAILED',
    statusDetails: { detailsMap: { operation: 'stop', errorCode: 'ERR_UNNAMED_PACKAGE' } },
  });
});

async function startJobsAgent(cloud: TestCloud): Promise<void> {
  const folder = join(cloud.dataDir, 'things/gw-1');
  // It keeps a list of what it installed in its working folder.
  const cwd = await mkdtemp(join(tmpdir(), 'jobs-agent-'));
  const agent = spawn(
    process.execPath,
    [
      AGENT,
      '--host-name=localhost',
      `--port=${cloud.mqttPort}`,
      `--private-key=${join(folder, 'private.key')}`,
      `--client-certificate=${join(folder, 'certificate.pem')}`,
      `--ca-certificate=${join(folder, 'ca.pem')}`,
      '--client-id=gw-1',
      '--thing-name=gw-1',
    ],
    { cwd, stdio: 'ignore' },
  );
  const ended = once(agent, 'exit');
  onTestFinished(async () => {
    agent.kill('SIGKILL');
    await ended;
    await rm(cwd, { recursive: true, force: true });
  });
}

/** The execution as the operator sees it, once the device has told its end. */
async function endOf(cloud: TestCloud, jobId: string): Promise<unknown> {
  await cloud.deviceRequest(({ topic, payload, accepted }) => {
    const { status } = JSON.parse(Buffer.from(payload).toString()) as { readonly status?: string };
    return accepted && topic.endsWith(`/${jobId}/update`) && status !== 'IN_PROGRESS';
  });
  return cloud.jobs.control('DescribeJobExecution', { jobId, thingName: 'gw-1' }).execution;
}
