/**
 * The two folders an agent works in, made and locked: two agents in one of them would end each other's runs and take
 * each other's socket.
 *
 * Each thing and endpoint has a journal of its own: whoever changes the one or the other, by design or by mistake, and
 * changes it back, finds the results that were still to be told.
 */
import { createHash } from 'node:crypto';
import { access, constants, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { JournalBinding } from '../../ports/journal.ts';
import { JournalError } from '../../ports/journal.ts';
import { lockDirectory } from './directory-lock.ts';
import { makeDirectory } from './segment-file.ts';

export interface StateFolders {
  /** Where the journal of this thing and endpoint lies. */
  readonly journalDir: string;
  /** How many journals of other things or endpoints lie beside it. */
  readonly otherJournals: number;
  release(): Promise<void>;
}

export interface StateFoldersOptions {
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly binding: JournalBinding;
  readonly bootId: string;
}

/** A step that runs as another user passes through to a folder of its own; what else lies there is closed by itself. */
const FOLDER_MODE = 0o711;

/** @throws JournalError `JOURNAL_UNWRITABLE` or `JOURNAL_LOCKED`, naming setting and folder. Nothing is left locked. */
export async function openStateFolders(options: StateFoldersOptions): Promise<StateFolders> {
  const { stateDir, runtimeDir, binding, bootId } = options;
  const journals = join(stateDir, 'journal');
  const journalDir = join(journals, journalName(binding));
  const locks = [await openFolder('stateDir', stateDir, bootId)];
  const release = async () => {
    await Promise.all(locks.map((lock) => lock.release()));
  };
  try {
    if (resolve(runtimeDir) !== resolve(stateDir)) locks.push(await openFolder('runtimeDir', runtimeDir, bootId));
    const names = await readdir(journals).catch(() => []);
    return { journalDir, otherJournals: names.filter((name) => name !== basename(journalDir)).length, release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function openFolder(setting: string, folder: string, bootId: string) {
  try {
    await makeDirectory(folder, FOLDER_MODE);
    if (!(await stat(folder)).isDirectory()) throw new Error('it is a file');
    await access(folder, constants.W_OK | constants.X_OK);
    return await lockDirectory(folder, bootId);
  } catch (error) {
    if (error instanceof JournalError) throw new JournalError(error.code, `${setting}: ${error.message}`);
    const { message } = error as Error;
    throw new JournalError('JOURNAL_UNWRITABLE', `${setting}: the folder ${folder} cannot be used: ${message}`, {
      cause: error,
    });
  }
}

function journalName({ thingName, endpoint }: JournalBinding): string {
  return createHash('sha256')
    .update(JSON.stringify([thingName, endpoint]))
    .digest('hex')
    .slice(0, 16);
}
