/** The users of this machine: by passwd(5), and by whatever else nsswitch.conf(5) names. */
import { userInfo } from 'node:os';
import type { UserAccount, UserDatabase } from '../../ports/user-database.ts';
import { type AccountSources, findUserAccount } from './user-account.ts';

export function createPasswdUsers(sources: AccountSources = {}): UserDatabase {
  return { own: ownAccount(), find: (name) => findUserAccount(name, sources) };
}

/** A container may run us under a number that has no name. */
function ownAccount(): UserAccount {
  try {
    const { username, uid, gid, homedir } = userInfo();
    return { name: username, uid, gid, home: homedir };
  } catch {
    const uid = process.getuid?.() ?? 0;
    return { name: String(uid), uid, gid: process.getgid?.() ?? 0, home: '/' };
  }
}
