/**
 * Which version of a package is installed, as the package manager of this gateway says, and whether it is such a version,
 * as the same program compares. Argument lists only, and names and versions that cannot look like options (condition.ts).
 */
import { execFile } from 'node:child_process';
import type { VersionBound } from '../core/condition.ts';

export interface InstalledPackage {
  readonly manager: Manager;
  readonly version: string;
}

interface Manager {
  /** Asks for one package. */
  readonly query: (name: string) => ArgumentList;
  /** @returns null: not installed. undefined: the answer says neither. */
  readonly read: (answer: Answer, name: string) => string | null | undefined;
  readonly compare: (installed: string, bound: VersionBound) => ArgumentList;
  /** @returns whether it holds. undefined: the answer does not say. */
  readonly holds: (answer: Answer, bound: VersionBound) => boolean | undefined;
}

type ArgumentList = readonly [program: string, ...args: string[]];

interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** dpkg-query(1): exit code 1 means that it knows no such package. Its placeholders look like those of a template string. */
const DPKG_FORMAT = ['db:Status-Status', 'Version']
  .map((field) => `\${${field}}`)
  .join(' ')
  .concat('\\n');
/** dpkg(1), --compare-versions; `<` and `>` mean something else there. */
const DPKG_SIGNS = { '=': 'eq', '!=': 'ne', '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' } as const;
/** opkg's `compare-versions` takes signs as control files have them (opkg.c of opkg 0.4: `<<`, `<=`, `=`, `>=`, `>>`). */
const OPKG_SIGNS = { '=': '=', '!=': '=', '<': '<<', '<=': '<=', '>': '>>', '>=': '>=' } as const;

const dpkg: Manager = {
  query: (name) => ['dpkg-query', '--show', `--showformat=${DPKG_FORMAT}`, name],
  read({ exitCode, stdout }) {
    if (exitCode === 1) return null;
    if (exitCode !== 0) return undefined;
    // One line for each architecture of it.
    return /^installed (\S+)$/m.exec(stdout)?.[1] ?? null;
  },
  compare: (installed, { sign, version }) => ['dpkg', '--compare-versions', installed, DPKG_SIGNS[sign], version],
  holds: byExitCode,
};

const opkg: Manager = {
  query: (name) => ['opkg', 'list-installed', name],
  read({ exitCode, stdout }, name) {
    if (exitCode !== 0) return undefined;
    const line = stdout.split('\n').find((one) => one.startsWith(`${name} - `));
    return line === undefined ? null : line.slice(name.length + 3).split(' ')[0];
  },
  compare: (installed, { sign, version }) => ['opkg', 'compare-versions', installed, OPKG_SIGNS[sign], version],
  holds(answer, { sign }) {
    const said = byExitCode(answer);
    return sign === '!=' && said !== undefined ? !said : said;
  },
};

/** rpm(8). Compared without epoch, and without release where the wanted version has none. */
const rpm: Manager = {
  query: (name) => ['rpm', '--query', '--queryformat=%{VERSION}-%{RELEASE}\\n', name],
  read({ exitCode, stdout }) {
    if (exitCode === 0) return stdout.trim().split('\n').at(-1);
    return stdout.includes('is not installed') ? null : undefined;
  },
  compare(installed, { version }) {
    const compared = version.includes('-') ? installed : installed.replace(/-[^-]*$/, '');
    return ['rpm', '--eval', `%{lua:print(rpm.vercmp('${compared}','${version}'))}`];
  },
  holds: ({ exitCode, stdout }, bound) => (exitCode === 0 ? byOrder(ORDERS[stdout.trim()], bound) : undefined),
};

