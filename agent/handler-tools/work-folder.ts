/** Keeps what a document names by a relative path in the working folder, whatever a step before has put there. */
import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve } from 'node:path';

/**
 * A step before may have run as another user, and may have left a link in the place of a folder: nobody is to be led by it to
 * where he would not have been. An absolute path follows links, as those of an operator are meant. The last part of the path is
 * not looked at: a file that is replaced takes the place of a link.
 * @throws Error with code EPERM when the folder of a relative path leads out of the working folder.
 */
export async function checkWithinWorkFolder(path: string, workDir: string): Promise<void> {
  if (isAbsolute(path)) return;
  const folder = await realpath(dirname(resolve(workDir, path))).catch(() => undefined); // the system says more when it is used
  if (folder === undefined || !leadsOut(folder, await realpath(workDir))) return;
  throw Object.assign(new Error(`a link leads out of the working folder, to ${folder}`), { code: 'EPERM' });
}

function leadsOut(folder: string, workDir: string): boolean {
  const way = relative(workDir, folder);
  return way === '..' || way.startsWith('../');
}
