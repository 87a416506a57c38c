/** Memory and time of a process with all it started, proc_pid_smaps(5) and proc_pid_stat(5). */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Memory {
  /** Resident, summed over the processes: what they share is counted in each. */
  readonly rssKiB: number;
  /** What they share is counted once, in parts. */
  readonly pssKiB: number;
}

const EVERY_MS = 50;

export async function memoryOfTree(pid: number): Promise<Memory> {
  const pids = await treeOf(pid);
  const all = await Promise.all(pids.map(memoryOf));
  const sum = (name: keyof Memory) => all.reduce((total, one) => total + one[name], 0);
  return { rssKiB: sum('rssKiB'), pssKiB: sum('pssKiB') };
}

/** The largest of each, seen by looking every 50 ms. */
export function watchPeak(pid: number): { stop(): Promise<Memory> } {
  let peak: Memory = { rssKiB: 0, pssKiB: 0 };
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const { rssKiB, pssKiB } = await memoryOfTree(pid);
      peak = { rssKiB: Math.max(peak.rssKiB, rssKiB), pssKiB: Math.max(peak.pssKiB, pssKiB) };
      await sleep(EVERY_MS);
    }
  })();
  return {
    async stop() {
      isOver = true;
      await watching;
      return peak;
    },
  };
}

/** Needs CONFIG_PROC_CHILDREN, as Debian and Raspberry Pi OS have it. */
async function treeOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const children = text.split(' ').filter((word) => word !== '');
  const below = await Promise.all(children.map((child) => treeOf(Number(child))));
  return [pid, ...below.flat()];
}

/** Nothing of a process that is gone. */
async function memoryOf(pid: number): Promise<Memory> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);
  return { rssKiB: kibibytes('Rss'), pssKiB: kibibytes('Pss') };
}

/** proc_pid_stat(5), in USER_HZ, which is 100 on every architecture that Linux has (man 7 time). */
const TICKS_A_SECOND = 100;

/** User and system time of it, and of its children that have ended. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' '); // from field 3 on; 14 to 17 are the times
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_A_SECOND;
}
