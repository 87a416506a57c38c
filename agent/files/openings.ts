/** How others than root and the agent's user could put something else in the place of a file. */
import { constants } from 'node:fs';
import type { FolderFacts } from './folders-on-the-way.ts';
import { shellWord } from './shell-word.ts';

export interface Opening {
  readonly path: string;
  /** `owner`: one user, who is neither root nor the agent's. `group`: its members, where it is neither root's nor the agent's. */
  readonly to: 'everyone' | 'owner' | 'group';
  /** Who may do what, and where, in words. */
  readonly fact: string;
  /** The command that cures it. */
  readonly remedy: string;
}

export interface AgentIds {
  readonly userId: number;
  /** Its primary group. */
  readonly groupId: number;
}

/** Sticky, as `/tmp` is: only its owner may rename or remove what lies there (inode(7)). */
const S_ISVTX = 0o1000;

/** @param places the folders on the way to it, and it itself where that is to count. */
export function openingsOf(places: readonly FolderFacts[], agent: AgentIds): readonly Opening[] {
  return places.flatMap((place) => [...openToOwner(place, agent), ...openByMode(place, agent)]);
}

function openToOwner({ path, ownerId }: FolderFacts, { userId }: AgentIds): Opening[] {
  if (ownerId === 0 || ownerId === userId) return [];
  const remedy = `chown root ${shellWord(path)}`;
  return [{ path, to: 'owner', fact: `${path} belongs to user ${ownerId}`, remedy }];
}

function openByMode({ path, isLink, mode, groupId }: FolderFacts, agent: AgentIds): Opening[] {
  const isFolder = (mode & constants.S_IFMT) === constants.S_IFDIR;
  if (isLink || (isFolder && (mode & S_ISVTX) !== 0)) return []; // a link's own mode means nothing (symlink(7))
  const where = `may write ${isFolder ? 'in ' : ''}${path} (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`;
  if ((mode & 0o002) !== 0) {
    return [{ path, to: 'everyone', fact: `everyone ${where}`, remedy: `chmod go-w ${shellWord(path)}` }];
  }
  if ((mode & 0o020) === 0 || groupId === 0 || groupId === agent.groupId) return [];
  return [{ path, to: 'group', fact: `members of group ${groupId} ${where}`, remedy: `chmod g-w ${shellWord(path)}` }];
}
