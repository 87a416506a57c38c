/** Gives a new file what the one it replaces has besides its content. */
import type { FileHandle } from 'node:fs/promises';
import { stat } from 'node:fs/promises';
import { runProgram } from '../../agent/handler-api.ts';

/**
 * Owner, permissions, access lists, security context and extended attributes: Node.js has no functions for these, cp(1) of
 * the GNU system has. Another cp, such as busybox's, knows no `--attributes-only`: then owner and permissions alone.
 * @throws Error when the file would end up with another owner or other permissions.
 */
export async function makeLikeOld(oldPath: string, file: FileHandle, signal: AbortSignal): Promise<void> {
  const place = `/proc/${process.pid}/fd/${file.fd}`;
  const copied = await runProgram(['cp', '--attributes-only', '--preserve=all', '--', oldPath, place], { signal });
  const old = await stat(oldPath);
  if (copied.exitCode !== 0) {
    await file.chown(old.uid, old.gid).catch(() => undefined); // what came of it is looked at below
  }
  await file.chmod(old.mode & PERMISSIONS);
  const now = await file.stat();
  if (now.uid !== old.uid || now.gid !== old.gid) {
    throw new Error(`its owner is user ${old.uid}, group ${old.gid}, and only root can give a new file to these`);
  }
}

const PERMISSIONS = 0o777;
