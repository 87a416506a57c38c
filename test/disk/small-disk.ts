/** A real small file system: filled to the last byte, and made read-only, under a running agent. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { JobCloud } from '../../local-cloud/job-cloud.ts';
import { createWitnessJob, end, execution, isTerminal, until } from './faulty-run.ts';
import { type Agent, startAgent } from './traced-agent.ts';

const SIZE = '32M';
const JOBS_ON_FULL_DISK = 20;

/** @returns violations. */
export async function runOnSmallDisk(
  cloud: JobCloud,
  top: string,
  warn: (text: string) => void,
): Promise<readonly string[]> {
  const disk = join(top, 'disk');
  const image = join(top, 'disk.img');
  await mkdir(disk);
  const made = run('truncate', '-s', SIZE, image) && run('mkfs.ext4', '-q', '-F', image) && mountImage(image, disk);
  if (!made) {
    warn('not root, or no loop device: no full and no read-only file system is tried');
    return [];
  }
  try {
    const full = await onFullDisk(cloud, disk);
    return [...full, ...(await onReadOnlyDisk(cloud, { disk, image }, warn))];
  } finally {
    run('umount', disk);
  }
}

/**
 * The journal needs no free space, the folder of a run does: such jobs fail and say why. A new agent starts on the full
 * disk as well, and the first job after there is room again is done, without a restart.
 */
