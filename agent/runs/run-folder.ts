/**
 * The files of a run. What a run needs while it runs is in `runtimeDir` and goes with it; what must outlive a reboot,
 * the working folder and the checkpoint, is in `stateDir` until the execution is closed.
 */
import { constants } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ExecutionId, executionId } from '../core/job-execution.ts';
import { removeTree } from '../files/remove-tree.ts';
import type { UserAccount } from '../ports/user-database.ts';
import type { StepRun } from './step-runner.ts';

export interface RunFolder {
  readonly workDir: string;
  readonly documentFile: string;
  readonly resultFile: string;
  readonly checkpointFile: string;
  readonly statusFile: string;
  /** The status file, held open from before the handler could touch it: its path may come to mean something else. */
  readonly status: FileHandle;
  /** Removes what is in `runtimeDir`. */
  remove(): Promise<void>;
}

export interface RunFolderOptions {
  readonly stateDir: string;
  readonly runtimeDir: string;
  /** Who runs it; what the run writes belongs to that user. */
  readonly account: UserAccount;
  /** Whether a checkpoint of an earlier attempt is kept for this one. */
  readonly keepCheckpoint: boolean;
}

/** Others may pass through, to a folder of theirs whose name they know, and see nothing. */
const PASSAGE_MODE = 0o711;
const PRIVATE_MODE = 0o700;
const FILE_MODE = 0o600;
const RUN_FOLDER_END = '.d';
const DOCUMENT_FILE = 'document.json';
const STATUS_FILE = 'status';
const KEPT_FOLDERS = ['work', 'checkpoints'];
const SAFE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
/** As the core names executions, whatever the job is called: nothing else is ours to remove. */
const EXECUTION_ID = /\.\d+\.\d+$/;

/** @throws the system's error, such as ENOSPC; then nothing was started. */
export async function createRunFolder(run: StepRun, options: RunFolderOptions): Promise<RunFolder> {
  const { stateDir, runtimeDir, account } = options;
  const id = safeName(executionId(run.execution));
  const folder = runFolderPath(runtimeDir, run.runId);
  await makePassages(join(runtimeDir, 'runs'), join(stateDir, 'work'), join(stateDir, 'checkpoints', id));
  const { workDir, checkpointFile } = keptPaths(stateDir, run);
  await makePrivate(workDir, account);
  await makePrivate(dirname(checkpointFile), account);
  if (!options.keepCheckpoint) await rm(checkpointFile, { force: true });
  await removeTree(folder);
  const status = await fillRunFolder(folder, run, account).catch(async (error) => {
    await removeTree(folder);
    throw error;
  });
  return {
    workDir,
    documentFile: join(folder, DOCUMENT_FILE),
    resultFile: join(folder, 'result.json'),
    checkpointFile,
    statusFile: join(folder, STATUS_FILE),
    status,
    async remove() {
      await status.close();
      await removeTree(folder).catch(() => undefined); // the next start of the agent tries again
    },
  };
}

/**
 * A folder of the agent's own for what is no run of a job, and found like one after a crash. @param id unique, safe in a
 * file name. @throws the system's error.
 */
export async function createPrivateRunFolder(
  runtimeDir: string,
  id: string,
): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = runFolderPath(runtimeDir, id);
  await makePassages(join(runtimeDir, 'runs'));
  await mkdir(path, { mode: PRIVATE_MODE });
  return { path, remove: () => removeTree(path).catch(() => undefined) }; // the next start of the agent tries again
}

/** What outlives the runs of a step. */
export function keptPaths(
  stateDir: string,
  { execution, stepIndex }: Pick<StepRun, 'execution' | 'stepIndex'>,
): Pick<RunFolder, 'workDir' | 'checkpointFile'> {
  const id = safeName(executionId(execution));
  return {
    workDir: join(stateDir, 'work', id),
    checkpointFile: join(stateDir, 'checkpoints', id, `step-${stepIndex}`, 'checkpoint.json'),
  };
}

