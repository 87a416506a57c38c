/** Whether a program is there, without starting it: for dry runs. */
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';

/** PATH of every handler: as login(1) sets it for root, with /usr/local first. */
export const HANDLER_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** @returns the file that a program's name stands for, absolute; nothing where there is none that may be run. */
export function findOnPath(program: string, path: string = HANDLER_PATH): string | undefined {
  const candidates = program.includes('/') ? [program] : path.split(':').map((folder) => join(folder, program));
  return candidates.find(isProgram);
}

/** What would keep a program from starting, or nothing. */
export function programProblem(program: string): string | undefined {
  if (findOnPath(program) !== undefined) return undefined;
  return program.includes('/') ? `there is no program ${program}` : `there is no program ${program} on PATH`;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
