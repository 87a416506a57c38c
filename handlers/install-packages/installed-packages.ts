/** What is installed, and what has changed: told from lists before and after, whatever the package manager prints. */

/** Version by name; of Debian the name may have its architecture, as in `libc6:amd64`. */
export type InstalledPackages = ReadonlyMap<string, string>;

export interface PackageChanges {
  readonly installed: readonly string[];
  readonly upgraded: readonly string[];
  readonly removed: readonly string[];
}

export function changesBetween(before: InstalledPackages, after: InstalledPackages): PackageChanges {
  const installed: string[] = [];
  const upgraded: string[] = [];
  for (const [name, version] of after) {
    const old = before.get(name);
    if (old === undefined) installed.push(`${name} ${version}`);
    else if (old !== version) upgraded.push(`${name} ${old} to ${version}`);
  }
  const removed = [...before].filter(([name]) => !after.has(name)).map(([name, version]) => `${name} ${version}`);
  return { installed, upgraded, removed };
}

/** A library may be installed for several architectures: it is any of them that a plain name means. */
export function versionsOf(name: string, packages: InstalledPackages): readonly string[] {
  const own = packages.get(name);
  if (own !== undefined) return [own];
  return [...packages].filter(([full]) => full.startsWith(`${name}:`)).map(([, version]) => version);
}

/** AWS IoT's limit of a status detail is 1,024 characters (API Reference, DetailsMap). */
const MAX_LENGTH = 1000;

/** `a 1, b 2 and 300 more`: as many as go into a status detail. */
export function listOf(entries: readonly string[]): string {
  let text = '';
  for (const [index, entry] of entries.entries()) {
    const more = ` and ${entries.length - index} more`;
    const next = text === '' ? entry : `${text}, ${entry}`;
    if (next.length + more.length > MAX_LENGTH) return text + more;
    text = next;
  }
  return text;
}

/** Only what there is: a detail without a value says nothing. */
export function detailsOf(changes: PackageChanges): Record<string, string> {
  const pairs = Object.entries(changes).filter(([, entries]) => entries.length > 0);
  return pairs.length === 0
    ? { changed: 'nothing' }
    : Object.fromEntries(pairs.map(([kind, entries]) => [kind, listOf(entries)]));
}
