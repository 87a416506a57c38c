/** How each package manager is asked. Argument lists only: no shell, no prompt. */
import { type ProgramResult, runProgram } from '../../agent/handler-api.ts';
import type { PackageRequest } from './package-name.ts';

type ArgumentList = readonly [string, ...string[]];

export interface PackageManager {
  readonly name: 'apt' | 'dnf' | 'apk' | 'opkg';
  /** Ends with 0 where it is there. */
  readonly probe: ArgumentList;
  readonly canPin: boolean;
  refresh(lockTimeoutSeconds: number): ArgumentList;
  install(packages: readonly PackageRequest[], lockTimeoutSeconds: number): ArgumentList;
  remove(
    names: readonly string[],
    options: { readonly purge: boolean; readonly lockTimeoutSeconds: number },
  ): ArgumentList;
  /** Prints what is installed. */
  readonly list: ArgumentList;
  /** Name and version of a line of `list`, or nothing for one that is no installed package. */
  readonly readLine: (line: string) => readonly [name: string, version: string] | undefined;
  /** Did it end because something else holds its lock? */
  readonly isLocked: (result: ProgramResult) => boolean;
  /** Makes of a command one that only says what it would do: it needs no lock, and writes nothing. */
  readonly simulate?: (argv: ArgumentList) => ArgumentList;
  /** Brings in order what a power cut or a signal left half done. */
  readonly repair?: { readonly argv: ArgumentList; readonly isNeeded: (result: ProgramResult) => boolean };
}

/** Messages are read, so they are asked for in English. env(1) sets it: a handler has no other way, and needs none. */
const PLAIN = ['env', 'LC_ALL=C.UTF-8'] as const;

/** debconf(7): ask nothing. dpkg(1): keep changed configuration files, take new ones where they were not changed. */
const APT = [...PLAIN, 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '--yes', '--quiet'] as const;
const APT_OPTIONS = [
  '--option=Dpkg::Options::=--force-confdef',
  '--option=Dpkg::Options::=--force-confold',
  '--option=APT::Cmd::Pattern-Only=true', // a name with a dot is that name, and no regular expression
] as const;
/** apt.conf(5): wait for the lock of dpkg. Those of the lists and the archives are not waited for by apt itself. */
const aptLock = (seconds: number) => `--option=DPkg::Lock::Timeout=${seconds}`;

/**
 * apt.conf(5): a file without a name is not written. As root --simulate would write the caches where they are out of date,
 * and the planner's log in any case.
 */
const WRITE_NOTHING = ['Dir::Cache::pkgcache=', 'Dir::Cache::srcpkgcache=', 'Dir::Log::Planner='].map(
  (option) => `--option=${option}`,
);

/** dpkg-query(1). Its placeholders look like those of a template string. */
const QUERY_FORMAT = ['db:Status-Abbrev', 'binary:Package', 'Version']
  .map((field) => `\${${field}}`)
  .join('\\t')
  .concat('\\n');

const apt: PackageManager = {
  name: 'apt',
  probe: ['apt-get', '--version'],
  canPin: true,
  refresh: (seconds) => [...APT, aptLock(seconds), 'update'],
  install: (packages, seconds) => [
    ...APT,
    aptLock(seconds),
    ...APT_OPTIONS,
    '--no-remove', // whoever installs one thing does not expect another to go
    ...(packages.some(({ version }) => version !== undefined) ? ['--allow-downgrades'] : []),
    'install',
    '--',
    ...packages.map(joinedBy('=')),
  ],
  remove: (names, { purge, lockTimeoutSeconds }) => [
    ...APT,
    aptLock(lockTimeoutSeconds),
    ...APT_OPTIONS,
    purge ? 'purge' : 'remove',
    '--',
    ...names,
  ],
  // dpkg-query(1): the second letter of the status is the state, `i` for installed.
  list: [...PLAIN, 'dpkg-query', '--show', `--showformat=${QUERY_FORMAT}`],
  readLine(line) {
    const [status = '', name = '', version = ''] = line.split('\t');
    return status[1] === 'i' ? [name, version] : undefined;
  },
  simulate: ([program, ...args]) => [
    program,
    ...args.flatMap((arg) => (arg === 'apt-get' ? [arg, '--simulate', ...WRITE_NOTHING] : [arg])),
  ],
  isLocked: ({ exitCode, stderr }) =>
    exitCode !== 0 && /Could not get lock|is another process using it|locked by another process/.test(stderr),
  repair: {
    argv: [
      ...PLAIN,
      'DEBIAN_FRONTEND=noninteractive',
      'dpkg',
      '--force-confdef',
      '--force-confold',
      '--configure',
      '-a',
    ],
    isNeeded: ({ stderr }) => stderr.includes('dpkg was interrupted'),
  },
};

