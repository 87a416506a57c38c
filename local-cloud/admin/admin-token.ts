/** Who may use the admin API: whoever can read a file of this data folder. */
import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const PRIVATE_FILE = 0o600;
const TOKEN = /^[A-Za-z0-9_-]{32,}$/;

/** The token in `console-token` of the data folder; a new one where there is none that can be used. */
export async function keepAdminToken(dataDir: string): Promise<string> {
  const path = join(dataDir, 'console-token');
  const existing = await readIfThere(path);
  if (existing !== undefined && TOKEN.test(existing)) {
    await chmod(path, PRIVATE_FILE);
    return existing;
  }
  const token = randomBytes(32).toString('base64url');
  const draft = `${path}.new`;
  await writeFile(draft, `${token}\n`, { mode: PRIVATE_FILE });
  await chmod(draft, PRIVATE_FILE);
  await rename(draft, path);
  return token;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
