/** What each architecture is called, and by what it is not, on a computer whose kernel is a 64-bit one. */
import type { Architecture } from './arguments.ts';

export interface ArchitectureFacts {
  /** process.arch */
  readonly node: string;
  /** Each of them fits in a condition. */
  readonly names: readonly string[];
  /** None of them does. */
  readonly others: readonly string[];
}

export const ARCHITECTURE_FACTS: Readonly<Record<Architecture, ArchitectureFacts>> = {
  amd64: { node: 'x64', names: ['amd64', 'x64', 'X86_64'], others: ['i386', 'x86', 'arm64'] },
  arm64: { node: 'arm64', names: ['arm64', 'AArch64'], others: ['arm', 'armhf', 'armv7l', 'x86_64'] },
  armhf: { node: 'arm', names: ['arm', 'armhf', 'armv7l'], others: ['arm64', 'aarch64', 'armel', 'armv6l'] },
  i386: { node: 'ia32', names: ['i386', 'i686', 'x86', 'ia32'], others: ['amd64', 'x86_64', 'x64', 'arm'] },
};