/** What an earlier agent process left. @returns the run ids that have a folder. */
export async function listRunFolders(runtimeDir: string): Promise<readonly string[]> {
  const names = await readdir(join(runtimeDir, 'runs')).catch(() => []);
  return names.filter((name) => name.endsWith(RUN_FOLDER_END)).map((name) => name.slice(0, -RUN_FOLDER_END.length));
}

/** @throws the system's error. */
export async function removeRunFolder(runtimeDir: string, runId: string): Promise<void> {
  await removeTree(runFolderPath(runtimeDir, runId));
}

/** Removes what an execution kept in `stateDir`. */
export async function removeExecutionFolders(stateDir: string, id: ExecutionId): Promise<void> {
  await Promise.all(KEPT_FOLDERS.map((kind) => removeTree(join(stateDir, kind, safeName(id)))));
}

/** @returns the executions that have folders in `stateDir`. */
export async function listExecutionFolders(stateDir: string): Promise<readonly ExecutionId[]> {
  const names = await Promise.all(KEPT_FOLDERS.map((kind) => readdir(join(stateDir, kind)).catch(() => [])));
  return [...new Set(names.flat())].filter((name) => SAFE_NAME.test(name) && EXECUTION_ID.test(name));
}

function runFolderPath(runtimeDir: string, runId: string): string {
  return join(runtimeDir, 'runs', safeName(runId) + RUN_FOLDER_END);
}

/** The parser of the service's answers lets no other jobId through; a folder is removed by this name, so ask again. */
function safeName(id: string): string {
  if (SAFE_NAME.test(id)) return id;
  throw new Error('an id of an execution or run is not safe in a file name');
}

async function makePassages(...folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    await makeFolder(folder, PASSAGE_MODE);
    await chmod(folder, PASSAGE_MODE); // whatever the umask
  }
}

/**
 * Makes the folder, and those above it, unless it is there. Not by `mkdir`'s own `recursive`: on a full disk that reports
 * ENOENT instead of ENOSPC (Node.js 20, the one that returns a promise).
 */
async function makeFolder(folder: string, mode: number): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder), mode);
    await makeFolder(folder, mode); // another run may have been faster
  }
}

/**
 * Makes the folder with what a run finds there. The folder itself is given away last, and files by their handles: whoever
 * owns a folder can put another file in the place of one, and would be given that.
 * @returns the status file.
 */
async function fillRunFolder(folder: string, run: StepRun, account: UserAccount): Promise<FileHandle> {
  await mkdir(folder, { mode: PRIVATE_MODE });
  const status = await createFile(join(folder, STATUS_FILE), account);
  try {
    const document = await createFile(join(folder, DOCUMENT_FILE), account);
    try {
      await document.writeFile(JSON.stringify(run.execution.jobDocument ?? null));
    } finally {
      await document.close();
    }
    await makePrivate(folder, account);
    return status;
  } catch (error) {
    await status.close();
    throw error;
  }
}

async function createFile(path: string, account: UserAccount): Promise<FileHandle> {
  const file = await open(path, 'wx+', FILE_MODE);
  try {
    await giveTo(file, account);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** May be there already, from an earlier attempt or step, and then another user's, who may have let others in. */
async function makePrivate(folder: string, account: UserAccount): Promise<string> {
  await makeFolder(folder, PRIVATE_MODE);
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    if (await giveTo(handle, account)) await handle.chmod(PRIVATE_MODE); // after: its owner cannot undo it any more
  } finally {
    await handle.close();
  }
  return folder;
}

/** Changes nothing where it is so already: only root may give files away. @returns whether it was another's. */
async function giveTo(file: FileHandle, { uid, gid }: UserAccount): Promise<boolean> {
  const { uid: owner } = await file.stat();
  if (owner === uid) return false;
  await file.chown(uid, gid);
  return true;
}
