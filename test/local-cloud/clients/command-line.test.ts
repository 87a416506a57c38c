/** The AWS command line as one types it: options, files, the exit status. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { startTestCloud, type TestCloud } from '../../fixtures/job-cloud.ts';

const THING_ARN = 'arn:aws:iot:us-east-1:123456789012:thing/gw-1';

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Debian's is version 2. */
const COMMAND = existsSync('/usr/bin/aws') ? '/usr/bin/aws' : 'aws';
const version = await aws({}, '--version');
const isInstalled = version.exitCode === 0;
if (!isInstalled) process.stderr.write('WARNING: there is no aws command: the local cloud is not held against it\n');

/** It takes its time to start. */
describe.skipIf(!isInstalled)('the aws command', () => {
  test('makes a job of a file, and cancels it by force', async () => {
    const cloud = await startTestCloud();
    const document = join(cloud.dataDir, 'document.json');
    await writeFile(document, '{ "operation": "x" }\n');
    const made = await iot(
      cloud,
      'create-job',
      '--job-id=a',
      `--targets=${THING_ARN}`,
      `--document=file://${document}`,
    );
    expect(JSON.parse(made.stdout)).toEqual({ jobArn: 'arn:aws:iot:us-east-1:123456789012:job/a', jobId: 'a' });
    await iot(cloud, 'cancel-job', '--job-id=a', '--force', '--reason-code=WRONG_FILE');
    const query = '--query=job.[status,forceCanceled,reasonCode]';
    const { stdout } = await iot(cloud, 'describe-job', '--job-id=a', query, '--output=text');
    expect(stdout.trim().split('\t')).toEqual(['CANCELED', 'True', 'WRONG_FILE']);
  });

  test('ends with 254 on an error of the service (version 1 with 255), and names it', async () => {
    const cloud = await startTestCloud();
    const { exitCode, stderr } = await iot(cloud, 'describe-job', '--job-id=none');
    expect([exitCode, stderr]).toEqual([
      version.stdout.startsWith('aws-cli/1.') ? 255 : 254,
      expect.stringContaining('(ResourceNotFoundException) when calling the DescribeJob'),
    ]);
  });

  test('asks for a device’s job over HTTP', async () => {
    const cloud = await startTestCloud();
    cloud.createJob({ jobId: 'a' });
    const args = ['iot-jobs-data', 'describe-job-execution', '--thing-name=gw-1', '--job-id=$next'];
    const { stdout } = await aws(environmentOf(cloud), ...args, `--endpoint-url=${endpointOf(cloud)}`);
    expect(JSON.parse(stdout).execution).toMatchObject({
      jobId: 'a',
      status: 'QUEUED',
      jobDocument: '{"operation":"noop"}',
    });
  });
});

async function iot(cloud: TestCloud, ...args: readonly string[]): Promise<Ended> {
  return aws(environmentOf(cloud), 'iot', ...args, `--endpoint-url=${endpointOf(cloud)}`);
}

function endpointOf(cloud: TestCloud): string {
  return `http://127.0.0.1:${cloud.httpPort}`;
}

/** The credentials file that the cloud writes. */
function environmentOf(cloud: TestCloud): NodeJS.ProcessEnv {
  return { AWS_SHARED_CREDENTIALS_FILE: cloud.credentialsPath, AWS_DEFAULT_REGION: 'us-east-1', AWS_PAGER: '' };
}

async function aws(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Ended> {
  try {
    const options = { env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env } };
    return { exitCode: 0, ...(await promisify(execFile)(COMMAND, [...args], options)) };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as Error & { code?: unknown; stdout?: string; stderr?: string };
    return { exitCode: typeof code === 'number' ? code : -1, stdout, stderr };
  }
}
