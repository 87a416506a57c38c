/** Which root file system runs: where two systems share a disk, each has its own. */
import { readFile } from 'node:fs/promises';
import { FirmwareError } from './firmware-error.ts';

/**
 * What the kernel was told, or else what is mounted: `root=` of kernel-command-line(7); the device and the source of `/` in
 * proc_pid_mountinfo(5). @throws FirmwareError when neither says.
 */
export async function readBootedRoot(commandLineFile: string, mountsFile = '/proc/self/mountinfo'): Promise<string> {
  const words = (await readFile(commandLineFile, 'utf8')).trim().split(/\s+/);
  const root = words.findLast((word) => word.startsWith('root='));
  if (root !== undefined) return root.slice('root='.length);
  for (const line of (await readFile(mountsFile, 'utf8')).split('\n')) {
    const [, , device, , place] = line.split(' ');
    if (place === '/') return `${device} ${line.split(' - ')[1]?.split(' ')[1] ?? ''}`.trim();
  }
  throw new FirmwareError('FIRMWARE_TOOL_FAILED', 'neither the kernel’s command line nor its mounts say what / is');
}
