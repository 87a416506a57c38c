/** Files of this repository for what is made from them, from scripts/docs/ as from dist/. */
import { existsSync, readFileSync } from 'node:fs';

/** @returns nothing when there is no such file. @param path from the root of the repository. */
export function readRepositoryFile(path: string): string | undefined {
  const file = new URL(path, root());
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function root(): URL {
  const candidates = ['../', '../../'].map((up) => new URL(up, import.meta.url));
  return candidates.find((folder) => existsSync(new URL('package.json', folder))) ?? new URL('../', import.meta.url);
}
