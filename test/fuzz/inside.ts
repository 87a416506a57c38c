/** In the sandbox: an agent takes one document after the other, and after each everything is looked at. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeSegment, recoverSegments, SEGMENT_NAMES } from '../../agent/adapters/journal/recover-segments.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import { type AgentStart, startAgentProcess } from '../chaos/agent-start.ts';
import { createRandom } from '../power/random.ts';
import { drawDocument, type FuzzedDocument } from './draw-document.ts';
import type { Drawing } from './draw-parameters.ts';
import { type FuzzCloud, type FuzzServers, startFuzzCloud, startFuzzServers, THING } from './fuzz-cloud.ts';
import { isKept, judge, type Observed } from './oracle.ts';
import { KEPT_BY_OPERATIONS, PLACES } from './places.ts';
import { type CallsReader, openCalls } from './program-calls.ts';
import { changedPaths, readTrees, restoreFolder, type TreeFacts } from './watched-trees.ts';

export interface InsideOptions {
  readonly documents: number;
  readonly seed: number;
  readonly first: number;
  /** End at the first violation. */
  readonly stopAtFirst: boolean;
}

/** One line of what it prints. */
export type InsideLine =
  | {
      readonly document: number;
      readonly kind: string;
      readonly text: string;
      readonly status: string;
      readonly reasonCode: string;
      readonly operations: readonly string[];
      readonly ms: number;
    }
  | {
      readonly violation: string;
      readonly document: number;
      readonly text: string;
      readonly details: Readonly<Record<string, string>>;
      readonly log: readonly unknown[];
    }
  | { readonly agentKib: number };

/** No document takes longer, its own time limits included; one that does is cancelled, and then it has to end. */
const ENDS_WITHIN_MS = 40_000;
const CANCELLED_WITHIN_MS = 15_000;
/** What was killed is gone soon after; what is not is left over. */
const GONE_WITHIN_MS = 3_000;

const WATCHED = [
  PLACES.allowed,
  PLACES.uploads,
  PLACES.handlers,
  PLACES.moreHandlers,
  PLACES.applications,
  PLACES.units,
];

export async function runInside(options: InsideOptions, print: (line: InsideLine) => void): Promise<void> {
  furnish();
  const cloud = await startFuzzCloud(PLACES.cloud);
  const servers = await startFuzzServers();
  const agent = await startAgent(cloud);
  const world: World = {
    cloud,
    servers,
    agent,
    calls: openCalls(PLACES.calls),
    before: readTrees(WATCHED),
    told: new Set(),
  };
  const examples = JSON.parse(readFileSync(PLACES.examples, 'utf8')) as Readonly<Record<string, JsonObject>>;
  let count = 0;
  for (let number = options.first; number < options.first + options.documents; number += 1) {
    const random = createRandom(options.seed * 1_000_003 + number);
    const drawing: Drawing = { random, servers, examples, count: () => (count += 1) };
    const violations = await tryDocument(world, { number, document: drawDocument(drawing) }, print);
    if (violations > 0 && options.stopAtFirst) break;
  }
  print({ agentKib: residentKib(agent.pid) });
  world.calls.close();
  agent.signal('SIGKILL');
}

interface World {
  readonly cloud: FuzzCloud;
  readonly servers: FuzzServers;
  readonly agent: AgentStart;
  readonly calls: CallsReader;
  /** Written elsewhere by a document before: told once. */
  readonly told: Set<string>;
  /** What the watched folders are like before a document. */
  before: TreeFacts;
}

