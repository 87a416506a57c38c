// What a build puts into dist/: each file takes the place of the old one whole, and what is not put there any more goes at
// the end. So a program of dist/ that starts another meanwhile, as the agent of `npm run dev` does, finds it: old or new.

import { mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export function createDist(folder) {
  const put = new Set();
  return {
    async put(path, content, mode = 0o644) {
      const target = join(folder, path);
      const beside = `${target}.${process.pid}.new`;
      await mkdir(dirname(target), { recursive: true });
      await writeFile(beside, content, { mode });
      await rename(beside, target);
      put.add(target);
    },
    /** What an earlier build put there, and what one that was killed has left. */
    removeOthers: () => removeOthers(folder, put),
  };
}

async function removeOthers(folder, put) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      await removeOthers(path, put);
      await rmdir(path).catch(() => undefined); // not empty: it is needed
    } else if (!put.has(path)) await rm(path, { force: true });
  }
}
