/** What /proc says about processes (proc(5)). Where there is no /proc, such as on macOS, every answer is `undefined`. */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { RUN_ID_VARIABLE } from '../../ports/process-runner.ts';

/** A pid alone is reused sooner or later; together with its start time it names one process of this boot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat: clock ticks from the boot to the start of the process. */
  readonly startTime: number;
}

export interface ProcessEntry extends ProcessIdentity {
  readonly parentPid: number;
  readonly groupId: number;
  readonly sessionId: number;
  /** Zombie or dead: it has ended and only waits for its parent to ask. No signal reaches it. */
  readonly isOver: boolean;
}

export interface ProcessTable {
  readonly entries: ReadonlyMap<number, ProcessEntry>;
  /** Somebody vanished between being listed and being read, and may have forked in between. */
  readonly hasGaps: boolean;
}

/** Everything that runs now, or `undefined` without /proc. */
export function readProcessTable(): ProcessTable | undefined {
  const pids = listPids();
  if (pids === undefined) return undefined;
  const entries = new Map<number, ProcessEntry>();
  for (const pid of pids) {
    const entry = readProcess(pid);
    if (entry !== undefined) entries.set(pid, entry);
  }
  return { entries, hasGaps: entries.size < pids.length };
}

/** One process, or `undefined` when it is gone, hidden from us, or there is no /proc. */
export function readProcess(pid: number): ProcessEntry | undefined {
  const stat = readStat(pid);
  if (stat === undefined) return undefined;
  // The name stands in parentheses and may hold spaces and parentheses itself: count from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parentPid, groupId, sessionId] = fields;
  const startTime = fields[19];
  if (state === undefined || startTime === undefined) return undefined;
  return {
    pid,
    startTime: Number(startTime),
    parentPid: Number(parentPid),
    groupId: Number(groupId),
    sessionId: Number(sessionId),
    isOver: state === 'Z' || state === 'X',
  };
}

/**
 * The run a process was started for, by the environment it was started with. Missing when the process was started with
 * another environment (`env -i`), wrote over it (setproctitle), or belongs to a user we may not look at.
 */
export function readRunMarker(pid: number): string | undefined {
  const environ = readEnviron(pid);
  const prefix = `${RUN_ID_VARIABLE}=`;
  return environ
    ?.split('\0')
    .find((variable) => variable.startsWith(prefix))
    ?.slice(prefix.length);
}

function listPids(): readonly number[] | undefined {
  try {
    const names = readdirSync('/proc');
    return names.includes('self') ? names.filter((name) => /^[0-9]+$/.test(name)).map(Number) : undefined;
  } catch {
    return undefined;
  }
}

/** proc(5) gives a stat whole in one read; it is some 300 bytes long. */
const statBuffer = Buffer.alloc(4096);

/** Latin-1, because a process may give itself any name; `undefined` when it is gone. */
function readStat(pid: number): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(`/proc/${pid}/stat`, 'r');
    return statBuffer.toString('latin1', 0, readSync(file, statBuffer));
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function readEnviron(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return undefined;
  }
}
