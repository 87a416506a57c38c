/** The kernel's own name for this boot. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Boot } from '../../ports/boot.ts';

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id'; // proc(5), random(4)
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Stands for this process where the system does not name its boots. */
const unknownBootId = `unknown-${randomUUID()}`;

/**
 * In a container it is the host's boot. Where there is no such file (macOS) the id is a random one of this process,
 * beginning with `unknown-`: such a system gives no proof of a reboot, and every start of the agent looks like one.
 */
export function readBoot(bootIdFile: string = BOOT_ID_FILE): Boot {
  return { bootId: readBootId(bootIdFile) ?? unknownBootId };
}

function readBootId(file: string): string | undefined {
  try {
    const bootId = readFileSync(file, 'utf8').trim();
    return UUID.test(bootId) ? bootId : undefined;
  } catch {
    return undefined;
  }
}
