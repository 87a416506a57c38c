/** QEMU's user mode emulation of one processor: a static program, so that it runs in whatever root file system. */
import { execFile } from 'node:child_process';
import { access, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Architecture } from './arguments.ts';

const run = promisify(execFile);

export interface Emulator {
  /** Absolute. */
  readonly path: string;
  /** What the kernel knows its programs by: a line of binfmt_misc (Documentation/admin-guide/binfmt-misc.rst). */
  readonly format: string;
}

interface Processor {
  /** As QEMU calls it. */
  readonly name: string;
  /** The class and the machine in the head of an ELF file (elf(5)): EI_CLASS and e_machine. */
  readonly elf: { readonly class: number; readonly machine: number };
}

const PROCESSORS: Readonly<Partial<Record<Architecture, Processor>>> = {
  arm64: { name: 'aarch64', elf: { class: 2, machine: 183 } },
  armhf: { name: 'arm', elf: { class: 1, machine: 40 } },
};

/** Debian 12 has static programs in the first, Debian 13 in the second. */
const PACKAGES = ['qemu-user-static', 'qemu-user'];

/**
 * What is installed here, else what apt downloads into `cache`. Nothing is installed.
 * @returns undefined where this kernel runs the programs itself; why there is none, otherwise.
 */
export async function findEmulator(architecture: Architecture, cache: string): Promise<Emulator | string | undefined> {
  const processor = PROCESSORS[architecture];
  if (processor === undefined) return undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(cache, 'qemu', 'usr', 'bin')];
  const found = (await firstProgram(folders, processor.name)) ?? (await download(cache, processor.name));
  return found.startsWith('/') ? { path: found, format: formatOf(processor, found) } : found;
}

async function firstProgram(folders: readonly string[], processor: string): Promise<string | undefined> {
  for (const folder of folders) {
    for (const name of [`qemu-${processor}-static`, `qemu-${processor}`]) {
      const path = join(folder, name);
      if (await isStatic(path)) return path;
    }
  }
  return undefined;
}

async function isStatic(path: string): Promise<boolean> {
  if (!(await stat(path).catch(() => undefined))?.isFile()) return false;
  // ldd(1) says so of what asks for no interpreter, and ends with 1.
  const { stdout = '', stderr = '' } = await run('ldd', [path]).catch((error: object) => error as never);
  return /statically linked|not a dynamic executable/.test(`${stdout}${stderr}`);
}

async function download(cache: string, processor: string): Promise<string> {
  const making = join(cache, `qemu.${process.pid}`);
  try {
    await mkdir(making, { recursive: true });
    for (const name of PACKAGES) {
      await run('apt-get', ['download', '--quiet', name], { cwd: making });
      const [file = ''] = (await readdir(making)).filter((one) => one.endsWith('.deb'));
      await run('dpkg-deb', ['--extract', join(making, file), making]);
      await rm(join(making, file));
      if ((await firstProgram([join(making, 'usr', 'bin')], processor)) !== undefined) break;
    }
    await rename(making, join(cache, 'qemu'));
    return (
      (await firstProgram([join(cache, 'qemu', 'usr', 'bin')], processor)) ?? 'QEMU’s packages have no static program'
    );
  } catch (error) {
    const { stderr = '', message } = error as Error & { readonly stderr?: string };
    return `QEMU cannot be downloaded: ${stderr.trim().split('\n').at(-1) || message}`;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

/**
 * The first 20 bytes of a little-endian program (e_type 2) or shared object (3). O and F: the kernel opens program and
 * emulator, as neither has to be there for who starts it; P: argv[0] stays as it is.
 */
function formatOf({ name, elf }: Processor, emulator: string): string {
  const head = [0x7f, 0x45, 0x4c, 0x46, elf.class, 1, 1, ...Array<number>(9).fill(0), 2, 0, elf.machine, 0];
  const mask = [...Array<number>(7).fill(0xff), 0, ...Array<number>(8).fill(0xff), 0xfe, 0xff, 0xff, 0xff];
  const bytes = (values: readonly number[]) =>
    values.map((value) => `\\x${value.toString(16).padStart(2, '0')}`).join('');
  return `:${name}:M::${bytes(head)}:${bytes(mask)}:${emulator}:OPF`;
}

export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
