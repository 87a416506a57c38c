/** Everything that is tried on one machine. */
import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkCommands } from './command-checks.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { checkLargeFile } from './large-file.ts';
import { checkLives } from './life-checks.ts';
import { type Machine, runThere } from './machine.ts';
import { machineJobs } from './machine-jobs.ts';
import type { ArchitectureFacts } from './names.ts';
import type { Tell } from './tell.ts';

export interface Candidate {
  /** `arm64, Node.js 22.23.3` */
  readonly name: string;
  readonly machine: Machine;
  /** Of the program there. */
  readonly node: string;
  readonly nodeVersion: string;
  readonly architecture: ArchitectureFacts;
  readonly isEmulated: boolean;
  /** Whether a file above 2 GiB goes there and back. */
  readonly large: boolean;
  /** A scratch folder, at the same path there. */
  readonly folder: string;
  /** Of the built programs. */
  readonly dist: string;
}

export interface Verdict {
  readonly checks: number;
  readonly wrong: readonly string[];
  /** Of the agent, idle after all its jobs; in bytes. */
  readonly residentBytes: number;
}

export async function checkMachine(candidate: Candidate, print: (line: string) => void): Promise<Verdict> {
  const wrong: string[] = [];
  let checks = 0;
  const tell: Tell = (isWell, fact, details = []) => {
    checks += 1;
    print(`${isWell ? 'ok  ' : 'FAIL'}  ${candidate.name}: ${fact}`);
    for (const detail of details) print(`      ${detail}`);
    if (!isWell) wrong.push(fact);
  };
  const { machine, node, folder, dist } = candidate;
  await copyPackage(dist, folder);
  // As the unit starts it; it is what makes its memory comparable.
  const agent = [
    node,
    '--max-semi-space-size=2',
    join(folder, 'node_modules/iot-job-agent/dist/job-agent.js'),
  ] as const;
  const gateway = await startGateway({ machine, agent, folder });
  try {
    await gateway.startAgent();
    tell(true, 'the agent connects');
    await doJobs(candidate, gateway, tell);
    if (candidate.large) await checkLargeFile(gateway, join(folder, 'made'), tell);
    await checkLives(gateway, tell);
    const { exitCode, residentBytes } = await gateway.stopAgent();
    tell(exitCode === 0, 'the agent ends on SIGTERM', exitCode === 0 ? [] : [`with ${exitCode}`]);
    tell(gateway.complaints.length === 0, 'it has logged no error', gateway.complaints);
    await checkCommands({ ...candidate, agent, gateway, tell });
    return { checks, wrong, residentBytes };
  } finally {
    await gateway.close();
  }
}

async function doJobs(candidate: Candidate, { control, files, over }: Gateway, tell: Tell): Promise<void> {
  const { machine, folder, architecture, nodeVersion } = candidate;
  const { stdout: kernel } = await runThere(machine, ['uname', '-rm']);
  const made = join(folder, 'made');
  await mkdir(made);
  const jobs = machineJobs({ files, folder: made, architecture, nodeVersion, kernel: kernel.trim() });
  for (const { jobId, document } of jobs) await control.createJob(jobId, document);
  for (const { jobId, check } of jobs) {
    const wrong = await check(await over(jobId));
    tell(wrong.length === 0, `job ${jobId}`, wrong);
  }
}

/** As an author has it in his project, and the bundle with its package: what is exported is found by its name. */
async function copyPackage(dist: string, folder: string): Promise<void> {
  const target = join(folder, 'node_modules', 'iot-job-agent');
  await mkdir(join(target, 'dist'), { recursive: true });
  await copyFile(join(dist, '..', 'package.json'), join(target, 'package.json'));
  for (const name of ['job-agent', 'handler-api', 'testing']) {
    await copyFile(join(dist, `${name}.js`), join(target, 'dist', `${name}.js`));
  }
  await cp(join(dist, '..', 'docs', 'examples'), join(folder, 'examples'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}');
}
