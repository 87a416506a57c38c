/** The jobs that a gateway of each kind has to do, and what has to come of them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobExecution } from '@aws-sdk/client-iot';
import { CONTENT_BYTES, type GatewayFiles } from './gateway-files.ts';
import type { ArchitectureFacts } from './names.ts';

export interface MachineJob {
  readonly jobId: string;
  readonly document: object;
  /** @returns what is wrong, or nothing. */
  readonly check: (execution: JobExecution) => readonly string[] | Promise<readonly string[]>;
}

export interface JobSurroundings {
  readonly files: GatewayFiles;
  /** For what the jobs make; seen at the same path here. */
  readonly folder: string;
  readonly architecture: ArchitectureFacts;
  /** `20.19.2` */
  readonly nodeVersion: string;
  /** What `uname -rm` prints there. */
  readonly kernel: string;
}

type Details = Readonly<Record<string, string>>;

export function machineJobs(surroundings: JobSurroundings): readonly MachineJob[] {
  return [
    ...lookingJobs(surroundings),
    filesJob(surroundings),
    conditionsJob(surroundings),
    ...handlerJobs(surroundings),
  ];
}

function lookingJobs({ architecture, nodeVersion, kernel }: JobSurroundings): readonly MachineJob[] {
  const machine = kernel.split(' ')[1] ?? '';
  return [
    {
      jobId: 'system-info',
      document: { operation: 'system-info' },
      check: (execution) =>
        succeededWith(execution, { arch: architecture.node, nodeVersion, kernel: kernel.split(' ')[0] ?? '' }),
    },
    {
      jobId: 'inventory',
      document: { operation: 'inventory', parameters: { include: ['disks', 'network', 'packages'] } },
      check: (execution) => {
        const { os = '', disks = '', packages = '' } = detailsOf(execution);
        const isWell = os.endsWith(`, ${architecture.node}`) && /^\/ [\d.]+ of [\d.]+ GiB free/.test(disks);
        const wrong =
          isWell && /^apt: [1-9]\d+$/.test(packages) ? [] : [`it told ${JSON.stringify({ os, disks, packages })}`];
        return [...succeededWith(execution, { kernel }), ...wrong];
      },
    },
    {
      jobId: 'run-command',
      document: { operation: 'run-command', parameters: { command: ['uname', '-m'] }, includeStdOut: true },
      check: (execution) => succeededWith(execution, { stdout: machine }),
    },
    {
      jobId: 'as-another-user',
      document: {
        operation: 'run-command',
        parameters: { command: ['id', '-un'] },
        runAs: 'nobody',
        includeStdOut: true,
      },
      check: (execution) => succeededWith(execution, { stdout: 'nobody' }),
    },
  ];
}

function filesJob({ files, folder }: JobSurroundings): MachineJob {
  const at = (name: string) => join(folder, name);
  const { origin, sha256, signature } = files;
  return {
    jobId: 'files',
    document: {
      steps: [
        { operation: 'write-file', parameters: { path: at('a.json'), content: '{"kept": 1}\n', mode: '0640' } },
        { operation: 'edit-config', parameters: { path: at('a.json'), format: 'json', merge: { added: 5000000000 } } },
        {
          operation: 'download-file',
          parameters: { url: `${origin}/firmware.bin`, path: at('firmware.bin'), sha256, signature },
        },
        { operation: 'download-file', parameters: { url: `${origin}/app.tar.gz`, path: 'app.tar.gz' } },
        { operation: 'unpack-archive', parameters: { archive: 'app.tar.gz', path: at('app'), stripComponents: 1 } },
        { operation: 'run-command', parameters: { command: [at('app/bin/start')] } },
      ],
      includeStdOut: true,
    },
    check: async (execution) => {
      const wrong = succeededWith(execution, { signedBy: 'release', stdout: 'started' });
      if (wrong.length > 0) return wrong;
      const edited = await readFile(at('a.json'), 'utf8');
      const { length } = await readFile(at('firmware.bin'));
      return [
        ...(JSON.stringify(JSON.parse(edited)) === '{"kept":1,"added":5000000000}' ? [] : [`a.json is ${edited}`]),
        ...(length === CONTENT_BYTES ? [] : [`firmware.bin has ${length} bytes`]),
      ];
    },
  };
}

/** A step for each name, and one for each number that does not fit into 32 bits. */
function conditionsJob({ architecture: { names, others }, kernel }: JobSurroundings): MachineJob {
  const step = (name: string, runIf: object) => ({
    name,
    operation: 'run-command',
    parameters: { command: ['true'] },
    runIf,
  });
  const freeSpace = (bytes: number) => ({ freeSpace: { path: '/', bytes } });
  const [major = ''] = kernel.split('.');
  const held = [
    ...names.map((name) => step(name, { architecture: name })),
    step('several', { architecture: [...others, ...names] }),
    step('4 GiB and more are free', freeSpace(2 ** 32 + 1)),
    step('dpkg', { package: { name: 'dpkg', version: '>= 1.15' } }),
    step('kernel', { kernelVersion: `>= ${major}` }),
  ];
  const skipped = [
    ...others.map((name) => step(name, { architecture: name })),
    step('several others', { architecture: others }),
    step('8 PiB are free', freeSpace(2 ** 53 - 1)),
    step('no package', { package: { name: 'no-such-package-here' } }),
  ];
  return {
    jobId: 'conditions',
    document: { steps: [...held, ...skipped] },
    check: (execution) => succeededWith(execution, { skippedSteps: skipped.map(({ name }) => name).join(', ') }),
  };
}

function handlerJobs({ architecture, kernel }: JobSurroundings): readonly MachineJob[] {
  return [
    {
      jobId: 'executable',
      document: { operation: 'measure', parameters: { times: 3 } },
      check: (execution) => {
        const machine = kernel.split(' ')[1] ?? '';
        return succeededWith(execution, { parameters: '{"times":3}', machine, user: 'root' });
      },
    },
    {
      jobId: 'module',
      document: { operation: 'count', parameters: { to: 5 } },
      check: (execution) => succeededWith(execution, { n: '5', first: '0', attempt: '1', arch: architecture.node }),
    },
    {
      jobId: 'wrong-parameters',
      document: { operation: 'count', parameters: { to: 1001 } },
      check: (execution) =>
        endedWith(execution, 'REJECTED', { reasonCode: 'PARAMETERS_INVALID', path: '/parameters/to' }),
    },
  ];
}

export function succeededWith(execution: JobExecution, expected: Details): readonly string[] {
  return endedWith(execution, 'SUCCEEDED', expected);
}

export function endedWith(execution: JobExecution, status: string, expected: Details): readonly string[] {
  const details = detailsOf(execution);
  if (execution.status !== status) return [`ended ${execution.status}, expected ${status}: ${JSON.stringify(details)}`];
  return Object.entries(expected).flatMap(([key, value]) =>
    details[key]?.trim() === value ? [] : [`status detail ${key} is ${details[key] ?? 'missing'}, expected ${value}`],
  );
}

export function detailsOf({ statusDetails }: JobExecution): Details {
  return statusDetails?.detailsMap ?? {};
}
