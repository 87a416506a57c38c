import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { findUserAccount } from '../../../agent/adapters/users/user-account.ts';

test('root is found with number and group', async () => {
  expect(await findUserAccount('root')).toMatchObject({ name: 'root', uid: 0, gid: 0 });
});

test('our own account is found by its name', async () => {
  const { username, uid, gid, homedir } = userInfo();
  expect(await findUserAccount(username)).toEqual({ name: username, uid, gid, home: homedir });
});

test('what is no name is nobody', async () => {
  const names = [
    '',
    '0',
    '#0',
    '-u',
    '--help',
    'root;id',
    'root:x',
    'root ',
    'root\n',
    '\nroot',
    'ro*t',
    'r',
    'no-such',
  ];
  for (const name of names) expect([name, await findUserAccount(name)]).toEqual([name, undefined]);
});

test('a lookup lets others go on', async () => {
  const order: string[] = [];
  const looking = findUserAccount('no-such-user-anywhere').then(() => order.push('looked up'));
  await setImmediate();
  order.push('went on');
  await looking;
  expect(order).toEqual(['went on', 'looked up']);
});

test('a directory that hangs has nobody', async () => {
  const getent = await directory('exec sleep 300');
  expect(await findUserAccount('remote', { getent, timeoutMs: 50 })).toBeUndefined();
});

test('a directory is asked for what is not in passwd', async () => {
  const getent = await directory('echo "$2:x:1300:1301::/home/$2:/bin/sh"');
  expect(await findUserAccount('remote', { getent })).toEqual({
    name: 'remote',
    uid: 1300,
    gid: 1301,
    home: '/home/remote',
  });
});

/** Stands in for getent(1) and whatever is behind it. */
async function directory(script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'getent-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'getent');
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}
