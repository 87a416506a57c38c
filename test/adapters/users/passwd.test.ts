import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPasswdUsers } from '../../../agent/adapters/users/passwd.ts';

const PASSWD = `root:x:0:0:root:/root:/bin/bash
app:x:1200:1201:The app,,,:/srv/app:/usr/sbin/nologin
homeless:x:1300:1300:::
`;

let folder: string;
let passwdPath: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'passwd-'));
  passwdPath = join(folder, 'passwd');
  await writeFile(passwdPath, PASSWD);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a user has numbers and a home', async () => {
  const users = createPasswdUsers({ passwdPath });
  expect(await users.find('app')).toEqual({ name: 'app', uid: 1200, gid: 1201, home: '/srv/app' });
});

test('a user without a home lives in the root folder', async () => {
  expect(await createPasswdUsers({ passwdPath }).find('homeless')).toHaveProperty('home', '/');
});

test.each(['0', '1200', 'ap', 'app:x', '', '-app', 'no-such-user-anywhere', 'x'.repeat(500)])(
  '%j is nobody',
  async (name) => {
    expect(await createPasswdUsers({ passwdPath }).find(name)).toBeUndefined();
  },
);

test('our own user is the one we run as', () => {
  expect(createPasswdUsers().own).toMatchObject({ uid: userInfo().uid, name: userInfo().username });
});
