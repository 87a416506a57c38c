/** Six jobs that show what an agent must get right, each with how it has to end. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobExecution } from '@aws-sdk/client-iot';

export interface DemoJob {
  readonly jobId: string;
  /** One line for the person who watches. */
  readonly title: string;
  readonly document: object;
  /** Force-cancelled once its handler has told that it is under way. */
  readonly cancelInTheMiddle?: true;
  /** @returns what is wrong with the end, or nothing. */
  readonly check: (execution: JobExecution) => string | undefined | Promise<string | undefined>;
}

export interface DemoFiles {
  /** Where the local artifact server offers the file. */
  readonly artifactUrl: string;
  readonly artifactSha256: string;
  /** A folder for what the jobs make. */
  readonly targetDir: string;
}

export function demoJobs(files: DemoFiles): readonly DemoJob[] {
  return [...jobsThatSucceed(files), ...jobsThatDoNot(files)];
}

function jobsThatSucceed({ artifactUrl, artifactSha256, targetDir }: DemoFiles): readonly DemoJob[] {
  const downloaded = join(targetDir, 'model.bin');
  return [
    {
      jobId: 'run-command',
      title: 'AWS-Run-Command: uname -a',
      document: managedTemplate({ name: 'Run-Command', type: 'runCommand', input: { command: 'uname,-a' } }),
      check: (execution) => expectStatus(execution, 'SUCCEEDED'),
    },
    {
      jobId: 'download-file',
      title: 'AWS-Download-File: 8 MiB over HTTP',
      document: managedTemplate({
        name: 'Download-File',
        type: 'runHandler',
        input: { handler: 'download-file.sh', args: [artifactUrl, downloaded], path: '' },
      }),
      check: async (execution) =>
        expectStatus(execution, 'SUCCEEDED') ?? (await expectSha256(downloaded, artifactSha256)),
    },
    {
      jobId: 'three-steps',
      title: 'native, three steps with progress',
      document: {
        steps: [
          { operation: 'system-info' },
          { name: 'calibrate the sensor', operation: 'calibrate', parameters: { rounds: 8 } },
          {
            operation: 'write-file',
            parameters: { path: join(targetDir, 'calibration.txt'), content: 'offset = 0.07\n' },
          },
        ],
      },
      check: (execution) =>
        expectStatus(execution, 'SUCCEEDED') ?? expectDetail(execution, 'rounds', '8') ?? expectVersion(execution, 5),
    },
  ];
}

function jobsThatDoNot({ targetDir }: DemoFiles): readonly DemoJob[] {
  return [
    {
      jobId: 'failing-handler',
      title: 'a handler that fails',
      document: { operation: 'check-battery' },
      check: (execution) =>
        expectStatus(execution, 'FAILED') ??
        expectDetail(execution, 'reasonCode', 'HANDLER_EXIT_CODE') ??
        expectDetail(execution, 'stderr', 'battery at 11.2 V, below 11.8 V'),
    },
    {
      jobId: 'wrong-parameters',
      title: 'a document with a mistake in it',
      document: { operation: 'write-file', parameters: { path: join(targetDir, 'x'), contents: 'x' } },
      check: (execution) =>
        expectStatus(execution, 'REJECTED') ?? expectDetail(execution, 'reasonCode', 'PARAMETERS_INVALID'),
    },
    {
      jobId: 'long-running',
      title: 'runs 30 s, force-cancelled in the middle',
      document: { operation: 'calibrate', parameters: { rounds: 60 } },
      cancelInTheMiddle: true,
      check: (execution) =>
        expectStatus(execution, 'CANCELED') ?? (execution.forceCanceled ? undefined : 'forceCanceled is not true'),
    },
  ];
}

/** The documents of AWS's managed templates, with their optional parameters left empty as AWS leaves them. */
function managedTemplate(action: { name: string; type: string; input: object }): object {
  return { version: '1.0', steps: [{ action: { ...action, runAsUser: '' } }] };
}

function expectStatus({ status }: JobExecution, expected: string): string | undefined {
  return status === expected ? undefined : `ended ${status}, expected ${expected}`;
}

function expectDetail({ statusDetails }: JobExecution, key: string, expected: string): string | undefined {
  const found = statusDetails?.detailsMap?.[key];
  return found === expected ? undefined : `status detail ${key} is ${found ?? 'missing'}, expected ${expected}`;
}

/** A job that reports progress is updated more often than the three times of any job. */
function expectVersion({ versionNumber = 0 }: JobExecution, least: number): string | undefined {
  return versionNumber >= least ? undefined : `versionNumber is ${versionNumber}, expected ${least} or more`;
}

async function expectSha256(path: string, expected: string): Promise<string | undefined> {
  const found = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  return found === expected ? undefined : `${path} has the sha256 ${found}, expected ${expected}`;
}
