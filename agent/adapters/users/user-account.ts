/** Accounts as passwd(5) lists them, and for names that are not there as getent(1) finds them, where it is installed. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { UserAccount } from '../../ports/user-database.ts';

export interface AccountSources {
  readonly passwdPath?: string;
  /** The program that knows the other sources. */
  readonly getent?: string;
  /** A directory service may hang: a name that takes longer is unknown. Local names never come to this. */
  readonly timeoutMs?: number;
}

/**
 * What useradd(8) accepts. A number, an option or anything a program could read in another way is nobody's name: tools
 * such as setpriv take `0` and `#0` for root.
 */
const USER_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,254}\$?$/;

/** @returns `undefined` for a name that is no name, and for one that nobody has. */
export async function findUserAccount(name: string, sources: AccountSources = {}): Promise<UserAccount | undefined> {
  const { passwdPath = '/etc/passwd', getent = 'getent', timeoutMs = 2_000 } = sources;
  if (!USER_NAME.test(name)) return undefined;
  const local = await readFile(passwdPath, 'utf8').catch(() => '');
  return accountIn(local, name) ?? accountIn(await askGetent(getent, name, timeoutMs), name);
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

/** The timer is ours: what hangs in the kernel does not even end when it is killed. */
function askGetent(getent: string, name: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    const options = { env: { PATH: '/usr/bin:/bin' } };
    const child = execFile(getent, ['passwd', name], options, (error, stdout) => {
      clearTimeout(timer);
      resolve(error === null ? stdout : '');
    });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve('');
    }, timeoutMs);
  });
}
