/** Where the policies of key pairs are read from: `--iam-policies FILE`, or `iam.json` in the data folder. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { KeyPair } from '../identity/key-pairs.ts';
import type { IamPolicies } from './iam-policies.ts';
import { parseIamPolicies } from './iam-policies.ts';

/**
 * Undefined where nobody named a file and the data folder has none.
 * @throws Error that names the file, the place in it and what is wrong
 */
export async function readIamPolicies(
  from: { readonly dataDir: string; readonly file: string | undefined },
  keyPairs: readonly KeyPair[],
): Promise<IamPolicies | undefined> {
  const path = resolve(from.file ?? join(from.dataDir, 'iam.json'));
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (from.file === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return parseIamPolicies(text, keyPairs);
  } catch (cause) {
    throw new Error(`${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
