import { userInfo } from 'node:os';
import { expect, test } from 'vitest';
import { findUserAccount } from '../../../agent/adapters/users/user-account.ts';

test('root is found with number and group', () => {
  expect(findUserAccount('root')).toMatchObject({ name: 'root', uid: 0, gid: 0 });
});

test('our own account is found by its name', () => {
  const { username, uid, gid, homedir } = userInfo();
  expect(findUserAccount(username)).toEqual({ name: username, uid, gid, home: homedir });
});

test('what is no name is nobody', () => {
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
  for (const name of names) expect([name, findUserAccount(name)]).toEqual([name, undefined]);
});
