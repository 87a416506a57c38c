/**
 * Ends every process of a run: TERM, a grace, then KILL until none is left.
 *
 * A process belongs to a run when it carries the run's mark in its environment, is in the leader's process group or
 * session, descends from one that belongs, or was seen to belong before. Who leaves the group and session keeps the mark;
 * who drops the mark (`env -i`) still has its parent. Only a process that does all at once, orphaned, in a new session
 * and with another environment, is not found; a cgroup is the remedy for that.
 *
 * Where there is no /proc (macOS) only the process group is ended.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type ProcessEntry, type ProcessTable, readProcess, readProcessTable, readRunMarker } from './process-table.ts';

/** By what the processes of a run are found. */
export interface RunTrace {
  readonly runId: string;
  /** The process that was started, with its start time where /proc has told it. */
  readonly leader: { readonly pid: number; readonly startTime: number | undefined } | undefined;
  /** The leader is our own child: its process group is the run's even after the leader's end. */
  readonly isOurChild: boolean;
}

export interface RunEnder {
  /** A later call can only shorten the grace. @returns the pids that outlived KILL: not ours to kill, or stuck. */
  end(graceMs: number): Promise<readonly number[]>;
}

/** KILL is repeated this long: new processes may have been forked meanwhile, and dying takes a moment. */
const KILL_FOR_MS = 5_000;
const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;

export function createRunEnder(trace: RunTrace): RunEnder {
  let killAtMs = Number.POSITIVE_INFINITY;
  let ending: Promise<readonly number[]> | undefined;
  return {
    end(graceMs) {
      killAtMs = Math.min(killAtMs, performance.now() + graceMs);
      ending ??= endMembers(trace, () => killAtMs);
      return ending;
    },
  };
}

/** Whether anything of a run lives. */
export function isRunAlive(trace: RunTrace): boolean {
  return livingOf(trace).length > 0;
}

/** @returns the pids of what lives of a run. */
export function livingOf(trace: RunTrace): readonly number[] {
  return createMemberFinder(trace)().map(({ pid }) => pid);
}

async function endMembers(trace: RunTrace, killAtMs: () => number): Promise<readonly number[]> {
  const findMembers = createMemberFinder(trace);
  const asked = new Set<string>();
  let pauseMs = SHORTEST_PAUSE_MS;
  let isKilling = false;
  for (;;) {
    const members = findMembers();
    if (members.length === 0) return [];
    const leftMs = killAtMs() - performance.now();
    if (leftMs < -KILL_FOR_MS) return members.map((member) => member.pid);
    if (leftMs <= 0 && !isKilling) pauseMs = SHORTEST_PAUSE_MS; // most are gone at once
    isKilling = leftMs <= 0;
    if (isKilling) signalWithGroup(trace, members, 'SIGKILL');
    else askToEnd(trace, members, asked);
    await delay(isKilling ? pauseMs : Math.min(pauseMs, Math.ceil(leftMs)));
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }
}

/**
 * TERM once to each: a second one means "at once" to many programs. Who appears later and has a living parent in the run
 * is left alone till KILL: it is what a program started on its way out, to clean up.
 */
function askToEnd(trace: RunTrace, members: readonly Member[], asked: Set<string>): void {
  const key = (member: Member) => `${member.pid} ${member.startTime}`;
  const living = new Set(members.map((member) => member.pid));
  if (asked.size === 0) signalWithGroup(trace, members, 'SIGTERM');
  else
    signalEach(
      members.filter((member) => !asked.has(key(member)) && !living.has(member.parentPid)),
      'SIGTERM',
    );
  for (const member of members) asked.add(key(member));
}

/** The group in one call, so that no shell goes on to its next command because only its child was hit. */
function signalWithGroup({ leader }: RunTrace, members: readonly Member[], signal: NodeJS.Signals): void {
  const others = members.filter((member) => member.groupId !== leader?.pid);
  if (leader !== undefined && others.length < members.length) sendSignal(-leader.pid, signal);
  signalEach(others, signal);
}

/** Each is looked at again right before its signal: its pid may be another's by now. */
function signalEach(members: readonly Member[], signal: NodeJS.Signals): void {
  for (const { pid, startTime } of members) if (readProcess(pid)?.startTime === startTime) sendSignal(pid, signal);
}

function sendSignal(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(target, signal);
  } catch {
    return false; // ESRCH: it is gone. EPERM: another user's; who cannot be ended is in the ender's answer.
  }
}

type Member = Pick<ProcessEntry, 'pid' | 'parentPid' | 'groupId'> & { readonly startTime: number | undefined };

/** A function that finds who lives of a run, and remembers whom it found: a parent's death must not hide the child. */
function createMemberFinder(trace: RunTrace): () => readonly Member[] {
  const seen = new Map<number, number>();
  const look = (): Look => {
    const table = readProcessTable();
    if (table === undefined) return { living: findGroup(trace), mayHaveMissed: false };
    const members = findInTable(trace, table, seen);
    for (const member of members) seen.set(member.pid, member.startTime);
    const living = members.filter((member) => !member.isOver);
    return { living, mayHaveMissed: table.hasGaps || members.length > living.length };
  };
  return () => {
    const first = look();
    return first.living.length === 0 && first.mayHaveMissed ? look().living : first.living;
  };
}

/** The table is not one moment: who was over when it was read may have forked after it was listed. */
interface Look {
  readonly living: readonly Member[];
  readonly mayHaveMissed: boolean;
}

function findGroup({ leader, isOurChild }: RunTrace): readonly Member[] {
  if (leader === undefined || !isOurChild || !sendSignal(-leader.pid, 0)) return [];
  return [{ pid: leader.pid, parentPid: process.pid, groupId: leader.pid, startTime: undefined }];
}

/** With those that are over and wait for their parents. */
function findInTable(trace: RunTrace, table: ProcessTable, seen: ReadonlyMap<number, number>): readonly ProcessEntry[] {
  const untouchable = selfAndAncestors(table);
  const notBefore = trace.leader?.startTime ?? 0; // nobody of a run is older than its leader
  const candidates = [...table.entries.values()].filter(
    (entry) => entry.startTime >= notBefore && !untouchable.has(entry.pid),
  );
  const isInGroup = groupTest(trace, table);
  const members = new Set(
    candidates.filter(
      (entry) =>
        seen.get(entry.pid) === entry.startTime || isInGroup(entry) || readRunMarker(entry.pid) === trace.runId,
    ),
  );
  // A set's iterator also visits what is added on the way, so grandchildren follow children.
  for (const member of members) {
    for (const entry of candidates) if (entry.parentPid === member.pid) members.add(entry);
  }
  return [...members];
}

/**
 * The kernel gives a pid to nobody else while a group or session of that number lives. So the group is the run's while
 * the leader lives, and afterwards for its parent, who saw it end; a later process cannot know, and leaves it alone.
 */
function groupTest({ leader, isOurChild }: RunTrace, table: ProcessTable): (entry: ProcessEntry) => boolean {
  if (leader === undefined) return () => false;
  const holder = table.entries.get(leader.pid);
  const isHeld = holder === undefined ? isOurChild : holder.startTime === leader.startTime;
  return (entry) => isHeld && (entry.groupId === leader.pid || entry.sessionId === leader.pid);
}

/** Never ended, whatever mark they carry: the agent may itself have been started by a job. */
function selfAndAncestors(table: ProcessTable): ReadonlySet<number> {
  const pids = new Set([1]);
  for (let pid: number | undefined = process.pid; pid !== undefined && !pids.has(pid); ) {
    pids.add(pid);
    pid = table.entries.get(pid)?.parentPid;
  }
  return pids;
}
