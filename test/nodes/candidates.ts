/** Which programs of Node.js there are to try, and the trial of one in a scratch folder of its own. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Architecture } from './arguments.ts';
import { type Emulator, findEmulator } from './emulator.ts';
import { fetchNode } from './fetch-node.ts';
import { debianNodeVersion, makeForeignRoot } from './foreign-root.ts';
import { startForeignMachine, thisComputer } from './machine.ts';
import { checkMachine, type Verdict } from './machine-checks.ts';
import { ARCHITECTURE_FACTS } from './names.ts';

export interface NodeProgram {
  /** `arm64 20.19.2` */
  readonly name: string;
  readonly architecture: Architecture;
  /** On its machine. */
  readonly path: string;
  readonly version: string;
  /** The root file system that it runs in; that of this computer where there is none. */
  readonly root: string | undefined;
  readonly emulator: Emulator | undefined;
}

export interface FoundPrograms {
  readonly programs: readonly NodeProgram[];
  /** Why there are no others. */
  readonly missing: readonly string[];
}

/**
 * Of another architecture Debian's and those of npm. Of this computer's own the latter: by the one that runs this everything
 * else is tested, and it is tried where no other is asked for.
 */
export async function findPrograms(
  architecture: Architecture,
  majors: readonly number[],
  cache: string,
): Promise<FoundPrograms> {
  const place = await findPlace(architecture, cache);
  if (typeof place === 'string') return { programs: [], missing: [place] };
  const { own, ...where } = place;
  const isOurs = where.root === undefined;
  const found: { readonly path: string; readonly version: string }[] = isOurs && majors.length > 0 ? [] : [own];
  const missing: string[] = [];
  for (const major of majors) {
    const fetched = await fetchNode(major, architecture, cache);
    if (typeof fetched === 'string') missing.push(fetched);
    else found.push(fetched);
  }
  const programs = found.map((one) => ({ name: `${architecture} ${one.version}`, architecture, ...where, ...one }));
  return { programs, missing };
}

type Place = Pick<NodeProgram, 'root' | 'emulator'> & {
  readonly own: { readonly path: string; readonly version: string };
};

/** @returns why there is none, otherwise. */
async function findPlace(architecture: Architecture, cache: string): Promise<Place | string> {
  if (ARCHITECTURE_FACTS[architecture].node === process.arch) {
    return { root: undefined, emulator: undefined, own: { path: process.execPath, version: process.versions.node } };
  }
  if (process.getuid?.() !== 0) return `${architecture}: it needs root`;
  const emulator = await findEmulator(architecture, cache);
  if (typeof emulator === 'string') return `${architecture}: ${emulator}`;
  const root = await makeForeignRoot(architecture, cache);
  if (typeof root === 'string') return root;
  return { root: root.path, emulator, own: { path: '/usr/bin/node', version: await debianNodeVersion(root.path) } };
}

export interface TrialOptions {
  readonly cache: string;
  readonly dist: string;
  /** Where it is not emulated: that would take an hour. */
  readonly large: boolean;
  readonly print: (line: string) => void;
}

/** What went wrong leaves its folder, and its name is printed. */
export async function checkInScratch(
  program: NodeProgram,
  { cache, dist, large, print }: TrialOptions,
): Promise<Verdict> {
  const { name, architecture, root, emulator, path: node, version: nodeVersion } = program;
  const scratch = await mkdtemp(join(tmpdir(), `job-agent-nodes-${architecture}-`));
  await chmod(scratch, 0o711); // other users have folders below it
  const folder = join(scratch, 'gateway');
  await mkdir(folder, { mode: 0o755 });
  const machine =
    root === undefined
      ? thisComputer()
      : await startForeignMachine({ root, emulator, scratch, shared: [folder, cache] }).catch((error: Error) => error);
  if (machine instanceof Error) {
    print(`WARNING: not checked: ${name}: ${machine.message}`);
    return { checks: 0, wrong: [], residentBytes: 0 };
  }
  try {
    const facts = { architecture: ARCHITECTURE_FACTS[architecture], isEmulated: emulator !== undefined };
    const verdict = await checkMachine(
      { name, machine, node, nodeVersion, ...facts, large: large && !facts.isEmulated, folder, dist },
      print,
    );
    if (verdict.wrong.length === 0) await rm(scratch, { recursive: true, force: true });
    else print(`What is left of it: ${scratch}`);
    return verdict;
  } finally {
    await machine.close();
  }
}
