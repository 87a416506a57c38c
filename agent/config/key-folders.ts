/**
 * Who may write in a folder on the way to the private key cannot read the key, but can put another in its place, and with
 * it make this gateway somebody else's.
 */
import type { FolderFacts } from '../files/folders-on-the-way.ts';
import { type AgentIds, openingsOf } from '../files/openings.ts';

/** Not an error: an agent that stayed down after an upgrade, because of a folder of its distribution, would be worse. */
export interface KeyFolderWarning {
  readonly code: 'KEY_FOLDER_OPEN';
  readonly path: string;
  /** Who else may replace the key, and what to do about it. */
  readonly reason: string;
}

export interface KeyFolderFindings {
  /** What everybody may write in. */
  readonly problems: readonly string[];
  /** What one other user, or the members of a group, may write in. */
  readonly warnings: readonly KeyFolderWarning[];
}

export function keyFolderFindings(
  keyPath: string,
  folders: readonly FolderFacts[],
  agent: AgentIds,
): KeyFolderFindings {
  const problems: string[] = [];
  const warnings: KeyFolderWarning[] = [];
  for (const { path, to, fact, remedy } of openingsOf(folders, agent)) {
    const reason = `${fact}: ${keyPath} could be replaced; run: ${remedy}`;
    if (to === 'everyone') problems.push(`keyPath: ${reason}`);
    else warnings.push({ code: 'KEY_FOLDER_OPEN', path, reason });
  }
  return { problems, warnings };
}
