/** Restarts and power-offs as log lines: the last ones of this boot that tell who asked for its end, and how. */
import type { Logger } from 'pino';
import type { Boot } from '../ports/boot.ts';

/** What `boot` runs, for the log. */
export type BootCommands = Readonly<Record<'rebootCommand' | 'shutdownCommand', readonly string[]>>;

export function withLoggedReboot(boot: Boot, { rebootCommand, shutdownCommand }: BootCommands, log: Logger): Boot {
  const restart = { bootId: boot.bootId, rebootCommand };
  const off = { bootId: boot.bootId, shutdownCommand };
  return {
    ...boot,
    async reboot() {
      log.info(restart, 'gateway is asked to restart: rebootCommand is run');
      try {
        await boot.reboot();
      } catch (error) {
        log.warn({ ...restart, reason: reasonOf(error) }, 'rebootCommand failed');
        throw error;
      }
      log.info(restart, 'rebootCommand was accepted: the gateway is to restart');
    },
    async powerOff() {
      log.info(off, 'gateway is asked to power off: shutdownCommand is run');
      try {
        await boot.powerOff();
      } catch (error) {
        log.warn({ ...off, reason: reasonOf(error) }, 'shutdownCommand failed');
        throw error;
      }
      log.info(off, 'shutdownCommand was accepted: the gateway is to power off');
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
