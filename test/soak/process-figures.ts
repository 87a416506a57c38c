/** What the kernel knows of a process, proc(5). */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ProcessFigures {
  readonly rssBytes: number;
  readonly descriptors: number;
  readonly threads: number;
  /** Zombies among them. */
  readonly children: number;
  readonly zombies: number;
}

export function processFigures(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
  const states = childStates(pid);
  return {
    rssBytes: field('VmRSS') * 1_024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: field('Threads'),
    children: states.length,
    zombies: states.filter((state) => state === 'Z').length,
  };
}

/** The bytes of every file below a folder. */
export function folderBytes(folder: string): number {
  return namesIn(folder).reduce((sum, name) => {
    const path = join(folder, name);
    const facts = lstatSync(path, { throwIfNoEntry: false });
    if (facts === undefined) return sum; // gone meanwhile
    return sum + (facts.isDirectory() ? folderBytes(path) : facts.size);
  }, 0);
}

function childStates(pid: number): readonly string[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => /^\d+ \(.*\) (\S) (\d+) /s.exec(readStat(name)))
    .filter((stat) => stat?.[2] === String(pid))
    .map((stat) => stat?.[1] ?? '');
}

function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return ''; // it is gone
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // gone meanwhile
  }
}
