/** Settings that are right in themselves, but lead to nothing on this machine as it is now. */
import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config, SettingName } from './schema.ts';

/** Not an error: it may be mounted or installed later, and jobs that do not need it run meanwhile. */
export interface DoubtfulSetting {
  readonly setting: SettingName;
  /** What is missing, and what that means. */
  readonly reason: string;
}

/** @param searchPath PATH of the agent. */
export async function findDoubtfulSettings(
  { handlersDir, rebootCommand, shutdownCommand }: Pick<Config, 'handlersDir' | 'rebootCommand' | 'shutdownCommand'>,
  searchPath: string | undefined,
): Promise<readonly DoubtfulSetting[]> {
  const doubts = {
    handlersDir: await unreadable(handlersDir),
    rebootCommand: await notAProgram(rebootCommand, 'restart the gateway', searchPath),
    shutdownCommand: await notAProgram(shutdownCommand, 'power the gateway off', searchPath),
  };
  return (Object.keys(doubts) as (keyof typeof doubts)[]).flatMap((setting) => {
    const reason = doubts[setting];
    return reason === null ? [] : [{ setting, reason }];
  });
}

async function unreadable(handlersDir: string): Promise<string | null> {
  try {
    await access(handlersDir, constants.R_OK);
    return null;
  } catch (error) {
    return `only built-in operations: it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function notAProgram(
  command: readonly string[],
  purpose: string,
  searchPath = DEFAULT_SEARCH_PATH,
): Promise<string | null> {
  const [program = '', ...args] = command;
  const folders = program.includes('/') ? [''] : searchPath.split(':');
  for (const folder of folders) if (await isExecutable(join(folder, program))) return null;
  const where = program.includes('/') ? '' : ` in PATH (${searchPath})`;
  const words = program.trim().split(/\s+/);
  const hint = words.length > 1 ? `; write each word for itself: ${JSON.stringify([...words, ...args])}` : '';
  return `no job can ${purpose}: there is no program ${JSON.stringify(program)}${where}${hint}`;
}

/** Where execvp(3) looks without PATH (paths.h, _PATH_DEFPATH). */
const DEFAULT_SEARCH_PATH = '/usr/bin:/bin';

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