/** What is there for the documents to find. */
function furnish(): void {
  for (const folder of [
    PLACES.cloud,
    PLACES.state,
    PLACES.runtime,
    `${PLACES.allowed}/folder`,
    `${PLACES.allowed}/deep`,
    PLACES.uploads,
  ]) {
    mkdirSync(folder, { recursive: true });
  }
  for (const folder of [PLACES.allowed, PLACES.uploads]) {
    writeFileSync(join(folder, 'there.txt'), 'was here before\n');
    writeFileSync(join(folder, 'report.txt'), 'a report\n');
    symlinkSync('/etc/hostname', join(folder, 'link.txt'));
    symlinkSync('/etc/passwd', join(folder, 'link-out'));
  }
  writeFileSync(PLACES.calls, '');
  chmodSync(PLACES.calls, 0o666);
  for (const folder of WATCHED)
    cpSync(folder, copyOf(folder), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
}

function copyOf(folder: string): string {
  return `${folder}.copy`;
}

async function startAgent(cloud: FuzzCloud): Promise<AgentStart> {
  const agent = await startAgentProcess({
    bundle: PLACES.bundle,
    configPath: cloud.configPath,
    env: {
      JOB_AGENT_STATE_DIR: PLACES.state,
      JOB_AGENT_RUNTIME_DIR: PLACES.runtime,
      JOB_AGENT_HANDLERS_DIR: PLACES.handlers,
      JOB_AGENT_HANDLER_PATHS: PLACES.moreHandlers,
      JOB_AGENT_RUN_AS_USERS: 'nobody',
      JOB_AGENT_UPLOAD_FOLDERS: PLACES.uploads,
      JOB_AGENT_INSECURE_DOWNLOAD_HOSTS: '127.0.0.1',
      JOB_AGENT_REBOOT_COMMAND: '/usr/local/sbin/fuzz-reboot',
      JOB_AGENT_SHUTDOWN_COMMAND: '/usr/local/sbin/fuzz-reboot',
    },
  });
  const ended = agent.ended.then(({ exitCode, stderr }) => {
    throw new Error(`the agent did not start: ${exitCode} ${stderr} ${JSON.stringify(agent.log)}`);
  });
  await Promise.race([agent.connected, ended]);
  ended.catch(() => undefined);
  return agent;
}

interface NumberedDocument {
  readonly number: number;
  readonly document: FuzzedDocument;
}

async function tryDocument(
  world: World,
  { number, document }: NumberedDocument,
  print: (line: InsideLine) => void,
): Promise<number> {
  const jobId = `fuzz-${number}`;
  const beganMs = performance.now();
  try {
    world.cloud.createJob(jobId, document.text);
  } catch (error) {
    print({
      document: number,
      kind: document.kind,
      text: document.text,
      status: 'not created',
      reasonCode: (error as Error).message.slice(0, 80),
      operations: [],
      ms: 0,
    });
    return 0;
  }
  const trappedBefore = world.servers.trapped();
  const ended = await untilEnded(world, jobId);
  const status = typeof ended === 'string' ? ended : ended.status;
  const details = typeof ended === 'string' ? {} : ended.details;
  const violations =
    typeof ended === 'string'
      ? [ended]
      : judge(document, { ...(await look(world)), ended, trapped: world.servers.trapped() - trappedBefore });
  const all = [...violations, ...journalProblems(world.cloud.endpoint)];
  const ms = Math.round(performance.now() - beganMs);
  print({
    document: number,
    kind: document.kind,
    text: document.text,
    status,
    reasonCode: details.reasonCode ?? '',
    operations: operationsIn(document.text),
    ms,
  });
  for (const violation of all)
    print({ violation, document: number, text: document.text, details, log: world.agent.log.slice(-30) });
  if (typeof ended === 'string') throw new Error(`cannot go on: ${ended}`);
  return all.length;
}

/** @returns what is wrong where it does not end, or the agent does. */
async function untilEnded({ cloud, agent }: World, jobId: string) {
  const over = cloud.ended(jobId);
  const gone = agent.ended.then(
    ({ exitCode, signal, stderr }) => `the agent ended: ${exitCode ?? signal} ${stderr.slice(-2000)}`,
  );
  const within = (ms: number) => delay(ms, undefined, { ref: false });
  const first = await Promise.race([over, gone, within(ENDS_WITHIN_MS)]);
  if (first !== undefined) return first;
  cloud.cancel(jobId);
  return (
    (await Promise.race([over, gone, within(CANCELLED_WITHIN_MS)])) ?? 'it does not end, not even when it is cancelled'
  );
}

async function look(world: World): Promise<Omit<Observed, 'ended' | 'trapped'>> {
  const { agent, calls } = world;
  const processes = await untilGone(() => otherProcesses(agent.pid));
  const kept = KEPT_BY_OPERATIONS.filter((folder) => existsSync(folder)).flatMap((folder) =>
    entriesWithin([folder]).slice(1),
  );
  const isLeft = (path: string) => !isKept(path) && !kept.includes(path);
  const leftFolders = await untilGone(() => entriesWithin([PLACES.state, PLACES.runtime]).filter(isLeft));
  for (const folder of KEPT_BY_OPERATIONS) rmSync(folder, { recursive: true, force: true });
  const changed = changedPaths(world.before, readTrees(WATCHED));
  if (changed.length > 0) {
    for (const folder of WATCHED) restoreFolder(folder, copyOf(folder));
    world.before = readTrees(WATCHED);
  }
  const elsewhere = entriesWithin([PLACES.elsewhere])
    .slice(1)
    .filter((path) => !world.told.has(path));
  for (const path of elsewhere) world.told.add(path);
  return {
    calls: calls.read(),
    changed: [...changed, ...kept],
    elsewhere,
    processes,
    leftFolders,
  };
}

async function untilGone(find: () => readonly string[]): Promise<readonly string[]> {
  const endMs = performance.now() + GONE_WITHIN_MS;
  for (;;) {
    const found = find();
    if (found.length === 0 || performance.now() > endMs) return found;
    await delay(5);
  }
}

function entriesWithin(folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => [...readTrees([folder]).keys()]);
}

/** Command lines of all but the shell that is process 1, this process and the agent. Zombies have ended. */
function otherProcesses(agentPid: number): readonly string[] {
  const pids = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && ![1, process.pid, agentPid].includes(Number(name)),
  );
  return pids.flatMap((pid) => {
    try {
      const isDead = /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      return isDead ? [] : [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
    } catch {
      return []; // gone meanwhile
    }
  });
}

/** The journal as a start after a power cut would find it. */
function journalProblems(endpoint: string): readonly string[] {
  const folders = readdirSync(join(PLACES.state, 'journal'));
  if (folders.length !== 1) return [`there are ${folders.length} journals`];
  const images = SEGMENT_NAMES.map((name) => readFileSync(join(PLACES.state, 'journal', folders[0] ?? '', name)));
  const [first = 'absent', second = 'absent'] = images;
  const binding = { thingName: THING, endpoint };
  const { status } = recoverSegments([decodeSegment(first), decodeSegment(second)], { binding, keepFinished: 1000 });
  return status === 'read' ? [] : [`the journal cannot be read: ${status}`];
}

function residentKib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
}

function operationsIn(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/"operation":\s*"([a-z-]+)"/g)].map(([, name = '']) => name))];
}