async function onFullDisk(cloud: JobCloud, disk: string): Promise<readonly string[]> {
  const { agent, thingName, witness, configPath } = await agentOn(cloud, disk, 'on-full-disk');
  const violations: string[] = [];
  const blame = (isBad: boolean, text: string) => {
    if (isBad) violations.push(`full disk: ${text}`);
  };
  const runJobs = async (on: Agent, names: readonly string[]) => {
    const jobs = names.map((name) => `${thingName}-${name}`);
    for (const jobId of jobs) createWitnessJob(cloud, { thingName, jobId, witness });
    const isOver = (jobId: string) => isTerminal(execution(cloud, thingName, jobId).status);
    blame(!(await until(() => on.hasEnded() || jobs.every(isOver))), `${jobs.join(', ')} hang`);
    return jobs.map((jobId) => execution(cloud, thingName, jobId));
  };

  const filled = fill(join(disk, 'filler'));
  const ends = await runJobs(
    agent,
    Array.from({ length: JOBS_ON_FULL_DISK }, (_, n) => `${n}`),
  );
  const failed = ends.filter(({ status }) => status === 'FAILED');
  const unclear = failed.find(({ reason }) => reason?.includes('no space left on device') !== true);
  blame(unclear !== undefined, `a job ended with ${JSON.stringify(unclear)}`);
  const firstExit = await end(agent);
  const restarted = startAgent(configPath);
  const afterRestart = await runJobs(restarted, ['after-restart']);
  run('rm', join(disk, 'filler'));
  const afterRoom = await runJobs(restarted, ['with-room']);
  const secondExit = await end(restarted);

  blame(hasFailed(agent) || hasFailed(restarted), 'the journal failed, though it needs no space');
  blame(firstExit !== 0 || secondExit !== 0, `the agents ended with ${firstExit} and ${secondExit}`);
  blame(afterRoom[0]?.status !== 'SUCCEEDED', `with room again a job is ${JSON.stringify(afterRoom[0])}`);
  const all = [...ends, ...afterRestart, ...afterRoom];
  const succeeded = all.filter(({ status }) => status === 'SUCCEEDED').length;
  const runs = (await readFile(witness, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '').length;
  blame(runs !== succeeded, `${succeeded} succeeded, ${runs} were run`);
  const kinds = ends.map(({ status, reasonCode = '' }) => `${status} ${reasonCode}`.trim());
  const counts = [...new Set(kinds)].map((kind) => `${kinds.filter((one) => one === kind).length} ${kind}`);
  const [one, two] = [afterRestart[0], afterRoom[0]].map((seen) => `${seen?.status}`);
  print(
    `Full disk (${SIZE}, ${filled} bytes of filler): ${counts.join(', ')}; after a restart ${one}, with room ${two}`,
  );
  if (failed[0] !== undefined) print(`  reason: ${failed[0].reason}`);
  return violations;
}

/** Nothing is begun, the agent stays, says so, and takes the jobs up when the disk is well and it is started again. */
async function onReadOnlyDisk(
  cloud: JobCloud,
  { disk, image }: { disk: string; image: string },
  warn: (text: string) => void,
): Promise<readonly string[]> {
  const { agent, thingName, witness, configPath } = await agentOn(cloud, disk, 'on-read-only-disk');
  const jobs = ['a', 'b'].map((name) => `${thingName}-${name}`);
  const violations: string[] = [];
  if (!breakFileSystem(disk)) {
    warn('the kernel has no trigger_fs_error for ext4: no file system is made read-only under the agent');
    await end(agent);
    return [];
  }
  for (const jobId of jobs) createWitnessJob(cloud, { thingName, jobId, witness });
  if (!(await until(() => agent.hasEnded() || hasFailed(agent)))) violations.push('read-only disk: not noticed');
  const exitCode = await end(agent);
  if (exitCode !== 0) {
    violations.push(`read-only disk: the agent ended with ${exitCode}: ${JSON.stringify(agent.lines.at(-1))}`);
  }
  const refused = startAgent(configPath);
  await until(() => refused.hasEnded());
  const refusedCode = await end(refused);
  if (refusedCode !== 74) violations.push(`read-only disk: a start ended with ${refusedCode}, not 74`);
  run('umount', disk);
  run('e2fsck', '-p', image);
  mountImage(image, disk);
  const repaired = startAgent(configPath);
  const isOver = (jobId: string) => isTerminal(execution(cloud, thingName, jobId).status);
  if (!(await until(() => repaired.hasEnded() || jobs.every(isOver))))
    violations.push('read-only disk: jobs hang after');
  await end(repaired);
  const trail = (await readFile(witness, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  if (new Set(trail).size !== trail.length) violations.push('read-only disk: a job was run twice');
  const ends = jobs.map((jobId) => execution(cloud, thingName, jobId));
  for (const [n, { status }] of ends.entries()) {
    const wasRun = trail.includes(jobs[n] ?? '');
    if (!isTerminal(status) || (status === 'SUCCEEDED') !== wasRun)
      violations.push(`read-only disk: ${status}, ${wasRun}`);
  }
  const told = ends.map(({ status, reasonCode }) => `${status} ${reasonCode ?? ''}`.trim()).join(', ');
  print(`Read-only disk: start refused with ${refusedCode}; in the end: ${told}`);
  return violations;
}

interface OnDisk {
  readonly agent: Agent;
  readonly thingName: string;
  readonly witness: string;
  readonly configPath: string;
}

/** `stateDir` on the disk, all else beside it, as `/run` is; resolves when the agent is at work. */
async function agentOn(cloud: JobCloud, disk: string, thingName: string): Promise<OnDisk> {
  const { configPath } = await cloud.addThing(thingName);
  const settings = JSON.parse(await readFile(configPath, 'utf8')) as object;
  const stateDir = join(disk, thingName);
  writeFileSync(configPath, JSON.stringify({ ...settings, stateDir, runtimeDir: join(dirname(configPath), 'run') }));
  const agent = startAgent(configPath);
  await until(() => agent.hasEnded() || agent.lines.some(({ msg }) => msg === 'connected and subscribed'));
  return { agent, thingName, witness: join(dirname(configPath), 'witness'), configPath };
}

/** Until not one byte more goes in. */
function fill(path: string): number {
  let written = 0;
  for (let size = 65_536; size >= 1; ) {
    try {
      appendFileSync(path, Buffer.alloc(size));
      written += size;
    } catch {
      size = Math.floor(size / 4);
    }
  }
  return written;
}

/** As on most gateways: after an error of the file system the kernel makes it read-only. */
function mountImage(image: string, disk: string): boolean {
  return run('mount', '-o', 'loop,errors=remount-ro', image, disk);
}

/** ext4(5), `/sys/fs/ext4/<device>/trigger_fs_error`. A remount by hand is refused while the journal is open. */
function breakFileSystem(disk: string): boolean {
  const device = basename(spawnSync('findmnt', ['-n', '-o', 'SOURCE', disk], { encoding: 'utf8' }).stdout.trim());
  try {
    writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, 'made read-only by a test');
    return true;
  } catch {
    return false;
  }
}

function hasFailed(agent: Agent): boolean {
  return agent.lines.some(({ msg }) => msg.startsWith('journal failed'));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function run(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
