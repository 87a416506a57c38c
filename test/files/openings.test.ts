import { expect, test } from 'vitest';
import type { FolderFacts } from '../../agent/files/folders-on-the-way.ts';
import { openingsOf } from '../../agent/files/openings.ts';

const FOLDER: FolderFacts = { path: '/etc/agent', isLink: false, mode: 0o40755, ownerId: 0, groupId: 0 };

function openings(facts: Partial<FolderFacts>) {
  return openingsOf([{ ...FOLDER, ...facts }], { userId: 990, groupId: 990 });
}

test.each<[string, Partial<FolderFacts>]>([
  ['of root', {}],
  ['of the agent', { ownerId: 990 }],
  ['that is sticky, as /tmp is', { mode: 0o41777 }],
  ['of the agent’s own group', { mode: 0o40775, groupId: 990 }],
  ['of the group of root', { mode: 0o40775 }],
  ['that is a link of root', { isLink: true, mode: 0o120777 }],
])('a folder %s is closed', (_, facts) => {
  expect(openings(facts)).toEqual([]);
});

test.each([0o40777, 0o40757, 0o40702])('mode %o is open to everyone', (mode) => {
  const fact = `everyone may write in /etc/agent (mode 0${(mode & 0o777).toString(8)})`;
  expect(openings({ mode, groupId: 50 })).toEqual([
    { path: '/etc/agent', to: 'everyone', fact, remedy: 'chmod go-w /etc/agent' },
  ]);
});

test('a folder that another group may write in is open to it', () => {
  const fact = 'members of group 50 may write in /usr/local (mode 0775)';
  expect(openings({ path: '/usr/local', mode: 0o42775, groupId: 50 })).toEqual([
    { path: '/usr/local', to: 'group', fact, remedy: 'chmod g-w /usr/local' },
  ]);
});

test.each<[string, Partial<FolderFacts>]>([
  ['folder', {}],
  ['sticky folder', { mode: 0o41777 }],
  ['link', { isLink: true, mode: 0o120777 }],
])('a %s of another user is open to that user', (_, facts) => {
  const fact = '/etc/agent belongs to user 1000';
  expect(openings({ ...facts, ownerId: 1000 })).toEqual([
    { path: '/etc/agent', to: 'owner', fact, remedy: 'chown root /etc/agent' },
  ]);
});

test('a folder of another user and open to everyone is told twice', () => {
  expect(openings({ ownerId: 1000, mode: 0o40777 }).map(({ to }) => to)).toEqual(['owner', 'everyone']);
});

test('a path with a space is quoted in the remedy', () => {
  expect(openings({ path: '/a b', mode: 0o40777 })).toMatchObject([{ remedy: "chmod go-w '/a b'" }]);
});
