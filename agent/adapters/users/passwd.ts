/** Users from passwd(5), and from whatever else nsswitch.conf(5) names, where getent(1) is installed. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import type { UserAccount, UserDatabase } from '../../ports/user-database.ts';

/** useradd(8). Also keeps numbers, options and colons away from getent. */
const USER_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;
/** LDAP and the like may hang; a name that cannot be looked up in this time is unknown. */
const GETENT_TIMEOUT_MS = 5000;

export function createPasswdUsers({ passwdPath = '/etc/passwd' } = {}): UserDatabase {
  return {
    own: ownAccount(),
    async find(name) {
      if (!USER_NAME.test(name)) return undefined;
      return (
        accountIn(await readFile(passwdPath, 'utf8').catch(() => ''), name) ?? accountIn(await askGetent(name), name)
      );
    },
  };
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

function accountIn(passwd: string, name: string): UserAccount | undefined {
  for (const line of passwd.split('\n')) {
    const [user, , uid, gid, , home] = line.split(':');
    if (user !== name) continue;
    return { name, uid: Number(uid), gid: Number(gid), home: home || '/' };
  }
  return undefined;
}

async function askGetent(name: string): Promise<string> {
  try {
    return (await promisify(execFile)('getent', ['passwd', name], { timeout: GETENT_TIMEOUT_MS })).stdout;
  } catch {
    return ''; // exit code 2: no such user (getent(1)); or there is no getent, as on Alpine
  }
}
