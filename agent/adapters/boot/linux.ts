/** The kernel's own name for this boot, and how to ask for its end. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Boot } from '../../ports/boot.ts';

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id'; // proc(5), random(4)
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Stands for this process where the system does not name its boots. */
const unknownBootId = `unknown-${randomUUID()}`;

export interface LinuxBootOptions {
  /** Program and arguments; asks for the restart and ends. */
  readonly rebootCommand: readonly string[];
  /** Likewise, for the machine to power off. */
  readonly shutdownCommand: readonly string[];
  /** How long the command may take, and before it `sync`. */
  readonly commandLimitMs?: number;
  readonly bootIdFile?: string;
}

const COMMAND_LIMIT_MS = 60_000;

export function createLinuxBoot(options: LinuxBootOptions): Boot {
  const { rebootCommand, shutdownCommand, commandLimitMs = COMMAND_LIMIT_MS, bootIdFile = BOOT_ID_FILE } = options;
  const bootId = readBootId(bootIdFile);
  async function ask(command: readonly string[]): Promise<void> {
    if (bootId === unknownBootId) {
      throw new Error(`this system does not tell its boots apart (${bootIdFile} cannot be read)`);
    }
    await syncDisks(commandLimitMs);
    await run(command, commandLimitMs);
  }
  return { bootId, reboot: () => ask(rebootCommand), powerOff: () => ask(shutdownCommand) };
}

/**
 * What handlers wrote goes to the disks before anybody pulls the plug (sync(1)). A disk that hangs, or fails, is no reason
 * to stay up: our own journal is synced.
 */
async function syncDisks(limitMs: number): Promise<void> {
  const timer = new AbortController();
  const synced = run(['sync'], limitMs).catch(() => undefined);
  await Promise.race([synced, delay(limitMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
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

async function run([program = '', ...args]: readonly string[], limitMs: number): Promise<void> {
  try {
    await promisify(execFile)(program, args, { timeout: limitMs, killSignal: 'SIGKILL' });
  } catch (error) {
    const { stderr = '', message, killed, code } = error as ExecError;
    const status = typeof code === 'number' ? `exit code ${code}` : message;
    const because = killed === true ? `killed after ${limitMs / 1_000} s` : stderr.trim() || status;
    throw new Error(`${[program, ...args].join(' ')}: ${because}`, { cause: error });
  }
}

type ExecError = Error & { readonly stderr?: string; readonly killed?: boolean; readonly code?: number | string };
