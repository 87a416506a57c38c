import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DownloadError } from './download-error.ts';

/** Kept back where the agent keeps its own state: a job that fills its disk could not even be reported. */
const RESERVE_BYTES = 16 * 1024 ** 2;

/** @param path of the target. @throws DownloadError when fewer than `bytes` are free for it, less the reserve. */
export async function checkFreeSpace(path: string, bytes: number, stateFolder: string): Promise<void> {
  const folder = dirname(path);
  const [{ bavail, bsize }, here, state] = await Promise.all([statfs(folder), stat(folder), stat(stateFolder)]);
  const reserve = here.dev === state.dev ? RESERVE_BYTES : 0;
  const free = bavail * bsize;
  if (bytes + reserve <= free) return;
  const kept = reserve === 0 ? '' : `, of which ${reserve} are kept back for the agent`;
  throw new DownloadError('DOWNLOAD_NO_SPACE', `${bytes} bytes are to come, and ${folder} has ${free} free${kept}`);
}
