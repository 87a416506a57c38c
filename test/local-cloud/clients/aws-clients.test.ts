/** AWS's own clients, as they are, against the local cloud: every operation of its two services. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { IOT, IOT_JOBS_DATA } from '../../../local-cloud/api-model/model.ts';
import { createAuthority } from '../../../local-cloud/identity/certificates.ts';
import { startTestCloud } from '../../fixtures/job-cloud.ts';
import type { AwsCaller, CallerOptions } from './aws-caller.ts';
import { JOB_STEPS, TEMPLATE_STEPS } from './job-steps.ts';
import { createJsCaller } from './js-caller.ts';
import { installedPythonClients, startPythonCaller } from './python-caller.ts';
import { CERTIFICATE_STEPS, LAST_STEPS, PACKAGE_STEPS, REGISTRY_STEPS } from './registry-steps.ts';
import { runSteps } from './run-steps.ts';

const STEPS = [
  ...REGISTRY_STEPS,
  ...CERTIFICATE_STEPS,
  ...JOB_STEPS,
  ...TEMPLATE_STEPS,
  ...PACKAGE_STEPS,
  ...LAST_STEPS,
];

const OPERATIONS = [
  ...Object.keys(IOT.operations).map((operation) => `iot.${operation}`),
  ...Object.keys(IOT_JOBS_DATA.operations).map((operation) => `iot-jobs-data.${operation}`),
];

const pythonClients = await installedPythonClients();
for (const module of ['boto3', 'awscli']) {
  if (pythonClients.some((client) => client.module === module)) continue;
  process.stderr.write(`WARNING: ${module} is not installed: the local cloud is not held against it\n`);
}

test('the calls are of every operation that the local cloud serves', () => {
  const called = new Set(STEPS.filter((step) => step.refused === undefined).map((s) => `${s.service}.${s.operation}`));
  expect(OPERATIONS.filter((name) => !called.has(name))).toEqual([]);
});

describe('every call comes out as at AWS', () => {
  test('with the AWS SDK for JavaScript', async () => {
    const { unknown, done } = await runAll(async (options) => createJsCaller(options));
    expect([...unknown]).toEqual([]);
    expect([...done].sort()).toEqual([...OPERATIONS].sort());
  });

  test.each(pythonClients)('with $module of $python', async (client) => {
    const { unknown, done } = await runAll((options) => startPythonCaller(client, options));
    // Debian 12 has a boto3 of 2023, before there were packages.
    expect([...unknown].filter((name) => !/^iot\.\w*Package/.test(name))).toEqual([]);
    expect([...done, ...unknown].sort()).toEqual([...OPERATIONS].sort());
  });
});

async function runAll(start: (options: CallerOptions) => Promise<AwsCaller>) {
  const cloud = await startTestCloud({ things: [] });
  const caller = await start({
    endpoint: `http://127.0.0.1:${cloud.httpPort}`,
    region: 'us-east-1',
    credentials: cloud.credentials,
  });
  onTestFinished(() => caller.close());
  const foreign = await createAuthority('a CA of a test');
  const kept = new Map([
    ['thing', 'gw:1'],
    ['foreignPem', foreign.certPem],
    ['jobArnPrefix', 'arn:aws:iot:us-east-1:123456789012:job/'],
  ]);
  const report = await runSteps(caller, STEPS, kept);
  expect(report.problems, caller.name).toEqual([]);
  return report;
}
