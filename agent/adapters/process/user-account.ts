/** Accounts as passwd(5) lists them, and for names that are not there as getent(1) finds them, where it is installed. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface UserAccount {
  readonly name: string;
  readonly uid: number;
  /** The primary group. */
  readonly gid: number;
}

/**
 * What useradd(8) accepts. A number, an option or anything a program could read in another way is nobody's name: tools
 * such as setpriv take `0` and `#0` for root.
 */
const USER_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,254}\$?$/;

/** A directory service may hang, and we wait: a name that takes longer is unknown. Local names never come to this. */
const GETENT_TIMEOUT_MS = 2_000;

/** @returns `undefined` for a name that is no name, and for one that nobody has. */
export function findUserAccount(name: string): UserAccount | undefined {
  if (!USER_NAME.test(name)) return undefined;
  return accountIn(readPasswd(), name) ?? accountIn(askGetent(name), name);
}

function accountIn(passwd: string, name: string): UserAccount | undefined {
  return passwd
    .split('\n')
    .map(parseLine)
    .find((account) => account?.name === name);
}

function parseLine(line: string): UserAccount | undefined {
  const [name, , uid, gid] = line.split(':');
  if (name === undefined || !/^[0-9]+$/.test(uid ?? '') || !/^[0-9]+$/.test(gid ?? '')) return undefined;
  return { name, uid: Number(uid), gid: Number(gid) };
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}

function askGetent(name: string): string {
  const options = { encoding: 'utf8', timeout: GETENT_TIMEOUT_MS, env: { PATH: '/usr/bin:/bin' } } as const;
  return spawnSync('getent', ['passwd', name], options).stdout ?? '';
}
