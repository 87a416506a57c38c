/**
 * One small file for each run that lives, so that a later agent process finds what an earlier one left. Neither synced
 * nor needed after a boot: it lies in a runtime folder, and a boot ends every process anyway.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from './process-table.ts';

export interface RunFile {
  readonly runId: string;
  /** Missing when the file is unreadable or from another boot: then there is no such process. */
  readonly leader: ProcessIdentity | undefined;
}

export interface RunFiles {
  /** Never throws: without the file the mark in the environment still finds the run. */
  write(runId: string, leader: ProcessIdentity): void;
  remove(runId: string): void;
  list(): readonly RunFile[];
}

export function createRunFiles(runsDir: string, bootId: string): RunFiles {
  const pathOf = (runId: string) => join(runsDir, `${runId}.json`);
  return {
    write(runId, { pid, startTime }) {
      ignoringErrors(() => {
        mkdirSync(runsDir, { recursive: true, mode: 0o700 });
        writeFileSync(pathOf(runId), JSON.stringify({ pid, startTime, bootId }), { mode: 0o600 });
      });
    },
    remove: (runId) => ignoringErrors(() => rmSync(pathOf(runId), { force: true })),
    list: () =>
      listNames(runsDir)
        .filter((name) => name.endsWith('.json'))
        .map((name) => ({ runId: name.slice(0, -'.json'.length), leader: readLeader(join(runsDir, name), bootId) })),
  };
}

function readLeader(path: string, bootId: string): ProcessIdentity | undefined {
  try {
    const file: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isRunFile(file) && file.bootId === bootId ? { pid: file.pid, startTime: file.startTime } : undefined;
  } catch {
    return undefined;
  }
}

/** A pid of 1, 0 or less would make a signal mean init, ourselves, or everybody. */
function isRunFile(file: unknown): file is ProcessIdentity & { readonly bootId: string } {
  if (typeof file !== 'object' || file === null) return false;
  const { pid, startTime, bootId } = file as Record<string, unknown>;
  return Number.isSafeInteger(pid) && Number(pid) > 1 && Number.isSafeInteger(startTime) && typeof bootId === 'string';
}

function listNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function ignoringErrors(action: () => void): void {
  try {
    action();
  } catch {
    // See `write`: the file is a help, not the proof.
  }
}
