/** Programs in the sandbox that do nothing but tell how they were called, and answer as a healthy one would. */
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ARENA, MOUNTED, PLACES, PROGRAMS_FOLDER } from './places.ts';

/** What handlers call, on any gateway. `probe` is what documents run by `run-command`. */
const PROGRAMS = [
  ...[
    'probe',
    'systemctl',
    'systemd-run',
    'apt-get',
    'apt',
    'dpkg',
    'dpkg-query',
    'dpkg-deb',
    'opkg',
    'dnf',
    'rpm',
    'apk',
  ],
  ...[
    'podman',
    'docker',
    'docker-compose',
    'podman-compose',
    'rauc',
    'swupdate',
    'swupdate-client',
    'mender',
    'mender-update',
  ],
  ...[
    'fw_setenv',
    'fw_printenv',
    'journalctl',
    'dmesg',
    'reboot',
    'shutdown',
    'poweroff',
    'halt',
    'fuzz-reboot',
    'service',
    'npm',
  ],
];

/** The number of arguments, the name, and the arguments, each with a null byte after it: none can have one in it. */
const TELL = `{ printf '%s\\0' "$#" "\${0##*/}" "$@"; } >> ${PLACES.calls}`;

/** systemctl(1): one block of properties a unit. */
const SYSTEMCTL = `case " $* " in *' show '*)
  while [ $# -gt 0 ] && [ "$1" != -- ]; do shift; done
  [ $# -gt 0 ] && shift
  for unit; do
    printf 'LoadState=loaded\\nActiveState=active\\nSubState=running\\nUnitFileState=enabled\\nResult=success\\nNRestarts=0\\nInvocationID=1\\n\\n'
  done;;
esac`;

/** No restart happens here: that would hold up the documents after it. */
const REFUSES = 'echo "not here" >&2; exit 1';

const ANSWERS: Readonly<Record<string, string>> = {
  systemctl: SYSTEMCTL,
  'fuzz-reboot': REFUSES,
  reboot: REFUSES,
  shutdown: REFUSES,
  poweroff: REFUSES,
  halt: REFUSES,
};

/** The lower layer of the sandbox's root: the programs, and places for what is mounted. */
export async function writePrograms(root: string): Promise<void> {
  const folder = join(root, PROGRAMS_FOLDER);
  await mkdir(folder, { recursive: true });
  for (const place of [ARENA, ...Object.values(MOUNTED)]) await mkdir(join(root, place), { recursive: true });
  for (const name of PROGRAMS) await writeProgram(join(folder, name), [TELL, ANSWERS[name] ?? 'exit 0']);
}

/**
 * Files in `handlersDir`. `record` tells stdin as well, as one more argument; `plant-links` leaves links in the working folder
 * that lead out of it; `leave-orphan` a process that has left its group. The others may not be run.
 */
export async function writeExecutables(arena: string): Promise<void> {
  const folder = join(arena, PLACES.handlers.slice(ARENA.length));
  const more = join(arena, PLACES.moreHandlers.slice(ARENA.length));
  for (const dir of [folder, more]) await mkdir(dir, { recursive: true, mode: 0o755 });
  const record = [
    'input=$(cat; printf .)',
    `input=\${input%.}`,
    `{ printf '%s\\0' "$(($# + 1))" "\${0##*/}" "$@" "$input"; } >> ${PLACES.calls}`,
  ];
  await writeProgram(join(folder, 'record'), record);
  await writeProgram(join(folder, 'record.sh'), record);
  await writeProgram(join(more, 'record.sh'), record);
  await writeProgram(join(folder, 'plant-links'), [
    'cd "$JOB_WORK_DIR"',
    `ln -sfn /etc to-folder; ln -sfn /etc/hostname to-file; ln -sfn ${ARENA} to-arena; ln -sfn ../.. up; ln -sfn loop loop`,
    `ln -sfn ${PLACES.state} to-state; mkfifo -m 600 pipe 2>/dev/null || true; mkdir -p inside; ln -sfn inside to-inside`,
  ]);
  await writeProgram(join(folder, 'leave-orphan'), [
    'setsid sleep 300 < /dev/null > /dev/null 2>&1 &',
    'sleep 300 & exit 0',
  ]);
  await symlink('/usr/bin/env', join(folder, 'leads-out'));
  await writeProgram(join(folder, 'open-to-all'), [TELL]);
  await chmod(join(folder, 'open-to-all'), 0o777);
  await writeFile(join(folder, 'not-executable'), '#!/bin/sh\n');
}

async function writeProgram(path: string, lines: readonly string[]): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${lines.join('\n')}\n`);
  await chmod(path, 0o755);
}
