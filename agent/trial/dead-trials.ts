/**
 * What a trial left that was killed by SIGKILL: its folder, and processes of its handlers. Removed is only what is ours, was
 * made for a trial and is held by nobody: a folder that was to be kept, or that was given, has another name.
 */
import { lstat, readdir, readlink, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOCK, lockDirectory } from '../adapters/journal/directory-lock.ts';
import { createDirectChildRunner } from '../adapters/process/direct-child.ts';
import { removeTree } from '../files/remove-tree.ts';
import { listRunFolders } from '../runs/run-folder.ts';

/** mkdtemp(3) adds six characters. */
export const TRIAL_FOLDER = 'job-agent-';
const NAME = /^job-agent-[A-Za-z0-9]{6}$/;
/** A link that says in which PID namespace its maker lives: one of another seems dead to us. */
const NAMESPACE = 'pid-namespace';

/** To be called for each folder of that name before it is locked. */
export async function markTrialFolder(folder: string): Promise<void> {
  await symlink(await ownNamespace(), join(folder, NAMESPACE));
}

/** Never rejects: what cannot be removed stays, and is tried again by the next trial. */
export async function clearDeadTrials(bootId: string): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names.filter((name) => NAME.test(name))) {
    await clearIfDead(join(tmpdir(), name), bootId).catch(() => undefined);
  }
}

async function clearIfDead(folder: string, bootId: string): Promise<void> {
  const facts = await lstat(folder);
  if (!facts.isDirectory() || facts.uid !== process.geteuid?.()) return;
  if ((await readlink(join(folder, NAMESPACE))) !== (await ownNamespace())) return;
  await lstat(join(folder, LOCK)); // one that is just being made has none yet, and one that is let go of has none any more
  await lockDirectory(folder, bootId); // not where its holder lives
  const runtimeDir = join(folder, 'run');
  const runIds = await listRunFolders(runtimeDir);
  const runner = createDirectChildRunner({ runsDir: join(runtimeDir, 'runs') });
  await runner.endLeftovers((runId) => runIds.includes(runId), 0);
  await removeTree(folder);
}

/** Such as `pid:[4026531836]`, pid_namespaces(7). */
function ownNamespace(): Promise<string> {
  return readlink('/proc/self/ns/pid');
}
