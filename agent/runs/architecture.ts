/**
 * What this gateway's architecture is called. It is that of the programs and packages here, which is that of this process;
 * the kernel may be another: 32-bit Raspberry Pi OS has a 64-bit kernel on boards that can run one, and `uname -m` says
 * aarch64 there, where no program for aarch64 would find a library, and dpkg takes no package for arm64.
 */
import { arch, machine } from 'node:os';

export interface ArchitectureFacts {
  /** As Node.js calls what it was built for: process.arch. */
  readonly arch: string;
  /** As the kernel calls the machine: uname(2), which personality(2) may change. */
  readonly machine: string;
  /** Of 32-bit ARM: `hard` where floating-point arguments are passed in registers, which is Debian's armhf. */
  readonly floatAbi: string | undefined;
}

/** Node.js' name, Debian's (dpkg-architecture(1)), what `uname -m` says, and what Greengrass' component recipes say. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  arm64: ['arm64', 'aarch64'],
  ia32: ['ia32', 'i386', 'i686', 'x86'],
  x64: ['x64', 'amd64', 'x86_64'],
};

/** In lower case. @param facts of this process, if not given. */
export function architectureNames(facts: ArchitectureFacts = ownFacts()): readonly string[] {
  const kernel = facts.machine.toLowerCase();
  if (facts.arch === 'arm') return armNames(kernel, facts.floatAbi);
  return NAMES[facts.arch] ?? [facts.arch, kernel];
}

/** A processor that can run a 64-bit kernel (or calls itself armv8l to 32-bit programs) runs what is built for ARMv7. */
function armNames(kernel: string, floatAbi: string | undefined): readonly string[] {
  const processor = /^armv[4-7]/.test(kernel) ? kernel : 'armv7l';
  return ['arm', floatAbi === 'hard' ? 'armhf' : 'armel', processor];
}

function ownFacts(): ArchitectureFacts {
  const { arm_float_abi: floatAbi } = process.config.variables as { readonly arm_float_abi?: string };
  return { arch: arch(), machine: machine(), floatAbi };
}
