/** A real agent process as on a board of its own: in a mount namespace in which the kernel's boot id is another one. */
import { spawn, spawnSync } from 'node:child_process';
import { type Agent, follow } from '../disk/traced-agent.ts';

export interface BoardOptions {
  /** The bundle. */
  readonly agent: string;
  readonly configPath: string;
  readonly bootId: string;
  /** Is written, and laid over the kernel's. */
  readonly bootIdFile: string;
  /** For sh, in the namespace: mounts that nobody else sees. */
  readonly setUp?: string;
}

const SCRIPT =
  'echo "$1" > "$2" && mount --bind "$2" /proc/sys/kernel/random/boot_id && eval "$3" && shift 3 && exec "$@"';
/** Who is not root is so in a user namespace, where the system allows one (unshare(1)). */
const NAMESPACES = process.getuid?.() === 0 ? ['-m'] : ['-r', '-m'];

export function canPlayBoards(): boolean {
  return spawnSync('unshare', [...NAMESPACES, 'true']).status === 0;
}

export function startBoard({ agent, configPath, bootId, bootIdFile, setUp = 'true' }: BoardOptions): Agent {
  const command = [process.execPath, agent, 'run', '--config', configPath];
  const args = [...NAMESPACES, 'sh', '-c', SCRIPT, 'sh', bootId, bootIdFile, setUp, ...command];
  return follow(spawn('unshare', args, { env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'pipe'] }));
}
