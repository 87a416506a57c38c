/**
 * Disk errors: `npm run test:disk -- [--stride 1]`. Each n-th system call of each kind on the journal's files and folders
 * fails, in a real agent with a local cloud; then a real small disk is full and read-only, and a real device fails. Ends
 * with tables, and with exit code 1 on any violation. `--stride 0` fails no calls.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { type JobCloud, startJobCloud } from '../../local-cloud/job-cloud.ts';
import { formatTable } from '../power/table.ts';
import { runOnFailingDevice } from './failing-device.ts';
import { type FaultyRun, runOnFaultyDisk } from './faulty-run.ts';
import { runOnSmallDisk } from './small-disk.ts';
import type { Errno } from './traced-agent.ts';

const CALLS = ['pwrite64', 'fdatasync', 'fsync', 'openat', 'mkdir', 'symlink'];
const ERRNOS: readonly Errno[] = ['EIO', 'ENOSPC', 'EROFS'];
/** More calls of a kind than a run with two jobs makes. */
const MOST_CALLS = 200;

const { values } = parseArgs({ options: { stride: { type: 'string', default: '1' } } });
const top = await mkdtemp(join(tmpdir(), 'job-agent-disk-'));
const cloud = await startJobCloud({
  dataDir: join(top, 'cloud'),
  mqttPort: 0,
  httpPort: 0,
  host: '127.0.0.1',
  log: pino({ level: 'silent' }),
  things: [],
});
try {
  const stride = Number(values.stride);
  const injected = stride === 0 ? [] : await failEachCall(cloud, stride);
  const small = await runOnSmallDisk(cloud, top, warn);
  for (const violation of small) print(`VIOLATION ${violation}`);
  const device = await failDevice(cloud);
  process.exitCode = injected.length + small.length + device.length > 0 ? 1 : 0;
} finally {
  await cloud.close();
  await rm(top, { recursive: true, force: true });
}

async function failEachCall(on: JobCloud, stride: number): Promise<readonly string[]> {
  if (spawnSync('strace', ['-D', '-o', '/dev/null', 'true']).status !== 0) {
    warn('strace is not installed, or may not trace: no system calls are failed');
    return [];
  }
  const started = performance.now();
  const kinds = CALLS.flatMap((call) => ERRNOS.map((errno) => ({ call, errno })));
  const results = kinds.map((kind) => ({ ...kind, runs: [] as FaultyRun[], violations: [] as string[] }));
  const waiting = [...results];
  const work = async () => {
    for (let kind = waiting.shift(); kind !== undefined; kind = waiting.shift()) await failCalls(on, kind, stride);
  };
  await Promise.all([work(), work()]); // two at a time
  const rows = results.map(({ call, errno, runs, violations }) => {
    const ended = runs.filter(({ exitCode }) => exitCode !== null).length;
    const poisoned = runs.filter(({ journalFailed }) => journalFailed).length;
    return [call, errno, runs.length, ended, poisoned, runs.length - ended - poisoned, violations.length];
  });
  const seconds = ((performance.now() - started) / 1_000).toFixed(0);
  print(`Failed calls on the journal's files and folders, ${seconds} s`);
  print(formatTable(['call', 'error', 'runs', 'exit 74', 'journal failed', 'went on', 'violations'], rows));
  return results.flatMap(({ violations }) => violations);
}

async function failCalls(
  on: JobCloud,
  { call, errno, runs, violations }: { call: string; errno: Errno; runs: FaultyRun[]; violations: string[] },
  stride: number,
): Promise<void> {
  for (let from = 1; from <= MOST_CALLS; from += stride) {
    // A card has one bad moment; a full or read-only disk stays so.
    const fault = { call, errno, from, lasting: errno !== 'EIO' };
    const run = await runOnFaultyDisk({ cloud: on, thingName: `${call}-${errno}-${from}`, fault });
    for (const violation of run.violations) {
      violations.push(`${call} ${errno} from call ${from}: ${violation}`);
      print(`VIOLATION ${call} ${errno} from call ${from}: ${violation}`);
    }
    if (!run.failed) return;
    runs.push(run);
  }
}

async function failDevice(on: JobCloud): Promise<readonly string[]> {
  const started = performance.now();
  // Beside this program once bundled is `dist`, and beside that the source.
  const source = fileURLToPath(new URL('../test/power/logged-device.c', import.meta.url));
  const runs = await runOnFailingDevice({ cloud: on, top, source });
  if (typeof runs === 'string') {
    warn(`no device fails under a real agent: ${runs}`);
    return [];
  }
  const rows = runs.map(({ fault, moment, ending, violations, ...run }) => {
    const told = [run.first, run.second, run.health, run.refusedWith, run.secondAfterRepair];
    return [fault, moment, ending, ...told, violations.length];
  });
  print(`A real device answers EIO under the journal, ${((performance.now() - started) / 1_000).toFixed(0)} s`);
  const head = ['fails', 'while', 'ended by', 'first job', 'second', 'health', 'next start', 'second after repair'];
  print(formatTable([...head, 'violations'], rows));
  const all = runs.flatMap(({ fault, moment, ending, violations }) =>
    violations.map((violation) => `${fault} while ${moment}, ${ending}: ${violation}`),
  );
  for (const violation of all) print(`VIOLATION ${violation}`);
  return all;
}

function warn(text: string): void {
  print(`WARNING: ${text}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
