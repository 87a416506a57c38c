/** One large file through a real agent, whose file server, link and agent are ended in turn while it comes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CloudReady } from '../../demo/cloud-ready.ts';
import { type ControlPlane, openControlPlane } from '../../demo/control-plane.ts';
import { startCloud } from '../../demo/programs.ts';
import { type AgentStart, startAgentProcess } from '../chaos/agent-start.ts';
import { type CountingLink, startCountingLink } from './counting-link.ts';

export const MIB = 1024 ** 2;
const THING = 'download-gateway';
const JOB = 'large-download';
const DOWN_MS = 500;
const LIMIT_MS = 20 * 60 * 1000;

export type Interruption = 'server' | 'link' | 'agent';
const KINDS: readonly Interruption[] = ['server', 'link', 'agent'];

export interface DownloadOptions {
  /** A scratch folder. */
  readonly folder: string;
  /** A built agent, one file. */
  readonly bundle: string;
  readonly bytes: number;
  readonly interruptions: number;
  readonly bytesPerSecond: number;
}

export interface DownloadReport {
  readonly status: string;
  readonly seconds: number;
  /** What passed the link towards the gateway, TLS and headers among it. */
  readonly passedBytes: number;
  readonly interruptions: readonly { readonly kind: Interruption; readonly atBytes: number }[];
  /** What is wrong; empty when all is well. */
  readonly violations: readonly string[];
}

export async function runInterruptedDownload(options: DownloadOptions): Promise<DownloadReport> {
  const { folder } = options;
  const artifact = join(folder, 'artifact');
  const sha256 = await writeRandomFile(artifact, options.bytes);
  const args = ['--data-dir', join(folder, 'cloud'), '--mqtt-port', '0', '--http-port', '0', '--thing', THING];
  const { cloud, ready: whenReady } = startCloud(args, { logDir: folder, env: process.env });
  const processes: Processes = { server: undefined, agent: undefined };
  let link: CountingLink | undefined;
  try {
    const ready = await whenReady;
    const serve = (port: number) => startServer(`${join(folder, 'cloud')},${artifact},${port}`);
    const first = await serve(0);
    processes.server = first.child;
    link = await startCountingLink({ targetPort: first.port, bytesPerSecond: options.bytesPerSecond });
    const control = await openControlPlane(ready, THING);
    const world: World = { options, ready, link, control, processes, serve: () => serve(first.port) };
    const report = await download(world, sha256);
    control.close();
    return report;
  } finally {
    processes.agent?.signal('SIGKILL');
    processes.server?.kill('SIGKILL');
    await link?.close();
    await cloud.stop();
  }
}

interface Processes {
  server: ChildProcess | undefined;
  agent: AgentStart | undefined;
}

interface World {
  readonly options: DownloadOptions;
  readonly ready: CloudReady;
  readonly link: CountingLink;
  readonly control: ControlPlane;
  readonly processes: Processes;
  /** At the same port as before. */
  readonly serve: () => Promise<{ readonly child: ChildProcess }>;
}

async function download(world: World, sha256: string): Promise<DownloadReport> {
  const { options, link, control, processes } = world;
  const { bytes, folder } = options;
  const path = join(folder, 'downloaded', 'file');
  const begunMs = performance.now();
  processes.agent = await startAgent(world);
  const url = `https://localhost:${link.port}/artifact`;
  const write = ['mkdir', '-p', join(folder, 'downloaded')];
  await control.createJob(JOB, {
    steps: [
      { operation: 'run-command', parameters: { command: write } },
      { operation: 'download-file', parameters: { url, path, sha256, sizeBytes: bytes } },
    ],
  });
  const violations: string[] = [];
  const interruptions: { kind: Interruption; atBytes: number }[] = [];
  const over = untilOver(control);
  for (let turn = 1; turn <= options.interruptions; turn += 1) {
    const next = link.passed((bytes * turn) / (options.interruptions + 1)).then(() => 'reached');
    if ((await Promise.race([next, over])) !== 'reached') break;
    const kind = KINDS[(turn - 1) % KINDS.length] ?? 'link';
    interruptions.push({ kind, atBytes: link.passedBytes });
    await interrupt(kind, world);
  }
  const status = await over;
  const seconds = (performance.now() - begunMs) / 1000;
  if (interruptions.length < options.interruptions) {
    violations.push(`it was over after ${interruptions.length} of ${options.interruptions} interruptions`);
  }
  if (status !== 'SUCCEEDED') violations.push(`the job became ${status}`);
  else violations.push(...(await wrongContent(path, sha256)));
  const { passedBytes } = link;
  const allowed = allowedBytes(options);
  if (passedBytes > bytes + allowed) {
    violations.push(`${passedBytes - bytes} bytes more than the file has came over the link: ${allowed} are allowed`);
  }
  return { status, seconds, passedBytes, interruptions, violations };
}

/** 1 % of the file, and of a short one what an interruption may cost of a long one. */
function allowedBytes({ bytes, interruptions }: DownloadOptions): number {
  return Math.max(Math.floor(bytes / 100), interruptions * MIB);
}

async function interrupt(kind: Interruption, world: World): Promise<void> {
  const { link, processes } = world;
  switch (kind) {
    case 'server':
      await killed(processes.server);
      await sleep(DOWN_MS);
      processes.server = (await world.serve()).child;
      return;
    case 'link':
      if (link.cut(DOWN_MS) === 0) throw new Error('nothing was connected when the link was cut');
      return;
    case 'agent':
      await killAgentTree(processes.agent);
      processes.agent = await startAgent(world);
      return;
  }
}

/** At one moment, as far as can be: a handler host that is left would go on, and take the download with it. */
async function killAgentTree(agent: AgentStart | undefined): Promise<void> {
  if (agent === undefined) throw new Error('there is no agent');
  const children = await readFile(`/proc/${agent.pid}/task/${agent.pid}/children`, 'utf8');
  const hosts = children.split(' ').filter((pid) => pid !== '');
  if (hosts.length !== 1) throw new Error(`expected one handler host, got ${hosts.length}`);
  agent.signal('SIGKILL');
  for (const pid of hosts) process.kill(Number(pid), 'SIGKILL');
  await agent.ended;
}

function startAgent({ options, ready }: World): Promise<AgentStart> {
  const configPath = ready.things[THING]?.configPath ?? '';
  return startAgentProcess({ bundle: options.bundle, configPath });
}

async function killed(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined) throw new Error('there is no server');
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function startServer(argument: string): Promise<{ child: ChildProcess; port: number }> {
  const program = fileURLToPath(new URL('./bench.js', import.meta.url)); // this very file is bundled beside it
  const child = spawn(process.execPath, [program, '--artifact-server', argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, port: Number(line) };
}

async function untilOver(control: ControlPlane): Promise<string> {
  for (const begunMs = performance.now(); performance.now() - begunMs < LIMIT_MS; await sleep(250)) {
    const { status = '' } = await control.describe(JOB).catch(() => ({ status: 'QUEUED' })); // it may not be there yet
    if (status !== 'QUEUED' && status !== 'IN_PROGRESS') return status;
  }
  return `nothing within ${LIMIT_MS / 60_000} minutes`;
}

async function wrongContent(path: string, sha256: string): Promise<readonly string[]> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  const violations = hash.digest('hex') === sha256 ? [] : ['the file is not what the server has'];
  const names = await readdir(join(path, '..'));
  return names.length === 1 ? violations : [...violations, `left beside the file: ${names.join(', ')}`];
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
  await file.close();
  return hash.digest('hex');
}
