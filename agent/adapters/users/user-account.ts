/** Accounts as passwd(5) lists them, and for names that are not there as getent(1) finds them, where it is installed. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { UserAccount } from '../../ports/user-database.ts';

/**
 * What useradd(8) accepts. A number, an option or anything a program could read in another way is nobody's name: tools
 * such as setpriv take `0` and `#0` for root.
 */
const USER_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,254}\$?$/;

/** A directory service may hang, and we wait: a name that takes longer is unknown. Local names never come to this. */
const GETENT_TIMEOUT_MS = 2_000;

/** @returns `undefined` for a name that is no name, and for one that nobody has. */
export function findUserAccount(name: string, passwdPath = '/etc/passwd'): UserAccount | undefined {
  if (!USER_NAME.test(name)) return undefined;
  return accountIn(readPasswd(passwdPath), name) ?? accountIn(askGetent(name), name);
}

function accountIn(passwd: string, name: string): UserAccount | undefined {
  return passwd
    .split('\n')
    .map(parseLine)
    .find((account) => account?.name === name);
}

function parseLine(line: string): UserAccount | undefined {
  const [name, , uid, gid, , home] = line.split(':');
  if (name === undefined || !/^[0-9]+$/.test(uid ?? '') || !/^[0-9]+$/.test(gid ?? '')) return undefined;
  return { name, uid: Number(uid), gid: Number(gid), home: home || '/' };
}

function readPasswd(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function askGetent(name: string): string {
  const options = { encoding: 'utf8', timeout: GETENT_TIMEOUT_MS, env: { PATH: '/usr/bin:/bin' } } as const;
  return spawnSync('getent', ['passwd', name], options).stdout ?? '';
}
