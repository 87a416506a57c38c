/** Folders of their own for jobs that are tried: a daemon beside them is not disturbed, and nothing is left of them. */
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openStateFolders } from '../adapters/journal/state-folders.ts';
import { removeTree } from '../files/remove-tree.ts';
import { JournalError } from '../ports/journal.ts';
import { markTrialFolder, TRIAL_FOLDER } from './dead-trials.ts';

export interface TrialFolders {
  readonly stateDir: string;
  readonly runtimeDir: string;
  /** Unlocks them; and removes them where they were made for this. */
  release(): Promise<void>;
}

export interface TrialFoldersOptions {
  /** A folder to work in and to leave there; without it a new one. */
  readonly stateDir?: string | undefined;
  readonly keep: boolean;
  readonly bootId: string;
}

/** A step may run as another user, who passes through to a folder of its own. */
const PASSAGE_MODE = 0o711;

/** @throws JournalError when the folder cannot be used, or another agent works in it. */
export async function openTrialFolders({ stateDir: given, keep, bootId }: TrialFoldersOptions): Promise<TrialFolders> {
  const stateDir = given === undefined ? await makeTemporaryFolder(keep) : resolve(given);
  if (given === undefined) await chmod(stateDir, PASSAGE_MODE);
  const runtimeDir = join(stateDir, 'run');
  const folders = await openStateFolders({
    stateDir,
    runtimeDir,
    binding: { thingName: 'trial', endpoint: 'none' },
    bootId,
  });
  return {
    stateDir,
    runtimeDir,
    async release() {
      await folders.release();
      // What is left has been told as what the job left, and must not hide how the job ended.
      if (given === undefined && !keep) await removeTree(stateDir).catch(() => undefined);
    },
  };
}

async function makeTemporaryFolder(keep: boolean): Promise<string> {
  try {
    const folder = await mkdtemp(join(tmpdir(), keep ? `${TRIAL_FOLDER}kept-` : TRIAL_FOLDER));
    if (!keep) await markTrialFolder(folder);
    return folder;
  } catch (error) {
    const reason = `no folder can be made in ${tmpdir()} (TMPDIR in the environment names another): ${(error as Error).message}`;
    throw new JournalError('JOURNAL_UNWRITABLE', reason, { cause: error });
  }
}
