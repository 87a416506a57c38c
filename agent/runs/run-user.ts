/** Whether configuration allows the user that a document asks for, and whether that user could work here at all. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { shellWord } from '../files/shell-word.ts';
import type { UserAccount, UserDatabase } from '../ports/user-database.ts';

export type RunUser =
  | { readonly kind: 'allowed'; readonly account: UserAccount }
  | {
      readonly kind: 'refused';
      readonly reasonCode: 'USER_NOT_ALLOWED' | 'USER_UNKNOWN' | 'USER_CANNOT_ENTER';
      readonly reason: string;
    };

export interface RunUserOptions {
  readonly users: UserDatabase;
  readonly runAsUsers: readonly string[];
  /** Every user who runs a handler must be able to pass through these. */
  readonly folders: readonly string[];
}

/** @param name empty or absent: the agent's own user. */
export async function findRunUser(name: string | undefined, options: RunUserOptions): Promise<RunUser> {
  const { users, runAsUsers, folders } = options;
  if (name === undefined || name === '' || name === users.own.name) return { kind: 'allowed', account: users.own };
  if (!runAsUsers.includes(name)) {
    return refused('USER_NOT_ALLOWED', `user ${name} is not one of runAsUsers in the agent's configuration`);
  }
  const account = await users.find(name);
  if (account === undefined) return refused('USER_UNKNOWN', `user ${name} does not exist on this gateway`);
  for (const folder of folders) {
    if (!(await mayPass(account, folder))) {
      return refused('USER_CANNOT_ENTER', `user ${name} may not pass through ${folder}; chmod 711 ${folder}`);
    }
  }
  return { kind: 'allowed', account };
}

/** Why a user could not read a file, or nothing. By owner, first group and others, as for the folders. */
export async function unreadableBecause(account: UserAccount, path: string): Promise<string | undefined> {
  for (const folder of foldersAbove(path)) {
    if (!(await mayPass(account, folder))) return `user ${account.name} may not pass through ${folder} to ${path}`;
  }
  if (await hasRight(account, path, 0o4)) return undefined;
  return `user ${account.name} may not read ${path}; chmod 644 ${shellWord(path)}`;
}

/** `/`, `/etc`, … */
function foldersAbove(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : [...foldersAbove(folder), folder];
}

/** By owner and others only: what groups and access control lists add is not asked, and neither are parent folders. */
function mayPass(account: UserAccount, folder: string): Promise<boolean> {
  return hasRight(account, folder, 0o1);
}

/** @param right 4 to read, 1 to execute or pass through. */
async function hasRight({ uid, gid }: UserAccount, path: string, right: number): Promise<boolean> {
  if (uid === 0) return true;
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return false;
  const { mode, uid: owner, gid: group } = stats;
  if (owner === uid) return ((mode >> 6) & right) !== 0;
  return ((group === gid ? mode >> 3 : mode) & right) !== 0;
}

function refused(reasonCode: Extract<RunUser, { kind: 'refused' }>['reasonCode'], reason: string): RunUser {
  return { kind: 'refused', reasonCode, reason };
}
