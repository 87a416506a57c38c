/**
 * Where an agent is tried: this computer, or the root file system of another one in namespaces of its own. The kernel is
 * told of the emulator in there only (binfmt_misc belongs to a user namespace since Linux 6.7); all of it is gone with the
 * last process in it.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Emulator } from './emulator.ts';

export type Command = readonly [string, ...string[]];

export interface Machine {
  /** What starts `argv` there, as root, in `/`. Files of the scratch folder and of the cache have the same paths there. */
  command(argv: Command): Command;
  close(): Promise<void>;
}

export function thisComputer(): Machine {
  return { command: (argv) => argv, close: async () => {} };
}

export interface ForeignMachineOptions {
  readonly root: string;
  readonly emulator: Emulator | undefined;
  /** For what is written there; on a file system that overlayfs can write to. */
  readonly scratch: string;
  /** Folders that are seen at the same paths there. */
  readonly shared: readonly string[];
}

/** Users 0 to 65535 are as outside. */
const SAME_IDS = '0 0 65536\n';

/** @throws Error where this kernel does not let us. */
export async function startForeignMachine(options: ForeignMachineOptions): Promise<Machine> {
  const user = spawn('unshare', ['--user', 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await answers(user);
    // Before anything is executed in it, or it would have no rights in its own namespace.
    for (const map of ['uid_map', 'gid_map']) await writeFile(`/proc/${user.pid}/${map}`, SAME_IDS);
    return await mountAll(user, options);
  } catch (error) {
    user.kill('SIGKILL');
    throw error;
  }
}

async function mountAll(user: ChildProcess, options: ForeignMachineOptions): Promise<Machine> {
  const { root, emulator, scratch, shared } = options;
  const [upper, work, merged] = ['upper', 'work', 'merged'].map((name) => join(scratch, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [upper, work, merged, join(scratch, 'formats')]) await mkdir(folder, { recursive: true });
  const inUser = ['--target', String(user.pid), '--user'];
  const script = ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', SETUP, 'sh'];
  const args = [emulator?.format ?? '', root, upper, work, merged, join(scratch, 'formats'), ...shared];
  const mounts = spawn('nsenter', [...inUser, ...script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  mounts.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk;
  });
  await answers(mounts).catch(() => {
    throw new Error(`its file systems cannot be mounted: ${complaints.trim()}`);
  });
  const enter: Command = ['nsenter', '--target', String(mounts.pid), '--user', '--mount', '--', 'chroot', merged];
  return {
    command: (argv) => [...enter, ...argv],
    async close() {
      for (const holder of [mounts, user]) {
        const exited = once(holder, 'exit');
        holder.kill('SIGKILL');
        await exited;
      }
    },
  };
}

const SETUP = `
format=$1 root=$2 upper=$3 work=$4 merged=$5 formats=$6
shift 6
if [ -n "$format" ]; then
  mount -t binfmt_misc binfmt_misc "$formats"
  printf %s "$format" > "$formats/register"
fi
mount -t overlay overlay -o "lowerdir=$root,upperdir=$upper,workdir=$work" "$merged"
for folder in proc sys dev; do mount --rbind "/$folder" "$merged/$folder"; done
for folder; do mkdir -p "$merged$folder"; mount --bind "$folder" "$merged$folder"; done
exec cat
`;

/** Resolves when `cat` gives back a line: whatever comes before it has been done. */
async function answers({ stdin, stdout, exitCode }: ChildProcess): Promise<void> {
  if (stdin === null || stdout === null) throw new Error(`it has ended with ${exitCode}`);
  stdin.on('error', () => undefined);
  stdin.write('there\n');
  const [line] = await Promise.race([once(createInterface({ input: stdout }), 'line'), once(stdout, 'close')]);
  if (line !== 'there') throw new Error('it has ended');
}

const execute = promisify(execFile);

export interface Ran {
  /** Null for a signal. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program there that ends by itself. */
export async function runThere(
  machine: Machine,
  argv: Command,
  { env = {}, limitMs = 180_000 }: { readonly env?: Readonly<Record<string, string>>; readonly limitMs?: number } = {},
): Promise<Ran> {
  const [program, ...args] = machine.command(argv);
  try {
    const options = { env: { PATH: PATH, ...env }, timeout: limitMs, maxBuffer: 16 * 1024 ** 2 };
    return { exitCode: 0, ...(await execute(program, args, options)) };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
    return { exitCode: typeof code === 'number' ? code : null, stdout, stderr };
  }
}

export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
