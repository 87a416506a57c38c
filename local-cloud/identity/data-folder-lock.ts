/**
 * Keeps two job-clouds from one data folder: each would overwrite the jobs of the other. A file says who holds it; one whose
 * holder has ended is taken over. Processes that do not see each other, such as in two containers, are not kept apart.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../start-error.ts';

export interface DataFolderLock {
  release(): Promise<void>;
}

const LOCK = 'job-cloud.lock';

/** @throws StartError that names the holder. */
export async function lockDataFolder(folder: string): Promise<DataFolderLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, LOCK);
  const me = await describeProcess(process.pid);
  for (;;) {
    try {
      await writeFile(path, me, { flag: 'wx', mode: 0o600 });
      return { release: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await readFile(path, 'utf8').catch(() => '');
    if (holder !== '' && (await isAlive(holder))) {
      const [pid] = holder.split(' ');
      throw new StartError(`${folder} is in use by job-cloud, process ${pid}; end it, or name another --data-dir`, 1);
    }
    await removeDead(path, holder);
  }
}

/** Only the file that was read: whoever was faster has made a new one meanwhile, and keeps it. */
async function removeDead(path: string, holder: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  await rename(path, aside).catch(() => undefined);
  if ((await readFile(aside, 'utf8').catch(() => holder)) !== holder) await rename(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function isAlive(holder: string): Promise<boolean> {
  const pid = Number(holder.split(' ')[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return holder === (await describeProcess(pid));
}

/** The id, and when it began (proc_pid_stat(5), field 22), by which an id that is used again is another one. */
async function describeProcess(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const began = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3] ?? '';
  return `${pid} ${began}`;
}
