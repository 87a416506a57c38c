/**
 * Runs this program once more where it can do no harm and nothing it does goes unseen: a root of its own, of which everything
 * written turns up in one folder (an overlay over the machine's root), processes of its own, and no network but loopback.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { ARENA, MOUNTED, PLACES } from './places.ts';

/** $1 a folder with `arena` and `programs`, the rest what to run inside. Mounts are gone with the last process. */
const SETUP = `set -eu
inputs=$1; shift
mount -t tmpfs -o mode=755 fuzz "$inputs/box"
cd "$inputs/box"
mkdir upper work root
cp -a "$inputs/programs" programs # no layer may be in another
mount -t overlay fuzz -o "lowerdir=programs:/,upperdir=upper,workdir=work" root
mount -t proc proc root/proc
for kernel in sys sysrq-trigger; do
  [ -e "root/proc/$kernel" ] || continue
  mount --bind "root/proc/$kernel" "root/proc/$kernel"
  mount -o remount,bind,ro "root/proc/$kernel"
done
mount -t tmpfs -o mode=755 dev root/dev
for device in null zero full random urandom tty; do
  touch "root/dev/$device"
  mount --bind "/dev/$device" "root/dev/$device"
done
ln -s /proc/self/fd root/dev/fd
mkdir -m 1777 root/dev/shm
mount -t tmpfs -o mode=755 arena root${ARENA}
cp -a "$inputs/arena/." root${ARENA}
mkdir root${PLACES.elsewhere}
${Object.entries(MOUNTED)
  .map(([from, to]) => `mkdir root${from}; mount --bind root${from} root${to}`)
  .join('\n')}
mount --bind upper root${PLACES.elsewhere}
mount -o remount,bind,ro root${PLACES.elsewhere}
ip link set lo up
# The shell stays process 1, and buries whoever is orphaned.
chroot root "$@" &
wait $!
`;

const NAMESPACES = ['--mount', '--net', '--pid', '--ipc', '--uts', '--propagation', 'private'];

/** @returns why there can be none on this machine, or nothing. */
export function reasonAgainstSandbox(): string | undefined {
  if (process.getuid?.() !== 0) return 'a root of its own needs root';
  const missing = ['unshare', 'ip', 'bash', 'chroot'].filter(
    (name) => !['/usr/bin', '/usr/sbin', '/bin', '/sbin'].some((folder) => existsSync(`${folder}/${name}`)),
  );
  return missing.length === 0 ? undefined : `there is no ${missing.join(', ')} (util-linux, iproute2, coreutils)`;
}

export interface SandboxRun {
  /** Has `arena`, `programs` and an empty `box`. */
  readonly inputs: string;
  readonly argv: readonly string[];
  readonly onOutput: (text: string) => void;
}

/** @returns the exit code. */
export function runInSandbox({ inputs, argv, onOutput }: SandboxRun): Promise<number> {
  const child = spawn(
    'unshare',
    [...NAMESPACES, '--fork', '--kill-child', 'bash', '-c', SETUP, 'bash', inputs, ...argv],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, HOME: '/root' },
    },
  );
  child.stdout.setEncoding('utf8').on('data', onOutput);
  const stop = () => child.kill('SIGKILL');
  process.once('exit', stop);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('exit', stop);
      resolve(code ?? 1);
    });
  });
}
