/**
 * One large file through the agent, beside `curl | tee | sha256sum` and a sync, from the same server over the same TLS,
 * in turns; and the memory of the agent with its handler host, beside that of a bare Node.js.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CloudReady } from '../demo/cloud-ready.ts';
import { type ControlPlane, openControlPlane } from '../demo/control-plane.ts';
import { startCloud } from '../demo/programs.ts';
import { cpuSecondsOf, type Memory, memoryOfTree, watchPeak } from './process-memory.ts';

const THING = 'bench-gateway';
const MIB = 1024 ** 2;
/** Until a program that has just started does nothing any more. */
const SETTLE_MS = 2000;

export interface DownloadBenchOptions {
  readonly bytes: number;
  /** Of each of the two, in turns; each begins as often as the other. */
  readonly rounds: number;
}

export interface DownloadFigures {
  readonly agent: readonly AgentTurn[];
  readonly curl: readonly Turn[];
  readonly idle: Memory;
  readonly bareNode: Memory;
}

export interface Turn {
  readonly tookMs: number;
  /** User and system time of all its processes, without that of the server. */
  readonly cpuSeconds: number;
}

export interface AgentTurn extends Turn {
  /** Of agent and handler host together. */
  readonly peak: Memory;
}

export async function benchDownload(options: DownloadBenchOptions): Promise<DownloadFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-download-'));
  const dataDir = join(folder, 'cloud');
  await mkdir(dataDir);
  const args = ['--data-dir', dataDir, '--mqtt-port', '0', '--http-port', '0', '--thing', THING];
  const { cloud, ready } = startCloud(args, { logDir: folder, env: process.env });
  const children: ChildProcess[] = [];
  try {
    return await compare({ folder, dataDir, ready: await ready, children }, options);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await cloud.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Place {
  readonly folder: string;
  readonly dataDir: string;
  readonly ready: CloudReady;
  /** Ended by whoever made the place. */
  readonly children: ChildProcess[];
}

async function compare(place: Place, { bytes, rounds }: DownloadBenchOptions): Promise<DownloadFigures> {
  const { folder, dataDir, ready, children } = place;
  const sha256 = await writeRandomFile(join(folder, 'artifact'), bytes);
  const server = startProgram('bench', ['--artifact-server', `${dataDir},${join(folder, 'artifact')}`], children);
  const [port] = await once(createInterface({ input: outputOf(server) }), 'line');
  const agent = startProgram('job-agent', ['run', '--config', ready.things[THING]?.configPath ?? ''], children);
  const logged = readLog(agent);
  await logged((line) => line.includes('connected and subscribed'));
  const bare = startProgram(undefined, ['-e', 'setInterval(() => undefined, 1000)'], children);
  await sleep(SETTLE_MS);
  const pid = agent.pid ?? 0;
  const [idle, bareNode] = [await memoryOfTree(pid), await memoryOfTree(bare.pid ?? 0)];
  bare.kill('SIGKILL');

  const artifact = { url: `https://localhost:${port}/artifact`, path: join(folder, 'downloaded'), sha256 };
  const control = await openControlPlane(ready, THING);
  const byCurl = () => timeCurl(artifact, ready.caPath);
  await byCurl(); // fills the page cache, and what grows in the server
  const figures = { agent: [] as AgentTurn[], curl: [] as Turn[] };
  for (let round = 0; round < rounds; round += 1) {
    const turns = [
      async () => void figures.curl.push(await byCurl()),
      async () => void figures.agent.push(await timeAgent({ control, logged, pid, round }, artifact)),
    ];
    for (const turn of round % 2 === 0 ? turns : turns.reverse()) {
      await rm(artifact.path, { force: true });
      await turn();
    }
  }
  control.close();
  return { ...figures, idle, bareNode };
}

interface Artifact {
  readonly url: string;
  /** Of the target. */
  readonly path: string;
  readonly sha256: string;
}

interface AgentRun {
  readonly control: ControlPlane;
  readonly logged: Logged;
  readonly pid: number;
  readonly round: number;
}

/** From before CreateJob is called until the outcome is in the agent's journal: with the start of the handler host. */
async function timeAgent({ control, logged, pid, round }: AgentRun, artifact: Artifact): Promise<AgentTurn> {
  const jobId = `download-${round}`;
  const over = logged((line) => line.includes(jobId) && line.includes('job execution ended, reporting'));
  const watch = watchPeak(pid);
  const [startMs, startSeconds] = [performance.now(), await cpuSecondsOf(pid)];
  await control.createJob(jobId, { operation: 'download-file', parameters: artifact });
  await over;
  const tookMs = performance.now() - startMs;
  const [peak, cpuSeconds] = [await watch.stop(), (await cpuSecondsOf(pid)) - startSeconds];
  for (;;) {
    const { status } = await control.describe(jobId);
    if (status === 'SUCCEEDED') return { tookMs, cpuSeconds, peak };
    if (status !== 'IN_PROGRESS') throw new Error(`${jobId} became ${status}`);
    await sleep(10);
  }
}

/** `times` of bash prints a line for itself and one for its children: `0m0.001s 0m0.002s`. */
const PIPELINE = 'set -o pipefail; curl -fsS --cacert "$1" "$2" | tee "$3" | sha256sum && sync "$3" && times';

async function timeCurl({ url, path, sha256 }: Artifact, caPath: string): Promise<Turn> {
  const startMs = performance.now();
  const { stdout } = await promisify(execFile)('bash', ['-c', PIPELINE, 'bash', caPath, url, path]);
  const tookMs = performance.now() - startMs;
  if (!stdout.startsWith(sha256)) throw new Error(`curl brought ${stdout}, not ${sha256}`);
  const times = [...(stdout.split('\n')[2] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return { tookMs, cpuSeconds: times.reduce((sum, [, min, s]) => sum + 60 * Number(min) + Number(s), 0) };
}

/** @param name of a program beside this one; Node.js alone without. */
function startProgram(name: string | undefined, args: readonly string[], children: ChildProcess[]): ChildProcess {
  const program = name === undefined ? [] : [fileURLToPath(new URL(`./${name}.js`, import.meta.url))];
  const child = spawn(process.execPath, [...program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

function outputOf({ stdout }: ChildProcess) {
  if (stdout === null) throw new Error('its stdout is not ours');
  return stdout;
}

type Logged = (fits: (line: string) => boolean) => Promise<void>;

/** Resolves with the next line that fits. */
function readLog(child: ChildProcess): Logged {
  const waiting = new Set<(line: string) => void>();
  createInterface({ input: outputOf(child) }).on('line', (line) => {
    for (const offer of waiting) offer(line);
  });
  return (fits) =>
    new Promise((resolve) => {
      const offer = (line: string) => {
        if (!fits(line)) return;
        waiting.delete(offer);
        resolve();
      };
      waiting.add(offer);
    });
}

/** @returns its SHA-256 in hexadecimal digits. */
async function writeRandomFile(path: string, bytes: number): Promise<string> {
  const file = await open(path, 'w');
  const hash = createHash('sha256');
  for (let done = 0; done < bytes; done += MIB) {
    const piece = randomBytes(Math.min(MIB, bytes - done));
    hash.update(piece);
    await file.write(piece);
  }
  await file.sync();
  await file.close();
  return hash.digest('hex');
}