/** apk(8): `info -e` ends with 1 for what is not installed; `version -t` prints how the first compares to the second. */
const apk: Manager = {
  query: (name) => ['apk', 'info', '--installed', '--verbose', name],
  read({ exitCode, stdout }, name) {
    const line = stdout.split('\n').find((one) => one.startsWith(`${name}-`) && /^\d/.test(one.slice(name.length + 1)));
    if (line !== undefined) return line.slice(name.length + 1).trim();
    return exitCode === 0 || exitCode === 1 ? null : undefined;
  },
  compare: (installed, { version }) => ['apk', 'version', '--test', installed, version],
  holds: ({ exitCode, stdout }, bound) => (exitCode === 0 ? byOrder(ORDERS[stdout.trim()], bound) : undefined),
};

/** In the order in which they are looked for. */
export const PACKAGE_MANAGERS: readonly Manager[] = [dpkg, opkg, rpm, apk];

const ORDERS: Readonly<Record<string, number | undefined>> = { '-1': -1, '0': 0, '1': 1, '<': -1, '=': 0, '>': 1 };

function byExitCode({ exitCode }: Answer): boolean | undefined {
  return exitCode === 0 ? true : exitCode === 1 ? false : undefined;
}

function byOrder(order: number | undefined, { sign }: VersionBound): boolean | undefined {
  if (order === undefined) return undefined;
  if (sign === '!=') return order !== 0;
  return (
    (order === 0 && sign.includes('=')) || (order < 0 && sign.startsWith('<')) || (order > 0 && sign.startsWith('>'))
  );
}

/** @returns null where it is not installed. @throws Error when that cannot be told. */
export async function installedPackage(name: string, signal: AbortSignal): Promise<InstalledPackage | null> {
  for (const manager of PACKAGE_MANAGERS) {
    const argv = manager.query(name);
    const answer = await ask(argv, signal);
    if (answer === null) continue; // not of this system
    const version = manager.read(answer, name);
    if (version === undefined) throw new Error(saying(argv, answer));
    return version === null ? null : { manager, version };
  }
  throw new Error('there is no dpkg-query, opkg, rpm or apk');
}

/** @throws Error when that cannot be told. */
export async function isVersion(
  { manager, version }: InstalledPackage,
  bound: VersionBound,
  signal: AbortSignal,
): Promise<boolean> {
  // It goes into an argument, and for rpm into an expression.
  if (!/^[A-Za-z0-9.+~:^_-]+$/.test(version))
    throw new Error(`the installed version ${JSON.stringify(version)} is odd`);
  const argv = manager.compare(version, bound);
  const answer = await ask(argv, signal);
  const said = answer === null ? undefined : manager.holds(answer, bound);
  if (said === undefined) throw new Error(answer === null ? `there is no ${argv[0]}` : saying(argv, answer));
  return said;
}

/** A query of a database that nobody holds takes far less than a second. */
const LIMIT_MS = 10_000;

/** @returns null where there is no such program. Messages are read, so they are asked for in English, by env(1). */
function ask([program, ...args]: ArgumentList, signal: AbortSignal): Promise<Answer | null> {
  // It is not of the run's process tree: it only reads, and ends by itself or by its limit.
  const options = { timeout: LIMIT_MS, killSignal: 'SIGKILL', signal } as const;
  return new Promise((resolve, reject) => {
    execFile('/usr/bin/env', ['LC_ALL=C.UTF-8', program, ...args], options, (error, stdout, stderr) => {
      if (error === null) resolve({ exitCode: 0, stdout, stderr });
      else if (error.code === NOT_FOUND) resolve(null);
      else if (typeof error.code === 'number') resolve({ exitCode: error.code, stdout, stderr });
      else reject(new Error(`${program} was ended by ${error.signal ?? error.code ?? 'its time limit'}`));
    });
  });
}

/** env(1). */
const NOT_FOUND = 127;

function saying([program]: ArgumentList, { exitCode, stdout, stderr }: Answer): string {
  const text = (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? '';
  return `${program} ended with exit code ${exitCode}${text === '' ? '' : `: ${text.slice(0, 200)}`}`;
}
