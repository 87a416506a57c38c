/** The kernel's own name for this boot, and how to ask for another. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Boot } from '../../ports/boot.ts';

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id'; // proc(5), random(4)
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Stands for this process where the system does not name its boots. */
const unknownBootId = `unknown-${randomUUID()}`;

export interface LinuxBootOptions {
  /** Program and arguments; asks for the restart and ends. */
  readonly rebootCommand: readonly string[];
  /** How long the command may take. */
  readonly commandLimitMs?: number;
  readonly bootIdFile?: string;
}

const COMMAND_LIMIT_MS = 60_000;

export function createLinuxBoot({ rebootCommand, commandLimitMs, bootIdFile }: LinuxBootOptions): Boot {
  const bootId = readBootId(bootIdFile);
  const [program = '', ...args] = rebootCommand;
  return {
    bootId,
    async reboot() {
      if (bootId === unknownBootId) {
        throw new Error(`this system does not tell its boots apart (${BOOT_ID_FILE} cannot be read)`);
      }
      await run('sync', [], COMMAND_LIMIT_MS); // sync(1): what handlers wrote, before anybody pulls the plug
      await run(program, args, commandLimitMs ?? COMMAND_LIMIT_MS);
    },
  };
}

/**
 * In a container it is the host's boot. Where there is no such file (macOS) the id is a random one of this process,
 * beginning with `unknown-`: such a system gives no proof of a reboot, and every start of the agent looks like one.
 */
export function readBootId(bootIdFile: string = BOOT_ID_FILE): string {
  try {
    const bootId = readFileSync(bootIdFile, 'utf8').trim();
    return UUID.test(bootId) ? bootId : unknownBootId;
  } catch {
    return unknownBootId;
  }
}

async function run(program: string, args: readonly string[], timeoutMs: number): Promise<void> {
  try {
    await promisify(execFile)(program, args, { timeout: timeoutMs, killSignal: 'SIGKILL' });
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new Error(`${[program, ...args].join(' ')}: ${stderr.trim() === '' ? message : stderr.trim()}`, {
      cause: error,
    });
  }
}
