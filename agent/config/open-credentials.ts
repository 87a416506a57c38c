/**
 * Who may write in a folder on the way to the credentials need not be able to read them, and can put others in their place:
 * a key that makes this gateway somebody else's, or an authority with which somebody else is the cloud and sends jobs.
 */
import { type FolderFacts, foldersOnTheWay } from '../files/folders-on-the-way.ts';
import { type AgentIds, type Opening, openingsOf } from '../files/openings.ts';

/** Not an error: an agent that stayed down after an upgrade, because of a folder of its distribution, would be worse. */
export interface OpenCredentialsWarning {
  readonly code: 'CREDENTIALS_OPEN';
  readonly path: string;
  /** What could be replaced, by whom, and what to do about it. */
  readonly reason: string;
}

export interface OpenCredentials {
  /** By what everybody may write in. */
  readonly problems: readonly string[];
  /** By what one other user, or the members of a group, may write in. */
  readonly warnings: readonly OpenCredentialsWarning[];
}

export interface CredentialFile {
  readonly setting: string;
  readonly path: string;
  /** Of the file itself, where its own rules do not go further. */
  readonly facts?: Omit<FolderFacts, 'path' | 'isLink'>;
}

/** Each folder is told once, with every setting that leads through it. */
export async function findOpenCredentials(files: readonly CredentialFile[], agent: AgentIds): Promise<OpenCredentials> {
  const found = new Map<string, { readonly opening: Opening; readonly settings: string[] }>();
  for (const { setting, path, facts } of files) {
    const places = await foldersOnTheWay(path);
    const itself = facts === undefined ? [] : [{ ...facts, path, isLink: false }];
    for (const opening of openingsOf([...places, ...itself], agent)) {
      const known = found.get(opening.fact);
      if (known === undefined) found.set(opening.fact, { opening, settings: [setting] });
      else known.settings.push(setting);
    }
  }
  const problems: string[] = [];
  const warnings: OpenCredentialsWarning[] = [];
  for (const { opening, settings } of found.values()) {
    const { path, to, fact, remedy } = opening;
    const because = `could be replaced, because ${fact}; run: ${remedy}`;
    if (to === 'everyone') problems.push(`${settings.join(', ')}: ${because}`);
    else warnings.push({ code: 'CREDENTIALS_OPEN', path, reason: `${settings.join(', ')} ${because}` });
  }
  return { problems, warnings };
}
