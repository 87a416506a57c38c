/**
 * Removes folders that were given to another user. Root must not go through one by path: whoever owns a folder can put a
 * link in the place of what root has just looked at, and root would follow it and remove what it leads to. So what is in
 * such a folder is removed as its owner, who can remove nothing there that is not the owner's anyway.
 */
import { execFile } from 'node:child_process';
import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Passed through to a folder of one's own, but not listed. */
const PASSAGE_MODE = 0o711;
/** For a folder with very much in it on a slow card. */
const REMOVE_TIMEOUT_MS = 60_000;

/** One that is not there is removed. @throws the system's error, such as ENOTEMPTY when its owner goes on filling it. */
export async function removeFolder(path: string): Promise<void> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts === undefined) return;
  if (isOurs(facts) || !facts.isDirectory()) {
    await rm(path, { recursive: true, force: true });
    return;
  }
  await emptyAsOwner(path, facts);
  if (await isGone(path)) return;
  // What is left is not the owner's: an earlier step ran as somebody else. From here on the owner cannot change it.
  await takeOver(path);
  for (const name of await readdir(path)) await removeFolder(join(path, name));
  await rmdir(path);
}

/** Only root can be anybody; to any other user every folder that can be removed is as good as its own. */
function isOurs({ uid }: Stats): boolean {
  return process.getuid === undefined || process.getuid() !== 0 || uid === 0;
}

async function emptyAsOwner(path: string, { uid, gid }: Stats): Promise<void> {
  const asOwner = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups', '--no-new-privs', '--'];
  const options = { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, cwd: '/', timeout: REMOVE_TIMEOUT_MS };
  const run = (...command: string[]) =>
    promisify(execFile)('setpriv', [...asOwner, ...command], options).catch(() => undefined);
  // A folder without permissions cannot be looked into, not even to empty it. `rm` fails in the end at the folder itself,
  // which lies in one of ours; whether it did its work is seen afterwards.
  await run('chmod', '-R', 'u+rwX', '--', path);
  await run('rm', '-rf', '--', path);
}

async function isGone(path: string): Promise<boolean> {
  return rmdir(path).then(
    () => true,
    () => false,
  );
}

async function takeOver(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await handle.chown(0, 0);
    await handle.chmod(PASSAGE_MODE);
  } finally {
    await handle.close();
  }
}