/** dnf(8) and dnf.conf(5). It takes older versions only by another command than `install`, which we do not guess. */
const DNF = [...PLAIN, 'dnf', '--assumeyes', '--quiet', '--setopt=exit_on_lock=True'] as const;
const DNF_LOCKED = 200;

const dnf: PackageManager = {
  name: 'dnf',
  probe: ['dnf', '--version'],
  canPin: true,
  refresh: () => [...DNF, 'makecache'],
  install: (packages) => [...DNF, 'install', '--', ...packages.map(joinedBy('-'))],
  remove: (names) => [...DNF, '--noautoremove', 'remove', '--', ...names],
  list: [...PLAIN, 'rpm', '--query', '--all', '--queryformat=%{NAME}\\t%{VERSION}-%{RELEASE}\\n'],
  readLine: pairOf(/^([^\t]+)\t(.+)$/),
  isLocked: ({ exitCode }) => exitCode === DNF_LOCKED,
};

const apk: PackageManager = {
  name: 'apk',
  probe: ['apk', '--version'],
  canPin: true,
  // apk(8): --wait takes seconds, for the lock of its database
  refresh: (seconds) => [...PLAIN, 'apk', '--no-progress', `--wait=${seconds}`, 'update'],
  install: (packages, seconds) => [
    ...PLAIN,
    'apk',
    '--no-progress',
    `--wait=${seconds}`,
    'add',
    '--',
    ...packages.map(joinedBy('=')),
  ],
  remove: (names, { purge, lockTimeoutSeconds }) => [
    ...PLAIN,
    'apk',
    '--no-progress',
    `--wait=${lockTimeoutSeconds}`,
    ...(purge ? ['--purge'] : []),
    'del',
    '--',
    ...names,
  ],
  list: [...PLAIN, 'apk', 'info', '-v'],
  readLine: pairOf(/^(\S+)-(\d[^-\s]*-r\d+)$/),
  isLocked: ({ exitCode, stderr }) => exitCode !== 0 && /Unable to lock database/.test(stderr),
};

const opkg: PackageManager = {
  name: 'opkg',
  probe: ['opkg', '--version'],
  canPin: false,
  refresh: () => [...PLAIN, 'opkg', 'update'],
  install: (packages) => [...PLAIN, 'opkg', 'install', '--', ...packages.map(({ name }) => name)],
  remove: (names) => [...PLAIN, 'opkg', 'remove', '--', ...names],
  list: [...PLAIN, 'opkg', 'list-installed'],
  readLine: pairOf(/^(\S+) - (\S+)/),
  isLocked: ({ exitCode, stderr }) => exitCode !== 0 && /Could not (?:obtain|get) .*lock|Could not lock/i.test(stderr),
};

/** In the order in which they are looked for. */
export const PACKAGE_MANAGERS: readonly PackageManager[] = [apt, opkg, dnf, apk];

/** @returns the first that is on PATH. */
export async function findPackageManager(signal: AbortSignal): Promise<PackageManager | undefined> {
  for (const manager of PACKAGE_MANAGERS) {
    if ((await runProgram(manager.probe, { signal })).exitCode === 0) return manager;
  }
  return undefined;
}

function joinedBy(sign: string) {
  return ({ name, version }: PackageRequest) => (version === undefined ? name : `${name}${sign}${version}`);
}

function pairOf(pattern: RegExp): PackageManager['readLine'] {
  return (line) => {
    const [, name, version] = pattern.exec(line) ?? [];
    return name === undefined || version === undefined ? undefined : [name, version];
  };
}
