/**
 * Keeps two agents from one folder, without native code: a symbolic link that points at nothing but says who holds it.
 * A link is made whole or not at all, so nobody ever reads half a lock.
 *
 * A dead holder is succeeded, not removed (whoever removes may hit the lock of one who was faster): the successor makes
 * the link `journal.lock.after-<dead holder>`, which only one can, and is the holder if the chain from `journal.lock`
 * ends with it. Then it moves its own link to the chain's head and clears the rest.
 *
 * Limits: processes in different PID namespaces (two containers on one volume) do not see each other and are not kept
 * apart. It needs a file system with symbolic links (not FAT).
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, readlink, rename, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { JournalError } from '../../ports/journal.ts';

export interface DirectoryLock {
  release(): Promise<void>;
}

/** Name of the link of a folder's holder. */
export const LOCK = 'journal.lock';
const SUCCESSOR = `${LOCK}.after-`;
/** Of the fields behind the command name in /proc/<pid>/stat: proc_pid_stat(5) counts state as 3 and starttime as 22. */
const STATE_FIELD = 0;
const START_TIME_FIELD = 22 - 3;

/**
 * @param bootId a holder from another boot is dead.
 * @throws JournalError `JOURNAL_LOCKED` naming the holder; the system's error where no link can be made.
 */
export async function lockDirectory(dir: string, bootId: string): Promise<DirectoryLock> {
  const me = `${process.pid}:${(await startTimeOf(process.pid)) ?? 0}:${bootId}`;
  const head = join(dir, LOCK);
  for (;;) {
    const claim = await claimEndOfChain(dir, me, bootId);
    const end = await endOfChain(dir);
    if (end?.path !== claim) {
      // The chain was changed meanwhile, by one who holds it or has let it go: begin again.
      await unlink(claim).catch(() => undefined);
      continue;
    }
    if (claim !== head) {
      await moveToHead(dir, claim, me);
    }
    return { release: () => unlock(head, me) };
  }
}

/** On a disk that has become read-only the link stays: its holder is dead then, and is succeeded like any other. */
async function unlock(head: string, me: string): Promise<void> {
  try {
    if ((await readLink(head)) === me) await unlink(head);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EROFS', 'EIO', 'ENOSPC'].includes(code)) throw error;
  }
}

/** @returns the path of our link. */
async function claimEndOfChain(dir: string, me: string, bootId: string): Promise<string> {
  for (let path = join(dir, LOCK); ; ) {
    try {
      await symlink(me, path);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw error;
      }
    }
    const holder = await readLink(path);
    if (holder !== undefined && (await isAlive(holder, bootId))) {
      const pid = holder.split(':')[0];
      throw new JournalError(
        'JOURNAL_LOCKED',
        `${dir} is in use by process ${pid}; stop it, or give each agent folders of its own`,
      );
    }
    path = holder === undefined ? join(dir, LOCK) : successorOf(dir, holder);
  }
}

async function endOfChain(dir: string): Promise<{ path: string } | undefined> {
  let end: { path: string } | undefined;
  for (let path = join(dir, LOCK); ; ) {
    const holder = await readLink(path);
    if (holder === undefined) {
      return end;
    }
    end = { path };
    path = successorOf(dir, holder);
  }
}

/** First the head, then the rest away: one who walks the chain meets us on either way. */
async function moveToHead(dir: string, claim: string, me: string): Promise<void> {
  const mine = `${claim}.mine`;
  await unlink(mine).catch(() => undefined);
  await symlink(me, mine);
  await rename(mine, join(dir, LOCK));
  for (const name of await readdir(dir)) {
    if (name.startsWith(SUCCESSOR)) {
      await unlink(join(dir, name)).catch(() => undefined);
    }
  }
}

function successorOf(dir: string, holder: string): string {
  return join(dir, SUCCESSOR + createHash('sha256').update(holder).digest('hex').slice(0, 16));
}

async function isAlive(holder: string, bootId: string): Promise<boolean> {
  const [pid = '', startTime] = holder.split(':', 2);
  if (holder !== `${pid}:${startTime}:${bootId}`) {
    return false;
  }
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') {
      return false;
    }
  }
  // Where /proc hides another user's process, a process with that number is taken for the holder.
  const found = await startTimeOf(Number(pid));
  return found === undefined || found === startTime;
}

/** @returns `zombie` for a process that has ended but has not been waited for; nothing where /proc does not say. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[STATE_FIELD] === 'Z' ? 'zombie' : fields[START_TIME_FIELD];
}

async function readLink(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}
