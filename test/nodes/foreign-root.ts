/**
 * The root file system of a small Debian for another processor, with its Node.js. It is unpacked and not set up: none of its
 * programs runs for that, so it takes no emulator. dpkg there is told what is unpacked.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Architecture } from './arguments.ts';
import { isThere } from './emulator.ts';

const run = promisify(execFile);

/** Debian 13 when this was written. By this name, because mirrors may lack `trixie` for the smaller architectures. */
const SUITE = 'stable';
/** Beside what every Debian has: what jobs call, and a clock that can be set. */
const PACKAGES = ['nodejs', 'faketime', 'procps', 'unzip', 'xz-utils', 'zstd'];
/** The number goes up with the packages. */
const EDITION = 1;
const LIMIT_MS = 15 * 60_000;

/** What has been made once is taken from `cache`. @returns the folder, or why there is none. */
export async function makeForeignRoot(
  architecture: Architecture,
  cache: string,
): Promise<{ readonly path: string } | string> {
  const path = join(cache, `debian-${architecture}-${EDITION}`);
  if (await isThere(path)) return { path };
  const making = `${path}.${process.pid}`;
  try {
    await mkdir(cache, { recursive: true });
    const options = [`--arch=${architecture}`, '--foreign', '--variant=minbase', `--include=${PACKAGES.join(',')}`];
    await run('debootstrap', [...options, SUITE, making], { timeout: LIMIT_MS, maxBuffer: 64 * 1024 ** 2 });
    await unpackAll(making);
    await rename(making, path);
    return { path };
  } catch (error) {
    const { stdout = '', message } = error as Error & { readonly stdout?: string };
    return `no Debian for ${architecture}: ${stdout.trim().split('\n').at(-1) || message}`;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

/** debootstrap has unpacked the essential ones only. */
async function unpackAll(root: string): Promise<void> {
  const archives = join(root, 'var/cache/apt/archives');
  const known: string[] = [];
  for (const name of (await readdir(archives)).filter((one) => one.endsWith('.deb'))) {
    const file = join(archives, name);
    await run('dpkg-deb', ['--extract', file, root]);
    const { stdout } = await run('dpkg-deb', ['--field', file]);
    known.push(stdout.replace(/^Package: .*\n/, '$&Status: install ok installed\n'));
    await rm(file);
  }
  await writeFile(join(root, 'var/lib/dpkg/status'), `${known.join('\n')}\n`);
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/tmp:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
  await writeFile(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
  await rm(join(root, 'debootstrap'), { recursive: true });
}

/** As Debian's package has it, which dpkg there was told. */
export async function debianNodeVersion(root: string): Promise<string> {
  const status = await readFile(join(root, 'var/lib/dpkg/status'), 'utf8');
  return /^Package: nodejs\n(?:.+\n)*?Version: ([\d.]+)/m.exec(status)?.[1] ?? 'unknown';
}
