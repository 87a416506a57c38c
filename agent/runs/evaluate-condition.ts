/**
 * Whether a condition holds on this gateway, now. It only looks: files, the system's own words, and the package manager's
 * database. What cannot be found out is an error, and never taken for yes or no.
 */
import { access, readFile, statfs } from 'node:fs/promises';
import { release } from 'node:os';
import { type Condition, describeCondition, type VersionBound, type VersionKind } from '../core/condition.ts';
import { architectureNames } from './architecture.ts';
import { createFileLooks } from './file-looks.ts';
import { installedPackage, isVersion } from './package-query.ts';

export interface ConditionFacts {
  readonly agentVersion: string;
  /** Ends what was started to find out. */
  readonly signal: AbortSignal;
  /** As os-release(5) has it; the first that is there. */
  readonly osReleaseFiles?: readonly string[];
}

/** It cannot be told whether the condition holds. */
export class ConditionError extends Error {}

/** @throws ConditionError with what could not be found out. */
export async function evaluateCondition(condition: Condition, facts: ConditionFacts): Promise<boolean> {
  switch (condition.kind) {
    case 'all':
      for (const one of condition.of) if (!(await evaluateCondition(one, facts))) return false;
      return true;
    case 'any':
      for (const one of condition.of) if (await evaluateCondition(one, facts)) return true;
      return false;
    case 'not':
      return !(await evaluateCondition(condition.of, facts));
    default:
      return found(condition, facts).catch((error: Error) => {
        throw new ConditionError(`${describeCondition(condition)}: ${error.message}`, { cause: error });
      });
  }
}

/** Of this process, as the threads are. */
const LOOKS = createFileLooks();

type Fact = Exclude<Condition, { readonly kind: 'all' | 'any' | 'not' }>;

async function found(condition: Fact, facts: ConditionFacts): Promise<boolean> {
  switch (condition.kind) {
    case 'architecture':
      return architectureNames().some((name) => condition.values.includes(name));
    case 'os':
      return condition.values.includes((await osRelease(facts)).ID?.toLowerCase() ?? 'linux'); // os-release(5)
    case 'osVersion':
    case 'kernelVersion':
    case 'agentVersion':
      return isWithin(await versionOf(condition.kind, facts), condition.wanted);
    case 'package':
      return hasPackage(condition, facts.signal);
    case 'freeSpace': {
      const { bavail, bsize } = await LOOKS.once(`space ${condition.path}`, () => statfs(condition.path));
      return bavail * bsize >= condition.bytes;
    }
    case 'fileExists':
      return LOOKS.once(`file ${condition.path}`, () => isThere(condition.path));
  }
}

async function versionOf(kind: VersionKind, facts: ConditionFacts): Promise<string> {
  if (kind === 'agentVersion') return facts.agentVersion;
  if (kind === 'kernelVersion') return release();
  const { VERSION_ID } = await osRelease(facts);
  if (VERSION_ID === undefined) throw new Error('os-release has no VERSION_ID');
  return VERSION_ID;
}

/** Numbers with dots at its beginning; what follows, such as `-18-amd64`, does not count. Missing ones are 0. */
function isWithin(version: string, wanted: readonly VersionBound[]): boolean {
  const [text] = /^\d+(?:\.\d+)*/.exec(version) ?? [];
  if (text === undefined) throw new Error(`${JSON.stringify(version)} does not begin with a number`);
  return wanted.every((bound) => holds(compareNumbers(text, bound.version), bound.sign));
}

function compareNumbers(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function holds(order: number, sign: VersionBound['sign']): boolean {
  switch (sign) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

async function hasPackage(
  { name, wanted }: Extract<Condition, { kind: 'package' }>,
  signal: AbortSignal,
): Promise<boolean> {
  const installed = await installedPackage(name, signal);
  if (installed === null) return false;
  for (const bound of wanted) if (!(await isVersion(installed, bound, signal))) return false;
  return true;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}

/** os-release(5): lines of `NAME=value`, the value in quotes or not. */
async function osRelease({
  osReleaseFiles = OS_RELEASE_FILES,
}: ConditionFacts): Promise<Readonly<Record<string, string>>> {
  const pairs = (await firstFile(osReleaseFiles))
    .split('\n')
    .map((line) => /^([A-Z0-9_]+)=(["']?)(.*)\2\s*$/.exec(line))
    .flatMap((match) => (match === null ? [] : [[match[1] ?? '', match[3] ?? ''] as const]));
  return Object.fromEntries(pairs);
}

const OS_RELEASE_FILES = ['/etc/os-release', '/usr/lib/os-release'];

async function firstFile(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`there is no ${paths.join(' and no ')}`);
}
